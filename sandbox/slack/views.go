package slack

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// View is a modal or a Home tab.
type View struct {
	ID, Hash, Root, Previous string
	Person                   string
	Content                  map[string]any // as the app sent it, with ids
	State                    map[string]map[string]map[string]any
	Errors                   map[string]string // inline, by block
	Trouble                  string            // "We had some trouble connecting. Try again?"
}

type trigger struct {
	person, view string // the modal it came from; empty: none
	until        time.Time
	used         bool
}

func (s *Slack) newTrigger(person, view string) string {
	id := strconv.FormatInt(s.next(), 10) + ".trigger." + strconv.FormatInt(time.Now().UnixNano(), 36)
	s.triggers[id] = &trigger{person: person, view: view, until: time.Now().Add(s.o.patience())}
	return id
}

// normal copies a view as Slack keeps it: its own copy, every block and element with an id.
func (s *Slack) normal(v map[string]any) map[string]any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var own map[string]any
	if err := json.Unmarshal(raw, &own); err != nil {
		return v
	}
	blocks, _ := own["blocks"].([]any)
	list := s.withIDs(blocks)
	out := make([]any, len(list))
	for i, b := range list {
		for _, e := range elements(b) {
			if id, _ := e["action_id"].(string); id == "" {
				e["action_id"] = "a" + strconv.FormatInt(s.next(), 36)
			}
		}
		out[i] = b
	}
	own["blocks"] = out
	return own
}

// elements are the interactive parts of a block.
func elements(b map[string]any) []map[string]any {
	var list []map[string]any
	for _, field := range []string{"element", "accessory"} {
		if e, ok := b[field].(map[string]any); ok {
			list = append(list, e)
		}
	}
	if b["type"] == "actions" {
		all, _ := b["elements"].([]any)
		for _, v := range all {
			if e, ok := v.(map[string]any); ok {
				list = append(list, e)
			}
		}
	}
	return list
}

func viewArg(c call) map[string]any {
	switch v := c.args["view"].(type) {
	case map[string]any:
		return v
	case string:
		var m map[string]any
		if json.Unmarshal([]byte(v), &m) == nil {
			return m
		}
	}
	return nil
}

func (s *Slack) openView(c call) map[string]any {
	t := s.triggers[c.str("trigger_id")]
	v := viewArg(c)
	switch {
	case t == nil:
		return failed("invalid_trigger_id")
	case t.used:
		return failed("exchanged_trigger_id")
	case time.Now().After(t.until):
		return failed("expired_trigger_id")
	case v == nil:
		return failed("invalid_arguments", "missing required field: view [json-pointer:/view]")
	}
	if problems := checkView(v, false); len(problems) > 0 {
		return failed("invalid_arguments", problems...)
	}
	stack := s.stacks[t.person]
	push := c.method == "views.push"
	switch {
	case push && len(stack) >= 3:
		return failed("push_limit_reached")
	case push && (t.view == "" || len(stack) == 0):
		return failed("invalid_arguments", "must match the `type` of the root view whose stack we're pushing onto [json-pointer:/view/type]")
	}
	t.used = true
	if !push {
		stack = nil
	}
	own := s.newView(t.person, v, stack)
	s.stacks[t.person] = append(stack, own.ID)
	s.changed()
	return map[string]any{"ok": true, "view": s.wireView(own)}
}

func (s *Slack) newView(person string, v map[string]any, under []string) *View {
	own := &View{ID: "V" + strconv.FormatInt(s.next(), 36), Hash: s.hash(), Person: person, Content: s.normal(v)}
	own.Root = own.ID
	if len(under) > 0 {
		own.Root, own.Previous = under[0], under[len(under)-1]
	}
	own.State = s.initial(own.Content, nil)
	s.views[own.ID] = own
	return own
}

func (s *Slack) hash() string { return strconv.FormatInt(s.next(), 10) + ".h" }

// initial is the state of a view's inputs: what was entered where block and action are the same as
// before, else the app's initial values.
func (s *Slack) initial(content map[string]any, before map[string]map[string]map[string]any) map[string]map[string]map[string]any {
	state := map[string]map[string]map[string]any{}
	blocks, _ := content["blocks"].([]any)
	for _, v := range blocks {
		b, _ := v.(map[string]any)
		id, _ := b["block_id"].(string)
		for _, e := range elements(b) {
			action, _ := e["action_id"].(string)
			value := fresh(e)
			if value == nil {
				continue
			}
			if old, ok := before[id][action]; ok && old["type"] == value["type"] {
				value = old
			}
			if state[id] == nil {
				state[id] = map[string]map[string]any{}
			}
			state[id][action] = value
		}
	}
	return state
}

// fresh is an element's state before anybody touched it; nil for what has none.
func fresh(e map[string]any) map[string]any {
	kind, _ := e["type"].(string)
	v := map[string]any{"type": kind}
	or := func(name string) any {
		if e[name] == nil {
			return nil
		}
		return e[name]
	}
	switch kind {
	case "plain_text_input", "number_input", "email_text_input", "url_text_input":
		v["value"] = or("initial_value")
		if v["value"] == "" {
			v["value"] = nil
		}
	case "static_select", "external_select", "radio_buttons":
		v["selected_option"] = or("initial_option")
	case "checkboxes", "multi_static_select", "multi_external_select":
		v["selected_options"] = []any{}
		if list, ok := e["initial_options"].([]any); ok {
			v["selected_options"] = list
		}
	case "users_select":
		v["selected_user"] = or("initial_user")
	case "multi_users_select":
		v["selected_users"] = []any{}
		if list, ok := e["initial_users"].([]any); ok {
			v["selected_users"] = list
		}
	case "conversations_select":
		v["selected_conversation"] = or("initial_conversation")
	case "channels_select":
		v["selected_channel"] = or("initial_channel")
	case "datepicker":
		v["selected_date"] = or("initial_date")
	case "timepicker":
		v["selected_time"] = or("initial_time")
	default:
		return nil
	}
	return v
}

func (s *Slack) updateView(c call) map[string]any {
	own := s.views[c.str("view_id")]
	v := viewArg(c)
	switch {
	case own == nil:
		return failed("not_found")
	case c.str("hash") != "" && c.str("hash") != own.Hash:
		return failed("hash_conflict")
	case v == nil:
		return failed("invalid_arguments", "missing required field: view [json-pointer:/view]")
	}
	if problems := checkView(v, own.Content["type"] == "home"); len(problems) > 0 {
		return failed("invalid_arguments", problems...)
	}
	s.replace(own, v)
	return map[string]any{"ok": true, "view": s.wireView(own)}
}

func (s *Slack) replace(own *View, v map[string]any) {
	own.Content = s.normal(v)
	own.State = s.initial(own.Content, own.State)
	own.Hash, own.Errors, own.Trouble = s.hash(), nil, ""
	s.changed()
}

func (s *Slack) publish(c call) map[string]any {
	person := c.str("user_id")
	v := viewArg(c)
	if s.people[person] == nil {
		return failed("user_not_found")
	}
	if v == nil {
		return failed("invalid_arguments", "missing required field: view [json-pointer:/view]")
	}
	if hash, ok := c.args["hash"].(string); ok && (s.homes[person] == nil || s.homes[person].Hash != hash) {
		return failed("hash_conflict")
	}
	if problems := checkView(v, true); len(problems) > 0 {
		return failed("invalid_arguments", problems...)
	}
	own := s.homes[person]
	if own == nil {
		own = s.newView(person, v, nil)
		s.homes[person] = own
	}
	s.replace(own, v)
	return map[string]any{"ok": true, "view": s.wireView(own)}
}

// wireView is a view as Slack's answers and payloads have it.
func (s *Slack) wireView(v *View) map[string]any {
	m := map[string]any{
		"id": v.ID, "team_id": s.o.TeamID, "app_id": s.o.AppID, "bot_id": "B0OKRBOT", "hash": v.Hash, "root_view_id": v.Root,
		"previous_view_id": nil, "external_id": "", "state": map[string]any{"values": copied(v.State)}, "close": nil, "submit": nil,
		"private_metadata": "", "callback_id": "", "clear_on_close": false, "notify_on_close": false, "app_installed_team_id": s.o.TeamID,
	}
	if v.Previous != "" {
		m["previous_view_id"] = v.Previous
	}
	for key, value := range v.Content {
		m[key] = value
	}
	return m
}

// copied is a view's state as it is now: what is entered next must not reach an answer that is
// still being written.
func copied(state map[string]map[string]map[string]any) map[string]map[string]map[string]any {
	own := make(map[string]map[string]map[string]any, len(state))
	for block, actions := range state {
		own[block] = make(map[string]map[string]any, len(actions))
		for action, value := range actions {
			own[block][action] = clone(value)
		}
	}
	return own
}

// top is the modal that a person looks at.
func (s *Slack) top(person string) *View {
	stack := s.stacks[person]
	if len(stack) == 0 {
		return nil
	}
	return s.views[stack[len(stack)-1]]
}

func (s *Slack) pop(person string) {
	if stack := s.stacks[person]; len(stack) > 0 {
		delete(s.views, stack[len(stack)-1])
		s.stacks[person] = stack[:len(stack)-1]
	}
	s.changed()
}

func (s *Slack) clear(person string) {
	for _, id := range s.stacks[person] {
		delete(s.views, id)
	}
	s.stacks[person] = nil
	s.changed()
}

const troubleConnecting = "We had some trouble connecting. Try again?"

// answered carries out what the app said to a submit: nothing closes the view.
func (s *Slack) answered(v *View, status int, body []byte) string {
	trouble := func(why string) string {
		v.Trouble = troubleConnecting
		s.changed()
		return why
	}
	if status != 200 {
		return trouble("status " + strconv.Itoa(status))
	}
	if len(strings.TrimSpace(string(body))) == 0 || string(body) == "null" {
		if v.Content["clear_on_close"] == true {
			s.clear(v.Person)
		} else {
			s.pop(v.Person)
		}
		return ""
	}
	var a struct {
		Action string            `json:"response_action"`
		View   map[string]any    `json:"view"`
		Errors map[string]string `json:"errors"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return trouble("the answer is not JSON")
	}
	switch a.Action {
	case "clear":
		s.clear(v.Person)
	case "update", "push":
		if problems := checkView(a.View, false); len(problems) > 0 {
			return trouble("invalid view: " + joined(problems))
		}
		if a.Action == "update" {
			s.replace(v, a.View)
			return ""
		}
		stack := s.stacks[v.Person]
		if len(stack) >= 3 {
			return trouble("push_limit_reached")
		}
		own := s.newView(v.Person, a.View, stack)
		s.stacks[v.Person] = append(stack, own.ID)
		s.changed()
	case "errors":
		if len(a.Errors) == 0 {
			return trouble("no errors in response_action errors")
		}
		for block := range a.Errors {
			if !isInput(v, block) {
				return trouble("errors: " + block + " is no input block")
			}
		}
		v.Errors = a.Errors
		s.changed()
	default:
		return trouble("unknown response_action " + strconv.Quote(a.Action))
	}
	return ""
}

func isInput(v *View, block string) bool {
	blocks, _ := v.Content["blocks"].([]any)
	for _, raw := range blocks {
		if b, _ := raw.(map[string]any); b["block_id"] == block && b["type"] == "input" {
			return true
		}
	}
	return false
}
