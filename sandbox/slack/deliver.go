package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ackWithin is how long Slack waits for an answer, and how long a trigger opens a view.
const ackWithin = 3 * time.Second

// Signed makes a request as Slack signs it.
func Signed(ctx context.Context, to, secret, contentType string, body []byte, at time.Time) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return req, nil
}

// deliver brings something to the app, by whichever way it listens, and gives its answer.
func (s *Slack) deliver(what, path string, payload any, form url.Values) (status int, answer []byte) {
	began := time.Now()
	s.mu.Lock()
	o := s.o
	s.mu.Unlock()
	var sent any = payload
	if form != nil && payload == nil {
		flat := map[string]string{}
		for k := range form {
			flat[k] = form.Get(k)
		}
		sent = flat
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.patience())
	defer cancel()
	var err error
	if o.Socket {
		kind := map[string]string{"/slack/commands": "slash_commands", "/slack/events": "events_api"}[path]
		if kind == "" {
			kind = "interactive"
		}
		answer, err = s.envelope(ctx, kind, sent)
		status = http.StatusOK
	} else {
		status, answer, err = s.overHTTP(ctx, o, path, payload, form)
	}
	e := Exchange{At: began, From: "slack", What: what, Sent: sent, Took: time.Since(began)}
	var got any
	if json.Unmarshal(answer, &got) == nil {
		e.Got = got
	} else {
		e.Got = string(answer)
	}
	if err != nil {
		status, e.Refused = 0, "operation_timeout: no answer within 3 seconds"
	}
	s.mu.Lock()
	s.recordWire(e)
	s.mu.Unlock()
	return status, answer
}

func (s *Slack) overHTTP(ctx context.Context, o Options, path string, payload any, form url.Values) (int, []byte, error) {
	contentType, body := "application/x-www-form-urlencoded", []byte(form.Encode())
	if form == nil {
		raw, err := json.Marshal(payload)
		if err != nil {
			return 0, nil, err
		}
		if path == "/slack/events" {
			contentType, body = "application/json", raw
		} else {
			body = []byte(url.Values{"payload": {string(raw)}}.Encode())
		}
	}
	req, err := Signed(ctx, o.AppURL+path, o.SigningSecret, contentType, body, time.Now())
	if err != nil {
		return 0, nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, answer, err
}

// note marks the last exchange as refused: the answer came, and Slack does not take it.
func (s *Slack) note(why string) {
	if why == "" {
		return
	}
	for i := len(s.wire) - 1; i >= 0; i-- {
		if s.wire[i].From == "slack" {
			s.wire[i].Refused = why
			s.changed()
			return
		}
	}
}

// Uninstall removes the app from the workspace: its calls are refused with this error from now on.
func (s *Slack) Uninstall(refused string) { s.mu.Lock(); s.removed = refused; s.mu.Unlock() }

// Install installs the app again, with the token it had.
func (s *Slack) Install() { s.mu.Lock(); s.removed = ""; s.mu.Unlock() }

// SaysGoodbye tells the app that it was removed: its token first, then the app, which come in any order.
func (s *Slack) SaysGoodbye() {
	for _, event := range []map[string]any{
		{"type": "tokens_revoked", "tokens": map[string]any{"oauth": []string{}, "bot": []string{s.botUser}}, "event_ts": s.stamp()},
		{"type": "app_uninstalled", "event_ts": s.stamp()},
	} {
		s.mu.Lock()
		outer := map[string]any{
			"token": "legacy", "team_id": s.o.TeamID, "api_app_id": s.o.AppID, "type": "event_callback",
			"event_id": "Ev" + strconv.FormatInt(s.next(), 36) + strconv.FormatInt(time.Now().UnixNano(), 36), "event_time": time.Now().Unix(), "event": event,
		}
		s.mu.Unlock()
		kind, _ := event["type"].(string)
		s.deliver(kind, "/slack/events", outer, nil)
	}
}

func (s *Slack) stamp() string { s.mu.Lock(); defer s.mu.Unlock(); return s.ts() }

// Types is what a person types into a channel: a command goes to the app, anything else is a
// message. It returns when the app has answered or Slack has given up.
func (s *Slack) Types(person, channel, text string) error {
	s.mu.Lock()
	p, ch := s.byName(person), s.channelNamed(channel)
	if p == nil || ch == nil || !ch.Members[p.ID] {
		s.mu.Unlock()
		return fmt.Errorf("%s is not in %s", person, channel)
	}
	if len(text) == 0 || text[0] != '/' {
		if ch.IM != "" {
			s.mu.Unlock()
			return errReadOnly
		}
		said := s.says(p, ch, "", text)
		s.mu.Unlock()
		said()
		return nil
	}
	command, rest, _ := bytesCut(text)
	answerURL := s.newResponseURL(ch.ID, p.ID, nil)
	form := url.Values{
		"token": {"legacy"}, "team_id": {s.o.TeamID}, "team_domain": {"sandbox"}, "channel_id": {ch.ID}, "channel_name": {ch.Name},
		"user_id": {p.ID}, "user_name": {p.Name}, "command": {command}, "text": {s.escaped(rest)}, "api_app_id": {s.o.AppID},
		"is_enterprise_install": {"false"}, "response_url": {answerURL}, "trigger_id": {s.newTrigger(p.ID, "")},
	}
	installed := s.removed == ""
	s.mu.Unlock()
	if command != "/okr" || !installed {
		s.tell(ch.ID, p.ID, command+" is not a valid command.")
		return nil
	}
	status, answer := s.deliver("command", "/slack/commands", nil, form)
	if status != http.StatusOK {
		s.tell(ch.ID, p.ID, command+" failed with the error \"operation_timeout\"")
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(bytes.TrimSpace(answer)) == 0 || string(answer) == "null" {
		return nil
	}
	var body map[string]any
	if json.Unmarshal(answer, &body) != nil {
		body = map[string]any{"text": string(answer)}
	}
	if problems := checkMessage(body["blocks"]); len(problems) > 0 {
		s.note("invalid_blocks: " + joined(problems))
		return nil
	}
	id := answerURL[len(s.o.BaseURL+"/response/"):]
	s.respond(s.answers[id], body)
	return nil
}

// errReadOnly is what Slack says in an app's direct messages whose manifest has them for reading alone
// (messages_tab_read_only_enabled).
var errReadOnly = errors.New("Sending messages to this app has been turned off.")

// Replies is what a person writes under a message.
func (s *Slack) Replies(person, channel, thread, text string) error {
	s.mu.Lock()
	p, ch := s.byName(person), s.channelNamed(channel)
	if p == nil || ch == nil || !ch.Members[p.ID] {
		s.mu.Unlock()
		return fmt.Errorf("%s is not in %s", person, channel)
	}
	if ch.IM != "" {
		s.mu.Unlock()
		return errReadOnly
	}
	if len(text) > 0 && text[0] == '/' {
		s.mu.Unlock()
		return errors.New("Slack takes no commands in threads; type it in the channel")
	}
	said := s.says(p, ch, thread, text)
	s.mu.Unlock()
	said()
	return nil
}

func bytesCut(text string) (command, rest string, ok bool) {
	for i, r := range text {
		if r == ' ' {
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

// escaped writes @name and #channel as should_escape has it.
func (s *Slack) escaped(text string) string {
	out := bytes.NewBufferString("")
	for i, word := range bytes.Split([]byte(text), []byte(" ")) {
		if i > 0 {
			out.WriteByte(' ')
		}
		w := string(word)
		switch {
		case len(w) > 1 && w[0] == '@' && s.byName(w[1:]) != nil:
			p := s.byName(w[1:])
			w = "<@" + p.ID + "|" + p.Name + ">"
		case len(w) > 1 && w[0] == '#' && s.channelNamed(w) != nil:
			c := s.channelNamed(w)
			w = "<#" + c.ID + "|" + c.Name + ">"
		}
		out.WriteString(w)
	}
	return out.String()
}

// tell is Slack itself speaking to one person.
func (s *Slack) tell(channel, person, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channel]
	ch.Messages = append(ch.Messages, &Message{TS: s.ts(), User: "USLACKBOT", Text: text, Ephemeral: person})
	s.changed()
}

func (s *Slack) base(kind string, p *Person) map[string]any {
	return map[string]any{
		"type": kind, "token": "legacy", "api_app_id": s.o.AppID, "enterprise": nil, "is_enterprise_install": false,
		"team": map[string]any{"id": s.o.TeamID, "domain": "sandbox"},
		"user": map[string]any{"id": p.ID, "username": p.Name, "name": p.Name, "team_id": s.o.TeamID},
	}
}

// Press is a button pressed or an option chosen in a message. value is the option's, empty for a
// button.
func (s *Slack) Press(person, channel, ts, block, action string, chosen map[string]any) error {
	s.mu.Lock()
	p, ch := s.byName(person), s.channelNamed(channel)
	if p == nil || ch == nil {
		s.mu.Unlock()
		return fmt.Errorf("no %s or %s", person, channel)
	}
	var m *Message
	for _, other := range ch.Messages {
		if other.TS == ts && (other.Ephemeral == "" || other.Ephemeral == p.ID) {
			m = other
		}
	}
	if m == nil {
		s.mu.Unlock()
		return fmt.Errorf("no message %s", ts)
	}
	b, e := find(m.Blocks, block, action)
	if e == nil {
		s.mu.Unlock()
		return fmt.Errorf("no %s in the message", action)
	}
	payload := s.base("block_actions", p)
	payload["container"] = map[string]any{"type": "message", "message_ts": m.TS, "channel_id": ch.ID, "is_ephemeral": m.Ephemeral != ""}
	payload["channel"] = map[string]any{"id": ch.ID, "name": ch.Name}
	if m.Ephemeral == "" {
		payload["message"] = map[string]any{"type": "message", "ts": m.TS, "text": m.Text, "blocks": m.Blocks, "user": m.User}
	}
	payload["state"] = map[string]any{"values": map[string]any{}}
	payload["response_url"] = s.newResponseURL(ch.ID, p.ID, m)
	payload["trigger_id"] = s.newTrigger(p.ID, "")
	payload["actions"] = []any{acted(b, e, chosen)}
	s.mu.Unlock()
	s.deliver("block_actions", "/slack/interactions", payload, nil)
	return nil
}

// acted is the action of a payload.
func acted(b, e, chosen map[string]any) map[string]any {
	a := map[string]any{"type": e["type"], "block_id": b["block_id"], "action_id": e["action_id"], "action_ts": fmt.Sprint(time.Now().Unix())}
	if v, ok := e["value"]; ok {
		a["value"] = v
	}
	if t, ok := e["text"]; ok {
		a["text"] = t
	}
	for k, v := range chosen {
		a[k] = v
	}
	return a
}

func find(blocks []map[string]any, block, action string) (b, e map[string]any) {
	for _, b := range blocks {
		if block != "" && b["block_id"] != block {
			continue
		}
		for _, e := range elements(b) {
			if e["action_id"] == action {
				return b, e
			}
		}
	}
	return nil, nil
}

// viewBlocks are a view's blocks.
func viewBlocks(v *View) []map[string]any {
	raw, _ := v.Content["blocks"].([]any)
	list := make([]map[string]any, 0, len(raw))
	for _, b := range raw {
		if m, ok := b.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}

// Act is something done in a view: a button, a kebab, or an input that tells of its changes.
func (s *Slack) Act(person, view, block, action string, chosen map[string]any) error {
	s.mu.Lock()
	p, v := s.byName(person), s.views[view]
	if p == nil || v == nil {
		s.mu.Unlock()
		return fmt.Errorf("no view %s", view)
	}
	b, e := find(viewBlocks(v), block, action)
	if e == nil {
		s.mu.Unlock()
		return fmt.Errorf("no %s in the view", action)
	}
	if state := v.State[block][action]; state != nil && chosen != nil {
		for k, value := range chosen {
			state[k] = value
		}
	}
	delete(v.Errors, block)
	s.changed()
	if b["type"] == "input" && b["dispatch_action"] != true {
		s.mu.Unlock()
		return nil
	}
	payload := s.base("block_actions", p)
	payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
	payload["view"] = s.wireView(v)
	from := v.ID
	if v.Content["type"] == "home" {
		from = ""
	}
	payload["trigger_id"] = s.newTrigger(p.ID, from)
	payload["actions"] = []any{acted(b, e, chosen)}
	snapshot(payload)
	s.mu.Unlock()
	s.deliver("block_actions", "/slack/interactions", payload, nil)
	return nil
}

// snapshot makes a payload's view a copy, so that it can be sent while the view lives on.
func snapshot(payload map[string]any) {
	raw, err := json.Marshal(payload["view"])
	if err != nil {
		return
	}
	var own any
	if json.Unmarshal(raw, &own) == nil {
		payload["view"] = own
	}
}

// Suggest is what was typed into a type-ahead; it gives the options that the app found.
func (s *Slack) Suggest(person, view, block, action, typed string) ([]map[string]any, error) {
	s.mu.Lock()
	p, v := s.byName(person), s.views[view]
	if p == nil || v == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("no view %s", view)
	}
	_, e := find(viewBlocks(v), block, action)
	if e == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("no %s in the view", action)
	}
	least := 3.0
	if n, ok := e["min_query_length"].(float64); ok {
		least = n
	}
	if float64(len([]rune(typed))) < least {
		s.mu.Unlock()
		return nil, nil
	}
	payload := s.base("block_suggestion", p)
	payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
	payload["view"] = s.wireView(v)
	payload["action_id"], payload["block_id"], payload["value"] = action, block, typed
	snapshot(payload)
	s.mu.Unlock()
	status, answer := s.deliver("block_suggestion", "/slack/options", payload, nil)
	var body map[string]any
	if status != 200 || json.Unmarshal(answer, &body) != nil {
		return nil, fmt.Errorf("no options: status %d", status)
	}
	problems := checkOptions(body)
	if len(problems) > 0 {
		s.mu.Lock()
		s.note("options: " + joined(problems))
		s.mu.Unlock()
		return nil, fmt.Errorf("Slack refuses the options: %s", joined(problems))
	}
	var list []map[string]any
	raw, _ := body["options"].([]any)
	for _, o := range raw {
		if m, ok := o.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list, nil
}

// Submit sends the modal that a person looks at. What Slack's client itself refuses stays.
func (s *Slack) Submit(person string) error {
	s.mu.Lock()
	p := s.byName(person)
	var v *View
	if p != nil {
		v = s.top(p.ID)
	}
	if v == nil || v.Content["submit"] == nil {
		s.mu.Unlock()
		return fmt.Errorf("%s looks at nothing that can be submitted", person)
	}
	if v.Errors = s.clientChecks(v); len(v.Errors) > 0 {
		s.changed()
		s.mu.Unlock()
		return nil
	}
	v.Trouble = ""
	payload := s.base("view_submission", p)
	payload["view"] = s.wireView(v)
	payload["trigger_id"] = s.newTrigger(p.ID, v.ID)
	payload["response_urls"] = []any{}
	snapshot(payload)
	s.mu.Unlock()
	status, answer := s.deliver("view_submission", "/slack/interactions", payload, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.views[v.ID] == nil {
		return nil
	}
	s.note(s.answered(v, status, answer))
	return nil
}

// clientChecks are those of Slack's own client, before anything is sent.
func (s *Slack) clientChecks(v *View) map[string]string {
	errs := map[string]string{}
	for _, b := range viewBlocks(v) {
		if b["type"] != "input" {
			continue
		}
		id, _ := b["block_id"].(string)
		e, _ := b["element"].(map[string]any)
		action, _ := e["action_id"].(string)
		state := v.State[id][action]
		empty := true
		for k, value := range state {
			if k == "type" || value == nil || value == "" {
				continue
			}
			if list, ok := value.([]any); ok && len(list) == 0 {
				continue
			}
			empty = false
		}
		if empty && b["optional"] != true {
			errs[id] = "Please complete this required field."
			continue
		}
		if text, ok := state["value"].(string); ok {
			if most, ok := e["max_length"].(float64); ok && float64(len([]rune(text))) > most {
				errs[id] = fmt.Sprintf("Please enter no more than %d characters.", int(most))
			}
			if e["type"] == "number_input" {
				if _, err := strconv.ParseFloat(text, 64); err != nil {
					errs[id] = "Please enter a number."
				}
			}
		}
	}
	return errs
}

// Dismiss closes the modal that a person looks at, by its close button.
func (s *Slack) Dismiss(person string) {
	s.mu.Lock()
	p := s.byName(person)
	v := s.top(p.ID)
	if v == nil {
		s.mu.Unlock()
		return
	}
	payload := s.base("view_closed", p)
	payload["view"] = s.wireView(v)
	payload["is_cleared"] = false
	snapshot(payload)
	told := v.Content["notify_on_close"] == true
	s.pop(p.ID)
	s.mu.Unlock()
	if told {
		s.deliver("view_closed", "/slack/interactions", payload, nil)
	}
}

// TellChange is Slack telling the app that a person was changed. The real one does so by itself, sooner
// or later; ChangePerson does not, since the app must not need it.
func (s *Slack) TellChange(person string) {
	s.mu.Lock()
	user := s.user(s.byName(person))
	event := s.event(map[string]any{"type": "user_change", "user": user, "cache_ts": time.Now().Unix(), "event_ts": s.ts()})
	s.mu.Unlock()
	s.deliver("user_change", "/slack/events", event, nil)
}

// event is the envelope of an event.
func (s *Slack) event(inner map[string]any) map[string]any {
	return map[string]any{
		"token": "legacy", "team_id": s.o.TeamID, "api_app_id": s.o.AppID, "type": "event_callback",
		"event_id": "Ev" + strconv.FormatInt(s.next(), 36) + strconv.FormatInt(time.Now().UnixNano(), 36), "event_time": time.Now().Unix(),
		"event": inner,
	}
}

// OpenHome is a person looking at the app's Home tab.
func (s *Slack) OpenHome(person string) {
	s.mu.Lock()
	p := s.byName(person)
	event := s.event(map[string]any{"type": "app_home_opened", "user": p.ID, "channel": s.im(p.ID).ID, "tab": "home", "event_ts": s.ts()})
	s.mu.Unlock()
	s.tries("app_home_opened", event)
}
