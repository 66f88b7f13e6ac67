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

// respond posts an answer: ephemeral unless it says in_channel. Where it replaces, it comes in place of the
// message that the button is in, or of the first answer to a command, and is seen by whoever saw that.
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
	if body["replace_original"] == true && a.message != nil && a.message.User == s.botUser {
		a.message.Text, a.message.Blocks, a.message.Edited = text, s.withIDs(blocks), true
		s.changed()
		return
	}
	m := &Message{TS: s.ts(), User: s.botUser, Text: text, Blocks: s.withIDs(blocks), Ephemeral: a.person}
	if body["response_type"] == "in_channel" {
		m.Ephemeral = ""
	}
	ch.Messages = append(ch.Messages, m)
	if a.message == nil { // of a command, whose first answer it is
		a.message = m
	}
	s.changed()
}
