package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"okrbot/sandbox/slack"
)

const (
	team     = "T0BENCH"
	botToken = "xoxb-bench"
)

// chat is a local Slack and the record of what was said there.
type chat struct {
	server  *httptest.Server
	latency atomic.Int64
	homes   atomic.Int64 // Home tabs that were given to it

	mu      sync.Mutex
	records []said
}

// said is one call that said something.
type said struct {
	at     time.Time
	method string
	keys   []string // of the key results that are named
}

// newChat makes a Slack with people and channels.
func newChat(people, channels int) *chat {
	c := &chat{}
	s := slack.New(slack.Options{TeamID: team, TeamName: "Bench", BotToken: botToken, SigningSecret: signingSecret})
	s.AddPerson(slack.Person{ID: head.ID, Name: "head", Zone: "UTC"})
	for n := range people {
		s.AddPerson(slack.Person{ID: owner(n), Name: "somebody" + fmt.Sprint(n), Zone: "UTC"})
	}
	for n := range channels {
		s.AddChannel(channel(n), fmt.Sprintf("team-%d", n), false, "okrbot", "head")
	}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(c.latency.Load()))
		c.note(r)
		s.ServeHTTP(w, r)
	}))
	s.SetBaseURL(c.server.URL)
	return c
}

var key = regexp.MustCompile(`KR-[0-9]+`)

// note keeps what a call says, and leaves its body to be read again.
func (c *chat) note(r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	if method == "views.publish" {
		c.homes.Add(1)
	}
	if !strings.HasPrefix(method, "chat.") {
		return
	}
	raw, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if err != nil {
		return
	}
	text := string(raw)
	if form, err := url.ParseQuery(text); err == nil && !json.Valid(raw) {
		text = form.Get("text") + form.Get("blocks")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = append(c.records, said{time.Now(), method, key.FindAllString(text, -1)})
}

// published is how many Home tabs were given to it.
func (c *chat) published() int64 { return c.homes.Load() }

// forget begins a new record.
func (c *chat) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = nil
}

// record is what was said.
func (c *chat) record() []said {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]said(nil), c.records...)
}
