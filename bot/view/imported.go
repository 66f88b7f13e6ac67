package view

import (
	"strconv"
	"unicode/utf8"

	"okrbot/okr"
)

// Handed are so many key results and objectives that are somebody's now, or not any more.
type Handed struct {
	First []string // a few of them, by ObjectiveNamed and KeyResultNamed
	Count int
}

// ObjectiveNamed names an objective among others.
func ObjectiveNamed(o okr.Objective) string {
	return "*" + o.Key() + "* " + Escape(Cut(ShownName(o.Title, o.Key()), 60))
}

// KeyResultNamed names a key result among others, with its objective.
func KeyResultNamed(k okr.KeyResult, under okr.Objective) string {
	return "*" + k.Key() + "* " + Escape(Cut(ShownName(k.Title, k.Key()), 60)) + " under " + ObjectiveNamed(under)
}

// Imported tells somebody what an import made theirs, and what it took from them.
func Imported(got, lost Handed) string {
	text := ":dart: Whoever runs okrbot here imported a file."
	if got.Count > 0 {
		text += "\nYou own or co-own now:" + got.lines()
	}
	if lost.Count > 0 {
		text += "\nYou neither own nor co-own any more:" + lost.lines()
	}
	return text + "\n`/okr list mine` shows your key results, `/okr objectives` your objectives."
}

// mostHanded is for how many characters of names there is room in one of the message's two lists.
const mostHanded = 1200

// lines name them under each other, as long as there is room, and count the rest.
func (h Handed) lines() (text string) {
	named := 0
	for _, name := range h.First {
		if utf8.RuneCountInString(text+name) > mostHanded {
			break
		}
		text += "\n• " + name
		named++
	}
	if more := h.Count - named; more > 0 {
		text += "\n…and " + strconv.Itoa(more) + " more"
	}
	return text
}
