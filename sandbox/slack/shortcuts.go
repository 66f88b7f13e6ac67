package slack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Shortcut is what the app's manifest adds to Slack's menus.
type Shortcut struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // message or global
	Callback string `json:"callback_id"`
}

// offered are the shortcuts as long as the app is installed.
func (s *Slack) offered() []Shortcut {
	if s.removed != "" {
		return []Shortcut{}
	}
	return append([]Shortcut{}, s.o.Shortcuts...)
}

func (s *Slack) shortcut(kind, name string) (Shortcut, error) {
	list := s.offered()
	i := slices.IndexFunc(list, func(c Shortcut) bool { return c.Type == kind && (c.Name == name || c.Callback == name) })
	if i < 0 {
		return Shortcut{}, fmt.Errorf("the menu has no %q", name)
	}
	return list[i], nil
}

// UseShortcut is a shortcut chosen in the menu of the whole workspace.
func (s *Slack) UseShortcut(person, name string) error {
	s.mu.Lock()
	p := s.byName(person)
	c, err := s.shortcut("global", name)
	if p == nil || err != nil {
		s.mu.Unlock()
		return cmp.Or(err, fmt.Errorf("nobody is called %s", person))
	}
	payload := s.base("shortcut", p)
	payload["callback_id"], payload["action_ts"], payload["trigger_id"] = c.Callback, fmt.Sprint(time.Now().Unix()), s.newTrigger(p.ID, "")
	s.mu.Unlock()
	s.deliver("shortcut", "/slack/interactions", payload, nil)
	return nil
}

// UseOnMessage is a shortcut chosen in the menu of a message. What only one person sees has no such menu.
func (s *Slack) UseOnMessage(person, channel, ts, name string) error {
	s.mu.Lock()
	p, ch := s.byName(person), s.channelNamed(channel)
	c, err := s.shortcut("message", name)
	if err != nil || p == nil || ch == nil || !ch.Members[p.ID] {
		s.mu.Unlock()
		return cmp.Or(err, fmt.Errorf("%s is not in %s", person, channel))
	}
	i := slices.IndexFunc(ch.Messages, func(m *Message) bool { return m.TS == ts && m.Ephemeral == "" })
	if i < 0 {
		s.mu.Unlock()
		return fmt.Errorf("no message %s has a menu", ts)
	}
	m := ch.Messages[i]
	payload := s.base("message_action", p)
	payload["callback_id"], payload["action_ts"], payload["trigger_id"] = c.Callback, fmt.Sprint(time.Now().Unix()), s.newTrigger(p.ID, "")
	payload["channel"], payload["message_ts"] = map[string]any{"id": ch.ID, "name": ch.Name}, m.TS
	message := map[string]any{"type": "message", "ts": m.TS, "text": m.Text, "user": m.User}
	if m.Thread != "" {
		message["thread_ts"] = m.Thread
	}
	payload["message"] = message
	payload["response_url"] = s.newResponseURL(ch.ID, p.ID, m)
	s.mu.Unlock()
	s.deliver("message_action", "/slack/interactions", payload, nil)
	return nil
}

// permalink is where a message is, for those who may see its channel.
func (s *Slack) permalink(c call) map[string]any {
	ch := s.channels[c.str("channel")]
	if ch == nil || ch.Private && !ch.Members[s.botUser] || ch.IM != "" && !ch.Members[s.botUser] {
		return failed("channel_not_found")
	}
	ts := c.str("message_ts")
	if !slices.ContainsFunc(ch.Messages, func(m *Message) bool { return m.TS == ts && m.Ephemeral == "" }) {
		return failed("message_not_found")
	}
	return map[string]any{"ok": true, "channel": ch.ID, "permalink": "https://sandbox.slack.com/archives/" + ch.ID + "/p" + strings.ReplaceAll(ts, ".", "")}
}
