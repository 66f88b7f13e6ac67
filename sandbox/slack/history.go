package slack

import (
	"encoding/json"
	"strconv"
	"strings"
)

// largestMetadata is in bytes of JSON. Slack refuses what is too large and does not say how large that is.
const largestMetadata = 8000

// metadata is what an app attaches to a message, or why Slack does not take it.
func metadata(given any) (m map[string]any, refused string) {
	if given == nil {
		return nil, ""
	}
	m, ok := given.(map[string]any)
	if !ok {
		return nil, "invalid_metadata_format"
	}
	kind, _ := m["event_type"].(string)
	payload, isObject := m["event_payload"].(map[string]any)
	if kind == "" || !isObject {
		return nil, "invalid_metadata_format"
	}
	if raw, err := json.Marshal(m); err != nil || len(raw) > largestMetadata {
		return nil, "metadata_too_large"
	}
	return map[string]any{"event_type": kind, "event_payload": payload}, ""
}

// historyScope is what reading a conversation asks for, which depends on the kind of it.
func historyScope(ch *Channel) string {
	switch {
	case ch.IM != "":
		return "im:history"
	case ch.Private:
		return "groups:history"
	}
	return "channels:history"
}

// history lists a conversation's messages, the newest first, in pages of limit. What only one person
// sees and what stands in a thread is not among them.
func (s *Slack) history(c call) map[string]any {
	ch := s.channels[c.str("channel")]
	if ch == nil {
		ch = &Channel{}
	}
	if refused := s.lacks(historyScope(ch)); refused != nil {
		return refused
	}
	switch {
	case ch.ID == "", ch.Private && !ch.Members[s.botUser]:
		return failed("channel_not_found")
	case !ch.Members[s.botUser]:
		return failed("not_in_channel")
	}
	limit := 100
	if given := c.str("limit"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > 999 {
			return failed("invalid_limit")
		}
		limit = n
	}
	oldest, latest := c.str("oldest"), c.str("latest")
	for bound, code := range map[string]string{oldest: "invalid_ts_oldest", latest: "invalid_ts_latest"} {
		if _, err := strconv.ParseFloat(bound, 64); bound != "" && err != nil {
			return failed(code)
		}
	}
	inclusive, whole := isTrue(c.str("inclusive")), isTrue(c.str("include_all_metadata"))
	var found []*Message
	for i := len(ch.Messages) - 1; i >= 0; i-- {
		m := ch.Messages[i]
		if m.Ephemeral == "" && (m.Thread == "" || m.Thread == m.TS) && within(m.TS, oldest, latest, inclusive) {
			found = append(found, m)
		}
	}
	first := 0
	if cursor := c.str("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "next:"))
		if err != nil || !strings.HasPrefix(cursor, "next:") || n < 0 || n >= len(found) {
			return failed("invalid_cursor")
		}
		first = n
	}
	last := min(first+limit, len(found))
	messages := []any{}
	for _, m := range found[first:last] {
		messages = append(messages, s.told(m, whole))
	}
	answer := map[string]any{"ok": true, "messages": messages, "has_more": last < len(found), "pin_count": 0}
	if last < len(found) {
		answer["response_metadata"] = map[string]any{"next_cursor": "next:" + strconv.Itoa(last)}
	}
	return answer
}

// told is a message as a conversation's history tells it. Without being asked for all of it, Slack
// tells of its metadata only what kind it is.
func (s *Slack) told(m *Message, whole bool) map[string]any {
	said := map[string]any{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": s.o.TeamID, "blocks": m.Blocks}
	if m.User == s.botUser {
		said["bot_id"], said["app_id"] = "B0OKRBOT", s.o.AppID
	}
	if m.Metadata != nil {
		said["metadata"] = map[string]any{"event_type": m.Metadata["event_type"]}
		if whole {
			said["metadata"] = m.Metadata
		}
	}
	return said
}

func isTrue(s string) bool { return s == "1" || s == "true" }

// within says whether a time is between two others; an empty one is no bound.
func within(ts, oldest, latest string, inclusive bool) bool {
	at, _ := strconv.ParseFloat(ts, 64)
	from, _ := strconv.ParseFloat(oldest, 64)
	to, _ := strconv.ParseFloat(latest, 64)
	after := oldest == "" || at > from || inclusive && at == from
	before := latest == "" || at < to || inclusive && at == to
	return after && before
}
