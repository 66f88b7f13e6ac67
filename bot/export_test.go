package bot

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"okrbot/okr"
)

// ReadDelivery reads a body as every door does.
func ReadDelivery(body []byte) {
	for _, decode := range []decoder{commandForm, interactionForm, eventBody} {
		_, _ = decode(body)
	}
}

// Routes are the ids that somebody answers to: what can be pressed, submitted and asked.
func Routes() (pressed, submitted, asked []string) {
	r := new(Bot).table()
	return slices.Collect(maps.Keys(r.actions)), slices.Collect(maps.Keys(r.submits)), slices.Collect(maps.Keys(r.queries))
}

// ReadsList says how the words after /okr list are read.
func ReadsList(typed, me string, today okr.Day) string {
	l := parseList(wordsOf(typed), me, today)
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
		words = append(words, strconv.Quote(w.plain))
	}
	if len(words) > 0 {
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, ", ")
}

// Meant are the verbs behind words that people use for them.
var Meant = meant
