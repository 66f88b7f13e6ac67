package view

import (
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackRemove names the question before a removal.
const CallbackRemove = "remove"

// Remove asks before a key result goes, and names what goes with it and what stays.
func Remove(k KeyResult, readings, checkIns, cards int, draft string) slack.ModalViewRequest {
	goes := []string{"the key result"}
	if readings > 0 {
		goes = append(goes, okr.ReadingsWords(readings))
	}
	if checkIns > 0 {
		goes = append(goes, okr.CountWords(checkIns, "check-in"))
	}
	var stays []string
	if k.Integrated && !k.Closed {
		stays = append(stays, "the scorecard "+Escape(Cut(k.Source.Scorecard, 200))+" and the connection to it")
	}
	if cards > 0 {
		card := "the card"
		if cards > 1 {
			card = "the cards in " + okr.CountWords(cards, "channel")
		}
		stays = append(stays, "the messages that were posted", card+", struck through and without buttons")
	}
	text := "Remove " + k.Headline() + "?\n\n" + goesAndStays(goes, stays) + notUndone
	if k.Integrated && !k.Closed && !k.Paused {
		text += "\n\nTo stop only its syncs, `/okr pause " + k.Key() + "` is enough."
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackRemove, PrivateMetadata: draft,
		Title: plain("Remove " + k.Key()), Submit: plain("Remove"), Close: plain("Keep it"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section(text)}},
	}
}

const notUndone = "This cannot be undone."

// goesAndStays say before a removal what goes with it, and what stays, in a line each.
func goesAndStays(goes, stays []string) string {
	text := "*This goes:* " + listed(goes) + ".\n"
	if len(stays) > 0 {
		text += "*This stays:* " + strings.Join(stays, "; ") + ".\n"
	}
	return text
}

// listed are parts of a sentence, one after the other: "a, b and c".
func listed(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// verb is a verb that agrees with a number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
