package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"okrbot/sandbox/slack"
)

// chat is Slack with the record of all that it was told, and what goes wrong on the way.
type chat struct {
	office *office
	slack  *slack.Slack
	server *httptest.Server
	way    way
	busy   atomic.Int64 // when something was last said, in nanoseconds
	lost   atomic.Int64 // answers that never arrived, of calls that were carried out
	reads  atomic.Bool  // the app may read its channels, so that it can look for what it said

	mu      sync.Mutex
	losing  float64 // the share of answers that are lost
	limits  map[string]limit
	limited float64 // the share of posts that are refused, as too many
	calls   []said
	answers map[string]string // what was said to one person, by its thread
	bodies  bytes.Buffer      // all that was ever said, for finding secrets; taken by the looks for them
}

// limit is a place in which nothing is to be said for a while, by the shifted clock.
type limit struct{ from, until time.Time }

// said is one call that was carried out, or refused.
type said struct {
	at                   time.Time // by the shifted clock
	method, channel, ts  string
	mark                 string
	repeated, ok, denied bool // denied: with a 429
}

func (o *office) openChat() {
	c := &chat{office: o, limits: map[string]limit{}, answers: map[string]string{}}
	c.slack = slack.New(slack.Options{
		Now: o.now, BotToken: secrets["bot token"], SigningSecret: secrets["signing secret"],
		Scopes: []string{"commands", "chat:write", "users:read", "users:read.email", "channels:read", "groups:read", "im:write", "files:write", "channels:history", "im:history", "groups:history"},
	})
	for _, p := range people() {
		c.slack.AddPerson(slack.Person{ID: p, Name: strings.ToLower(p), RealName: p, Zone: "UTC"})
	}
	for n := range channels {
		c.slack.AddChannel(channel(n), strings.ToLower(channel(n)), false, append(people(), "okrbot")...)
	}
	c.reads.Store(true)
	c.server = httptest.NewServer(c)
	c.slack.SetBaseURL(c.server.URL)
	o.chat = c
}

// ServeHTTP carries a call out, and loses, refuses or delays what the present fault asks for.
func (c *chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body) // a caller that dies meanwhile has said nothing
	if !c.way.arrives(r.Context(), c.office) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	call := c.parse(r.URL.Path, raw)
	speaks := strings.HasPrefix(call.method, "chat.") || call.method == "response_url"
	if speaks {
		c.busy.Store(time.Now().UnixNano())
	}
	if call.method == "conversations.history" && !c.reads.Load() {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ok":false,"error":"missing_scope","needed":"channels:history","provided":"chat:write"}`)
		return
	}
	if call.method == "chat.postMessage" && c.refuses(w, call) {
		return
	}
	answer := httptest.NewRecorder()
	c.slack.ServeHTTP(answer, r)
	switch {
	case speaks:
		c.record(call, answer.Body.Bytes(), raw)
	case strings.HasPrefix(call.method, "views."):
		c.keepBody(raw)
	}
	killed := call.method == "chat.postMessage" && c.office.reached(atPost, r.RemoteAddr)
	if killed || speaks && c.chance(c.share(&c.losing)) {
		if !killed {
			c.lost.Add(1)
		}
		cutOff(w)
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// cutOff ends a connection in place of an answer.
func cutOff(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

func (c *chat) share(of *float64) float64 { c.mu.Lock(); defer c.mu.Unlock(); return *of }

func (c *chat) set(of *float64, share float64) { c.mu.Lock(); *of = share; c.mu.Unlock() }

func (c *chat) chance(share float64) bool { return share > 0 && c.office.chance(share) }

// parse reads of a call what the checks ask for.
func (c *chat) parse(path string, raw []byte) said {
	call := said{at: c.office.now(), method: strings.TrimPrefix(path, "/api/")}
	if strings.HasPrefix(path, "/response/") {
		call.method = "response_url"
		return call
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return call
	}
	var metadata struct {
		Payload struct {
			ID string `json:"id"`
		} `json:"event_payload"`
	}
	_ = json.Unmarshal([]byte(form.Get("metadata")), &metadata) // most have none
	call.channel, call.mark = form.Get("channel"), metadata.Payload.ID
	call.repeated = strings.Contains(form.Get("blocks")+form.Get("text"), "(repeated)")
	return call
}

// refuses says "too many" of a place, for a while.
func (c *chat) refuses(w http.ResponseWriter, call said) bool {
	if !c.chance(c.share(&c.limited)) {
		return false
	}
	const wait = 7 * time.Second
	c.mu.Lock()
	c.limits[call.channel] = limit{call.at, call.at.Add(wait)}
	call.denied = true
	c.calls = append(c.calls, call)
	c.mu.Unlock()
	w.Header().Set("Retry-After", "7")
	w.WriteHeader(http.StatusTooManyRequests)
	return true
}

func (c *chat) record(call said, answer, raw []byte) {
	var got struct {
		OK      bool   `json:"ok"`
		TS      string `json:"ts"`
		Channel string `json:"channel"`
	}
	_ = json.Unmarshal(answer, &got) // an answer to a response_url is "ok"
	if call.method == "chat.postEphemeral" && got.OK {
		c.hears(raw)
	}
	call.ok, call.ts = got.OK, got.TS
	c.mu.Lock()
	c.calls = append(c.calls, call)
	c.mu.Unlock()
	c.keepBody(raw)
}

func (c *chat) hears(raw []byte) {
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[form.Get("thread_ts")] += form.Get("text") + form.Get("blocks")
}

// heard is what was said to somebody in a thread, which is forgotten.
func (c *chat) heard(thread string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer delete(c.answers, thread)
	return c.answers[thread]
}

// keepBody remembers what was said, but for the token, which is how a call signs in and no word of it.
func (c *chat) keepBody(raw []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies.Write(bytes.ReplaceAll(raw, []byte("token="+secrets["bot token"]), nil))
	c.bodies.WriteByte('\n')
}

// taken is what was said since it was last asked for; what is given is forgotten.
func (c *chat) taken() []said {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.calls
	c.calls = nil
	return list
}

func (c *chat) takenBodies() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	raw := slices.Clone(c.bodies.Bytes())
	c.bodies.Reset()
	return raw
}
