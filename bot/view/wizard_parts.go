package view

import (
	"github.com/slack-go/slack"
)

// The fields that say which part of a scorecard is meant.
const (
	FieldBreakdown  = "breakdown"
	FieldElement    = "element"
	FieldBreakdown2 = "breakdown2"
	FieldElement2   = "element2"
	FieldSeries     = "series"
)

// whole is the choice of nothing.
const whole = "whole"

// Named is something that can be chosen, by the system's id and name.
type Named struct{ ID, Name string }

// Level is a breakdown that can be chosen, and then one of its elements.
type Level struct {
	Breakdowns []Named // none: it is not shown
	Breakdown  string  // chosen
	Listed     bool    // its elements can be chosen from
	Left       int     // elements that Slack takes no option for
	Element    Named   // chosen
}

// Parts are how the chosen scorecard can be divided.
type Parts struct {
	First, Second Level
	Series        []Named
	Chosen        string // of the series
}

func (p Parts) blocks(fresh int) []slack.Block {
	blocks := p.First.blocks(fresh, FieldBreakdown, "Breakdown", "Whole scorecard", FieldElement, "Element")
	blocks = append(blocks, p.Second.blocks(fresh, FieldBreakdown2, "Second breakdown", "None", FieldElement2, "Second element")...)
	if len(p.Series) > 0 {
		blocks = append(blocks, partField(fresh, FieldSeries, "Time series", "Scores as collected", p.Chosen, p.Series))
	}
	return blocks
}

func (l Level) blocks(fresh int, field, label, none, elementField, elementLabel string) []slack.Block {
	if len(l.Breakdowns) == 0 {
		return nil
	}
	blocks := []slack.Block{partField(fresh, field, label, none, l.Breakdown, l.Breakdowns)}
	if l.Breakdown == "" || !l.Listed {
		return blocks
	}
	var chosen *slack.OptionBlockObject
	if l.Element.ID != "" {
		chosen = option(choice{value: l.Element.ID, label: l.Element.Name})
	}
	return append(blocks, dispatching(optional(external(shownAgain(elementField, fresh), elementLabel, leftOut(l.Left), "Search elements", 0, chosen))))
}

func partField(fresh int, field, label, none, chosen string, list []Named) slack.Block {
	choices := []choice{{value: whole, label: none}}
	for _, n := range list {
		choices = append(choices, choice{value: n.ID, label: n.Name})
	}
	if chosen == "" {
		chosen = whole
	}
	return dispatching(optional(selectField(shownAgain(field, fresh), label, "", chosen, choices...)))
}

// PartEntry is what is chosen in the fields of a part. A field that is not shown says nothing.
type PartEntry struct {
	Breakdown, Element, Breakdown2, Element2, Series *string
}

func parsePart(s State) PartEntry {
	at := func(field string) *string {
		if !s.has(field) {
			return nil
		}
		id := s.option(field)
		if id == whole {
			id = ""
		}
		return &id
	}
	return PartEntry{at(FieldBreakdown), at(FieldElement), at(FieldBreakdown2), at(FieldElement2), at(FieldSeries)}
}

// NamedChoices are the options of a type-ahead over elements.
func NamedChoices(list []Named) []*slack.OptionBlockObject {
	choices := make([]choice, len(list))
	for i, n := range list {
		choices[i] = choice{value: n.ID, label: n.Name}
	}
	options, _ := options(choices)
	return options
}

// Unlistable is how many entries of a list Slack takes no option for.
func Unlistable(ids ...string) int {
	choices := make([]choice, len(ids))
	for i, id := range ids {
		choices[i] = choice{value: id, label: id}
	}
	_, left := options(choices)
	return left
}
