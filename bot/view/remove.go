package view

import (
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackRemove names the question before a removal.
const CallbackRemove = "remove"

// Remove asks before a key result goes, and names what goes with it.
func Remove(k KeyResult, readings, checkIns, cards int, draft string) slack.ModalViewRequest {
	var goes []string
	if readings > 0 {
		goes = append(goes, okr.ReadingsWords(readings))
	}
	if checkIns > 0 {
		goes = append(goes, okr.CountWords(checkIns, "check-in"))
	}
	text := "Remove " + k.Headline() + "?\n\nThis deletes it"
	if len(goes) > 0 {
		text += " with " + strings.Join(goes, " and ")
	}
	text += ". "
	if k.Integrated && !k.Closed {
		text += "It is no longer read from " + Escape(Cut(k.Source.Scorecard, 200)) + "; the scorecard and the connection stay. "
	}
	if cards > 0 {
		where := ""
		if cards > 1 {
			where = " in " + okr.CountWords(cards, "channel")
		}
		text += "Its card" + where + " stays, struck through and without buttons. "
	}
	text += "This cannot be undone."
	if k.Integrated && !k.Closed {
		text += " To stop the syncs only, pause it."
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackRemove, PrivateMetadata: draft,
		Title: plain("Remove " + k.Key()), Submit: plain("Remove"), Close: plain("Keep it"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section(text)}},
	}
}

// verb is a verb that agrees with a number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
