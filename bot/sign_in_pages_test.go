package bot_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	sandbox "okrbot/sandbox/servicenow"
)

// Every page keeps to itself: no cache, no frame, no script, no address for the next host.
func TestPagesKeepToThemselves(t *testing.T) {
	r := oauthRoom(t)
	link := r.asksForOAuth(r.alice, "alice")
	b := r.browser()
	for _, address := range []string{
		link, link + "x", r.public + "/connect/connected", r.public + "/connect/denied", r.public + "/connect/over", r.callback(),
		r.callback() + "?error=access_denied&error_description=" + url.QueryEscape("<script>alert(1)</script>") + "&state=x",
	} {
		b.opens(address)
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if got := b.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", address, name, got, want)
			}
		}
		if policy := b.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", address, policy)
		}
		if strings.Contains(b.text, "<script") {
			t.Errorf("%s shows what was sent", address)
		}
	}
	// The address that is given to ServiceNow is the configured one, whatever a request says.
	req, _ := http.NewRequest(http.MethodGet, link, nil)
	req.Host, req.Header = "evil.example.com", http.Header{"X-Forwarded-Host": {"evil.example.com"}, "X-Forwarded-Proto": {"http"}, "Forwarded": {"host=evil.example.com"}}
	b.does(req).sends()
	if !strings.Contains(strings.Join(b.been, " "), "redirect_uri="+url.QueryEscape(r.callback())) {
		t.Errorf("it went to %q", b.been)
	}
	// Another site's form is not taken.
	req, _ = http.NewRequest(http.MethodPost, link, strings.NewReader(""))
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", resp.StatusCode)
	}
}

func TestASecretIsEnteredOnOurOwnPage(t *testing.T) {
	r := newPublicRoom(t)
	r.alice.Types("/okr connect").Sees("nothing secret passes through Slack").DoesNotSee("Password:").Fills("ServiceNow URL", r.instance).Submits("Connect")
	link := r.linkOf(r.alice, "alice")
	b := r.browser().opens(link).sees(http.StatusOK, "alice", "Username", `autocomplete="current-password"`, `type="password"`)
	b.sends("username", "okr.reader", "password", "").sees(http.StatusUnprocessableEntity, "Enter the Password")
	b.sends("username", "okr.reader", "password", "canary-wrong").sees(http.StatusUnprocessableEntity, "refused our sign-in", "snc_basic_auth_api_access", "MFA", "Then try again below.", `value="okr.reader"`)
	if strings.Contains(b.text, "canary-wrong") {
		t.Error("the page shows what was typed in secret")
	}
	b.sends("username", "okr.reader", "password", "sandbox").sees(http.StatusOK, "Connected")
	r.alice.Sees("is connected", "Sign-in", "One score").Closes()
	r.browser().opens(link).sees(http.StatusNotFound, "This page is over")
	for _, e := range r.slack.Wire() {
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "canary-wrong") || strings.Contains(string(raw), `"sandbox"`) && strings.Contains(string(raw), "password") {
			t.Errorf("a secret went through Slack: %s", raw)
		}
	}
}

// TestABlankAroundAUserNameIsNoPartOfIt types one in Slack's form, as on the page.
func TestABlankAroundAUserNameIsNoPartOfIt(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr connect").Sees("== Connect ServiceNow ==").Fills("ServiceNow URL", r.instance).
		Fills("Username", " okr.reader ").Fills("Password", "sandbox").Submits("Connect").Sees("is connected").Closes()
	if n := r.number("select count(*) from connections where account_name = 'okr.reader'"); n != 1 || r.refusals() != 0 {
		t.Errorf("%d connections of okr.reader, and %d refusals", n, r.refusals())
	}
}

// TestABrowserIsKnownAsLongAsAPageIsOpen: each page that is opened renews the cookie of an earlier one.
func TestABrowserIsKnownAsLongAsAPageIsOpen(t *testing.T) {
	r := newPublicRoom(t)
	b := r.browser()
	var known []string
	for range 2 {
		r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Submits("Connect")
		b.opens(r.linkOf(r.alice, "alice")).sees(http.StatusOK, "Username")
		known = append(known, b.header.Get("Set-Cookie"))
		r.alice.Closes()
	}
	if known[0] == "" || known[0] != known[1] {
		t.Errorf("the browser is given %q", known)
	}
}

func TestAPageClosesAfterTwoRefusals(t *testing.T) {
	r := newPublicRoom(t)
	r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Submits("Connect")
	link := r.linkOf(r.alice, "alice")
	b := r.browser().opens(link)
	b.sends("username", "okr.reader", "password", "no").sees(http.StatusUnprocessableEntity, "Username")
	b.sends("username", "okr.reader", "password", "no").sees(http.StatusUnprocessableEntity, "could lock the account")
	b.opens(link).sees(http.StatusNotFound)
	r.alice.Sees("is not connected", "refused our sign-in")
}

// TestTwentyWrongPasswordsAtOnceAreTwo sends them from one page to two replicas: no more reach the
// system than may be refused, since more lock an account.
func TestTwentyWrongPasswordsAtOnceAreTwo(t *testing.T) {
	r := newPublicRoom(t)
	r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Submits("Connect")
	link := r.linkOf(r.alice, "alice")
	mine := r.browser().opens(link)
	doors := []http.Handler{r.bot.Pages(), r.replica().Pages()}
	form := url.Values{"username": {"okr.reader"}, "password": {"no"}}.Encode()
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	r.servicenow.ForgetCalls()
	var all sync.WaitGroup
	statuses := make([]int, 20)
	for i := range statuses {
		all.Go(func() {
			req := httptest.NewRequest(http.MethodPost, link, strings.NewReader(form))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Sec-Fetch-Site", "same-origin")
			for _, c := range mine.client.Jar.Cookies(at) {
				req.AddCookie(c)
			}
			w := httptest.NewRecorder()
			doors[i%2].ServeHTTP(w, req)
			statuses[i] = w.Code
		})
	}
	all.Wait()
	reached := 0
	for _, c := range r.servicenow.Calls() {
		if c.User == "okr.reader" {
			reached++
		}
	}
	if reached != 2 {
		t.Errorf("%d wrong passwords reached ServiceNow, want 2; the pages said %v", reached, statuses)
	}
	r.alice.Sees("is not connected", "refused our sign-in")
	r.browser().opens(link).sees(http.StatusNotFound, "This page is over")
}

// TestWhatWasNotRefusedIsNotCounted tries on a page while ServiceNow is down, more often than may be refused.
func TestWhatWasNotRefusedIsNotCounted(t *testing.T) {
	r := newPublicRoom(t)
	r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Submits("Connect")
	b := r.browser().opens(r.linkOf(r.alice, "alice"))
	fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.Hibernating})
	for range 3 {
		b.sends("username", "okr.reader", "password", "sandbox").sees(http.StatusUnprocessableEntity, "Username")
	}
	fix()
	b.sends("username", "okr.reader", "password", "sandbox").sees(http.StatusOK, "Connected")
}
