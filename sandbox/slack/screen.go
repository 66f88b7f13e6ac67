package slack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Seen is what one person sees: for a page, and for tests.
type Seen struct {
	Person   string        `json:"person"`
	Channels []SeenChannel `json:"channels"`
	Modals   []SeenView    `json:"modals"` // the bottom of the stack first
	Home     *SeenView     `json:"home"`
	// Shortcuts are what the menus offer, of messages and of the workspace.
	Shortcuts []Shortcut `json:"shortcuts"`
}

// SeenChannel is a channel as its member sees it.
type SeenChannel struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Private  bool      `json:"private"`
	IM       bool      `json:"im"`
	Bot      bool      `json:"bot"` // the app is a member
	Messages []Message `json:"messages"`
}

// SeenView is a modal or Home tab with what was entered so far.
type SeenView struct {
	ID      string                               `json:"id"`
	Hash    string                               `json:"hash"`
	Content map[string]any                       `json:"content"`
	State   map[string]map[string]map[string]any `json:"state"`
	Errors  map[string]string                    `json:"errors"`
	Trouble string                               `json:"trouble"`
}

// Sees returns what somebody sees now.
func (s *Slack) Sees(person string) Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byName(person)
	seen := Seen{Person: p.ID, Channels: []SeenChannel{}, Modals: []SeenView{}, Shortcuts: s.offered()}
	for _, id := range s.chanSeq {
		c := s.channels[id]
		if !c.Members[p.ID] || c.IM != "" && c.IM != p.ID {
			continue
		}
		sc := SeenChannel{ID: c.ID, Name: c.Name, Private: c.Private, IM: c.IM != "", Bot: c.Members[s.botUser], Messages: []Message{}}
		for _, m := range c.Messages {
			if m.Ephemeral == "" || m.Ephemeral == p.ID && c.shows(m) {
				sc.Messages = append(sc.Messages, *m)
			}
		}
		seen.Channels = append(seen.Channels, sc)
	}
	for _, id := range s.stacks[p.ID] {
		seen.Modals = append(seen.Modals, seenView(s.views[id]))
	}
	if h := s.homes[p.ID]; h != nil {
		v := seenView(h)
		seen.Home = &v
	}
	return seen
}

func seenView(v *View) SeenView {
	out := SeenView{ID: v.ID, Hash: v.Hash, Content: v.Content, State: copied(v.State), Errors: map[string]string{}, Trouble: v.Trouble}
	for block, e := range v.Errors {
		out.Errors[block] = e
	}
	return out
}

// Blocks are a view's blocks.
func (v SeenView) Blocks() []map[string]any {
	raw, _ := v.Content["blocks"].([]any)
	list := make([]map[string]any, 0, len(raw))
	for _, b := range raw {
		if m, ok := b.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}

// Text is a view as a person would read it aloud.
func (v SeenView) Text() string {
	var lines []string
	if t := textOf(v.Content["title"]); t != "" {
		lines = append(lines, "== "+t+" ==")
	}
	for _, b := range v.Blocks() {
		lines = append(lines, blockText(b, v.State, v.Errors)...)
	}
	if v.Trouble != "" {
		lines = append(lines, "!! "+v.Trouble)
	}
	if t := textOf(v.Content["submit"]); t != "" {
		lines = append(lines, "[["+t+"]]")
	}
	return strings.Join(lines, "\n")
}

// Read is a message as a person would read it aloud.
func (m Message) Read() string {
	var lines []string
	if len(m.Blocks) == 0 {
		lines = append(lines, aloud(m.Text))
	}
	for _, b := range m.Blocks {
		lines = append(lines, blockText(b, nil, nil)...)
	}
	for _, f := range m.Files {
		lines = append(lines, fmt.Sprintf("[file %s, %d bytes]", f.Name, f.Size))
	}
	return strings.Join(lines, "\n")
}

func textOf(v any) string {
	m, _ := v.(map[string]any)
	s, _ := m["text"].(string)
	return aloud(s)
}

// aloud is a text as it is read: a blank at which no line ends is one.
func aloud(text string) string { return strings.ReplaceAll(text, "\u00a0", " ") }

func blockText(b map[string]any, state map[string]map[string]map[string]any, errors map[string]string) []string {
	var lines []string
	id, _ := b["block_id"].(string)
	switch b["type"] {
	case "section", "header":
		if t := textOf(b["text"]); t != "" {
			lines = append(lines, t)
		}
		fields, _ := b["fields"].([]any)
		for _, f := range fields {
			lines = append(lines, textOf(f))
		}
	case "context":
		list, _ := b["elements"].([]any)
		for _, e := range list {
			lines = append(lines, "("+textOf(e)+")")
		}
	case "input":
		e, _ := b["element"].(map[string]any)
		action, _ := e["action_id"].(string)
		line := textOf(b["label"]) + ": " + valueText(state[id][action])
		if hint := textOf(b["hint"]); hint != "" {
			line += "  (" + hint + ")"
		}
		lines = append(lines, line)
	}
	for _, e := range elements(b) {
		switch e["type"] {
		case "button":
			lines = append(lines, "["+textOf(e["text"])+"]")
		case "overflow":
			options, _ := e["options"].([]any)
			var names []string
			for _, o := range options {
				m, _ := o.(map[string]any)
				names = append(names, textOf(m["text"]))
			}
			lines = append(lines, "[⋯ "+strings.Join(names, " | ")+"]")
		}
	}
	if e := errors[id]; e != "" {
		lines = append(lines, "  ^ "+aloud(e))
	}
	return lines
}

func valueText(state map[string]any) string {
	for _, key := range []string{"value", "selected_user", "selected_conversation", "selected_channel", "selected_date", "selected_time"} {
		if s, ok := state[key].(string); ok {
			return s
		}
	}
	if o, ok := state["selected_option"].(map[string]any); ok {
		return textOf(o["text"])
	}
	if list, ok := state["selected_options"].([]any); ok {
		var names []string
		for _, o := range list {
			m, _ := o.(map[string]any)
			names = append(names, textOf(m["text"]))
		}
		return strings.Join(names, ", ")
	}
	return ""
}

// Top is the modal that somebody looks at; false when there is none.
func (s *Slack) Top(person string) (SeenView, bool) {
	modals := s.Sees(person).Modals
	if len(modals) == 0 {
		return SeenView{}, false
	}
	return modals[len(modals)-1], true
}

// field finds an input by its label.
func (v SeenView) field(label string) (b, e map[string]any, err error) {
	for _, b := range v.Blocks() {
		if b["type"] == "input" && textOf(b["label"]) == label {
			e, _ := b["element"].(map[string]any)
			return b, e, nil
		}
	}
	return nil, nil, fmt.Errorf("no field %q in:\n%s", label, v.Text())
}

// Fill types into a field: a text, or a date or time as its picker gives it. Nothing takes all ticks
// from checkboxes.
func (s *Slack) Fill(person, label, value string) error {
	v, ok := s.Top(person)
	if !ok {
		return fmt.Errorf("%s looks at no modal", person)
	}
	b, e, err := v.field(label)
	if err != nil {
		return err
	}
	chosen := map[string]any{"value": value}
	if value == "" {
		chosen["value"] = nil
	}
	switch e["type"] {
	case "datepicker":
		chosen = map[string]any{"selected_date": value}
	case "timepicker":
		chosen = map[string]any{"selected_time": value}
	case "users_select":
		p := s.Person(value)
		if p == nil {
			return fmt.Errorf("nobody is called %s", value)
		}
		chosen = map[string]any{"selected_user": p.ID}
	case "multi_users_select":
		var ids []any
		for _, name := range strings.Fields(value) {
			if p := s.Person(name); p != nil {
				ids = append(ids, p.ID)
			}
		}
		chosen = map[string]any{"selected_users": ids}
	case "conversations_select", "channels_select":
		s.mu.Lock()
		c := s.channelNamed(value)
		s.mu.Unlock()
		if c == nil {
			return fmt.Errorf("no channel %s", value)
		}
		key := "selected_conversation"
		if e["type"] == "channels_select" {
			key = "selected_channel"
		}
		chosen = map[string]any{key: c.ID}
	case "checkboxes":
		if value != "" {
			return fmt.Errorf("%q is to be chosen in; only nothing can be filled into it", label)
		}
		chosen = map[string]any{"selected_options": []any{}}
	case "plain_text_input", "number_input", "email_text_input", "url_text_input":
	default:
		return fmt.Errorf("%q is not a field to type into; choose in it", label)
	}
	return s.Act(person, v.ID, b["block_id"].(string), e["action_id"].(string), chosen)
}

// ErrNotFound is of an option that a type-ahead was asked for and does not offer.
var ErrNotFound = errors.New("not found")

// Choose picks an option of a select, radio or checkbox field by its text. A type-ahead is asked
// with the text first.
func (s *Slack) Choose(person, label, option string) error {
	v, ok := s.Top(person)
	if !ok {
		return fmt.Errorf("%s looks at no modal", person)
	}
	b, e, err := v.field(label)
	if err != nil {
		return err
	}
	block, action := b["block_id"].(string), e["action_id"].(string)
	var options []map[string]any
	if e["type"] == "external_select" {
		if options, err = s.Suggest(person, v.ID, block, action, option); err != nil {
			return err
		}
	} else {
		raw, _ := e["options"].([]any)
		for _, o := range raw {
			if m, ok := o.(map[string]any); ok {
				options = append(options, m)
			}
		}
	}
	i := slices.IndexFunc(options, func(o map[string]any) bool { return textOf(o["text"]) == option })
	if i < 0 {
		i = slices.IndexFunc(options, func(o map[string]any) bool { return strings.Contains(textOf(o["text"]), option) })
	}
	if i < 0 {
		var names []string
		for _, o := range options {
			names = append(names, textOf(o["text"]))
		}
		err := fmt.Errorf("%q offers no %q, only %q", label, option, names)
		if e["type"] == "external_select" {
			err = fmt.Errorf("%w: %w", ErrNotFound, err)
		}
		return err
	}
	chosen := map[string]any{"selected_option": options[i]}
	if e["type"] == "checkboxes" || e["type"] == "multi_static_select" {
		chosen = map[string]any{"selected_options": []any{options[i]}}
	}
	return s.Act(person, v.ID, block, action, chosen)
}

// PressIn presses a button, or chooses an item of a kebab, by its text in a view.
func (s *Slack) PressIn(person string, v SeenView, label string) error {
	b, e, chosen, ok := pressable(v.Blocks(), label)
	if !ok {
		return fmt.Errorf("no button %q in:\n%s", label, v.Text())
	}
	return s.Act(person, v.ID, b["block_id"].(string), e["action_id"].(string), chosen)
}

// PressOn presses a button, or chooses an item of a kebab, by its text on a message.
func (s *Slack) PressOn(person, channel string, m Message, label string) error {
	b, e, chosen, ok := pressable(m.Blocks, label)
	if !ok {
		return fmt.Errorf("no button %q on:\n%s", label, m.Read())
	}
	return s.Press(person, channel, m.TS, b["block_id"].(string), e["action_id"].(string), chosen)
}

func pressable(blocks []map[string]any, label string) (b, e, chosen map[string]any, ok bool) {
	for _, b := range blocks {
		for _, e := range elements(b) {
			if e["type"] == "button" && textOf(e["text"]) == label {
				return b, e, nil, true
			}
			if e["type"] != "overflow" {
				continue
			}
			options, _ := e["options"].([]any)
			for _, o := range options {
				if m, _ := o.(map[string]any); textOf(m["text"]) == label {
					return b, e, map[string]any{"selected_option": m}, true
				}
			}
		}
	}
	return nil, nil, nil, false
}
