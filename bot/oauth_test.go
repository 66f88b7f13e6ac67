package bot_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sandbox "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
)

const canarySecret = "canary-client-5e1f"

// callback is where ServiceNow sends browsers back.
func (r *room) callback() string {
	return r.public + "/servicenow/oauth/callback/" + strings.TrimPrefix(r.instance, "http://")
}

// registersClient adds a client to ServiceNow as its administrator would.
func (r *room) registersClient(change ...func(*sandbox.Client)) {
	c := sandbox.Client{ID: "0123456789abcdef", Secret: canarySecret, Redirects: []string{r.callback()}}
	for _, f := range change {
		f(&c)
	}
	r.servicenow.AddClient(c)
}

// asksForOAuth goes as far as the link into the browser.
func (r *room) asksForOAuth(p *conversation.Person, name string) string {
	r.t.Helper()
	p.Types("/okr connect").Chooses("Sign in with", "OAuth").Fills("ServiceNow URL", r.instance).Submits("Connect")
	return r.linkOf(p, name)
}

// logsIn signs in to ServiceNow, allows, and agrees to both names on the page after that.
func (b *browser) logsIn(answer string) *browser {
	b.t.Helper()
	if strings.Contains(b.text, "user_password") {
		b.sees(http.StatusOK, "Log in").sends("user_name", "okr.reader", "user_password", "sandbox")
	}
	b.sees(http.StatusOK, "would like to connect").sends("answer", answer)
	if strings.Contains(b.text, "Is that right?") {
		b.sends("answer", "yes")
	}
	return b
}

// oauthRoom is one whose administrator has entered the client already.
func oauthRoom(t *testing.T, change ...func(*sandbox.Client)) *room {
	t.Helper()
	r := newPublicRoom(t)
	r.registersClient(change...)
	link := r.asksForOAuth(r.carol, "carol")
	r.carol.Closes()
	b := r.browser().opens(link).sees(http.StatusOK, "Register okrbot in ServiceNow", "Application Registry", "Machine Identity Console", "This is a public client", r.callback(), "oauth_admin")
	b.sends("client_id", "0123456789abcdef", "client_secret", canarySecret).sees(http.StatusOK, "Log in")
	return r
}

func (r *room) tokenCalls() int {
	n := 0
	for _, c := range r.servicenow.Calls() {
		if c.Path == "/oauth_token.do" {
			n++
		}
	}
	return n
}

// connectsByOAuth goes all the way to a connection that works.
func (r *room) connectsByOAuth(p *conversation.Person, name string) {
	r.t.Helper()
	link := r.asksForOAuth(p, name)
	r.browser().opens(link).sees(http.StatusOK, "Go on to", "asked for this").sends().logsIn("allow").sees(http.StatusOK, "One more step, in Slack")
	p.Sees("Was that you?", "okr.reader", "Role").Presses("Yes, connect").Sees("is connected").Closes()
}

func TestAnybodyConnectsByOneButtonOnceAClientIsEntered(t *testing.T) {
	r := oauthRoom(t)
	r.connectsByOAuth(r.alice, "alice")
	r.alice.Types("/okr connections").Sees("(okr.reader)", "OAuth as okr.reader", "works", "private, yours")
	if n := r.tokenCalls(); n != 1 {
		t.Errorf("%d calls of the token endpoint, want 1", n)
	}
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	for _, call := range r.servicenow.Calls() {
		if call.Followed && strings.HasPrefix(call.Path, "/api/") {
			t.Error("a cookie was kept and sent")
		}
		if strings.Contains(call.Query, canarySecret) {
			t.Error("the client's secret is in an address")
		}
	}
	// The access token ends: it is renewed once, and the sync goes on.
	before := r.tokenCalls()
	r.servicenow.ExpireTokens()
	r.alice.Types("/okr sync KR-1").Sees("no newer score in ServiceNow since")
	if n := r.tokenCalls() - before; n != 1 {
		t.Errorf("%d renewals, want 1", n)
	}
}

func TestWhoHasNoClientIsToldWhomToAsk(t *testing.T) {
	r := newPublicRoom(t)
	r.alice.Types("/okr connect").Chooses("Sign in with", "OAuth").Fills("ServiceNow URL", r.instance).Submits("Connect").
		Sees("^ No OAuth client is entered for", "Ask an administrator of this workspace")
}

func TestARefusalInTheBrowserIsSaid(t *testing.T) {
	r := oauthRoom(t)
	link := r.asksForOAuth(r.alice, "alice")
	b := r.browser().opens(link).sends().logsIn("deny").sees(http.StatusOK, "Not allowed")
	if strings.Contains(b.at.String(), "state") || b.at.Path != "/connect/denied" {
		t.Errorf("the browser stays at %s", b.at)
	}
	r.alice.Sees("is not connected", "It was not allowed in the browser")
	r.browser().opens(link).sees(http.StatusNotFound, "This page is over")
	if n := r.tokenCalls(); n != 0 {
		t.Errorf("%d calls of the token endpoint", n)
	}
}

func TestACallbackCountsOnceAndInItsBrowserAlone(t *testing.T) {
	r := oauthRoom(t)
	link := r.asksForOAuth(r.alice, "alice")
	b := r.browser().opens(link).sends()
	b.sees(http.StatusOK, "Log in").sends("user_name", "okr.reader", "user_password", "sandbox").sees(http.StatusOK, "would like to connect")
	// What ServiceNow sends back is caught before the browser follows it.
	var back string
	follow := b.client.CheckRedirect
	b.client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), r.public) {
			back = req.URL.String()
			return http.ErrUseLastResponse
		}
		return follow(req, via)
	}
	b.sends("answer", "allow")
	if back == "" {
		t.Fatal("nothing came back")
	}
	b.client.CheckRedirect = follow
	for _, other := range []struct {
		what, address string
		status        int
		words         string
	}{
		{"another browser", back, http.StatusForbidden, "cookie"},
		{"a guessed state", strings.Replace(back, "state=", "state=0", 1), http.StatusForbidden, "cookie"},
	} {
		r.browser().opens(other.address).sees(other.status, other.words)
	}
	stranger := r.browser()
	stranger.opens(r.asksForOAuth(r.bob, "bob")) // has a cookie of its own
	stranger.opens(back).sees(http.StatusForbidden, "another browser")
	if n := r.tokenCalls(); n != 0 {
		t.Errorf("%d calls of the token endpoint before the right browser came", n)
	}
	var all sync.WaitGroup
	var asks atomic.Value
	same := &http.Client{Transport: b.client.Transport, Jar: b.client.Jar}
	for range 50 {
		all.Go(func() {
			if resp, err := same.Get(back); err == nil {
				resp.Body.Close()
				if resp.Request.URL.Path != "/connect/over" {
					asks.Store(resp.Request.URL.String())
				}
			}
		})
	}
	all.Wait()
	if n := r.tokenCalls(); n != 1 {
		t.Errorf("%d calls of the token endpoint for 50 callbacks, want 1", n)
	}
	b.opens(asks.Load().(string)).sees(http.StatusOK, "Is that right?").sends("answer", "yes")
	r.alice.Sees("Was that you?").Presses("No, forget it").Sees("The sign-in is forgotten").Closes()
	r.alice.Types("/okr connections").Sees("You have no connection yet")
}

func TestNobodyElseConfirms(t *testing.T) {
	r := oauthRoom(t)
	link := r.asksForOAuth(r.alice, "alice")
	r.alice.Closes() // so that the question comes by message
	r.browser().opens(link).sends().logsIn("allow")
	r.alice.Sees("Was that you?")
	r.bob.Types("/okr connections").Sees("You have no connection yet")
	r.alice.Types("/okr connections").Sees("waits for its maker to confirm")
	id := r.number("select id from connections where state = 'pending'")
	for _, action := range []string{"connection_confirm", "connection_not_me"} {
		r.post(r.pressedBy("U0BOB", action, strconv.Itoa(id), ""))
	}
	if n := r.number("select count(*) from connections where state = 'active'"); n != 0 {
		t.Error("somebody else confirmed")
	}
	r.alice.In("dm-U0ALICE").Presses("Yes, connect").Sees("is connected")
}

// TestBothPeopleConfirm lets bob be sent alice's link: what he signs in to is hers only when he says so
// in his browser, seeing both names, and she in Slack.
func TestBothPeopleConfirm(t *testing.T) {
	r := oauthRoom(t)
	active := func() int { return r.number("select count(*) from connections where state = 'active'") }
	signsIn := func() (*browser, string) {
		link := r.asksForOAuth(r.alice, "alice")
		r.alice.Closes()
		b := r.browser().opens(link).sends()
		b.sees(http.StatusOK, "Log in").sends("user_name", "okr.reader", "user_password", "sandbox").sees(http.StatusOK, "would like to connect").sends("answer", "allow")
		return b.sees(http.StatusOK, "Is that right?", "The user is <b>okr.reader</b>", "<b>alice</b> asked for it in the Slack workspace <b>Sandbox</b>", "Yes, read it for alice"), link
	}
	b, link := signsIn()
	pending := strconv.Itoa(r.number("select id from connections where state = 'pending'"))
	r.post(r.pressedBy("U0ALICE", "connection_confirm", pending, "")) // nobody asked her yet
	r.alice.In("dm-U0ALICE").Sees("confirmed already, or it is over").In("#it-okrs")
	r.browser().opens(link).sees(http.StatusNotFound, "This page is over")
	other := r.browser().opens(b.at.String()) // the address was passed on
	other.sends("answer", "yes").sees(http.StatusForbidden, "Opened in another browser")
	b.opens(b.at.String()).sends("answer", "maybe").sees(http.StatusUnprocessableEntity, "Is that right?")
	if n := active(); n != 0 {
		t.Fatal("it is read although nobody agreed in the browser")
	}
	b.sends("answer", "no").sees(http.StatusOK, "Not allowed")
	r.alice.Sees("is not connected", "In the browser it was not agreed")
	if n := r.number("select count(*) from connections"); n != 0 {
		t.Error("the sign-in is kept")
	}
	// Who calls herself another person meanwhile is not agreed to.
	b, _ = signsIn()
	r.slack.ChangePerson("alice", func(p *slack.Person) { p.Name = "okr.reader" })
	r.slack.TellChange("U0ALICE")
	b.sends("answer", "yes").sees(http.StatusConflict, "A name changed meanwhile", "<b>okr.reader</b> asked for it")
	r.slack.ChangePerson("U0ALICE", func(p *slack.Person) { p.Name = "alice" })
	r.slack.TellChange("U0ALICE")
	b.opens(b.at.String()).sends("answer", "yes").sees(http.StatusOK, "One more step, in Slack")
	if n := active(); n != 0 {
		t.Fatal("it is read before alice confirmed")
	}
	r.alice.Sees("The user is *okr.reader*, to be read for *alice*. Was that you?").In("dm-U0ALICE").Presses("Yes, connect").Sees("is connected")
	if n := active(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestAnUnconfirmedSignInIsForgotten(t *testing.T) {
	r := oauthRoom(t)
	r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends().logsIn("allow")
	r.alice.Sees("Was that you?")
	r.later(2 * time.Hour)
	if err := r.store.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.alice.Presses("Yes, connect").Sees("it is over")
}

func TestALinkIsOverAfterTenMinutes(t *testing.T) {
	r := oauthRoom(t)
	link := r.asksForOAuth(r.alice, "alice")
	r.later(11 * time.Minute)
	r.browser().opens(link).sees(http.StatusNotFound, "This page is over")
	r.browser().opens(r.public+"/connect/"+strings.Repeat("a", 43)).sees(http.StatusNotFound, "This page is over")
}

func TestWithoutPKCETheSecretProtectsAlone(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]sandbox.Challenges{"ignored": sandbox.Ignored, "unwanted": sandbox.Unwanted} {
		t.Run(name, func(t *testing.T) {
			r := oauthRoom(t, func(c *sandbox.Client) { c.Challenges = way })
			b := r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends()
			b.logsIn("allow").sees(http.StatusOK, "One more step")
			r.alice.Sees("Was that you?").Presses("Yes, connect").Sees("is connected")
			if !strings.Contains(strings.Join(b.been, " "), "code_challenge_method=S256") && way == sandbox.Ignored {
				t.Error("no S256 challenge was sent")
			}
		})
	}
}

func TestAPublicClientIsExplained(t *testing.T) {
	r := oauthRoom(t, func(c *sandbox.Client) { c.Public = true })
	r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends().logsIn("allow").sees(http.StatusOK, "Not connected")
	r.alice.Sees("is not connected", "registered as public")
}

func TestAWrongClientSecretIsExplained(t *testing.T) {
	r := oauthRoom(t)
	r.registersClient(func(c *sandbox.Client) { c.Secret = "another" })
	b := r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends().logsIn("allow")
	// The refusal may be about PKCE, so the browser is sent to allow it once more, without.
	if n := r.tokenCalls(); n != 1 {
		t.Errorf("%d calls of the token endpoint", n)
	}
	b.logsIn("allow").sees(http.StatusOK, "Not connected")
	r.alice.Sees("is not connected", "the Client Secret is wrong")
}

func TestAConnectionIsLookedAfter(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.do("update connections set refusals = 1, refusal = 'No.'")
	r.alice.Types("/okr connections").Sees("1 key result", "last success").Presses("Manage").
		Presses("Test connection").Sees("*Role*", "*One score*")
	if n := r.number("select refusals from connections where refusal = ''"); n != 0 {
		t.Errorf("%d refusals in a row after a good test", n)
	}
	r.alice.Fills("Name", "ITSM, production").Submits("Save").Sees("is saved")
	r.alice.Types("/okr connections").Sees("ITSM, production")
	r.bob.Types("/okr connections").Sees("You have no connection yet")

	var indicator string
	if err := r.database().QueryRow(t.Context(), "select reference from sources").Scan(&indicator); err != nil {
		t.Fatal(err)
	}
	// Reconnecting proves first that what is read now can still be seen.
	r.servicenow.AddUser("narrow", "narrow", "pa_viewer")
	fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.NotThere, User: "narrow", Ref: indicator})
	r.alice.Presses("Manage").Presses("Reconnect").Sees("Another sign-in for").Fills("Username", "narrow").Fills("Password", "narrow").Submits("Connect").
		Sees("cannot see the scorecards of KR-1").
		Fills("Username", "okr.reader").Fills("Password", "sandbox").Submits("Connect").Sees("is connected").Closes()
	fix()

	r.alice.Closes()
	r.alice.Presses("Manage").Presses("Disconnect").Sees("1 key result reads through it", "KR-1").Submits("Disconnect").Sees("is disconnected").Closes()
	if n := r.number("select count(*) from connections where state = 'removed' and sealed = ''"); n != 1 {
		t.Error("its secret stays")
	}
	if n := r.number("select count(*) from scores"); n == 0 {
		t.Error("the history is gone")
	}
	r.alice.Types("/okr show KR-1").Sees("disconnected", "/okr edit")
}

func TestARefusedConnectionIsToldOnceWithTheWayOut(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.alice.Sees("score of")
	r.servicenow.SetPassword("okr.reader", "another")
	r.alice.Types("/okr sync KR-1").Sees("refused our sign-in")
	r.alice.Types("/okr sync KR-1")
	r.alice.Sees("ServiceNow refused our sign-in. Nothing is read through it.", "1 key result depends on it.")
	r.servicenow.ForgetCalls()
	r.alice.In("dm-U0ALICE").Presses("Reconnect").Fills("Username", "okr.reader").Fills("Password", "another").Submits("Connect").Sees("is connected").Closes()
	r.alice.Sees("Syncing again")
}

// Searches and previews count as well: after two refusals in a row nothing is asked any more, however much is
// typed, so that no account is locked.
func TestRefusedSearchesAreNotRepeated(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").Sees("Scorecard").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores")
	r.servicenow.SetPassword("okr.reader", "another")
	for n := 1; n <= 2; n++ {
		r.alice.Presses("Preview results").Sees("refused our sign-in")
		r.until("the refusal is counted", func() bool { return r.number("select refusals from connections") == n })
		r.settles()
	}
	r.alice.Presses("Preview results").Sees("Reconnect it under `/okr connections`")
	r.servicenow.ForgetCalls()
	for _, words := range []string{"no such scorecard", "nor such", "nor any"} {
		r.offers(words)
	}
	if calls := r.servicenow.Calls(); len(calls) != 0 {
		t.Errorf("ServiceNow was asked %d times after it had refused twice: %v", len(calls), calls)
	}
}

func TestTheEndOfAConsentIsSaidThreeTimes(t *testing.T) {
	r := oauthRoom(t)
	r.connectsByOAuth(r.alice, "alice")
	told := func() int { return strings.Count(r.alice.Screen(), "use does not prolong it") }
	for _, step := range []struct {
		days, want int
	}{{80, 0}, {7, 1}, {2, 1}, {8, 2}, {2, 3}} {
		r.later(time.Duration(step.days) * 24 * time.Hour)
		r.settles()
		if got := told(); got != step.want {
			t.Fatalf("told %d times %d days later, want %d", got, step.days, step.want)
		}
	}
}

func TestAKeyWithAnExpiryIsRemindedOf(t *testing.T) {
	r := newRoom(t)
	form := r.alice.Types("/okr connect").Chooses("Sign in with", "Personal Access Token").Fills("ServiceNow URL", r.instance).
		Fills("Personal Access Token", "sandbox-key").Fills("Expires on", "soon").Submits("Connect")
	form.Sees("^ Write the day as 2026-12-31, or leave it empty.").
		Fills("Expires on", time.Now().AddDate(0, 0, 40).Format(time.DateOnly)).Submits("Connect").Sees("is connected").Closes()
	r.later(30 * 24 * time.Hour)
	r.alice.In("dm-U0ALICE").Sees("its sign-in to ServiceNow ends on", "Reconnect")
	r.alice.In("#it-okrs").Types("/okr connections").Sees("works, and ends on")
}

func TestACallbackWithoutTheHostIsTakenWhereThereIsOneClient(t *testing.T) {
	r := oauthRoom(t)
	r.registersClient(func(c *sandbox.Client) { c.Redirects = []string{r.public + "/servicenow/oauth/callback"} })
	r.connectsByOAuth(r.alice, "alice")
}
