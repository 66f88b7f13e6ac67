package slack

import (
	"fmt"
	"strconv"
)

// Submit sends the modal that a person looks at. What Slack's client itself refuses stays.
func (s *Slack) Submit(person string) error {
	s.mu.Lock()
	p := s.byName(person)
	var v *View
	if p != nil {
		v = s.top(p.ID)
	}
	if v == nil || v.Content["submit"] == nil {
		s.mu.Unlock()
		return fmt.Errorf("%s looks at nothing that can be submitted", person)
	}
	if v.Errors = s.clientChecks(v); len(v.Errors) > 0 {
		s.changed()
		s.mu.Unlock()
		return nil
	}
	v.Trouble = ""
	payload := s.base("view_submission", p)
	payload["view"] = s.wireView(v)
	payload["trigger_id"] = s.newTrigger(p.ID, v.ID)
	payload["response_urls"] = []any{}
	snapshot(payload)
	s.mu.Unlock()
	status, answer := s.deliver("view_submission", "/slack/interactions", payload, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.views[v.ID] == nil {
		return nil
	}
	s.note(s.answered(v, status, answer))
	return nil
}

// clientChecks are those of Slack's own client, before anything is sent.
func (s *Slack) clientChecks(v *View) map[string]string {
	errs := map[string]string{}
	for _, b := range viewBlocks(v) {
		if b["type"] != "input" {
			continue
		}
		id, _ := b["block_id"].(string)
		e, _ := b["element"].(map[string]any)
		action, _ := e["action_id"].(string)
		state := v.State[id][action]
		empty := true
		for k, value := range state {
			if k == "type" || value == nil || value == "" {
				continue
			}
			if list, ok := value.([]any); ok && len(list) == 0 {
				continue
			}
			empty = false
		}
		if empty && b["optional"] != true {
			errs[id] = "Please complete this required field."
			continue
		}
		if text, ok := state["value"].(string); ok {
			if most, ok := e["max_length"].(float64); ok && float64(len([]rune(text))) > most {
				errs[id] = fmt.Sprintf("Please enter no more than %d characters.", int(most))
			}
			if e["type"] == "number_input" {
				if _, err := strconv.ParseFloat(text, 64); err != nil {
					errs[id] = "Please enter a number."
				}
			}
		}
	}
	return errs
}

// Dismiss closes the modal that a person looks at, by its close button.
func (s *Slack) Dismiss(person string) {
	s.mu.Lock()
	p := s.byName(person)
	v := s.top(p.ID)
	if v == nil {
		s.mu.Unlock()
		return
	}
	payload := s.base("view_closed", p)
	payload["view"] = s.wireView(v)
	payload["is_cleared"] = false
	snapshot(payload)
	told := v.Content["notify_on_close"] == true
	s.pop(p.ID)
	s.mu.Unlock()
	if told {
		s.deliver("view_closed", "/slack/interactions", payload, nil)
	}
}
