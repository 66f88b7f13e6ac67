package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// surface is where blocks are shown.
type surface string

const (
	inMessage surface = "message"
	inModal   surface = "modal"
	inHome    surface = "home"
)

// check gathers what Slack would refuse, in its words with a JSON pointer.
type check struct {
	at       surface
	prefix   string
	problems []string
	inputs   bool
	ids      map[string]bool
}

func (c *check) say(pointer, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...)+" [json-pointer:"+pointer+"]")
}

// length checks the length of a text object or a string, in characters.
func (c *check) length(pointer, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	switch {
	case n < least:
		c.say(pointer, "must be more than %d characters", least-1)
	case n > most:
		c.say(pointer, "must be less than %d characters", most+1)
	}
}

func (c *check) text(pointer string, v any, plainOnly bool, most int) {
	t, ok := v.(map[string]any)
	if !ok {
		c.say(pointer, "missing required field: text")
		return
	}
	kind, _ := t["type"].(string)
	if kind != "plain_text" && (kind != "mrkdwn" || plainOnly) {
		c.say(pointer+"/type", "unsupported type: %s", kind)
	}
	s, _ := t["text"].(string)
	c.length(pointer+"/text", s, 1, most)
	c.only(pointer, t, "type", "text", "emoji", "verbatim")
	if kind == "mrkdwn" && t["emoji"] != nil {
		c.say(pointer+"/emoji", "invalid additional property: emoji")
	}
}

func (c *check) optional(pointer string, m map[string]any, field string, plainOnly bool, most int) {
	if v, ok := m[field]; ok && v != nil {
		c.text(pointer+"/"+field, v, plainOnly, most)
	}
}

func (c *check) only(pointer string, m map[string]any, allowed ...string) {
	for key := range m {
		found := false
		for _, a := range allowed {
			found = found || a == key
		}
		if !found {
			c.say(pointer+"/"+key, "invalid additional property: %s", key)
		}
	}
}

func (c *check) str(pointer string, m map[string]any, field string, least, most int) string {
	v, ok := m[field]
	if !ok || v == nil {
		if least > 0 {
			c.say(pointer, "missing required field: %s", field)
		}
		return ""
	}
	s, ok := v.(string)
	if !ok {
		c.say(pointer+"/"+field, "must be a string")
		return ""
	}
	c.length(pointer+"/"+field, s, least, most)
	return s
}

func (c *check) blocks(raw any, most int) []map[string]any {
	list, ok := raw.([]any)
	if !ok {
		c.say(c.prefix, "missing required field: blocks")
		return nil
	}
	if len(list) > most {
		c.say(c.prefix, "no more than %d items allowed", most)
	}
	if len(list) == 0 && c.at != inMessage {
		c.say(c.prefix, "must provide at least 1 items")
	}
	c.ids = map[string]bool{}
	charts := 0
	var blocks []map[string]any
	for i, v := range list {
		pointer := fmt.Sprintf("%s/%d", c.prefix, i)
		b, ok := v.(map[string]any)
		if !ok {
			c.say(pointer, "failed to match all allowed schemas")
			continue
		}
		c.block(pointer, b)
		blocks = append(blocks, b)
		if b["type"] == "data_visualization" {
			if charts++; charts > 2 { // of one message
				c.say(pointer, "no more than 2 data_visualization blocks allowed")
			}
		}
	}
	return blocks
}

func (c *check) block(pointer string, b map[string]any) {
	if id := c.str(pointer, b, "block_id", 0, 255); id != "" {
		if c.ids[id] {
			c.say(pointer+"/block_id", "`block_id` %s already exists for another block", id)
		}
		c.ids[id] = true
	}
	kind, _ := b["type"].(string)
	switch kind {
	case "section":
		c.section(pointer, b)
	case "header":
		c.only(pointer, b, "type", "block_id", "text", "level")
		c.text(pointer+"/text", b["text"], true, 150)
	case "divider":
		c.only(pointer, b, "type", "block_id")
	case "context":
		c.context(pointer, b)
	case "actions":
		c.actions(pointer, b)
	case "input":
		c.input(pointer, b)
	case "image":
		c.str(pointer, b, "image_url", 1, 3000)
		c.str(pointer, b, "alt_text", 1, 2000)
	case "data_visualization":
		if c.at != inMessage {
			c.say(pointer+"/type", "unsupported type: data_visualization")
			return
		}
		c.chart(pointer, b)
	case "markdown":
		if c.at != inMessage {
			c.say(pointer+"/type", "unsupported type: markdown")
		}
	default:
		c.say(pointer+"/type", "unsupported type: %s", kind)
	}
}

// section looks at a section.
func (c *check) section(pointer string, b map[string]any) {
	c.only(pointer, b, "type", "block_id", "text", "fields", "accessory", "expand")
	c.optional(pointer, b, "text", false, 3000)
	fields, _ := b["fields"].([]any)
	if b["text"] == nil && len(fields) == 0 {
		c.say(pointer, "must define either `text` or `fields`")
	}
	if len(fields) > 10 {
		c.say(pointer+"/fields", "no more than 10 items allowed")
	}
	for i, f := range fields {
		c.text(fmt.Sprintf("%s/fields/%d", pointer, i), f, false, 2000)
	}
	if a, ok := b["accessory"].(map[string]any); ok {
		c.element(pointer+"/accessory", a, false)
	}
}

// context looks at a context, whose elements are texts and images.
func (c *check) context(pointer string, b map[string]any) {
	c.only(pointer, b, "type", "block_id", "elements")
	elements, _ := b["elements"].([]any)
	c.count(pointer+"/elements", len(elements), 1, 10)
	for i, e := range elements {
		p := fmt.Sprintf("%s/elements/%d", pointer, i)
		m, _ := e.(map[string]any)
		if m["type"] == "image" {
			c.str(p, m, "image_url", 1, 3000)
			c.str(p, m, "alt_text", 1, 2000)
			continue
		}
		c.text(p, e, false, 3000)
	}
}

// actions looks at a row of elements.
func (c *check) actions(pointer string, b map[string]any) {
	c.only(pointer, b, "type", "block_id", "elements")
	elements, _ := b["elements"].([]any)
	c.count(pointer+"/elements", len(elements), 1, 25)
	seen := map[string]bool{}
	for i, e := range elements {
		p := fmt.Sprintf("%s/elements/%d", pointer, i)
		m, _ := e.(map[string]any)
		c.element(p, m, false)
		if id, _ := m["action_id"].(string); id != "" {
			if seen[id] {
				c.say(p+"/action_id", "`action_id` %s already exists for another element", id)
			}
			seen[id] = true
		}
	}
}

// input looks at a field of a form, which no message has.
func (c *check) input(pointer string, b map[string]any) {
	if c.at == inMessage {
		c.say(pointer+"/type", "unsupported type: input")
		return
	}
	c.inputs = true
	c.only(pointer, b, "type", "block_id", "label", "element", "hint", "optional", "dispatch_action")
	c.text(pointer+"/label", b["label"], true, 2000)
	c.optional(pointer, b, "hint", true, 2000)
	e, ok := b["element"].(map[string]any)
	if !ok {
		c.say(pointer, "missing required field: element")
		return
	}
	c.element(pointer+"/element", e, true)
}

func (c *check) count(pointer string, n, least, most int) {
	switch {
	case n < least:
		c.say(pointer, "must provide at least %d items", least)
	case n > most:
		c.say(pointer, "no more than %d items allowed", most)
	}
}

func (c *check) chart(pointer string, b map[string]any) {
	title, _ := b["title"].(string)
	c.length(pointer+"/title", title, 1, 50)
	chart, _ := b["chart"].(map[string]any)
	axis, _ := chart["axis_config"].(map[string]any)
	categories, _ := axis["categories"].([]any)
	series, _ := chart["series"].([]any)
	if chart["type"] == "pie" {
		segments, _ := chart["segments"].([]any)
		c.count(pointer+"/chart/segments", len(segments), 1, 6)
		return
	}
	c.count(pointer+"/chart/axis_config/categories", len(categories), 1, 20)
	c.count(pointer+"/chart/series", len(series), 1, 6)
}

// inputElements are those that only an input block takes in our use, and interactive ones.
var inputElements = map[string]bool{"plain_text_input": true, "number_input": true, "email_text_input": true, "url_text_input": true, "file_input": true, "rich_text_input": true}

// fields says what an element may hold, beside what every one may.
func (c *check) fields(pointer string, e map[string]any, own ...string) {
	c.only(pointer, e, append(own, "type", "action_id", "focus_on_load")...)
}

func (c *check) element(pointer string, e map[string]any, inInput bool) {
	kind, _ := e["type"].(string)
	c.str(pointer, e, "action_id", 0, 255)
	if inputElements[kind] && !inInput {
		c.say(pointer+"/type", "unsupported type: %s", kind)
		return
	}
	c.optional(pointer, e, "placeholder", true, 150)
	c.confirm(pointer, e)
	switch kind {
	case "button":
		c.button(pointer, e, inInput)
	case "overflow":
		c.fields(pointer, e, "options", "confirm")
		c.options(pointer, e, "options", 5, true)
	case "static_select", "multi_static_select":
		c.fields(pointer, e, "placeholder", "options", "option_groups", "initial_option", "initial_options", "confirm", "max_selected_items")
		if e["option_groups"] == nil {
			c.options(pointer, e, "options", 100, false)
		}
		c.initial(pointer, e)
	case "radio_buttons", "checkboxes":
		c.fields(pointer, e, "options", "initial_option", "initial_options", "confirm")
		c.options(pointer, e, "options", 10, false)
		c.initial(pointer, e)
	case "external_select", "multi_external_select":
		c.fields(pointer, e, "placeholder", "initial_option", "initial_options", "min_query_length", "confirm", "max_selected_items")
		if o, ok := e["initial_option"].(map[string]any); ok {
			c.option(pointer+"/initial_option", o, false)
		}
	case "users_select", "conversations_select", "channels_select", "multi_users_select", "multi_conversations_select", "multi_channels_select":
		c.peopleOrChannels(pointer, e)
	case "plain_text_input", "email_text_input", "url_text_input":
		c.textInput(pointer, e)
	case "number_input":
		c.fields(pointer, e, "placeholder", "is_decimal_allowed", "initial_value", "min_value", "max_value", "dispatch_action_config")
		if _, ok := e["is_decimal_allowed"].(bool); !ok {
			c.say(pointer, "missing required field: is_decimal_allowed")
		}
	case "datepicker":
		c.fields(pointer, e, "placeholder", "initial_date", "confirm")
	case "timepicker":
		c.fields(pointer, e, "placeholder", "initial_time", "confirm", "timezone")
	case "image":
		c.str(pointer, e, "image_url", 1, 3000)
		c.str(pointer, e, "alt_text", 1, 2000)
	default:
		c.say(pointer+"/type", "unsupported type: %s", kind)
	}
}

// button looks at a button, which stands in no input.
func (c *check) button(pointer string, e map[string]any, inInput bool) {
	if inInput {
		c.say(pointer+"/type", "unsupported type: button")
	}
	c.fields(pointer, e, "text", "url", "value", "style", "confirm", "accessibility_label")
	c.text(pointer+"/text", e["text"], true, 75)
	c.str(pointer, e, "value", 0, 2000)
	c.str(pointer, e, "url", 0, 3000)
	if style, ok := e["style"].(string); ok && style != "primary" && style != "danger" {
		c.say(pointer+"/style", "failed to match all allowed schemas")
	}
}

// peopleOrChannels looks at a choice of people, conversations or channels.
func (c *check) peopleOrChannels(pointer string, e map[string]any) {
	c.fields(pointer, e, "placeholder", "initial_user", "initial_users", "initial_conversation", "initial_conversations", "initial_channel", "initial_channels",
		"default_to_current_conversation", "response_url_enabled", "filter", "confirm", "max_selected_items")
	for _, field := range []string{"initial_user", "initial_conversation", "initial_channel"} {
		if v, ok := e[field].(string); ok && v == "" {
			c.length(pointer+"/"+field, v, 1, 255)
		}
	}
}

// textInput looks at a field for text.
func (c *check) textInput(pointer string, e map[string]any) {
	c.fields(pointer, e, "placeholder", "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config")
	least, _ := e["min_length"].(float64)
	if most, ok := e["max_length"].(float64); ok && (most < 1 || most > 3000 || most < least) || least < 0 || least > 3000 {
		c.say(pointer, "min_length and max_length must be between 0 and 3000, in order")
	}
	c.str(pointer, e, "initial_value", 0, 3000)
}

func (c *check) confirm(pointer string, e map[string]any) {
	d, ok := e["confirm"].(map[string]any)
	if !ok {
		return
	}
	c.text(pointer+"/confirm/title", d["title"], true, 100)
	c.text(pointer+"/confirm/text", d["text"], false, 300)
	c.text(pointer+"/confirm/confirm", d["confirm"], true, 30)
	c.text(pointer+"/confirm/deny", d["deny"], true, 30)
}

func (c *check) options(pointer string, e map[string]any, field string, most int, overflow bool) {
	list, _ := e[field].([]any)
	c.count(pointer+"/"+field, len(list), 1, most)
	for i, v := range list {
		o, _ := v.(map[string]any)
		c.option(fmt.Sprintf("%s/%s/%d", pointer, field, i), o, overflow)
	}
}

func (c *check) option(pointer string, o map[string]any, overflow bool) {
	allowed := []string{"text", "value", "description"}
	if overflow {
		allowed = append(allowed, "url")
	}
	c.only(pointer, o, allowed...)
	c.text(pointer+"/text", o["text"], false, 75)
	c.str(pointer, o, "value", 1, 150)
	c.optional(pointer, o, "description", false, 75)
}

// initial must be one of the options, as a whole.
func (c *check) initial(pointer string, e map[string]any) {
	o, ok := e["initial_option"]
	if !ok || o == nil {
		return
	}
	list, _ := e["options"].([]any)
	want := canonical(o)
	for _, v := range list {
		if canonical(v) == want {
			return
		}
	}
	c.say(pointer+"/initial_option", "failed to match all allowed schemas")
}

func canonical(v any) string {
	m, _ := v.(map[string]any)
	text, _ := m["text"].(map[string]any)
	raw, _ := json.Marshal([]any{m["value"], text["text"], text["type"]})
	return string(raw)
}

// checkView is what views.open, push, update and publish refuse.
func checkView(v map[string]any, home bool) []string {
	c := &check{at: inModal, prefix: "/view/blocks"}
	kind, _ := v["type"].(string)
	allowed := []string{"type", "blocks", "private_metadata", "callback_id", "external_id"}
	if home {
		c.at = inHome
		if kind != "home" {
			c.say("/view/type", "unsupported type: %s", kind)
		}
	} else {
		allowed = append(allowed, "title", "close", "submit", "clear_on_close", "notify_on_close", "submit_disabled")
		if kind != "modal" {
			c.say("/view/type", "unsupported type: %s", kind)
		}
		c.text("/view/title", v["title"], true, 24)
		c.optional("/view", v, "close", true, 24)
		c.optional("/view", v, "submit", true, 24)
	}
	c.only("/view", v, allowed...)
	c.str("/view", v, "private_metadata", 0, 3000)
	c.str("/view", v, "callback_id", 0, 255)
	c.blocks(v["blocks"], 100)
	if c.inputs && !home && v["submit"] == nil {
		c.say("/view/blocks", "must define `submit` to use an `input` block in modals")
	}
	if raw, err := json.Marshal(v); err == nil && len(raw) > 250_000 {
		c.say("/view", "view_too_large")
	}
	return c.problems
}

// checkMessage is what chat.postMessage and its like refuse.
func checkMessage(blocks any) []string {
	if blocks == nil {
		return nil
	}
	c := &check{at: inMessage, prefix: "/blocks"}
	c.blocks(blocks, 50)
	return c.problems
}

// checkOptions is what an answer to a type-ahead must be.
func checkOptions(answer map[string]any) []string {
	c := &check{at: inModal}
	if answer["option_groups"] != nil {
		if answer["options"] != nil {
			return []string{"options and option_groups are exclusive"}
		}
		return nil
	}
	list, ok := answer["options"].([]any)
	if !ok {
		return []string{"missing required field: options"}
	}
	if len(list) > 100 {
		c.say("/options", "no more than 100 items allowed")
	}
	for i, v := range list {
		o, _ := v.(map[string]any)
		c.option(fmt.Sprintf("/options/%d", i), o, false)
	}
	return c.problems
}

func joined(problems []string) string { return strings.Join(problems, "; ") }
