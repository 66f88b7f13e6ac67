package bot_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okrbot/bot"
	"okrbot/sandbox/slack"
)

const formType = "application/x-www-form-urlencoded"

// post sends a delivery as it is and gives status and body.
func (r *room) post(req *http.Request) (int, string) {
	r.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// signed is a delivery as Slack signs it.
func (r *room) signed(path, kind, body string, at time.Time) *http.Request {
	r.t.Helper()
	req, err := slack.Signed(context.Background(), r.app+path, r.slack.Options().SigningSecret, kind, []byte(body), at)
	if err != nil {
		r.t.Fatal(err)
	}
	return req
}

// command is the body of a slash command.
func (r *room) command(text string) url.Values {
	o := r.slack.Options()
	return url.Values{
		"team_id": {o.TeamID}, "api_app_id": {o.AppID}, "user_id": {"U0ALICE"}, "channel_id": {"C0ITOKRS"},
		"command": {"/okr"}, "text": {text}, "trigger_id": {"1.2.3"}, "response_url": {""},
	}
}

// noted is how many deliveries have had an effect.
func (r *room) noted() int {
	r.t.Helper()
	return r.number("select count(*) from deliveries")
}

// number is what the database answers.
func (r *room) number(sql string, args ...any) int {
	r.t.Helper()
	n := 0
	if err := r.database().QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestForgedSignaturesDoNothing(t *testing.T) {
	r := newRoom(t)
	body := r.command("help").Encode()
	if status, _ := r.post(r.signed("/slack/commands", formType, body, time.Now())); status != http.StatusOK {
		t.Fatalf("a good delivery: %d", status)
	}
	before := r.noted()
	now := time.Now()
	good := r.signed("/slack/commands", formType, body, now)
	mac := good.Header.Get("X-Slack-Signature")
	stamp := good.Header.Get("X-Slack-Request-Timestamp")
	type forged struct {
		body       string
		stamp, mac []string
	}
	var all []forged
	flip := func(s string, i int) string { return s[:i] + string(rune(s[i]^1)) + s[i+1:] }
	for i := range body {
		all = append(all, forged{flip(body, i), []string{stamp}, []string{mac}})
	}
	for i := range stamp {
		all = append(all, forged{body, []string{flip(stamp, i)}, []string{mac}})
	}
	for i := range mac {
		all = append(all, forged{body, []string{stamp}, []string{flip(mac, i)}})
	}
	other, err := slack.Signed(context.Background(), r.app, "another secret", formType, []byte(body), now)
	if err != nil {
		t.Fatal(err)
	}
	digits := strings.TrimPrefix(mac, "v0=")
	for _, m := range [][]string{
		nil, {""}, {mac, mac}, {mac, "v0=00"}, {other.Header.Get("X-Slack-Signature")}, {"v1=" + digits}, {digits}, {"v0=" + digits[:63]}, {mac + "0"},
		{"v0=" + strings.Repeat("0", 64)}, {"V0=" + digits}, {"v0= " + digits}, {"v0=" + strings.Repeat("z", 64)},
		{"v0=" + strings.ToUpper(digits)}, {"v0=" + oneUpper(digits)}, // what is remembered against a replay is how it is written
	} {
		all = append(all, forged{body, []string{stamp}, m})
	}
	for _, s := range [][]string{nil, {""}, {stamp, stamp}, {stamp, "1"}, {" " + stamp}, {stamp + " "}, {"+" + stamp}, {"0" + stamp}} {
		all = append(all, forged{body, s, []string{mac}})
	}
	handler := r.bot.Handler()
	var answer string
	var truths []string
	for _, f := range all {
		req := httptest.NewRequest(http.MethodPost, "/slack/commands", strings.NewReader(f.body))
		req.Header.Set("Content-Type", formType)
		req.Header["X-Slack-Request-Timestamp"] = f.stamp
		req.Header["X-Slack-Signature"] = f.mac
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		if w.Code != http.StatusUnauthorized {
			t.Fatalf("%d for body %q stamp %q signature %q", w.Code, f.body, f.stamp, f.mac)
		}
		if answer == "" {
			answer = w.Body.String()
		}
		if w.Body.String() != answer {
			t.Fatalf("two answers to what is forged: %q and %q", answer, w.Body.String())
		}
		// What would have been right for this very body and time must not be learnt from us.
		for _, s := range append(f.stamp, stamp) {
			right := strings.TrimPrefix(signatureOf(r.slack.Options().SigningSecret, s, f.body), "v0=")
			truths = append(truths, right)
			if strings.Contains(strings.ToLower(fmt.Sprint(w.Header(), w.Body)), right) {
				t.Fatal("the true signature is in the answer")
			}
		}
	}
	if now := r.noted(); now != before {
		t.Errorf("%d forged deliveries had an effect", now-before)
	}
	if len(all) < 200 {
		t.Errorf("%d forgeries are few", len(all))
	}
	log := strings.ToLower(r.log.String())
	for _, right := range truths {
		if strings.Contains(log, right) {
			t.Fatal("a true signature is in the log")
		}
	}
	if status, _ := r.post(good); status != http.StatusOK {
		t.Errorf("the delivery that was forged, as Slack sent it: %d", status)
	}
}

// oneUpper writes the first letter of some hex large.
func oneUpper(digits string) string {
	i := strings.IndexAny(digits, "abcdef")
	return digits[:i] + strings.ToUpper(digits[i:i+1]) + digits[i+1:]
}

func TestOnlyFreshTimestampsAreTaken(t *testing.T) {
	r := newRoom(t)
	now := time.Now().Unix()
	for _, c := range []struct {
		stamp string
		taken bool
	}{
		{fmt.Sprint(now - 297), true}, {fmt.Sprint(now + 297), true},
		{fmt.Sprint(now - 303), false}, {fmt.Sprint(now + 303), false},
		{"0", false}, {"-1", false}, {fmt.Sprint(int64(1) << 40), false}, {fmt.Sprint(int64(1) << 62), false}, {fmt.Sprint(int64(math.MaxInt64)), false},
		{"1e9", false}, {" 1", false}, {"+1", false}, {"", false}, {strconv.FormatInt(now, 10) + ".0", false}, {"99999999999999999999", false}, {"٠١٢٣٤٥٦٧٨٩", false},
	} {
		body := r.command("help " + c.stamp).Encode()
		req := r.signed("/slack/commands", formType, body, time.Now())
		mac := signatureOf(r.slack.Options().SigningSecret, c.stamp, body)
		req.Header["X-Slack-Request-Timestamp"] = []string{c.stamp}
		req.Header.Set("X-Slack-Signature", mac)
		w := httptest.NewRecorder()
		r.bot.Handler().ServeHTTP(w, req)
		if taken := w.Code == http.StatusOK; taken != c.taken {
			t.Errorf("timestamp %q: %d", c.stamp, w.Code)
		}
	}
}

// actedOn counts what was acted on by any bot of the room, by kind and route.
func (r *room) actedOn() map[string]int {
	out := map[string]int{}
	for line := range strings.Lines(r.log.String()) {
		if _, what, ok := strings.Cut(line, "msg=gesture "); ok && strings.HasSuffix(strings.TrimSpace(line), "result=ok") {
			what, _, _ = strings.Cut(what, " actor=")
			out[what]++
		}
	}
	return out
}

func TestAReplayHasOneEffect(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true // the triggers here are not Slack's
	r.addsObjective(r.alice, "Seen once")
	second := r.replica()
	now := time.Now()
	handlers := []http.Handler{r.bot.Handler(), second.Handler()}
	for name, req := range r.payloads() {
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		before := r.noted()
		var others sync.WaitGroup
		for n := range 100 {
			others.Go(func() {
				again := req.Clone(context.Background())
				again.Body = io.NopCloser(bytes.NewReader(raw))
				w := httptest.NewRecorder()
				handlers[n%2].ServeHTTP(w, again)
				// Of an event that another is acting on, Slack is told to send it later.
				if w.Code != http.StatusOK && (w.Code != http.StatusServiceUnavailable || req.URL.Path != "/slack/events") {
					t.Errorf("%s: %d", name, w.Code)
				}
			})
		}
		others.Wait()
		if n := r.noted() - before; n > 1 {
			t.Errorf("%s was acted on %d times", name, n)
		}
	}
	acted := r.actedOn()
	for _, what := range []string{
		"kind=command route=list", "kind=action route=details", "kind=submit route=wizard", "kind=close route=wizard", "kind=query route=scorecard",
		"kind=event route=app_home_opened", "kind=event route=tokens_revoked",
	} {
		if acted[what] != 1 {
			t.Errorf("%s was acted on %d times", what, acted[what])
		}
	}
	// What is acted on says something or does something; a repetition neither.
	for name, c := range map[string]struct {
		req  func() *http.Request
		says string
	}{
		"a list": {func() *http.Request { return r.signed("/slack/commands", formType, r.command("list").Encode(), now) }, "All key results"},
		"a request": {func() *http.Request {
			return r.signed("/slack/commands", formType, r.command("sync all").Encode(), now)
		}, "text"},
	} {
		var others sync.WaitGroup
		var answered atomic.Int64
		for n := range 100 {
			others.Go(func() {
				w := httptest.NewRecorder()
				handlers[n%2].ServeHTTP(w, c.req())
				if w.Code != http.StatusOK {
					t.Errorf("%s: %d", name, w.Code)
				}
				if w.Body.Len() > 0 {
					answered.Add(1)
					if !strings.Contains(w.Body.String(), c.says) {
						t.Errorf("%s: %q", name, w.Body)
					}
				}
			})
		}
		others.Wait()
		if answered.Load() != 1 {
			t.Errorf("%s was answered %d times", name, answered.Load())
		}
	}
	// The same event with another signature, as Slack's retry brings it.
	event := func(at time.Time) *http.Request {
		o := r.slack.Options()
		return r.signed("/slack/events", "application/json", fmt.Sprintf(
			`{"type":"event_callback","team_id":%q,"api_app_id":%q,"event_id":"Ev1","event":{"type":"app_home_opened","user":"U0ALICE","tab":"home"}}`, o.TeamID, o.AppID), at)
	}
	before := r.noted()
	for n := range 5 {
		if status, _ := r.post(event(now.Add(time.Duration(n) * time.Second))); status != http.StatusOK {
			t.Errorf("event: %d", status)
		}
	}
	if n := r.noted() - before; n != 1 {
		t.Errorf("one event was acted on %d times", n)
	}
}

func TestWhatIsTooLargeOrTooSlowIsCutOff(t *testing.T) {
	r := newRoom(t)
	if status, _ := r.post(r.signed("/slack/commands", formType, "text="+strings.Repeat("x", 1<<20), time.Now())); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a megabyte and more: %d", status)
	}
	endless, err := http.NewRequest(http.MethodPost, r.app+"/slack/commands", &zeros{left: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(endless); err == nil { // the server may hang up while we still send
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("a gigabyte in chunks: %d", resp.StatusCode)
		}
		_ = resp.Body.Close()
	}

	body := &zeros{left: 1 << 30}
	w := httptest.NewRecorder()
	r.bot.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/slack/interactions", body))
	if read := 1<<30 - body.left; w.Code != http.StatusRequestEntityTooLarge || read > 1<<20+1 {
		t.Errorf("%d after %d bytes", w.Code, read)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := bot.Server(r.bot.Handler())
	go func() { _ = front.Serve(bot.Limit(listener)) }()
	defer front.Close()
	dial := func(say string) net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, say); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	var slow []net.Conn
	for range 300 {
		slow = append(slow, dial("POST /slack/commands HTTP/1.1\r\nHost: okrbot\r\nX-Slow: "))
	}
	dripping := dial("POST /slack/commands HTTP/1.1\r\nHost: okrbot\r\nContent-Length: 1000\r\n\r\na")
	slow = append(slow, dripping)
	began := time.Now()
	req := r.signed("/slack/commands", formType, r.command("help").Encode(), time.Now())
	req.URL.Host = listener.Addr().String()
	if status, _ := r.post(req); status != http.StatusOK || time.Since(began) > time.Second {
		t.Errorf("a good delivery among slow ones: %d after %v", status, time.Since(began))
	}
	for i, conn := range slow {
		_ = conn.SetReadDeadline(began.Add(8 * time.Second))
		answer, err := io.ReadAll(conn)
		if nerr, ok := err.(net.Error); ok && nerr.Timeout() {
			t.Fatalf("slow connection %d is still open after %v (%q)", i, time.Since(began), answer)
		}
		_ = conn.Close()
	}
}

func TestSoManyConnectionsAndNoMore(t *testing.T) {
	t.Parallel()
	const most = 1024
	arriving := make(arrivals)
	door := bot.Limit(arriving)
	come := func() (in net.Conn, ok bool) {
		theirs, ours := net.Pipe()
		t.Cleanup(func() { _ = theirs.Close() })
		select {
		case arriving <- ours:
			return ours, true
		case <-time.After(50 * time.Millisecond):
			return nil, false
		}
	}
	let := make(chan net.Conn, 2*most)
	go func() {
		for {
			conn, err := door.Accept()
			if err != nil {
				return
			}
			let <- conn
		}
	}()
	defer close(arriving)
	for n := range most {
		if _, ok := come(); !ok {
			t.Fatalf("%d are let in, want %d", n, most)
		}
	}
	if _, ok := come(); ok {
		t.Fatalf("more than %d are let in", most)
	}
	left := <-let
	_ = left.Close()
	_ = left.Close() // whoever leaves twice makes one place
	if _, ok := come(); !ok {
		t.Error("a place that was left is not given away")
	}
	if _, ok := come(); ok {
		t.Error("one who left made two places")
	}
}

// arrivals are connections from nowhere.
type arrivals chan net.Conn

func (a arrivals) Accept() (net.Conn, error) {
	if conn, ok := <-a; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (a arrivals) Close() error   { return nil }
func (a arrivals) Addr() net.Addr { return &net.TCPAddr{} }

// zeros is a long body that costs nothing.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}

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
	o := r.slack.Options()
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "team": map[string]any{"id": o.TeamID}, "user": map[string]any{"id": "U0ALICE"}, "api_app_id": o.AppID,
		"response_url": address, "container": map[string]any{"type": "message"},
		"actions": []any{map[string]any{"action_id": action, "type": "button", "block_id": "b", "value": value}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.signed("/slack/interactions", formType, url.Values{"payload": {string(payload)}}.Encode(), time.Now())
}

// until waits for what comes after an answer.
func (r *room) until(what string, is func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatal("not within ten seconds: " + what)
		}
	}
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

// payloads are what Slack sends, one of each kind.
func (r *room) payloads() map[string]*http.Request {
	o := r.slack.Options()
	out := map[string]*http.Request{}
	form := func(name, path string, v url.Values) {
		out[name] = r.signed(path, formType, v.Encode(), time.Now())
	}
	form("slash command", "/slack/commands", r.command("list mine"))
	event := func(name, inner string) {
		out[name] = r.signed("/slack/events", "application/json",
			fmt.Sprintf(`{"type":"event_callback","team_id":%q,"api_app_id":%q,"event_id":%q,"event":%s}`, o.TeamID, o.AppID, name, inner), time.Now())
	}
	event("app_home_opened", `{"type":"app_home_opened","user":"U0ALICE","tab":"home"}`)
	event("message", `{"type":"message","user":"U0ALICE","text":"hello","channel":"C0ITOKRS"}`)
	event("tokens_revoked", `{"type":"tokens_revoked","tokens":{"bot":["U0OKRBOT"]}}`)
	out["app_rate_limited"] = r.signed("/slack/events", "application/json", `{"type":"app_rate_limited","team_id":"`+o.TeamID+`","minute_rate_limited":1518467820}`, time.Now())
	view := map[string]any{
		"id": "V1", "type": "modal", "callback_id": "wizard", "hash": "1.2", "private_metadata": "00000000-0000-0000-0000-000000000000", "root_view_id": "V1",
		"blocks": []any{map[string]any{"type": "section", "block_id": "s", "text": map[string]any{"type": "mrkdwn", "text": "x"}}},
		"state":  map[string]any{"values": map[string]any{"title": map[string]any{"v": map[string]any{"type": "plain_text_input", "value": "x"}}}},
	}
	for _, kind := range []string{"block_actions", "view_submission", "view_closed", "block_suggestion", "shortcut", "message_action"} {
		payload, err := json.Marshal(map[string]any{
			"type": kind, "team": map[string]any{"id": o.TeamID}, "user": map[string]any{"id": "U0ALICE"}, "api_app_id": o.AppID, "trigger_id": "1.2.3",
			"view": view, "callback_id": "x", "action_id": "v", "block_id": "scorecard", "value": "inc",
			"actions":   []any{map[string]any{"action_id": "details", "block_id": "b", "type": "button", "value": "1"}},
			"container": map[string]any{"type": "message", "message_ts": "1.2", "channel_id": "C0ITOKRS"}, "channel": map[string]any{"id": "C0ITOKRS"},
		})
		if err != nil {
			r.t.Fatal(err)
		}
		form(kind, "/slack/interactions", url.Values{"payload": {string(payload)}})
	}
	return out
}

func signatureOf(secret, stamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}
