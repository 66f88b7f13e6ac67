package bot_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	sandbox "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
)

// caught goes as far as the address to which ServiceNow sends the browser back, and stops there.
func (b *browser) caught(public string) string {
	b.t.Helper()
	if strings.Contains(b.text, "user_password") {
		b.sends("user_name", "okr.reader", "user_password", "sandbox")
	}
	back, follow := "", b.client.CheckRedirect
	b.client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), public) {
			back = req.URL.String()
			return http.ErrUseLastResponse
		}
		return follow(req, via)
	}
	b.sees(http.StatusOK, "would like to connect").sends("answer", "allow")
	b.client.CheckRedirect = follow
	if back == "" {
		b.t.Fatal("nothing came back")
	}
	return back
}

func (b *browser) cookie(public string) string {
	b.t.Helper()
	at, err := url.Parse(public)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == "__Host-okrbot" {
			return c.Value
		}
	}
	b.t.Fatal("the browser has no cookie of ours")
	return ""
}

// comesBack is a callback without a network between, and where it leads.
func (r *room) comesBack(query, cookie string) string {
	r.t.Helper()
	at, err := url.Parse(r.callback())
	if err != nil {
		r.t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodGet, at.Path+"?"+query, nil)
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: "__Host-okrbot", Value: cookie})
	}
	w := httptest.NewRecorder()
	r.bot.Pages().ServeHTTP(w, req)
	return w.Header().Get("Location")
}

func TestGuessedStatesAskForNothing(t *testing.T) {
	r := oauthRoom(t)
	b := r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends()
	back, err := url.Parse(b.caught(r.public))
	if err != nil {
		t.Fatal(err)
	}
	own := b.cookie(r.public)
	state, code := back.Query().Get("state"), back.Query().Get("code")
	if !regexp.MustCompile(`^[0-9A-Za-z]{32,}$`).MatchString(state) {
		t.Errorf("the state is %q", state)
	}
	for n := range 10000 {
		guess := fmt.Sprintf("%064x", n)
		switch n % 5 {
		case 1:
			guess = ""
		case 2:
			guess = state[:len(state)-1] + string("0123456789abcdef"[n%15])
			if guess == state {
				guess = ""
			}
		case 3:
			guess = strings.ToUpper(state) + "x"
		case 4:
			guess = state + "\x00' or 1=1--"
		}
		if to := r.comesBack(url.Values{"code": {code}, "state": {guess}}.Encode(), own); to != "/connect/over" {
			t.Fatalf("state %q leads to %s", guess, to)
		}
	}
	// The right one, from elsewhere, and too late.
	for cookie, want := range map[string]string{"": "/connect/cookies", "another": "/connect/elsewhere", own[1:]: "/connect/elsewhere"} {
		if to := r.comesBack(back.RawQuery, cookie); to != want {
			t.Errorf("with the cookie %q it leads to %s", cookie, to)
		}
	}
	r.later(11 * time.Minute)
	if to := r.comesBack(back.RawQuery, own); to != "/connect/over" {
		t.Errorf("too late it leads to %s", to)
	}
	if n := r.tokenCalls(); n != 0 {
		t.Errorf("%d calls of the token endpoint, want 0", n)
	}
}

// A code goes to the system that gave it: one that passes another's code off as its own gets nothing.
func TestCodesOfTwoInstancesAreNotCrossed(t *testing.T) {
	r := newPublicRoom(t, withNeighbour)
	r.registersClient()
	other := r.public + "/servicenow/oauth/callback/" + strings.TrimPrefix(r.beside, "http://")
	r.neighbour.AddClient(sandbox.Client{ID: "neighbour", Secret: "canary-neighbour", Redirects: []string{other}})
	b := r.browser()
	begins := func(address, id, secret string) (state, code string) {
		t.Helper()
		r.carol.Types("/okr connect").Chooses("Sign in with", "OAuth").Fills("ServiceNow URL", address).Submits("Connect")
		b.opens(r.linkOf(r.carol, "carol"))
		if strings.Contains(b.text, "client_secret") {
			b.sends("client_id", id, "client_secret", secret)
		} else {
			b.sends()
		}
		back, err := url.Parse(b.caught(r.public))
		if err != nil {
			t.Fatal(err)
		}
		r.carol.Closes()
		return back.Query().Get("state"), back.Query().Get("code")
	}
	calls := func(i *sandbox.Instance) int {
		n := 0
		for _, c := range i.Calls() {
			if c.Path == "/oauth_token.do" {
				n++
			}
		}
		return n
	}
	here, there := r.callback(), other
	for _, c := range []struct {
		at       string
		ofHere   bool // the state
		allowed  string
		accepted bool
	}{
		{there, true, "here's state with there's code", false},
		{here, false, "there's state with here's code", false},
		{here, true, "here's own", true},
		{there, false, "there's own", true},
	} {
		ours, codeHere := begins(r.instance, "0123456789abcdef", canarySecret)
		theirs, codeThere := begins(r.beside, "neighbour", "canary-neighbour")
		r.refusalsExpected = true // windows are closed by now
		state, code := ours, codeHere
		if !c.ofHere {
			state = theirs
		}
		if c.at == there {
			code = codeThere
		}
		before := calls(r.servicenow) + calls(r.neighbour)
		b.opens(c.at + "?" + url.Values{"code": {code}, "state": {state}}.Encode())
		n := calls(r.servicenow) + calls(r.neighbour) - before
		if c.accepted && (n != 1 || !strings.Contains(b.text, "Is that right?")) || !c.accepted && (n != 0 || b.at.Path != "/connect/over") {
			t.Errorf("%s: %d calls of a token endpoint, and it leads to %s", c.allowed, n, b.at.Path)
		}
	}
}

func TestNoHeaderChangesWhereServiceNowSendsBack(t *testing.T) {
	r := oauthRoom(t)
	names := []string{"Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "Forwarded", "X-Original-Host", "X-Host", "X-Original-URL", "X-Rewrite-URL", "Referer"}
	values := []string{"evil.example.com", "evil.example.com:443", "http", "host=evil.example.com;proto=http", "https://evil.example.com/x"}
	link := r.asksForOAuth(r.alice, "alice")
	b := r.browser().opens(link)
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	own := b.cookie(r.public)
	for _, name := range names {
		for _, value := range values {
			req := httptest.NewRequest(http.MethodPost, at.Path, nil)
			req.Header.Set("Sec-Fetch-Site", "same-origin")
			req.Header.Set(name, value)
			if name == "Host" {
				req.Host = value
			}
			req.AddCookie(&http.Cookie{Name: "__Host-okrbot", Value: own})
			w := httptest.NewRecorder()
			r.bot.Pages().ServeHTTP(w, req)
			to, err := url.Parse(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			q := to.Query()
			if w.Code != http.StatusSeeOther || !strings.HasPrefix(to.String(), r.instance+"/oauth_auth.do?") || q.Get("redirect_uri") != r.callback() ||
				q.Get("client_id") != "0123456789abcdef" || q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || len(q) != 6 {
				t.Errorf("%s: %s: %d to %s", name, value, w.Code, to)
			}
		}
	}
}

func TestWhatServiceNowSaysIsNotRepeated(t *testing.T) {
	r := oauthRoom(t, func(c *sandbox.Client) { c.Challenges = sandbox.Ignored })
	r.refusalsExpected = true
	for _, hostile := range []string{"<script>canary()</script>", "canary\r\nX-Evil: 1", "*canary* <https://evil.example.com|here>", "%00canary", "javascript:canary"} {
		for _, field := range []string{"error", "error_description", "error_uri", "code", "iss"} {
			b := r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends()
			back, err := url.Parse(b.caught(r.public))
			if err != nil {
				t.Fatal(err)
			}
			r.alice.Closes()
			q := back.Query()
			if field != "code" {
				q.Del("code")
			}
			q.Set(field, hostile)
			if field == "error_description" || field == "error_uri" {
				q.Set("error", "access_denied")
			}
			back.RawQuery = q.Encode()
			b.opens(back.String())
			if strings.Contains(b.text, "canary") || strings.Contains(fmt.Sprint(b.header), "canary") || strings.Contains(b.at.RawQuery, "canary") {
				t.Errorf("%s %q is on the page at %s", field, hostile, b.at)
			}
		}
	}
	if strings.Contains(r.said(), "canary") || strings.Contains(strings.ReplaceAll(r.log.String(), canarySecret, ""), "canary") {
		t.Error("it was said in Slack, or logged")
	}
}

func TestNothingSecretOfAConsentIsKeptOrLogged(t *testing.T) {
	r := oauthRoom(t)
	disk := r.fromNowOn()
	secrets := map[string]string{"client secret": canarySecret}
	link := r.asksForOAuth(r.alice, "alice")
	secrets["link"] = link[strings.LastIndex(link, "/")+1:]
	b := r.browser().opens(link).sends()
	back := b.caught(r.public)
	secrets["cookie"] = b.cookie(r.public)
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	secrets["code"], secrets["state"] = at.Query().Get("code"), at.Query().Get("state")
	b.opens(back).sees(http.StatusOK, "Is that right?")
	secrets["address after the consent"] = b.at.Path[strings.LastIndex(b.at.Path, "/")+1:]
	b.sends("answer", "yes").sees(http.StatusOK, "One more step")
	r.alice.Sees("Was that you?").Presses("Yes, connect").Sees("is connected").Closes()
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	for n, token := range r.servicenow.Tokens() {
		secrets[fmt.Sprint("first token ", n)] = token
	}
	r.servicenow.ExpireTokens()
	r.alice.Sees("score of") // the first reading is over
	r.alice.Types("/okr sync KR-1").Sees("no newer score")
	b.opens(back)
	b.opens(r.public + "/servicenow/oauth/callback/x?code=canary-code&state=canary-state")
	for n, token := range r.servicenow.Tokens() {
		secrets[fmt.Sprint("token ", n)] = token
	}
	if len(secrets) < 9 {
		t.Fatalf("only %d secrets are known", len(secrets))
	}
	secrets["guessed code"], secrets["guessed state"] = "canary-code", "canary-state"
	r.bot.Close()
	const public = "Fewer open incidents"
	looked := []string{public}
	for name, secret := range secrets {
		for _, written := range disguises(secret) {
			looked = append(looked, written)
			for place, text := range map[string]string{"the database": r.everything(), "what Slack was told": r.said(), "the log": r.log.String()} {
				if strings.Contains(text, written) && !(name == "link" && place == "what Slack was told") {
					t.Errorf("the %s is in %s", name, place)
				}
			}
		}
	}
	disk.keepsOnly(public, looked)
}

func TestWhoLostTheRightDoesNotConfirmForAnother(t *testing.T) {
	r := oauthRoom(t)
	r.connectsByOAuth(r.alice, "alice")
	r.carol.Types("/okr connections").Presses("Manage").Presses("Reconnect").Chooses("Sign in with", "OAuth").Submits("Connect")
	link := r.linkOf(r.carol, "carol")
	r.browser().opens(link).sends().logsIn("allow").sees(http.StatusOK, "One more step")
	r.carol.Sees("Was that you?")
	version := r.number("select secret_version from connections where state = 'active'")
	r.slack.ChangePerson("carol", func(p *slack.Person) { p.Admin = false })
	if _, err := r.database().Exec(context.Background(), "update people set kind = 'member' where name = 'carol'"); err != nil {
		t.Fatal(err)
	}
	r.carol.Presses("Yes, connect").Sees("it is over")
	if n := r.number("select secret_version from connections where state = 'active'"); n != version {
		t.Error("another's connection got another sign-in")
	}
}

func TestTwoPeopleDisconnectOne(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.alice.Types("/okr connections").Presses("Manage").Presses("Disconnect").Sees("KR-1")
	r.carol.Types("/okr connections").Presses("Manage").Presses("Disconnect").Sees("KR-1")
	r.alice.Submits("Disconnect").Sees("is disconnected")
	r.carol.Submits("Disconnect").Sees("This connection is gone")
	if n := r.number("select count(*) from audit_events where action = 'disconnected'"); n != 1 {
		t.Errorf("it was disconnected %d times", n)
	}
}

// What is closed out reads no more: who disconnects is not warned of it, and nobody is told that it fails.
func TestDisconnectingLeavesWhatIsClosedOut(t *testing.T) {
	r := ready(t)
	o := r.objective()
	r.beyond(o, 3)
	r.alice.Types("/okr close-out").Submits("Close out").SeesNoModal().Sees("is closed out.")
	r.alice.Types("/okr connections").Presses("Manage").Presses("Disconnect").Sees("No key result reads through it").Submits("Disconnect").Sees("is disconnected").
		DoesNotSee("keeps its history").Closes()
	r.settles()
	r.alice.DoesNotSee("disconnected *").DoesNotSee("Not syncing")
	if n := r.number("select count(*) from key_results where failure_class <> ''"); n != 0 {
		t.Errorf("%d key results fail that are closed out", n)
	}
}

func TestOthersKeyResultsKeepAConnectionShared(t *testing.T) {
	r := newRoom(t)
	r.connects(r.carol)
	r.carol.Types("/okr connections").Presses("Manage").Chooses("Share", "workspace").Submits("Save").Sees("is saved")
	r.addsObjective(r.bob, "Run a calm service desk")
	r.addsKeyResult(r.bob, "Fewer open incidents", "Number of open incidents", "60")
	r.carol.Types("/okr connections").Presses("Manage").Fills("Share", "").Submits("Save").Sees("KR-1", "They need another connection first").Closes()
	r.alice.Types("/okr connections").Sees("127.0.0.1")
	if n := r.number("select count(*) from connections where shared"); n != 1 {
		t.Error("it is not shared any more")
	}
}

// meanwhile changes what is stored while somebody does something that waits for it.
func (r *room) meanwhile(change string, does func()) {
	r.t.Helper()
	tx, err := r.database().Begin(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := tx.Exec(r.t.Context(), change); err != nil {
		r.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		waits := false
		for err := error(nil); !waits; time.Sleep(5 * time.Millisecond) {
			err = tx.QueryRow(r.t.Context(), "select exists (select from pg_locks w join pg_locks h using (pid) where not w.granted and h.database = (select oid from pg_database where datname = current_database()))").Scan(&waits)
			if err != nil {
				done <- err
				return
			}
		}
		done <- tx.Commit(r.t.Context())
	}()
	does()
	if err := <-done; err != nil {
		r.t.Fatal(err)
	}
}

func TestAConnectionIsChangedAsItStandsThen(t *testing.T) {
	r := newRoom(t)
	r.connects(r.carol)
	r.carol.Types("/okr connections").Presses("Manage").Chooses("Share", "workspace").Submits("Save").Sees("is saved")
	r.byHand("Interviews held", "12") // alice's
	r.carol.Types("/okr connections").Presses("Manage").Sees("== ").Fills("Share", "")
	r.meanwhile(`insert into sources (key_result_id, workspace_id, connection_id, reference, name, unit, frequency, direction)
		select k.id, k.workspace_id, c.id, 'x', 'Interviews', '', 'daily', '' from key_results k, connections c`, func() {
		r.carol.Submits("Save").Sees("KR-1", "They need another connection first")
	})
	r.carol.Chooses("Share", "workspace").Fills("Name", "The new one")
	r.meanwhile("update connections set state = 'removed', removed_at = now(), shared = false", func() {
		r.carol.Submits("Save").Sees("This connection is gone, or not yours to look after.")
	})
	if n := r.number("select count(*) from connections where shared or name = 'The new one'"); n != 0 {
		t.Error("a connection was changed that was removed")
	}
}

func TestAMistypedClientIsEnteredAgain(t *testing.T) {
	r := newPublicRoom(t)
	r.registersClient()
	r.refusalsExpected = true
	b := r.browser().opens(r.asksForOAuth(r.carol, "carol")).sends("client_id", "0123456789abcdef", "client_secret", "mistyped")
	b.logsIn("allow").logsIn("allow").sees(http.StatusOK, "Not connected")
	r.carol.Sees("the Client Secret is wrong", "can enter the client again").Closes()
	// Who is no administrator is not asked, and cannot enter one.
	link := r.asksForOAuth(r.alice, "alice")
	r.alice.Closes()
	b = r.browser().opens(link+"?another-client").sees(http.StatusOK, "Go on to")
	if strings.Contains(b.text, "client_secret") || strings.Contains(b.text, "another-client") {
		t.Error("anybody may enter a client")
	}
	b = r.browser().opens(r.asksForOAuth(r.carol, "carol")).sees(http.StatusOK, `href="?another-client"`)
	b.opens(b.at.String()+"?another-client").sees(http.StatusOK, "takes the place").sends("client_id", "0123456789abcdef", "client_secret", canarySecret)
	b.logsIn("allow").sees(http.StatusOK, "One more step")
	r.carol.Sees("Was that you?").Presses("Yes, connect").Sees("is connected")
}

// A refusal, and a code that somebody made up, take PKCE from nobody else.
func TestPKCEStaysUntilItWorksWithout(t *testing.T) {
	r := oauthRoom(t)
	r.refusalsExpected = true
	for _, query := range []string{"error=invalid_request", "code=made-up", "error=x&code=y", ""} {
		b := r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends()
		r.alice.Closes()
		back, err := url.Parse(b.caught(r.public))
		if err != nil {
			t.Fatal(err)
		}
		b.opens(r.callback() + "?" + query + "&state=" + back.Query().Get("state"))
		b.opens(r.callback()+"?"+query+"&state="+b.at.Query().Get("state")).sees(http.StatusOK, "Not connected")
	}
	if n := r.number("select count(*) from oauth_clients where challenges"); n != 1 {
		t.Error("PKCE is off for everybody")
	}
	r.connectsByOAuth(r.alice, "alice")
	if n := r.number("select count(*) from oauth_clients where challenges"); n != 1 {
		t.Error("PKCE is off for everybody")
	}
}
