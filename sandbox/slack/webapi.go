package slack

import (
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
	if f != nil && f.Held != nil {
		s.held.Add(1)
		defer s.held.Add(-1)
		select {
		case <-f.Held:
		case <-r.Context().Done(): // whoever called has given up
			return
		}
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
	e.Refused = refusal(answer)
	s.mu.Lock()
	s.recordWire(e)
	s.mu.Unlock()
}

// refusal is why an answer says no; empty: it says yes.
func refusal(answer map[string]any) string {
	if answer["ok"] == true {
		return ""
	}
	why, _ := answer["error"].(string)
	meta, _ := answer["response_metadata"].(map[string]any)
	if list, ok := meta["messages"].([]string); ok {
		why += ": " + joined(list)
	}
	return why
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
		return s.whoAmI()
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
	case "conversations.members":
		return s.channelMembers(c)
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

// whoAmI tells an app which workspace its token is of.
func (s *Slack) whoAmI() map[string]any {
	who := map[string]any{"ok": true, "url": s.o.BaseURL + "/", "team": s.o.TeamName, "user": "okrbot", "team_id": s.o.TeamID, "user_id": s.botUser, "bot_id": "B0OKRBOT"}
	if s.o.EnterpriseID != "" {
		who["enterprise_id"] = s.o.EnterpriseID
	}
	return who
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
