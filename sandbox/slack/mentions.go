package slack

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// says posts what somebody wrote, and returns what Slack does then: it tells the app where it is mentioned.
// The workspace is locked.
func (s *Slack) says(p *Person, ch *Channel, thread, text string) (then func()) {
	written, mentioned := s.written(text)
	m := &Message{TS: s.ts(), Thread: thread, User: p.ID, Text: written}
	ch.Messages = append(ch.Messages, m)
	s.changed()
	switch {
	case !mentioned || s.removed != "" || !slices.Contains(s.o.Scopes, "app_mentions:read"):
		return func() {}
	case !ch.Members[s.botUser]:
		return func() {
			s.tell(ch.ID, p.ID, "You mentioned @okrbot, but they are not in this channel. Invite them, so that they see it.")
		}
	}
	inner := map[string]any{"type": "app_mention", "user": p.ID, "text": m.Text, "ts": m.TS, "channel": ch.ID, "team": cmp.Or(p.Team, s.o.TeamID), "event_ts": m.TS}
	if thread != "" {
		inner["thread_ts"] = thread
	}
	event := s.event(inner)
	event["authorizations"] = []any{map[string]any{"enterprise_id": nil, "team_id": s.o.TeamID, "user_id": s.botUser, "is_bot": true, "is_enterprise_install": false}}
	return func() { s.tries("app_mention", event) }
}

// tries tells the app of an event, and twice more when it does not take it, at once; the real one waits
// minutes between.
func (s *Slack) tries(kind string, event map[string]any) {
	for range 3 {
		if status, _ := s.deliver(kind, "/slack/events", event, nil); status == http.StatusOK {
			return
		}
	}
}

// written is a message as Slack keeps it, with ids in the place of names, and whether it mentions the
// app.
func (s *Slack) written(text string) (kept string, mentioned bool) {
	words := strings.Split(entities(text), " ")
	for i, w := range words {
		name := strings.TrimRightFunc(w, func(r rune) bool { return unicode.IsPunct(r) && r != '_' })
		if len(name) < 2 {
			continue
		}
		switch p, c := s.byName(name[1:]), s.channelNamed(name); {
		case name[0] == '@' && p != nil:
			words[i] = "<@" + p.ID + ">" + w[len(name):]
			mentioned = mentioned || p.ID == s.botUser
		case name[0] == '#' && c != nil:
			words[i] = "<#" + c.ID + "|" + c.Name + ">" + w[len(name):]
		}
	}
	kept = strings.Join(words, " ")
	return kept, mentioned || strings.Contains(kept, "<@"+s.botUser+">")
}

// shows says whether an ephemeral message can be seen: in a thread, where somebody has answered in it.
func (c *Channel) shows(m *Message) bool {
	return m.Thread == "" || slices.ContainsFunc(c.Messages, func(other *Message) bool { return other.Ephemeral == "" && other.Thread == m.Thread })
}
