package view

import (
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// The shortcuts of the manifest, by callback_id.
const (
	ShortcutNote    = "add_note"       // on a message
	ShortcutAdd     = "add_key_result" // in the shortcuts menu, as the others
	ShortcutMine    = "my_objectives"
	ShortcutCheckIn = "check_in_on"
)

// CallbackCheckInPick names the form that asks which key result a check-in is about; BlockCheckInPick is
// its field.
const (
	CallbackCheckInPick = "check_in_pick"
	BlockCheckInPick    = "check_in_key_result"
)

// NoteOf is a message and its address as a note: whole where it fits, and the address in any case.
func NoteOf(text, link string) string {
	if link == "" {
		return Cut(text, LongestNote)
	}
	room := LongestNote - len([]rune(link)) - 1
	if room < 1 {
		return Cut(text, LongestNote)
	}
	return okr.Visible(Cut(text, room) + "\n" + link)
}

// CheckInPick asks which key result a check-in is about. The note is what it comes with; it may be
// changed in the next step.
func CheckInPick(note, draft string) slack.ModalViewRequest {
	element := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Type a number or a title"), "v")
	least := 0
	element.MinQueryLength = &least
	title := "Check in"
	blocks := []slack.Block{slack.NewInputBlock(BlockCheckInPick, plain("Key Result"), nil, element)}
	if note != "" {
		title = "Add as check-in note"
		blocks = append(blocks, section("*Note*\n"+Escape(note)))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackCheckInPick, PrivateMetadata: draft,
		Title: plain(title), Submit: plain("Next"), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}
