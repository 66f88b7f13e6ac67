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
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

const formType = "application/x-www-form-urlencoded"

// post sends a delivery as it is and returns status and body.
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
		"kind=command route=list", "kind=action route=details", "kind=submit route=wizard", "kind=close route=wizard",
		"kind=event route=app_home_opened", "kind=event route=tokens_revoked",
	} {
		if acted[what] != 1 {
			t.Errorf("%s was acted on %d times", what, acted[what])
		}
	}
	// A query has no effect: whoever asks the same again is answered again.
	if n := acted["kind=query route=scorecard"]; n != 100 {
		t.Errorf("a query was answered %d times of 100", n)
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
