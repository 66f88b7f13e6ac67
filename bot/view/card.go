package view

import (
	"strconv"

	"github.com/slack-go/slack"
)

// Card is a key result's living message in its channel: it is kept current, so that the last one
// in the channel is never old.
func Card(k KeyResult) Message {
	text := k.Headline() + "\n" + k.Figures()
	if k.Standing().Progress.Valid {
		text += "\n" + k.Bar()
	}
	text += "\n" + k.Dates() + "\n" + capital(k.Next())
	if trouble := k.Trouble(); trouble != "" {
		text += "\n" + trouble
	}
	id := strconv.FormatInt(k.ID, 10)
	first := button(ActionSync, "Sync Integration Data", id)
	if !k.Integrated {
		first = button(ActionCheckIn, "Check in", id)
	}
	return Message{
		Text: k.Key() + " " + Escape(k.Title) + ": " + k.fallback(),
		Blocks: []slack.Block{
			section(text),
			note("<@" + k.Owner + "> · " + Escape(Cut(k.Objective.Title, 150)) + " · " + k.Objective.Period.Words()),
			slack.NewActionBlock("kr_"+id, first, button(ActionDetails, "Details", id), k.Kebab()),
		},
	}
}

// fallback is the key result's standing where no blocks are shown: in notifications and to
// screen readers.
func (k KeyResult) fallback() string {
	status := k.Standing().Status.Word()
	if !k.Result.Value.Valid {
		return "no score yet, " + status
	}
	return Escape(k.ResultWords()) + ", " + status
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
