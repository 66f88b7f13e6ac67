package view

import (
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// State is what was entered into a view: field → element → value. A field's block_id is its name;
// a field that had to be shown again has "__n" after it, because Slack keeps what was chosen in a
// field of the same name.
type State map[string]map[string]slack.BlockAction

// Name is a field's name without the mark of having been shown again.
func Name(block string) string {
	name, _, _ := strings.Cut(block, "__")
	return name
}

func (s State) at(field string) slack.BlockAction {
	for block, elements := range s {
		if Name(block) == field {
			return elements["v"]
		}
	}
	return slack.BlockAction{}
}

// has says whether the form has the field at all, filled or not.
func (s State) has(field string) bool {
	for block := range s {
		if Name(block) == field {
			return true
		}
	}
	return false
}

func (s State) text(field string) string { return strings.TrimSpace(s.at(field).Value) }

func (s State) option(field string) string { return s.at(field).SelectedOption.Value }

// modal puts a form together.
func modal(callback, title, submit, draft string, blocks ...slack.Block) slack.ModalViewRequest {
	m := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, PrivateMetadata: draft, Title: plain(title), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
	if submit != "" {
		m.Submit = plain(submit)
	}
	return m
}

// selectField is a select of few choices; chosen is preselected where it is one of them.
func selectField(field, label, hint, chosen string, choices ...choice) *slack.InputBlock {
	options, left := options(choices)
	var initial *slack.OptionBlockObject
	for _, o := range options {
		if o.Value == chosen {
			initial = o
		}
	}
	hint = hints(hint, leftOut(left))
	if more := len(choices) - len(options) - left; more > 0 && len(options) == MostOptions {
		hint = hints(hint, "Slack shows a hundred; "+okr.CountWords(more, "more entry")+verb(more, " does", " do")+" not fit.")
	}
	element := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose"), "v", options...)
	element.InitialOption = initial
	return input(field, label, hint, element)
}

func input(field, label, hint string, element slack.BlockElement) *slack.InputBlock {
	var hintText *slack.TextBlockObject
	if hint != "" {
		hintText = plain(hint)
	}
	return slack.NewInputBlock(field, plain(label), hintText, element)
}

// external is a type-ahead field that asks from the first letter, or before it, on.
func external(field, label, hint, placeholder string, least int, chosen *slack.OptionBlockObject) *slack.InputBlock {
	element := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain(placeholder), "v")
	element.MinQueryLength = &least
	element.InitialOption = chosen
	return input(field, label, hint, element)
}

func optional(b *slack.InputBlock) *slack.InputBlock {
	b.Optional = true
	return b
}

// dispatching tells of changes while the form is open.
func dispatching(b *slack.InputBlock) *slack.InputBlock {
	b.DispatchAction = true
	return b
}

func userField(field, label, hint, chosen string) *slack.InputBlock {
	element := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plain("Choose a person"), "v")
	element.InitialUser = chosen
	return input(field, label, hint, element)
}

// channelField offers public channels and the private ones the person is in.
func channelField(field, label, hint, chosen string) *slack.InputBlock {
	element := slack.NewOptionsSelectBlockElement(slack.OptTypeConversations, plain("Choose a channel"), "v")
	element.InitialConversation = chosen
	element.Filter = &slack.SelectBlockElementFilter{Include: []string{"public", "private"}, ExcludeBotUsers: true}
	return optional(input(field, label, hint, element))
}

// Options fills a type-ahead with at most Slack's 100.
func Options(pairs [][2]string) []*slack.OptionBlockObject {
	choices := make([]choice, len(pairs))
	for i, p := range pairs {
		choices[i] = choice{value: p[0], label: p[1]}
	}
	list, _ := options(choices)
	return list
}
