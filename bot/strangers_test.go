package bot_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestDeliveriesOfOthersDoNothing(t *testing.T) {
	r := newRoom(t)
	o := r.slack.Options()
	before := r.noted()
	for _, change := range []url.Values{
		{"team_id": {"T0OTHER"}}, {"team_id": {""}}, {"api_app_id": {"A0OTHER"}}, {"team_id": {"T0OTHER"}, "enterprise_id": {"E1"}, "is_enterprise_install": {"true"}},
	} {
		form := r.command("list")
		for k, v := range change {
			form[k] = v
		}
		status, body := r.post(r.signed("/slack/commands", formType, form.Encode(), time.Now()))
		if status != http.StatusOK || body != "" {
			t.Errorf("%v: %d %q", change, status, body)
		}
	}
	for name, req := range r.payloads() {
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		kind, payload, path := req.Header.Get("Content-Type"), string(raw), req.URL.Path
		form, err := url.ParseQuery(payload)
		if err != nil {
			t.Fatal(err)
		}
		inner := form.Get("payload")
		if inner != "" {
			payload = inner
		} else if kind == formType {
			continue // commands were above
		}
		team := strconv.Quote(o.TeamID)
		for _, change := range []string{
			strings.ReplaceAll(payload, o.TeamID, "T0OTHER"), strings.ReplaceAll(payload, team, "null"), strings.ReplaceAll(payload, team, `""`),
			strings.ReplaceAll(payload, `{"id":`+team+`}`, "null"), strings.ReplaceAll(payload, o.AppID, "A0OTHER"),
			strings.ReplaceAll(strings.ReplaceAll(payload, `"team"`, `"enterprise":{"id":"E1"},"is_enterprise_install":true,"team"`), o.TeamID, "T0OTHER"),
		} {
			if change == payload {
				continue
			}
			if inner != "" {
				change = url.Values{"payload": {change}}.Encode()
			}
			status, body := r.post(r.signed(path, kind, change, time.Now()))
			if status != http.StatusOK || body != "" {
				t.Errorf("%s as %.200q: %d %q", name, change, status, body)
			}
		}
	}
	if n := r.noted() - before; n != 0 {
		t.Errorf("%d deliveries of others had an effect", n)
	}
	if acted := r.actedOn(); len(acted) > 0 {
		t.Errorf("deliveries of others were acted on: %v", acted)
	}
	if n := strings.Count(r.log.String(), "result=foreign"); n < 20 {
		t.Errorf("%d deliveries were counted as foreign", n)
	}
}

func TestSlackLooksAroundWithoutAnEffect(t *testing.T) {
	r := newRoom(t)
	resp, err := http.Post(r.app+"/slack/commands", formType, strings.NewReader("token=x&ssl_check=1"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || len(body) > 0 {
		t.Errorf("ssl_check: %d %q", resp.StatusCode, body)
	}
	for _, work := range []string{"ssl_check=1&" + r.command("list").Encode(), "ssl_check=1&payload=%7B%7D", "ssl_check=1&ssl_check=2&command=x", "ssl_check=true", "ssl_check=1;command=x"} {
		resp, err := http.Post(r.app+"/slack/commands", formType, strings.NewReader(work))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("unsigned work as %q: %d", work, resp.StatusCode)
		}
	}
	if n := r.noted(); n != 0 {
		t.Errorf("%d looks around had an effect", n)
	}
	const challenge = `<script>alert(1)</script>`
	raw, _ := json.Marshal(map[string]string{"type": "url_verification", "challenge": challenge, "token": "x"})
	unsigned, err := http.Post(r.app+"/slack/events", "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_ = unsigned.Body.Close()
	if unsigned.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unsigned challenge: %d", unsigned.StatusCode)
	}
	signed, err := http.DefaultClient.Do(r.signed("/slack/events", "application/json", string(raw), time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	defer signed.Body.Close()
	echoed, _ := io.ReadAll(signed.Body)
	if kind := signed.Header.Get("Content-Type"); string(echoed) != challenge || !strings.HasPrefix(kind, "text/plain") || signed.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a challenge: %q as %s", echoed, kind)
	}
}

// stranger is somewhere that nobody has business with.
func (r *room) stranger() (host string, called *atomic.Int64) {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = l.Close() })
	called = &atomic.Int64{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			called.Add(1)
			_ = conn.Close()
		}
	}()
	return l.Addr().String(), called
}

// pressed is a button pressed on a message that may be answered at an address.
func (r *room) pressed(action, value, address string) *http.Request {
	r.t.Helper()
	return r.pressedBy("U0ALICE", action, value, address)
}

func (r *room) pressedBy(person, action, value, address string) *http.Request {
	r.t.Helper()
	o := r.slack.Options()
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "team": map[string]any{"id": o.TeamID}, "user": map[string]any{"id": person}, "api_app_id": o.AppID,
		"response_url": address, "container": map[string]any{"type": "message"},
		"actions": []any{map[string]any{"action_id": action, "type": "button", "block_id": "b", "value": value}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.signed("/slack/interactions", formType, url.Values{"payload": {string(payload)}}.Encode(), time.Now())
}

func TestAResponseURLElsewhereIsNotCalled(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true
	host, called := r.stranger()
	port := host[strings.LastIndex(host, ":"):]
	ours := strings.TrimPrefix(r.slack.Options().BaseURL, "http://")
	before := r.slack.Calls("chat.postMessage")
	addresses := []string{
		"http://" + host, "https://" + host, "http://hooks.slack.com@" + host, "https://hooks.slack.com@" + host + "/x", "//" + host, "https://hooks.slack.com.localhost" + port,
		"http://" + ours + "@" + host + "/response/r1", "http://" + host + "/" + ours, "http://" + host + "#@" + ours, "http://" + host + "?@" + ours, "http://x:y@" + ours + "/response/r1",
		"http://localhost" + port, "http://127.1" + port, "http://[::ffff:127.0.0.1]" + port, "http://2130706433" + port, "HTTP://" + host, "ftp://" + ours, "http:" + host, "http:///" + host,
		"file:///etc/passwd", "https://hooks.slack.com:443@" + host, "https://HOOKS.slack.com\\@" + host, "gopher://" + host, "javascript:1", "\x00", "http://" + host + "\r\nHost: " + ours,
		"http://" + ours + "\\@" + host, "http://" + ours + "\t@" + host, " http://" + host, "%68ttp://" + host,
	}
	for _, address := range addresses {
		if status, _ := r.post(r.pressed("sync", "999", address)); status != http.StatusOK {
			t.Errorf("%q: %d", address, status)
		}
	}
	// What was to be said there is said in a direct message.
	r.until("direct messages", func() bool { return r.slack.Calls("chat.postMessage")-before >= len(addresses) })
	// So is what a job has to say, long after.
	before = r.slack.Calls("chat.postMessage")
	form := r.command("sync KR-1")
	form.Set("response_url", "http://"+host)
	if status, body := r.post(r.signed("/slack/commands", formType, form.Encode(), time.Now())); status != http.StatusOK || !strings.Contains(body, "KR-1") {
		t.Errorf("syncing: %d %q", status, body)
	}
	r.until("the outcome", func() bool { return r.slack.Calls("chat.postMessage") > before })
	if n := called.Load(); n > 0 {
		t.Errorf("a stranger was called %d times", n)
	}
	if n := r.number(`select count(*) from river_job where args::text like '%http%'`); n > 0 {
		t.Errorf("%d jobs hold an address", n)
	}
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, host) {
			t.Errorf("an address is in the log: %s", line)
		}
	}
}

func TestSlackCannotSendUsElsewhere(t *testing.T) {
	r := newRoom(t)
	host, called := r.stranger()
	real, err := url.Parse(r.slack.Options().BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(real)
	var asked atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !strings.HasPrefix(req.URL.Path, "/response/") {
			proxy.ServeHTTP(w, req)
			return
		}
		asked.Add(1)
		http.Redirect(w, req, "http://"+host, http.StatusTemporaryRedirect)
	}))
	defer front.Close()
	r.slack.SetBaseURL(front.URL)
	before := r.slack.Calls("chat.postMessage")
	w := httptest.NewRecorder()
	r.replica().Handler().ServeHTTP(w, r.pressed("sync", "999", front.URL+"/response/r1"))
	r.until("a direct message instead", func() bool { return r.slack.Calls("chat.postMessage") > before })
	if asked.Load() != 1 || called.Load() != 0 {
		t.Errorf("the address was asked %d times, the stranger %d times", asked.Load(), called.Load())
	}
}
