package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// m writes JSON objects shortly.
type m = map[string]any

func plain(s string) m { return m{"type": "plain_text", "text": s} }

func option(text, value string) m { return m{"text": plain(text), "value": value} }

func options(n int) []any {
	var list []any
	for i := range n {
		list = append(list, option(fmt.Sprint("o", i), fmt.Sprint(i)))
	}
	return list
}

func repeated(n int, block func(i int) m) []any {
	list := []any{}
	for i := range n {
		list = append(list, block(i))
	}
	return list
}

func section(text string) m {
	return m{"type": "section", "text": m{"type": "mrkdwn", "text": text}}
}

func input(block string, element m) m {
	return m{"type": "input", "block_id": block, "label": plain("Label"), "element": element}
}

func modal(blocks ...any) m {
	return m{"type": "modal", "callback_id": "c", "title": plain("Title"), "submit": plain("Save"), "close": plain("Close"), "blocks": blocks}
}

func with(base m, field string, value any) m {
	out := clone(base)
	if out[field] = value; value == nil {
		delete(out, field)
	}
	return out
}

// TestWhatSlackRefuses holds the limits of Slack's reference, each at its edge and one beyond.
func TestWhatSlackRefuses(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	text := m{"type": "plain_text_input", "action_id": "v"}
	button := m{"type": "button", "action_id": "a", "text": plain("Go"), "value": "1"}
	selects := m{"type": "static_select", "action_id": "v", "options": options(1)}
	actions := func(elements ...any) m { return m{"type": "actions", "elements": elements} }
	for name, c := range map[string]struct{ good, bad m }{
		"title":             {with(modal(section("x")), "title", plain(long(24))), with(modal(section("x")), "title", plain(long(25)))},
		"submit":            {with(modal(section("x")), "submit", plain(long(24))), with(modal(section("x")), "submit", plain(long(25)))},
		"title's kind":      {modal(section("x")), with(modal(section("x")), "title", m{"type": "mrkdwn", "text": "x"})},
		"no submit":         {with(modal(section("x")), "submit", nil), with(modal(input("b", text)), "submit", nil)},
		"metadata":          {with(modal(section("x")), "private_metadata", strings.Repeat("x", 3000)), with(modal(section("x")), "private_metadata", strings.Repeat("x", 3001))},
		"callback_id":       {with(modal(section("x")), "callback_id", strings.Repeat("x", 255)), with(modal(section("x")), "callback_id", strings.Repeat("x", 256))},
		"blocks of a view":  {modal(repeated(100, func(int) m { return section("x") })...), modal(repeated(101, func(int) m { return section("x") })...)},
		"section's text":    {modal(section(long(3000))), modal(section(long(3001)))},
		"empty text":        {modal(section("x")), modal(section(""))},
		"block_id":          {modal(with(section("x"), "block_id", strings.Repeat("x", 255))), modal(with(section("x"), "block_id", strings.Repeat("x", 256)))},
		"block_ids twice":   {modal(with(section("x"), "block_id", "a"), with(section("x"), "block_id", "b")), modal(with(section("x"), "block_id", "a"), with(section("x"), "block_id", "a"))},
		"unknown block":     {modal(section("x")), modal(m{"type": "carousel"})},
		"unknown field":     {modal(section("x")), modal(with(section("x"), "colour", "red"))},
		"unknown element":   {modal(input("b", text)), modal(input("b", m{"type": "slider", "action_id": "v"}))},
		"header":            {modal(m{"type": "header", "text": plain(long(150))}), modal(m{"type": "header", "text": plain(long(151))})},
		"header's kind":     {modal(m{"type": "header", "text": plain("x")}), modal(m{"type": "header", "text": m{"type": "mrkdwn", "text": "x"}})},
		"label":             {modal(with(input("b", text), "label", plain(long(2000)))), modal(with(input("b", text), "label", plain(long(2001))))},
		"hint":              {modal(with(input("b", text), "hint", plain(long(2000)))), modal(with(input("b", text), "hint", plain(long(2001))))},
		"placeholder":       {modal(input("b", with(text, "placeholder", plain(long(150))))), modal(input("b", with(text, "placeholder", plain(long(151)))))},
		"max_length":        {modal(input("b", with(text, "max_length", 3000.0))), modal(input("b", with(text, "max_length", 3001.0)))},
		"button":            {modal(actions(with(button, "text", plain(long(75))))), modal(actions(with(button, "text", plain(long(76)))))},
		"button's value":    {modal(actions(with(button, "value", strings.Repeat("x", 2000)))), modal(actions(with(button, "value", strings.Repeat("x", 2001))))},
		"button's style":    {modal(actions(with(button, "style", "danger"))), modal(actions(with(button, "style", "loud")))},
		"action_id":         {modal(actions(with(button, "action_id", strings.Repeat("x", 255)))), modal(actions(with(button, "action_id", strings.Repeat("x", 256))))},
		"action_ids twice":  {modal(actions(button, with(button, "action_id", "b"))), modal(actions(button, button))},
		"actions' elements": {modal(m{"type": "actions", "elements": repeated(25, func(i int) m { return with(button, "action_id", fmt.Sprint(i)) })}), modal(m{"type": "actions", "elements": repeated(26, func(i int) m { return with(button, "action_id", fmt.Sprint(i)) })})},
		"context":           {modal(m{"type": "context", "elements": repeated(10, func(int) m { return plain("x") })}), modal(m{"type": "context", "elements": repeated(11, func(int) m { return plain("x") })})},
		"fields":            {modal(m{"type": "section", "fields": repeated(10, func(int) m { return plain("x") })}), modal(m{"type": "section", "fields": repeated(11, func(int) m { return plain("x") })})},
		"options":           {modal(input("b", with(selects, "options", options(100)))), modal(input("b", with(selects, "options", options(101))))},
		"no options":        {modal(input("b", selects)), modal(input("b", with(selects, "options", []any{})))},
		"option's text":     {modal(input("b", with(selects, "options", []any{option(long(75), "1")}))), modal(input("b", with(selects, "options", []any{option(long(76), "1")})))},
		"option's value":    {modal(input("b", with(selects, "options", []any{option("x", strings.Repeat("x", 150))}))), modal(input("b", with(selects, "options", []any{option("x", strings.Repeat("x", 151))})))},
		"initial option":    {modal(input("b", with(selects, "initial_option", option("o0", "0")))), modal(input("b", with(selects, "initial_option", option("o9", "9"))))},
		"overflow":          {modal(with(section("x"), "accessory", m{"type": "overflow", "action_id": "o", "options": options(5)})), modal(with(section("x"), "accessory", m{"type": "overflow", "action_id": "o", "options": options(6)}))},
		"home in a modal":   {modal(section("x")), with(modal(section("x")), "type", "home")},
	} {
		if problems := checkView(wire(t, c.good), false); len(problems) > 0 {
			t.Errorf("%s: Slack takes it, and the simulator says %q", name, problems)
		}
		if problems := checkView(wire(t, c.bad), false); len(problems) == 0 {
			t.Errorf("%s: Slack refuses it, and the simulator does not", name)
		}
	}
	if problems := checkMessage(repeated(50, func(int) m { return wire(t, section("x")) })); len(problems) > 0 {
		t.Errorf("fifty blocks: %q", problems)
	}
	if problems := checkMessage(repeated(51, func(int) m { return wire(t, section("x")) })); len(problems) == 0 {
		t.Error("a message of 51 blocks is taken")
	}
	if problems := checkOptions(wire(t, m{"options": options(100)})); len(problems) > 0 {
		t.Errorf("a hundred options: %q", problems)
	}
	for name, answer := range map[string]m{"101 options": {"options": options(101)}, "no list": {"options": nil}, "both": {"options": options(1), "option_groups": []any{}}, "neither": {}} {
		if problems := checkOptions(wire(t, answer)); len(problems) == 0 {
			t.Errorf("%s are taken", name)
		}
	}
	large := repeated(90, func(int) m { return section(strings.Repeat("x", 3000)) })
	if problems := checkView(wire(t, modal(large...)), false); len(problems) == 0 {
		t.Error("a view of more than 250 KB is taken")
	}
}

// wire is an object as it comes off the wire.
func wire(t *testing.T, v m) m {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out m
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// workspace is a Slack with alice, a channel with the app and one without, and an app that keeps
// what is delivered and answers with what it is told to.
type workspace struct {
	*Slack
	t     *testing.T
	url   string
	mu    sync.Mutex
	heard []*http.Request
	last  []byte
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{Slack: New(Options{}), t: t}
	w.AddPerson(Person{ID: "U0ALICE", Name: "alice"})
	w.AddPerson(Person{ID: "U0BOB", Name: "bob"})
	w.AddChannel("C1", "with", false, "alice", "bob", "okrbot")
	w.AddChannel("C2", "without", false, "alice")
	server := httptest.NewServer(w.Slack)
	t.Cleanup(server.Close)
	t.Cleanup(w.Close)
	w.url = server.URL
	w.SetBaseURL(server.URL)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.heard, w.last = append(w.heard, r), body
	}))
	t.Cleanup(app.Close)
	w.SetApp(app.URL)
	return w
}

// calls a method and returns Slack's word: "ok", or the error.
func (w *workspace) calls(method string, args m) string {
	w.t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, w.url+"/api/"+method, bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	token := w.Options().BotToken
	if t, ok := args["token"].(string); ok {
		token = t
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		OK    bool
		Error string
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		w.t.Fatal(err)
	}
	if answer.OK {
		return "ok"
	}
	return answer.Error
}

func (w *workspace) trigger() string {
	w.t.Helper()
	if err := w.Types("alice", "#with", "/okr x"); err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	req, _ := http.NewRequest(http.MethodPost, "/", bytes.NewReader(w.last))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req.PostFormValue("trigger_id")
}

func (w *workspace) expects(want, method string, args m) {
	w.t.Helper()
	if got := w.calls(method, args); got != want {
		w.t.Errorf("%s: %s, want %s", method, got, want)
	}
}

func TestTheWebAPIRefusesWhatSlackRefuses(t *testing.T) {
	w := newWorkspace(t)
	w.expects("ok", "auth.test", m{})
	w.expects("invalid_auth", "auth.test", m{"token": "xoxb-wrong"})
	w.expects("not_authed", "auth.test", m{"token": ""})
	w.expects("unknown_method", "chat.shout", m{})
	w.expects("ok", "chat.postMessage", m{"channel": "C1", "text": "hello"})
	w.expects("not_in_channel", "chat.postMessage", m{"channel": "C2", "text": "hello"})
	w.expects("channel_not_found", "chat.postMessage", m{"channel": "C9", "text": "hello"})
	w.expects("no_text", "chat.postMessage", m{"channel": "C1"})
	w.expects("invalid_blocks", "chat.postMessage", m{"channel": "C1", "text": "x", "blocks": []any{m{"type": "section"}}})
	chart := m{"type": "data_visualization", "title": "Open", "chart": m{"type": "line",
		"series": []any{m{"name": "Result", "data": []any{m{"label": "1 Nov", "value": 3}, m{"label": "2 Nov", "value": 5}}}}, "axis_config": m{"categories": []any{"1 Nov", "2 Nov"}}}}
	w.expects("ok", "chat.postMessage", m{"channel": "C1", "text": "x", "blocks": []any{chart, chart}})
	w.expects("invalid_blocks", "chat.postMessage", m{"channel": "C1", "text": "x", "blocks": []any{chart, chart, chart}})
	w.expects("message_not_found", "chat.update", m{"channel": "C1", "ts": "1.1", "text": "x"})
	w.expects("user_not_found", "users.info", m{"user": "U404"})
	w.AddPerson(Person{ID: "U7", Name: "erin", Email: "erin@example.com"})
	w.AddPerson(Person{ID: "U8", Name: "frank", Email: "frank@example.com", Gone: true})
	w.expects("ok", "users.lookupByEmail", m{"email": "Erin@example.com"})
	w.expects("users_not_found", "users.lookupByEmail", m{"email": "frank@example.com"})
	w.expects("users_not_found", "users.lookupByEmail", m{})
	w.expects("ok", "users.list", m{"limit": "1"})
	w.expects("invalid_cursor", "users.list", m{"cursor": "elsewhere"})
	w.o.Scopes = []string{"users:read"}
	w.expects("missing_scope", "users.lookupByEmail", m{"email": "erin@example.com"})
	w.expects("ok", "users.info", m{"user": "U7"})
	w.o.Scopes = []string{"chat:write"}
	w.ChangeChannel("with", func(c *Channel) { c.Archived = true })
	w.expects("is_archived", "chat.postMessage", m{"channel": "C1", "text": "hello"})
}

func TestTriggersViewsAndHashes(t *testing.T) {
	w := newWorkspace(t)
	view := modal(section("x"))
	w.expects("invalid_trigger_id", "views.open", m{"trigger_id": "1.2.3", "view": view})
	trigger := w.trigger()
	w.expects("ok", "views.open", m{"trigger_id": trigger, "view": view})
	w.expects("exchanged_trigger_id", "views.open", m{"trigger_id": trigger, "view": view})
	late := w.trigger()
	w.expects("invalid_arguments", "views.open", m{"trigger_id": w.trigger(), "view": modal(section(""))})
	top, ok := w.Top("alice")
	if !ok {
		t.Fatal("no view is open")
	}
	w.expects("hash_conflict", "views.update", m{"view_id": top.ID, "hash": "1.old", "view": view})
	w.expects("ok", "views.update", m{"view_id": top.ID, "hash": top.Hash, "view": view})
	w.expects("hash_conflict", "views.update", m{"view_id": top.ID, "hash": top.Hash, "view": view})
	w.expects("not_found", "views.update", m{"view_id": "V404", "view": view})
	w.Dismiss("alice")
	w.mu.Lock()
	w.triggers[late].until = w.triggers[late].until.Add(-ackWithin) // as if it had been made so long ago
	w.mu.Unlock()
	w.expects("expired_trigger_id", "views.open", m{"trigger_id": late, "view": view})
}

func TestAResponseURLHasFiveUses(t *testing.T) {
	w := newWorkspace(t)
	_ = w.trigger()
	w.mu.Lock()
	req, _ := http.NewRequest(http.MethodPost, "/", bytes.NewReader(w.last))
	w.mu.Unlock()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	address := req.PostFormValue("response_url")
	var last int
	for n := range 6 {
		resp, err := http.Post(address, "application/json", strings.NewReader(fmt.Sprintf(`{"text":"answer %d"}`, n)))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if last = resp.StatusCode; n < 5 && last != http.StatusOK {
			t.Errorf("use %d: %d", n+1, last)
		}
	}
	if last == http.StatusOK {
		t.Error("a sixth use is taken")
	}
	seen := func(who string) int {
		n := 0
		for _, c := range w.Sees(who).Channels {
			for _, message := range c.Messages {
				if strings.Contains(message.Read(), "answer") {
					n++
				}
			}
		}
		return n
	}
	if seen("alice") != 5 || seen("bob") != 0 {
		t.Errorf("alice sees %d answers and bob %d; they are ephemeral", seen("alice"), seen("bob"))
	}
}

func TestDeliveriesAreSigned(t *testing.T) {
	w := newWorkspace(t)
	_ = w.trigger()
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.heard[len(w.heard)-1].Header
	again, err := Signed(t.Context(), "/", w.Options().SigningSecret, "x", w.last, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got.Get("X-Slack-Request-Timestamp") == again.Header.Get("X-Slack-Request-Timestamp") && got.Get("X-Slack-Signature") != again.Header.Get("X-Slack-Signature") {
		t.Error("the signature is not of the body")
	}
	if !strings.HasPrefix(got.Get("X-Slack-Signature"), "v0=") || len(got.Get("X-Slack-Signature")) != 67 {
		t.Errorf("the signature is %q", got.Get("X-Slack-Signature"))
	}
}

// TestTypedCharactersAreEscaped in commands and in messages, but for what Slack's composer wrote.
func TestTypedCharactersAreEscaped(t *testing.T) {
	w := newWorkspace(t)
	for typed, arrives := range map[string]string{
		"R&D < 3 &amp; >":                         "R&amp;D &lt; 3 &amp;amp; &gt;",
		"@bob's <@U0BOB|bob> <https://a.b?c&d|e>": "@bob's <@U0BOB|bob> <https://a.b?c&d|e>",
		"<b>": "&lt;b&gt;",
	} {
		if err := w.Types("alice", "#with", "/okr "+typed); err != nil {
			t.Fatal(err)
		}
		w.mu.Lock()
		form, err := url.ParseQuery(string(w.last))
		w.mu.Unlock()
		if got := form.Get("text"); err != nil || got != arrives {
			t.Errorf("the command %q arrives as %q, %v", typed, got, err)
		}
		if err := w.Types("alice", "#without", typed); err != nil {
			t.Fatal(err)
		}
		w.Slack.mu.Lock()
		messages := w.channels["C2"].Messages
		got := messages[len(messages)-1].Text
		w.Slack.mu.Unlock()
		if got != strings.Replace(arrives, "@bob's", "<@U0BOB>'s", 1) && got != arrives {
			t.Errorf("the message %q is kept as %q", typed, got)
		}
	}
}

// TestFilesTakeThreeCalls goes Slack's way of sending a file, and the ways to go astray on it.
func TestFilesTakeThreeCalls(t *testing.T) {
	w := newWorkspace(t)
	w.expects("missing_argument", "files.getUploadURLExternal", m{"filename": "a.csv", "length": "0"})
	w.expects("missing_argument", "files.getUploadURLExternal", m{"length": "3"})
	w.expects("invalid_arguments", "files.getUploadURLExternal", m{"filename": "a.csv", "length": "three"})
	w.expects("ok", "files.getUploadURLExternal", m{"filename": "a.csv", "length": "3"})
	wire := w.Wire()
	got, _ := wire[len(wire)-1].Got.(map[string]any)
	address, id := got["upload_url"].(string), got["file_id"].(string)
	if strings.HasPrefix(address, w.url) {
		t.Errorf("files go to the Web API's host: %s", address)
	}
	bring := func(address, content string) int {
		t.Helper()
		answer, err := http.Post(address, "application/octet-stream", strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	files := []any{m{"id": id, "title": "A"}}
	w.expects("file_not_found", "files.completeUploadExternal", m{"files": files, "channel_id": "C1"}) // no bytes yet
	if bring(address, "four") == http.StatusOK || bring(address+"x", "abc") == http.StatusOK {
		t.Error("bytes are taken that were not announced")
	}
	if status := bring(address, "abc"); status != http.StatusOK {
		t.Errorf("the bytes are refused: %d", status)
	}
	if bring(address, "abc") == http.StatusOK {
		t.Error("an address takes bytes twice")
	}
	w.expects("invalid_arguments", "files.completeUploadExternal", m{"channel_id": "C1"})
	w.expects("file_not_found", "files.completeUploadExternal", m{"files": []any{m{"id": "F404"}}, "channel_id": "C1"})
	w.expects("not_in_channel", "files.completeUploadExternal", m{"files": files, "channel_id": "C2"})
	w.expects("channel_not_found", "files.completeUploadExternal", m{"files": files, "channel_id": "U0ALICE"})
	w.expects("ok", "files.completeUploadExternal", m{"files": files, "channel_id": "C1", "initial_comment": "here"})
	w.expects("file_not_found", "files.completeUploadExternal", m{"files": files, "channel_id": "C1"}) // once
	shown := w.Sees("bob").Channels[0].Messages
	if len(shown) != 1 || shown[0].Read() != "here\n[file a.csv, 3 bytes]" {
		t.Fatalf("bob sees %+v", shown)
	}
	answer, err := http.Get(shown[0].Files[0].Download)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if content, _ := io.ReadAll(answer.Body); string(content) != "abc" || !strings.Contains(answer.Header.Get("Content-Disposition"), "a.csv") {
		t.Errorf("the download is %q, %v", content, answer.Header)
	}

	poor := New(Options{Scopes: []string{"chat:write"}})
	t.Cleanup(poor.Close)
	if got := poor.do(call{method: "files.getUploadURLExternal", token: poor.o.BotToken, args: m{}}); got["error"] != "missing_scope" || got["needed"] != "files:write" {
		t.Errorf("without the scope Slack says %v", got)
	}
}
