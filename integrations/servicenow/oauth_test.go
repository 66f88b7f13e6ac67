package servicenow_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	sandbox "okrbot/sandbox/servicenow"
)

const (
	clientID     = "0123456789abcdef"
	clientSecret = "canary&client=5e1f+%41"
	redirect     = "https://okr.example.com/servicenow/oauth/callback"
)

// heard is a request as it came over the wire.
type heard struct {
	method, address, body string
	header                http.Header
}

// listener stands before an instance, or in its place.
type listener struct {
	mu      sync.Mutex
	list    []heard
	in      http.Handler
	instead http.HandlerFunc // of the token endpoint
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	l.mu.Lock()
	l.list = append(l.list, heard{r.Method, r.URL.String(), string(raw), r.Header.Clone()})
	l.mu.Unlock()
	if l.instead != nil && r.URL.Path == "/oauth_token.do" {
		l.instead(w, r)
		return
	}
	l.in.ServeHTTP(w, r)
}

func (l *listener) tokens() []heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []heard
	for _, h := range l.list {
		if strings.HasPrefix(h.address, "/oauth_token.do") {
			list = append(list, h)
		}
	}
	return list
}

// registered is an instance with our client, and what is heard there.
func registered(t *testing.T, change ...func(*sandbox.Client)) (*sandbox.Instance, *listener, *servicenow.Client, integrations.OAuthClient) {
	t.Helper()
	i := sandbox.New(sandbox.Options{})
	i.AddUser("okr.reader", "sandbox", "pa_viewer")
	c := sandbox.Client{ID: clientID, Secret: clientSecret, Redirects: []string{redirect}}
	for _, f := range change {
		f(&c)
	}
	i.AddClient(c)
	l := &listener{in: i}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return i, l, servicenow.New(servicenow.Options{ExtraOrigins: []string{server.URL}}),
		integrations.OAuthClient{Origin: server.URL, Fields: integrations.Fields{"client_id": clientID, "client_secret": clientSecret}}
}

const state = "state0"

// allowed is the code that a browser brings back.
func allowed(t *testing.T, c *servicenow.Client, client integrations.OAuthClient, verifier string) string {
	t.Helper()
	page := c.ConsentURL(client, redirect, state, verifier)
	at, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(client.Origin+"/login.do", url.Values{"user_name": {"okr.reader"}, "user_password": {"sandbox"}, "back": {at.RawQuery}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	req, err := http.NewRequest(http.MethodPost, page, strings.NewReader("answer=allow"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range resp.Cookies() {
		req.AddCookie(cookie)
	}
	if resp, err = browser.Do(req); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || back.Query().Get("code") == "" {
		t.Fatalf("no code came back: %v %s", err, resp.Header.Get("Location"))
	}
	return back.Query().Get("code")
}

func causeOf(err error) string {
	var e *integrations.Error
	if errors.As(err, &e) {
		return string(e.Class) + " " + e.Cause
	}
	return fmt.Sprint(err)
}

func TestWhatIsSecretIsInTheBodyAlone(t *testing.T) {
	_, l, c, client := registered(t)
	ctx := context.Background()
	const verifier = "verifier-0123456789-0123456789-0123456789-0123456789"
	code := allowed(t, c, client, verifier)
	tokens, err := c.Exchange(ctx, client, redirect, state, code, verifier)
	if err != nil || tokens.Fields[integrations.AccessToken] == "" || tokens.Fields[integrations.RefreshToken] == "" || tokens.Life != 30*time.Minute {
		t.Fatalf("%v, life %s", err, tokens.Life)
	}
	renewed, err := c.Renew(ctx, client, tokens.Fields[integrations.RefreshToken])
	if err != nil || renewed.Fields[integrations.AccessToken] != tokens.Fields[integrations.AccessToken] {
		t.Fatalf("renewing: %v", err)
	}
	// A code is good once, and a wrong verifier spoils one.
	if _, err := c.Exchange(ctx, client, redirect, state, code, verifier); causeOf(err) != "unauthorized consent_refused" {
		t.Errorf("the code again: %v", err)
	}
	if _, err := c.Exchange(ctx, client, redirect, state, allowed(t, c, client, verifier), "another-"+verifier); causeOf(err) != "unauthorized consent_refused" {
		t.Errorf("another verifier: %v", err)
	}
	if _, err := c.Exchange(ctx, client, redirect, "another", allowed(t, c, client, verifier), verifier); causeOf(err) != "unauthorized consent_refused" {
		t.Errorf("another state: %v", err)
	}
	if _, err := c.Renew(ctx, client, "another"); causeOf(err) != "unauthorized consent_over" {
		t.Errorf("another refresh token: %v", err)
	}
	asked := l.tokens()
	if len(asked) != 6 {
		t.Fatalf("%d calls of the token endpoint, want 6: each asks once", len(asked))
	}
	for _, h := range asked {
		form, err := url.ParseQuery(h.body)
		if err != nil || form.Get("client_secret") != clientSecret || form.Get("client_id") != clientID {
			t.Errorf("the form is %q", h.body)
		}
		if h.method != http.MethodPost || h.address != "/oauth_token.do" || h.header.Get("Authorization") != "" || h.header.Get("Cookie") != "" {
			t.Errorf("%s %s, Authorization %q, Cookie %q", h.method, h.address, h.header.Get("Authorization"), h.header.Get("Cookie"))
		}
	}
	if form, _ := url.ParseQuery(asked[0].body); form.Get("code_verifier") != verifier || form.Get("redirect_uri") != redirect || form.Get("code") != code {
		t.Errorf("the exchange sent %q", asked[0].body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.list {
		for _, secret := range []string{clientSecret, url.QueryEscape(clientSecret), verifier, tokens.Fields[integrations.AccessToken], tokens.Fields[integrations.RefreshToken]} {
			if strings.Contains(h.address, secret) || strings.Contains(fmt.Sprint(h.header), base64.StdEncoding.EncodeToString([]byte(clientID+":"+secret))) {
				t.Errorf("%s shows a secret", h.address)
			}
		}
	}
}

// No error, however it is printed, holds what went out or came in.
func TestTroublesOfTheTokenEndpoint(t *testing.T) {
	says := func(status int, kind, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if kind != "" {
				w.Header().Set("Content-Type", kind)
			}
			for n := 0; n < len(header); n += 2 {
				w.Header().Set(header[n], header[n+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const js = "application/json;charset=UTF-8"
	good := `{"access_token":"canary-a","refresh_token":"canary-r","token_type":"Bearer","expires_in":1800}`
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"page with 200":            {says(200, "text/html", "<html>canary-page</html>"), "unavailable not_json"},
		"page that says JSON":      {says(200, js, "<html>canary-page</html>"), "unavailable not_json"},
		"asleep":                   {says(200, "text/html", "<html>Your instance is hibernating</html>"), "unavailable asleep"},
		"500 with OAuth's words":   {says(500, js, `{"error":"invalid_grant"}`), "unavailable server_error"},
		"502 page":                 {says(502, "text/html", "<html>nginx</html>"), "unavailable server_error"},
		"503 empty":                {says(503, "", ""), "unavailable server_error"},
		"429 with OAuth's words":   {says(429, js, `{"error":"invalid_grant"}`, "Retry-After", "77"), "rate_limited rate_limit"},
		"401 server_error":         {says(401, js, `{"error":"server_error","error_description":"canary-said"}`), "unauthorized consent_over"},
		"400 invalid_grant":        {says(400, js, `{"error":"invalid_grant"}`), "unauthorized consent_over"},
		"400 invalid_client":       {says(400, js, `{"error":"invalid_client"}`), "unauthorized consent_over"},
		"401 without a word":       {says(401, js, `{}`), "misread unexpected_status"},
		"401 of the REST API":      {says(401, js, `{"error":{"message":"canary-said"},"status":"failure"}`), "misread unexpected_status"},
		"401 page":                 {says(401, "text/html", "<html>Log in</html>"), "unavailable login_page"},
		"400 empty":                {says(400, "", ""), "unavailable not_json"},
		"403":                      {says(403, js, `{"error":"invalid_grant"}`), "unavailable no_token_endpoint"},
		"404":                      {says(404, js, `{"error":"invalid_grant"}`), "unavailable no_token_endpoint"},
		"200 with an error":        {says(200, js, `{"error":"invalid_grant","error_description":"canary-said"}`), "misread malformed"},
		"200 empty":                {says(200, js, ``), ""},
		"no access token":          {says(200, js, `{"refresh_token":"canary-r"}`), ""},
		"access token is a list":   {says(200, js, `{"access_token":["canary-a"]}`), ""},
		"access token with a line": {says(200, js, `{"access_token":"canary-a\r\nX-Evil: 1"}`), ""},
		"a list":                   {says(200, js, `[`+good+`]`), ""},
		"twice":                    {says(200, js, good+good), ""},
		"two access tokens":        {says(200, js, `{"access_token":"canary-a","access_token":"canary-b"}`), ""},
		"form":                     {says(200, "application/x-www-form-urlencoded", "access_token=canary-a"), ""},
		"cut":                      {says(200, js, good, "Content-Length", "4000"), ""},
		"deep":                     {says(200, js, `{"access_token":"canary-a","x":`+strings.Repeat("[", 100000)+strings.Repeat("]", 100000)+`}`), ""},
		"large":                    {says(200, js, `{"access_token":"canary-a","x":"`+strings.Repeat("x", 3<<20)+`"}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, l, client, entered := registered(t)
			l.instead = c.answer
			tokens, err := client.Renew(context.Background(), entered, "canary-old")
			if err == nil || tokens.Fields != nil {
				t.Fatal("it was taken")
			}
			var e *integrations.Error
			if !errors.As(err, &e) || c.want != "" && !strings.HasPrefix(causeOf(err), c.want) || c.want == "" && e.Class == integrations.Unauthorized {
				t.Errorf("got %s, want %s", causeOf(err), c.want)
			}
			if name == "429 with OAuth's words" && e.After != 77*time.Second {
				t.Errorf("to wait %s", e.After)
			}
			if said := fmt.Sprintf("%v %+v %#v %s", err, err, err, e.Sentence()); strings.Contains(said, "canary") || strings.Contains(said, clientSecret) {
				t.Errorf("it says %s", said)
			}
			if n := len(l.tokens()); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}

func TestLivesOfAccessTokens(t *testing.T) {
	for said, want := range map[string]time.Duration{
		`,"expires_in":1800`:                1800 * time.Second,
		`,"expires_in":"1800"`:              1800 * time.Second,
		`,"expires_in":1799.9`:              1799 * time.Second,
		`,"expires_in":0.5`:                 0,
		``:                                  0,
		`,"expires_in":0`:                   0,
		`,"expires_in":-1`:                  0,
		`,"expires_in":null`:                0,
		`,"expires_in":""`:                  0,
		`,"expires_in":"soon"`:              0,
		`,"expires_in":{"a":1}`:             0,
		`,"expires_in":true`:                0,
		`,"expires_in":1e12`:                24 * time.Hour,
		`,"expires_in":"1e400"`:             0,
		`,"expires_in":9223372036854775808`: 0,
	} {
		t.Run(said, func(t *testing.T) {
			_, l, client, entered := registered(t)
			l.instead = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer"`+said+`}`)
			}
			tokens, err := client.Renew(context.Background(), entered, "old")
			if err != nil || tokens.Life != want {
				t.Errorf("%s: %v, %s, want %s", said, err, tokens.Life, want)
			}
		})
	}
}

func TestASecretFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		_, l, client, entered := registered(t)
		var away listener
		elsewhere := httptest.NewServer(&away)
		away.in = http.NotFoundHandler()
		t.Cleanup(elsewhere.Close)
		l.instead = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/oauth_token.do", status)
		}
		if _, err := client.Renew(context.Background(), entered, "old"); causeOf(err) != "unavailable redirect" {
			t.Errorf("%d: %s", status, causeOf(err))
		}
		if len(away.tokens()) != 0 {
			t.Errorf("%d: it went there", status)
		}
	}
	// An address that is not allowed any more is not dialled either.
	_, l, _, entered := registered(t)
	if _, err := servicenow.New(servicenow.Options{}).Renew(context.Background(), entered, "old"); err == nil || len(l.tokens()) != 0 {
		t.Errorf("%v after %d calls", err, len(l.tokens()))
	}
}

func TestASilentTokenEndpoint(t *testing.T) {
	t.Parallel()
	i, _, client, entered := registered(t)
	i.Break(sandbox.Fault{Kind: sandbox.Stall})
	began := time.Now()
	if _, err := client.Renew(context.Background(), entered, "old"); !strings.HasPrefix(causeOf(err), "unavailable ") || time.Since(began) > 20*time.Second {
		t.Errorf("%s after %s", causeOf(err), time.Since(began))
	}
}
