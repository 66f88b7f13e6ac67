package slack

import (
	"encoding/json"
	"fmt"
	"time"
)

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

// Suggest is what was typed into a type-ahead; it returns the options that the app found.
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
