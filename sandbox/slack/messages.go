package slack

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

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

// longestUpdate is how many characters a message's text may have that is changed.
const longestUpdate = 4000

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
		if utf8.RuneCountInString(fresh.Text) > longestUpdate {
			return failed("msg_too_long")
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
