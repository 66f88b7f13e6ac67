package bot

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"okrbot/bot/command"
	"okrbot/okr"
)

// Routes are the ids that somebody answers to: what can be pressed, submitted and asked.
func Routes() (pressed, submitted, asked []string) {
	r := new(Bot).table()
	return slices.Collect(maps.Keys(r.Actions)), slices.Collect(maps.Keys(r.Submits)), slices.Collect(maps.Keys(r.Queries))
}

// Shortcuts are the callback_ids of shortcuts that somebody answers to.
func Shortcuts() []string { return slices.Sorted(maps.Keys(new(Bot).table().Shortcuts)) }

// ReadsList says how the words after /okr list are read.
func ReadsList(typed, me string, today okr.Day) string {
	l := parseList(command.Words(typed), me, today)
	var parts, words []string
	for _, id := range l.people {
		parts = append(parts, "of "+id)
	}
	for _, id := range l.channels {
		parts = append(parts, "at "+id)
	}
	for _, s := range l.states {
		parts = append(parts, "is "+s.name)
	}
	for _, p := range l.periods {
		parts = append(parts, "in "+periodWords(p))
	}
	for _, w := range l.words {
		words = append(words, strconv.Quote(w.Plain))
	}
	if len(words) > 0 {
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, ", ")
}

// Meant are the verbs behind words that people use for them.
var Meant = meant
