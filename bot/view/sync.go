package view

import (
	"strconv"

	"github.com/slack-go/slack"
)

// CallbackSync names the modal that asks which key result to sync; BlockSync is its field.
const (
	CallbackSync = "sync_pick"
	BlockSync    = "sync_key_result"
)

// SyncPick asks which key result to read now.
func SyncPick() slack.ModalViewRequest {
	element := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Type a number or a title"), "v")
	least := 0
	element.MinQueryLength = &least
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackSync,
		Title: plain("Sync Integration Data"), Submit: plain("Sync"), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(BlockSync, plain("Key Result"), plain("To sync all of yours, close this and type /okr sync all."), element),
		}},
	}
}

// SyncChoices are the options of the key-result field, at most Slack's 100.
func SyncChoices(all []KeyResult) []*slack.OptionBlockObject {
	choices := make([]choice, len(all))
	for i, k := range all {
		choices[i] = choice{value: strconv.FormatInt(k.ID, 10), label: k.Key() + " " + k.Title}
	}
	list, _ := options(choices)
	return list
}
