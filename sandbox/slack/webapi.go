package slack

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one call of the Web API.
type call struct {
	method string
	token  string
	args   map[string]any
}

func (c call) str(name string) string { s, _ := c.args[name].(string); return s }

// scopes are what a method asks for. Those without one need a token alone.
var scopes = map[string]string{
	"chat.postMessage": "chat:write", "chat.postEphemeral": "chat:write", "chat.update": "chat:write", "chat.delete": "chat:write",
	"users.info": "users:read", "users.list": "users:read", "users.lookupByEmail": "users:read.email", "conversations.open": "im:write",
	"files.getUploadURLExternal": "files:write", "files.completeUploadExternal": "files:write",
}

// ServeHTTP is the Web API at /api/, answers to response_urls at /response/, and the socket; under
// another name of this machine it is the host of files.
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.Host, "localhost"):
		s.serveFiles(w, r)
	case strings.HasPrefix(r.URL.Path, "/response/"):
		s.serveResponse(w, r)
	case r.URL.Path == "/socket":
		s.serveSocket(w, r)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		s.serveAPI(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *Slack) serveAPI(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	c, err := read(r)
	if err != nil {
		reply(w, failed("invalid_json"))
		return
	}
	channel := c.str("channel")
	s.mu.Lock()
	f := s.fault(c.method, channel, c.args["blocks"])
	s.mu.Unlock()
	if f != nil && f.Slow > 0 {
		time.Sleep(f.Slow)
	}
	var answer map[string]any
	switch {
	case f != nil && f.Error == "ratelimited":
		if f.After > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.After))
		}
		w.WriteHeader(http.StatusTooManyRequests)
		answer = failed("ratelimited")
	case f != nil && f.Status != 0:
		w.WriteHeader(f.Status)
		answer = failed("http_" + strconv.Itoa(f.Status))
	case f != nil && f.Error != "":
		answer = failed(f.Error)
		reply(w, answer)
	default:
		s.mu.Lock()
		answer = s.do(c)
		if known := c.token == s.o.BotToken; known {
			w.Header().Set("X-OAuth-Scopes", strings.Join(s.o.Scopes, ","))
		}
		s.mu.Unlock()
		if f != nil && f.Lost {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		} else {
			reply(w, answer)
		}
	}
	e := Exchange{At: began, From: "app", What: c.method, Sent: withoutToken(c.args), Got: answer, Took: time.Since(began)}
	if answer["ok"] != true {
		e.Refused, _ = answer["error"].(string)
		if meta, ok := answer["response_metadata"].(map[string]any); ok {
			if list, ok := meta["messages"].([]string); ok {
				e.Refused += ": " + joined(list)
			}
		}
	}
	s.mu.Lock()
	s.recordWire(e)
	s.mu.Unlock()
}

func withoutToken(args map[string]any) map[string]any {
	m := clone(args)
	delete(m, "token")
	return m
}

func reply(w http.ResponseWriter, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	raw, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(raw)
}

func failed(code string, messages ...string) map[string]any {
	m := map[string]any{"ok": false, "error": code}
	if len(messages) > 0 {
		for i := range messages {
			messages[i] = "[ERROR] " + messages[i]
		}
		m["response_metadata"] = map[string]any{"messages": messages}
	}
	return m
}

// read takes a form with JSON in its fields, or JSON with a bearer token; what is only asked may come as
// a query.
func read(r *http.Request) (call, error) {
	c := call{method: strings.TrimPrefix(r.URL.Path, "/api/"), args: map[string]any{}}
	c.token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		raw, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
		if err != nil || len(raw) == 0 {
			return c, err
		}
		return c, json.Unmarshal(raw, &c.args)
	}
	if err := r.ParseForm(); err != nil {
		return c, err
	}
	fields := r.PostForm
	if r.Method == http.MethodGet {
		fields = r.Form
	}
	for name, values := range fields {
		c.args[name] = values[0]
		if name == "blocks" || name == "view" || name == "metadata" || name == "files" {
			var v any
			if err := json.Unmarshal([]byte(values[0]), &v); err != nil {
				c.args[name] = "not json"
				continue
			}
			c.args[name] = v
		}
	}
	if token := c.str("token"); token != "" {
		c.token = token
	}
	return c, nil
}

// do carries a call out. The workspace is locked.
func (s *Slack) do(c call) map[string]any {
	want := s.o.BotToken
	if c.method == "apps.connections.open" {
		want = s.o.AppToken
	}
	switch {
	case c.token == "":
		return failed("not_authed")
	case c.token != want:
		return failed("invalid_auth")
	case s.removed != "" && c.method != "apps.connections.open":
		return failed(s.removed)
	}
	if refused := s.lacks(scopes[c.method]); refused != nil {
		return refused
	}
	switch c.method {
	case "auth.test":
		who := map[string]any{"ok": true, "url": s.o.BaseURL + "/", "team": s.o.TeamName, "user": "okrbot", "team_id": s.o.TeamID, "user_id": s.botUser, "bot_id": "B0OKRBOT"}
		if s.o.EnterpriseID != "" {
			who["enterprise_id"] = s.o.EnterpriseID
		}
		return who
	case "apps.connections.open":
		return s.openSocket()
	case "users.info":
		return s.userInfo(s.people[c.str("user")], "user_not_found")
	case "users.list":
		return s.userList(c)
	case "users.lookupByEmail":
		return s.userInfo(s.byEmail(c.str("email")), "users_not_found")
	case "conversations.info":
		return s.channelInfo(c)
	case "conversations.history":
		return s.history(c)
	case "conversations.open":
		p := s.people[c.str("users")]
		if p == nil {
			return failed("user_not_found")
		}
		return map[string]any{"ok": true, "channel": map[string]any{"id": s.im(p.ID).ID}}
	case "chat.postMessage":
		return s.post(c)
	case "chat.postEphemeral":
		return s.whisper(c)
	case "chat.update":
		return s.update(c)
	case "chat.getPermalink":
		return s.permalink(c)
	case "files.getUploadURLExternal":
		return s.uploadURL(c)
	case "files.completeUploadExternal":
		return s.completeUpload(c)
	case "views.open", "views.push":
		return s.openView(c)
	case "views.update":
		return s.updateView(c)
	case "views.publish":
		return s.publish(c)
	}
	return failed("unknown_method")
}

// lacks is the refusal where a scope was not granted; nil where it was, or none is needed.
func (s *Slack) lacks(scope string) map[string]any {
	if scope == "" || slices.Contains(s.o.Scopes, scope) {
		return nil
	}
	m := failed("missing_scope")
	m["needed"], m["provided"] = scope, strings.Join(s.o.Scopes, ",")
	return m
}

// byEmail finds nobody who has left, and no app.
func (s *Slack) byEmail(address string) *Person {
	for _, id := range s.order {
		if p := s.people[id]; !p.Gone && !p.Bot && p.Email != "" && strings.EqualFold(p.Email, address) {
			return p
		}
	}
	return nil
}

// userInfo tells about somebody; the address only to those who may read addresses.
func (s *Slack) userInfo(p *Person, unknown string) map[string]any {
	if p == nil {
		return failed(unknown)
	}
	return map[string]any{"ok": true, "user": s.user(p)}
}

// userList tells about everybody, also those who left, in pages of limit; without one, in one page. A
// cursor that is none of ours is refused.
func (s *Slack) userList(c call) map[string]any {
	limit, _ := strconv.Atoi(c.str("limit"))
	if limit <= 0 || limit > 1000 {
		limit = 1000
	}
	first := 0
	if cursor := c.str("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "user:"))
		if err != nil || !strings.HasPrefix(cursor, "user:") || n < 0 || n >= len(s.order) {
			return failed("invalid_cursor")
		}
		first = n
	}
	last, next := min(first+limit, len(s.order)), ""
	members := []any{}
	for _, id := range s.order[first:last] {
		members = append(members, s.user(s.people[id]))
	}
	if last < len(s.order) {
		next = "user:" + strconv.Itoa(last)
	}
	return map[string]any{"ok": true, "members": members, "cache_ts": s.o.Now().Unix(), "response_metadata": map[string]any{"next_cursor": next}}
}

// user is what Slack tells about somebody.
func (s *Slack) user(p *Person) map[string]any {
	profile := map[string]any{"display_name": p.Name, "real_name": p.RealName}
	if p.Email != "" && slices.Contains(s.o.Scopes, "users:read.email") {
		profile["email"] = p.Email
	}
	team, enterprise := cmp.Or(p.Team, s.o.TeamID), p.Enterprise
	switch {
	case p.Foreign:
		team = cmp.Or(p.Team, "T0ELSEWHERE")
	case p.Team == "":
		enterprise = cmp.Or(enterprise, s.o.EnterpriseID)
	}
	u := map[string]any{
		"id": p.ID, "team_id": team, "name": p.Name, "real_name": p.RealName, "tz": p.Zone, "deleted": p.Gone,
		"is_bot": p.Bot, "is_admin": p.Admin, "is_owner": false, "is_restricted": p.Guest, "is_ultra_restricted": false, "is_stranger": p.Foreign,
		"profile": profile,
	}
	if enterprise != "" {
		u["enterprise_user"] = map[string]any{"id": p.ID, "enterprise_id": enterprise, "enterprise_name": enterprise, "is_admin": false, "is_owner": false, "teams": []any{team}}
	}
	return u
}

// reachable is the channel of a post, or why it cannot be posted to.
func (s *Slack) reachable(id string) (*Channel, string) {
	if p := s.people[id]; p != nil {
		if p.Gone {
			return nil, "user_disabled"
		}
		return s.im(p.ID), ""
	}
	ch := s.channels[id]
	switch {
	case ch == nil, ch.Private && !ch.Members[s.botUser]:
		return nil, "channel_not_found"
	case ch.Archived:
		return nil, "is_archived"
	case !ch.Members[s.botUser]:
		return nil, "not_in_channel"
	}
	return ch, ""
}

func refusedBlocks(problems []string) map[string]any {
	m := failed("invalid_blocks", slices.Clone(problems)...)
	m["errors"] = problems
	return m
}

func (s *Slack) message(c call) (*Message, map[string]any) {
	text := c.str("text")
	blocks, _ := c.args["blocks"].([]any)
	if text == "" && len(blocks) == 0 {
		return nil, failed("no_text")
	}
	if c.args["blocks"] != nil {
		if problems := checkMessage(c.args["blocks"]); len(problems) > 0 {
			return nil, refusedBlocks(problems)
		}
	}
	attached, refused := metadata(c.args["metadata"])
	if refused != "" {
		return nil, failed(refused)
	}
	return &Message{TS: s.ts(), Thread: c.str("thread_ts"), User: s.botUser, Text: text, Blocks: s.withIDs(blocks), Metadata: attached}, nil
}

// withIDs gives blocks and elements the ids that the app left out, as Slack does.
func (s *Slack) withIDs(blocks []any) []map[string]any {
	list := make([]map[string]any, 0, len(blocks))
	for _, v := range blocks {
		b, ok := v.(map[string]any)
		if !ok {
			continue
		}
		b = clone(b)
		if id, _ := b["block_id"].(string); id == "" {
			b["block_id"] = "b" + strconv.FormatInt(s.next(), 36)
		}
		list = append(list, b)
	}
	return list
}

func (s *Slack) post(c call) map[string]any {
	ch, why := s.reachable(c.str("channel"))
	if why != "" {
		return failed(why)
	}
	m, refused := s.message(c)
	if refused != nil {
		return refused
	}
	ch.Messages = append(ch.Messages, m)
	s.changed()
	return map[string]any{"ok": true, "channel": ch.ID, "ts": m.TS, "message": map[string]any{"text": m.Text, "ts": m.TS}}
}

func (s *Slack) whisper(c call) map[string]any {
	ch, why := s.reachable(c.str("channel"))
	if why != "" {
		return failed(why)
	}
	person := c.str("user")
	if !ch.Members[person] {
		return failed("user_not_in_channel")
	}
	m, refused := s.message(c)
	if refused != nil {
		return refused
	}
	m.Ephemeral = person
	ch.Messages = append(ch.Messages, m)
	s.changed()
	return map[string]any{"ok": true, "message_ts": m.TS}
}

func (s *Slack) update(c call) map[string]any {
	ch := s.channels[c.str("channel")]
	if ch == nil {
		return failed("channel_not_found")
	}
	for _, m := range ch.Messages {
		if m.TS != c.str("ts") || m.Ephemeral != "" {
			continue
		}
		if m.User != s.botUser {
			return failed("cant_update_message")
		}
		fresh, refused := s.message(c)
		if refused != nil {
			return refused
		}
		m.Text, m.Blocks, m.Edited = fresh.Text, fresh.Blocks, true
		if fresh.Metadata != nil { // what is not given stays
			m.Metadata = fresh.Metadata
		}
		s.changed()
		return map[string]any{"ok": true, "channel": ch.ID, "ts": m.TS, "text": m.Text}
	}
	return failed("message_not_found")
}

// responseURL is one address for answers: five uses within thirty minutes.
type responseURL struct {
	channel, person string
	message         *Message // the ephemeral message that a replacement takes the place of
	uses            int
	until           time.Time
}

func (s *Slack) newResponseURL(channel, person string, m *Message) string {
	id := "r" + strconv.FormatInt(s.next(), 36)
	s.answers[id] = &responseURL{channel: channel, person: person, message: m, until: time.Now().Add(30 * time.Minute)}
	return s.o.BaseURL + "/response/" + id
}

func (s *Slack) serveResponse(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var body map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	refused := ""
	status := http.StatusOK
	a := s.answers[strings.TrimPrefix(r.URL.Path, "/response/")]
	problems := checkMessage(body["blocks"])
	f := s.fault("response_url", "", body["blocks"])
	switch {
	case f != nil && f.Error == "ratelimited":
		status, refused = http.StatusTooManyRequests, "ratelimited"
		if f.After > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.After))
		}
	case f != nil && f.Status != 0:
		status, refused = f.Status, "fault"
	case err != nil:
		status, refused = http.StatusBadRequest, "invalid_payload"
	case a == nil || time.Now().After(a.until):
		status, refused = http.StatusNotFound, "expired_url"
	case a.uses >= 5:
		status, refused = http.StatusNotFound, "used_url"
	case len(problems) > 0:
		status, refused = http.StatusBadRequest, "invalid_blocks: "+joined(problems)
	default:
		a.uses++
		s.respond(a, body)
	}
	s.recordWire(Exchange{At: began, From: "app", What: "response_url", Sent: body, Got: status, Took: time.Since(began), Refused: refused})
	w.WriteHeader(status)
	if refused == "" {
		_, _ = io.WriteString(w, "ok")
	} else {
		_, _ = io.WriteString(w, refused)
	}
}

// respond posts an answer: ephemeral unless it says in_channel, in place of the last one where it
// replaces.
func (s *Slack) respond(a *responseURL, body map[string]any) {
	ch := s.channels[a.channel]
	if ch == nil {
		return
	}
	text, _ := body["text"].(string)
	blocks, _ := body["blocks"].([]any)
	if body["delete_original"] == true {
		ch.Messages = slices.DeleteFunc(ch.Messages, func(m *Message) bool { return m == a.message })
		s.changed()
		return
	}
	if body["replace_original"] == true && a.message != nil && a.message.Ephemeral != "" {
		a.message.Text, a.message.Blocks, a.message.Edited = text, s.withIDs(blocks), true
		s.changed()
		return
	}
	m := &Message{TS: s.ts(), User: s.botUser, Text: text, Blocks: s.withIDs(blocks), Ephemeral: a.person}
	if body["response_type"] == "in_channel" {
		m.Ephemeral = ""
	}
	ch.Messages = append(ch.Messages, m)
	if a.message == nil || a.message.Ephemeral == "" {
		a.message = m
	}
	s.changed()
}
