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

// Verbs are the words after /okr that somebody answers to.
func Verbs() (verbs []string) {
	for _, v := range new(Bot).table().Verbs {
		verbs = append(verbs, v.Name)
	}
	return verbs
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
	for _, n := range l.under {
		parts = append(parts, "under "+okr.Objective{Number: n}.Key())
	}
	if l.order != "" {
		parts = append(parts, "by "+string(l.order))
	}
	if l.strange != "" {
		parts = append(parts, "strange "+l.strange)
	}
	for _, w := range l.words {
		words = append(words, strconv.Quote(w.Plain))
	}
	if len(words) > 0 {
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, ", ")
}

// KeepsList says what is left of a list when a button of it is pressed: how it is read, and false where the
// button says nothing that a list can be of.
func KeepsList(typed, me string, today okr.Day) (query string, same bool) {
	l := parseList(command.Words(typed), me, today)
	for _, w := range l.words {
		l.titles = append(l.titles, w.Plain)
	}
	l.words, l.strange = nil, "" // neither gets as far as a button
	query = l.query()
	again, ok := parseQuery(query)
	return query, ok && again.query() == query && again.heading(me) == l.heading(me)
}

// TakesList says whether a button's value is one that a list is of.
func TakesList(query string) bool { _, ok := parseQuery(query); return ok }

// Meant are the verbs behind words that people use for them.
var Meant = meant
