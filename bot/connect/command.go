package connect

import (
	"context"
	"strings"

	"okrbot/bot/command"
	"okrbot/bot/desk"
)

// Command is "/okr connect", "/okr connect acme", "/okr connect ServiceNow acme" and
// "/okr connect HTTP JSON".
func (flow *Flow) Command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	var d connectDraft
	var strange []command.Word
	words := command.Words(g.Text)
	for i := 0; i < len(words); i++ {
		w, kind := words[i], ""
		for n := min(len(words)-i, command.LongestPhrase); n > 0 && kind == "" && d.Kind == ""; n-- {
			for _, c := range flow.connectors {
				if phrase := command.Phrase(words[i : i+n]); command.SameWords(phrase, c.Kind()) || command.SameWords(phrase, strings.ToLower(c.Name())) {
					kind = c.Kind()
					i += n - 1
					break
				}
			}
		}
		switch {
		case kind != "" && d.Kind == "":
			d.Kind = kind
		case d.typed == "":
			d.typed = w.Address()
		default:
			strange = append(strange, w)
		}
	}
	if len(strange) > 0 {
		return desk.NotTaken("connect", "one address", strange), nil
	}
	return flow.openForm(ctx, g, d)
}
