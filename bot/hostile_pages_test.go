package bot_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	sandbox "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/sandbox/slack/conversation"
)

// TestHostileOthersComeWhileItPosts: what is under way stops when others come, or a consent is taken back.
func TestHostileOthersComeWhileItPosts(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]func(r *room){
		"OthersCome": func(r *room) { r.slack.ShareWith("it-okrs", "T0THIRD") },
		"TakenBack": func(r *room) {
			r.carol.In("#it-okrs").Types("/okr settings").Sees("== Settings ==").Presses("Stop posting").Sees("<@U0CAROL> decided so").Closes()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.slack.ShareWith("it-okrs", "T0THEIRS")
			r.alice.Types("/okr help").Sees("/okr") // so that she is known
			r.carol.Types("/okr help").Sees("/okr")
			r.partsOf(30)
			r.do("insert into cards (key_result_id, channel_id, workspace_id, dirty_at) select id, 'C0ITOKRS', workspace_id, now() from key_results on conflict do nothing")
			r.do("insert into places (workspace_id, channel_id, ready_at) values ('T0SANDBOX', 'C0ITOKRS', now()) on conflict (workspace_id, channel_id) do update set ready_at = now()")
			r.carol.In("dm-U0CAROL").Sees("May okrbot post in")
			defer r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "C0ITOKRS", Slow: 300 * time.Millisecond})()
			r.carol.Presses("Let okrbot post there")
			r.until("the first cards", func() bool { return r.posts("it-okrs") >= 3 })
			ends(r)
			before := r.posts("it-okrs")
			r.settles()
			if n := r.posts("it-okrs") - before; n > 2 { // what was under way already
				t.Errorf("%d posts after it", n)
			}
		})
	}
}

// TestHostileTwoAdministrators decide at once, one yes and one no: what is said of it is what holds.
func TestHostileTwoAdministrators(t *testing.T) {
	r := newRoom(t)
	r.slack.ShareWith("it-okrs", "T0THEIRS")
	r.slack.AddPerson(slack.Person{ID: "U0ERIN", Name: "erin", RealName: "Erin", Admin: true})
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.carol.In("dm-U0CAROL").Sees("May okrbot post in")
	value := r.consentValue()
	var both sync.WaitGroup
	yes, no := r.pressedBy("U0CAROL", "channel_consent", value, ""), r.pressedBy("U0ERIN", "channel_silence", value, "")
	for _, req := range []*http.Request{yes, no} {
		both.Go(func() {
			resp, err := http.DefaultClient.Do(req)
			if err != nil || resp.StatusCode != 200 {
				t.Errorf("%v %v", resp, err)
			}
		})
	}
	both.Wait()
	r.settles()
	consented, declined := r.number("select count(*) from audiences where consented_by <> ''"), r.number("select count(*) from audiences where declined_by <> ''")
	if consented+declined != 1 {
		t.Errorf("%d consents and %d refusals hold", consented, declined)
	}
	t.Logf("consent %d, posts %d", consented, r.posts("it-okrs"))
}

// TestHostileRequestsOfPages: whatever is asked of the pages.
func TestHostileRequestsOfPages(t *testing.T) {
	r := oauthRoom(t)
	evil := `"><script>alert(1)</script>*x* ` + "`y`" + ` &lt;img src=x onerror=1&gt;`
	link := r.asksForOAuth(r.alice, "alice")
	r.do("update people set name = $1 where id = 'U0ALICE'", evil)
	b := r.browser().opens(link)
	at, _ := url.Parse(link)
	ask := func(method, path, kind string, body io.Reader, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		req := httptest.NewRequest(method, "https://x"+path, body)
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		r.bot.Pages().ServeHTTP(w, req)
		t.Logf("%s %.60s %s: %d %q", method, path, kind, w.Code, w.Header().Get("Location"))
		if w.Code >= 500 {
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
		if l := w.Header().Get("Location"); strings.HasPrefix(l, "//") || strings.Contains(l, "evil") && strings.Contains(l, "://") {
			t.Errorf("%s %s leads to %q", method, path, l)
		}
		if strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Body.String(), "<img") {
			t.Errorf("%s %s: markup", method, path)
		}
		return w
	}
	own := "__Host-okrbot=" + b.cookie(r.public)
	for _, m := range []string{"HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "PROPFIND"} {
		ask(m, at.Path, "", nil)
	}
	if !strings.Contains(ask("GET", at.Path, "", nil).Body.String(), "alert(1)") {
		t.Log("the name is not on the page")
	}
	var parts bytes.Buffer
	mw := multipart.NewWriter(&parts)
	_ = mw.WriteField("answer", "yes")
	_ = mw.Close()
	for kind, body := range map[string]string{
		formType: strings.Repeat("a=b&", 3<<20), "multipart/form-data; boundary=" + mw.Boundary(): parts.String(), "text/plain": "answer=yes", "application/json": `{"answer":"yes"}`, "": "answer=yes",
		formType + "; charset=utf-16": "\xff\xfea\x00=\x00b\x00", formType + "; charset": "%zz=%", "multipart/form-data": "x",
	} {
		ask("POST", at.Path, kind, strings.NewReader(body), "Cookie", "__Host-okrbot=stranger", "Sec-Fetch-Site", "cross-site")
		w := ask("POST", at.Path, kind, strings.NewReader(body), "Cookie", own)
		if w.Code == http.StatusSeeOther && !strings.HasPrefix(w.Header().Get("Location"), r.instance) {
			t.Errorf("%s leads to %s", kind, w.Header().Get("Location"))
		}
		if why := map[string]string{formType: "entered is too long", formType + "; charset": "did not send this page&#39;s form"}[kind]; !strings.Contains(w.Body.String(), why) {
			t.Errorf("%s: not said that %q: %s", kind, why, w.Body)
		}
	}
	for _, path := range []string{"//evil.example/connect/x", "//evil.example/%2e%2e/connect/over", "/connect//evil.example", "/connect/%2f%2fevil.example", "/connect/x%0d%0aSet-Cookie:%20a=b", "/connect/over%00", "/connect/../../evil", "/servicenow/oauth/callback/evil.example?state=x&code=y", "/servicenow/oauth/callback//evil.example", "/servicenow/oauth/callback/%0d%0aX:y?error=%0d%0aSet-Cookie:a=b", "/connect/" + strings.Repeat("x", 1<<20), at.Path + "?another-client", at.Path + "?%zz;x=y", `/connect/\evil.example`} {
		if req, err := url.ParseRequestURI(path); err != nil || req == nil {
			t.Logf("%.40s: %v", path, err)
			continue
		}
		ask("GET", path, "", nil, "Cookie", own)
		ask("HEAD", path, "", nil, "Cookie", own)
	}
	// Another browser than the one that went on.
	r.browser().opens(link).sends().sees(http.StatusForbidden, "Opened in another browser")
}

// TestHostileHeadOfACallback: who only looks at the address to which a browser comes back takes nothing.
func TestHostileHeadOfACallback(t *testing.T) {
	r := oauthRoom(t)
	b := r.browser().opens(r.asksForOAuth(r.alice, "alice")).sends()
	back, err := url.Parse(b.caught(r.public))
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodHead, back.RequestURI(), nil)
	req.AddCookie(&http.Cookie{Name: "__Host-okrbot", Value: b.cookie(r.public)})
	w := httptest.NewRecorder()
	r.bot.Pages().ServeHTTP(w, req)
	t.Logf("HEAD: %d %s", w.Code, w.Header().Get("Location"))
	if to := r.comesBack(back.RawQuery, b.cookie(r.public)); to == "/connect/over" {
		t.Errorf("after a HEAD the browser is led to %s", to)
	}
}

// TestHostileRefusalOfPKCE: whoever goes through a consent can come back with a refusal that they made up,
// and then allow it. That takes PKCE from nobody else; that of an administrator is remembered.
func TestHostileRefusalOfPKCE(t *testing.T) {
	for name, c := range map[string]struct {
		way  sandbox.Challenges
		kept int
	}{"alice": {sandbox.Honoured, 1}, "carol": {sandbox.Unwanted, 0}} {
		t.Run(name, func(t *testing.T) {
			r := oauthRoom(t, func(client *sandbox.Client) { client.Challenges = c.way })
			p := map[string]*conversation.Person{"alice": r.alice, "carol": r.carol}[name]
			b := r.browser().opens(r.asksForOAuth(p, name)).sends()
			if c.kept == 1 {
				back, err := url.Parse(b.caught(r.public))
				if err != nil {
					t.Fatal(err)
				}
				b.opens(r.callback() + "?error=invalid_request&state=" + back.Query().Get("state"))
				if at := b.at.Query(); at.Get("state") == "" || at.Get("code_challenge") != "" {
					t.Errorf("after a refusal the browser is at %s", b.at)
				}
			}
			b.logsIn("allow").sees(http.StatusOK, "One more step")
			p.Sees("Was that you?").Presses("Yes, connect").Sees("is connected")
			if n := r.number("select count(*) from oauth_clients where challenges"); n != c.kept {
				t.Errorf("PKCE goes with %d clients, want %d", n, c.kept)
			}
		})
	}
}
