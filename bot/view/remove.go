package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"
)

// CallbackRemove names the question before a removal.
const CallbackRemove = "remove"

// Remove asks before a key result goes, and names what goes with it.
func Remove(k KeyResult, readings, checkIns, cards int, draft string) slack.ModalViewRequest {
	goes := []string{count(readings, "reading", "readings"), count(checkIns, "check-in", "check-ins")}
	text := "Remove " + k.Headline() + "?\n\nThis deletes it with " + strings.Join(goes, " and ") + ". "
	if k.Integrated {
		text += "It is no longer read from " + Escape(Cut(k.Source.Scorecard, 200)) + "; the scorecard and the connection stay. "
	}
	if cards > 0 {
		text += "Its card in " + count(cards, "channel", "channels") + " stays, struck through and without buttons. "
	}
	text += "This cannot be undone. To stop the syncs only, pause it."
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackRemove, PrivateMetadata: draft,
		Title: plain("Remove " + k.Key()), Submit: plain("Remove"), Close: plain("Keep it"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section(text)}},
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
