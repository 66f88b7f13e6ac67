package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
)

// Form is what the last step holds, as it was typed.
type Form struct {
	Title     string
	Owner     string
	CoOwners  []string
	Kind      string // a goal: GoalReach, "at_least", "at_most", "between", "baseline"
	Start     string
	Result    string // people's first value
	Target    string
	Upper     string
	Risk      string
	Wanted    string // the wanted hit rate, in percent; empty: 100
	Committed string
	Phases    string // "2026-10-31: 40", one a line
	Unit      string
	Beside    bool // the unit was not entered: it stands beside the values
	Method    string
	Cadence   string
	Weekday   string
	Time      string
	Offset    string
	Weight    string
	Channel   string
}

// GoalReach is the goal of a key result that runs from start to target; which way is better
// follows from the two.
const GoalReach = "reach"

// ParseForm reads the last step as it stands, over what was known before: fields that are not
// shown keep their values. Where no unit is entered, it is the one that stands beside the values.
func ParseForm(s State, before Form) Form {
	f := before
	text := func(field string, into *string) {
		if s.has(field) {
			*into = s.text(field)
		}
	}
	choose := func(field string, into *string) {
		if s.has(field) {
			*into = s.option(field)
		}
	}
	text("title", &f.Title)
	text(FieldStart, &f.Start)
	text(FieldResult, &f.Result)
	text(FieldTarget, &f.Target)
	text(FieldUpper, &f.Upper)
	text(FieldRisk, &f.Risk)
	text(FieldWanted, &f.Wanted)
	text(FieldCommitted, &f.Committed)
	text(FieldPhases, &f.Phases)
	text(FieldUnit, &f.Unit)
	text("weight", &f.Weight)
	text(FieldOffset, &f.Offset)
	choose(FieldGoal, &f.Kind)
	choose(FieldMethod, &f.Method)
	choose(FieldCadence, &f.Cadence)
	choose(FieldWeekday, &f.Weekday)
	if s.has("owner") {
		f.Owner = s.at("owner").SelectedUser
	}
	if s.has("co_owners") {
		f.CoOwners = s.at("co_owners").SelectedUsers
	}
	if s.has(FieldHour) {
		f.Time = s.at(FieldHour).SelectedTime
	}
	if s.has(FieldChannel) {
		f.Channel = s.at(FieldChannel).SelectedConversation
	}
	unit := ""
	if f.Unit == "" {
		unit = okr.UnitTyped(s.text(FieldStart), s.text(FieldResult), s.text(FieldTarget), s.text(FieldUpper), s.text(FieldRisk), s.text(FieldCommitted))
	}
	if f.Beside = unit != ""; f.Beside {
		f.Unit = unit
	}
	return f
}

// FormOf fills the form from a key result that exists.
func FormOf(k okr.KeyResult) Form {
	number := func(n decimal.NullDecimal) string {
		if !n.Valid {
			return ""
		}
		return okr.Typed(n.Decimal)
	}
	f := Form{
		Title: k.Title, Owner: k.Owner, CoOwners: k.CoOwners, Kind: GoalReach, Start: number(k.Start), Target: number(k.Target),
		Upper: number(k.Upper), Risk: number(k.Risk), Wanted: number(k.Wanted), Committed: number(k.Committed), Phases: okr.PhasesText(k.Phases), Unit: k.Unit, Method: string(k.Method), Weight: k.Weight.String(), Channel: k.Channel,
		Cadence: string(k.Cadence.Every), Weekday: strconv.Itoa(int(k.Cadence.Weekday)),
		Time: fmt.Sprintf("%02d:%02d", k.Cadence.Hour, k.Cadence.Minute), Offset: strconv.Itoa(k.Cadence.Offset),
	}
	if !k.Kind.Linear() {
		f.Kind = string(k.Kind)
	}
	return f
}

// KeyResult is what the form makes of a key result within its objective's period, or what is wrong
// with it. First is the value that a person entered as the first one.
func (f Form) KeyResult(k okr.KeyResult, period okr.Period) (after okr.KeyResult, first decimal.NullDecimal, problems okr.Problems) {
	values, wrong := map[string]decimal.NullDecimal{}, okr.Problems{}
	for _, typed := range f.typed(k.Integrated) {
		v, err := typed.read()
		if err != nil {
			wrong[typed.field] = err.Error()
		}
		values[typed.field] = v
	}
	k.Title, k.Owner, k.CoOwners = f.Title, f.Owner, f.CoOwners
	k.Start, k.Target, k.Upper = values[FieldStart], values[FieldTarget], values[FieldUpper]
	k.Committed, k.Risk, k.Wanted, first = values[FieldCommitted], values[FieldRisk], values[FieldWanted], values[FieldResult]
	k.Kind, k.Phases = okr.Kind(f.Kind), nil
	if f.Kind == GoalReach {
		k.Kind = okr.LinearKind(k.Start.Decimal, k.Target.Decimal)
		phases, err := okr.ParsePhases(f.Phases, f.Unit)
		if err != nil {
			wrong[FieldPhases] = err.Error()
		}
		k.Phases = phases
	}
	switch weight, err := okr.ParseNumber(f.Weight); {
	case f.Weight == "":
		wrong["weight"] = "Enter a weight: 1 as a rule, 0 to leave it out."
	case err != nil:
		wrong["weight"] = err.Error()
	default:
		k.Weight = weight
	}
	k.Unit, k.Method, k.Channel = f.Unit, okr.Method(f.Method), f.Channel
	if k.Integrated {
		f.schedule(&k.Cadence, wrong)
	} else {
		k.Cadence = okr.Cadence{Zone: k.Cadence.Zone}
	}
	problems = k.Check()
	problems.Add(FieldPhases, k.CheckPhases(period))
	for field, sentence := range wrong {
		problems[field] = sentence
	}
	return k, first, problems
}

// typedValue is a value as it was typed into its field.
type typedValue struct{ field, label, typed, unit string }

// read is the value; none where nothing was typed. The error is a sentence for the field.
func (v typedValue) read() (decimal.NullDecimal, error) {
	if v.typed == "" {
		return decimal.NullDecimal{}, nil
	}
	n, err := okr.ParseValue(v.typed, v.unit)
	if okr.IsUnit(err) && v.field != FieldWanted {
		err = okr.Sentence("Enter the number alone, and what it is measured in under Unit of Measurement.")
	}
	return decimal.NullDecimal{Decimal: n, Valid: err == nil}, err
}

// typed are the values that the goal, the method and the source ask for, in the form's order. Another one may
// have been typed before these were chosen.
func (f Form) typed(integrated bool) []typedValue {
	var list []typedValue
	add := func(asked bool, field, label, typed, unit string) {
		if asked {
			list = append(list, typedValue{field, label, typed, unit})
		}
	}
	add(f.Kind == GoalReach, FieldStart, "Start Value", f.Start, f.Unit)
	add(!integrated, FieldResult, "Result Value", f.Result, f.Unit)
	add(true, FieldTarget, "Target Value", f.Target, f.Unit)
	add(f.Kind == string(okr.Between), FieldUpper, "Upper Value", f.Upper, f.Unit)
	add(f.Kind == GoalReach, FieldCommitted, "Committed Result", f.Committed, f.Unit)
	add(f.Kind == string(okr.AtLeast) || f.Kind == string(okr.AtMost), FieldRisk, "Risk Threshold", f.Risk, f.Unit)
	add(f.Method == string(okr.HitRate), FieldWanted, "Wanted Hit Rate", f.Wanted, "%")
	return list
}

// Unread says which field cannot be read yet, and what to do; empty where all can.
func (f Form) Unread(integrated bool) string {
	for _, typed := range f.typed(integrated) {
		if _, err := typed.read(); err != nil {
			says := strings.TrimPrefix(err.Error(), "This is not a number. ")
			return typed.label + " is not a number yet. " + says
		}
	}
	if f.Kind != GoalReach {
		return ""
	}
	if _, err := okr.ParsePhases(f.Phases, f.Unit); err != nil {
		return "Phased Targets cannot be read yet. " + err.Error()
	}
	return ""
}

func (f Form) schedule(c *okr.Cadence, wrong okr.Problems) {
	*c = okr.Cadence{Every: okr.Frequency(f.Cadence), Zone: c.Zone, Weekday: time.Monday}
	if at, err := time.Parse("15:04", f.Time); err == nil {
		c.Hour, c.Minute = at.Hour(), at.Minute()
	} else {
		wrong[FieldHour] = "Choose a time of day."
	}
	switch c.Every {
	case okr.Weekly:
		day, err := strconv.Atoi(f.Weekday)
		if err != nil || day < 0 || day > 6 {
			wrong[FieldWeekday] = "Choose a weekday."
			return
		}
		c.Weekday = time.Weekday(day)
	case okr.Monthly, okr.Quarterly:
		days, err := strconv.Atoi(strings.TrimSpace(f.Offset))
		if err != nil {
			wrong[FieldOffset] = "Enter a whole number of days, 0 to 30."
			return
		}
		c.Offset = days
	}
}
