package bot

import (
	"maps"
	"slices"
	"sort"

	"github.com/shopspring/decimal"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// eventLine is an event as it is told: of a value by hand with the value, its day and the reason.
func eventLine(k store.KeyResult, e store.AuditEvent, checkIns []store.CheckIn) view.ChangeLine {
	line := view.ChangeLine{Actor: e.Actor, Action: e.Action, At: e.At}
	i := checkInOf(e, checkIns)
	if e.Action != "entered a value by hand" || i < 0 || !checkIns[i].Value.Valid {
		line.What = eventWords(k, e, checkIns)
		return line
	}
	c := checkIns[i]
	line.Action = "entered " + view.Escape(k.Entered(c.Value.Decimal)) + " by hand for " + c.Day.Words()
	delete(e.Changes, "override")
	delete(e.Changes, "override's reason")
	if c.Reason != "" {
		line.What = []string{view.Escape(view.Cut(c.Reason, 80))}
	}
	line.What = append(line.What, changeWords(k, e.Changes)...)
	return line
}

// checkInOf is which of some check-ins an event is of, by who and when; negative when it is of none.
func checkInOf(e store.AuditEvent, checkIns []store.CheckIn) int {
	return slices.IndexFunc(checkIns, func(c store.CheckIn) bool { return c.Person == e.Actor && c.At.Equal(e.At) })
}

// eventWords say what an event changed, as far as the words for it do not. A check-in is on record beside it, with the
// same moment.
func eventWords(k store.KeyResult, e store.AuditEvent, checkIns []store.CheckIn) []string {
	switch e.Action {
	case "created":
		return createdWords(k, e.Changes)
	case "paused", "resumed":
		delete(e.Changes, "paused")
	case "resumed automatic":
		delete(e.Changes, "override's reason")
	case "synced":
		if c := e.Changes["result"]; c[0] == "" && c[1] != "" {
			delete(e.Changes, "result")
			return append([]string{"first result " + view.Escape(recorded(k, "result", c[1]))}, changeWords(k, e.Changes)...)
		}
	case "checked in":
		if i := checkInOf(e, checkIns); i >= 0 {
			delete(e.Changes, "override")
			return append(checkInWords(k, checkIns[i]), changeWords(k, e.Changes)...)
		}
	}
	return changeWords(k, e.Changes)
}

// checkInWords say what was entered with a check-in, but for its confidence: "value 23 of 4 Dec 2026".
func checkInWords(k store.KeyResult, c store.CheckIn) []string {
	switch {
	case c.Value.Valid:
		return []string{"value " + view.Escape(k.Entered(c.Value.Decimal)) + " of " + c.Day.Words()}
	case c.Note != "" && c.Confidence == "":
		return []string{"a note"}
	}
	return nil
}

// changeWords say what changed: "target 40 → 38", "unit Hours → Days". A result is written as everywhere
// else, not with all the digits of a mean.
func changeWords(k store.KeyResult, changes map[string]store.Change) []string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(changes)) {
		c := changes[field]
		parts = append(parts, view.Change(field, recorded(k, field, c[0]), recorded(k, field, c[1])))
	}
	return parts
}

// createdWords say what a key result was created with; its title is the headline.
func createdWords(k store.KeyResult, changes map[string]store.Change) []string {
	var parts []string
	for field, c := range changes {
		if field != "title" {
			parts = append(parts, view.Set(field, recorded(k, field, c[1])))
		}
	}
	sort.Strings(parts)
	return parts
}

// recorded writes what the audit holds of a field as it is written elsewhere.
func recorded(k store.KeyResult, field, text string) string {
	switch field {
	case "method":
		return okr.Method(text).Label()
	case "kind":
		return okr.Kind(text).Label()
	}
	v, err := decimal.NewFromString(text)
	switch {
	case err != nil:
		return text
	case field == "result":
		return k.Measured(v)
	case field == "start":
		k.Start, k.Unit = decimal.NewNullDecimal(v), ""
		return k.StartWords()
	}
	return text
}
