package view

import (
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackObjective names the form of an objective.
const CallbackObjective = "objective"

// The fields of the form that are known elsewhere.
const (
	FieldPeriod = "period"
	FieldZone   = "zone"
	FieldParent = "parent"
)

// The choices of a period. A form that was drawn carries the first day of a quarter instead: it is the same
// quarter when the form is saved, also where another one has begun by then.
const (
	ThisQuarter = "this"
	NextQuarter = "next"
	Dates       = "dates"
)

// ObjectiveForm is what the form of an objective holds.
type ObjectiveForm struct {
	Editing  string // the objective's key; empty adds one
	Title    string
	Owner    string
	CoOwners []string
	Period   string // ThisQuarter, NextQuarter, Dates, or the first day of a quarter
	First    string // with Dates, as Slack writes days
	Last     string
	Zone     string
	Channel  string
	Parent   int64  // 0: none
	Above    string // the parent's name
}

// ObjectiveFormOf is the form filled from an objective; above is its parent.
func ObjectiveFormOf(o, above okr.Objective, today okr.Day) ObjectiveForm {
	f := ObjectiveForm{
		Editing: o.Key(), Title: o.Title, Owner: o.Owner, CoOwners: o.CoOwners, Period: Dates,
		First: o.Period.First.String(), Last: o.Period.Last.String(), Zone: o.Zone, Channel: o.Channel, Parent: above.ID,
	}
	if o.Period == okr.QuarterOf(today) || o.Period == okr.NextQuarter(today) {
		f.Period = o.Period.First.String()
	}
	if above.ID != 0 {
		f.Above = choiceOf(above).label
	}
	return f
}

// Modal asks for an objective. Today decides what this quarter is.
func (f ObjectiveForm) Modal(draft string, today okr.Day) slack.ModalViewRequest {
	this := okr.QuarterOf(today)
	blocks := []slack.Block{
		limit(textInput("title", "Objective", "What you want to reach, in a few words.", f.Title), okr.MaxTitle),
		userField("owner", "Owner", "", f.Owner),
		f.coOwners(),
		f.period(today),
	}
	if f.Period == Dates {
		first, last := f.First, f.Last
		if first == "" {
			first, last = this.First.String(), this.Last.String()
		}
		blocks = append(blocks, dateField("first", "First day", first), dateField("last", "Last day", last))
	}
	var zone *slack.OptionBlockObject
	if f.Zone != "" {
		zone = option(choice{value: f.Zone, label: f.Zone})
	}
	var parent *slack.OptionBlockObject
	if f.Parent != 0 {
		parent = option(choice{value: strconv.FormatInt(f.Parent, 10), label: f.Above})
	}
	channelHint, name := "Where changed values are posted. Invite okrbot there.", "Add objective"
	if f.Editing != "" {
		channelHint, name = "For key results that are added from now on; those that are there keep theirs.", "Edit "+f.Editing
	}
	blocks = append(blocks,
		external(FieldZone, "Time zone", "Its days and hours are those of the key results.", "Type a city", 1, zone),
		channelField("channel", "Channel", channelHint, f.Channel),
		optional(external(FieldParent, "Parent objective", "The objective that this one serves.", "Type a part of its title", 0, parent)))
	return modal(CallbackObjective, name, "Save", draft, blocks...)
}

// period asks for one of the quarters that are near, for that which was chosen before another one began, or
// for dates.
func (f ObjectiveForm) period(today okr.Day) *slack.InputBlock {
	this, next := okr.QuarterOf(today), okr.NextQuarter(today)
	choices := []choice{
		{value: this.First.String(), label: "This quarter (" + this.Words() + ")"}, {value: next.First.String(), label: "Next quarter (" + next.Words() + ")"},
	}
	chosen := f.Period
	if q, is := f.quarter(today); is {
		chosen = q.First.String()
		if q != this && q != next {
			choices = slices.Insert(choices, 0, choice{value: chosen, label: "Quarter (" + q.Words() + ")"})
		}
	}
	return dispatching(selectField(FieldPeriod, "Period", "", chosen, append(choices, choice{value: Dates, label: "Dates…"})...))
}

// quarter is the one that is chosen; false where dates are, or nothing.
func (f ObjectiveForm) quarter(today okr.Day) (okr.Period, bool) {
	switch f.Period {
	case ThisQuarter:
		return okr.QuarterOf(today), true
	case NextQuarter:
		return okr.NextQuarter(today), true
	}
	day, err := okr.ParseDay(f.Period)
	return okr.QuarterOf(day), err == nil
}

func (f ObjectiveForm) coOwners() *slack.InputBlock {
	co := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeUser, plain("Choose people"), "v")
	co.InitialUsers = f.CoOwners
	return optional(input("co_owners", "Co-owners", "They may do what the owner may.", co))
}

func dateField(field, label, day string) *slack.InputBlock {
	element := slack.NewDatePickerBlockElement("v")
	element.InitialDate = day
	return input(field, label, "", element)
}

// limit has Slack's client stop at a number of characters.
func limit(b *slack.InputBlock, most int) *slack.InputBlock {
	if element, ok := b.Element.(*slack.PlainTextInputBlockElement); ok {
		element.MaxLength = most
		element.InitialValue = Cut(element.InitialValue, most)
	}
	return b
}

// ParseObjective reads the form as it stands, right or wrong.
func ParseObjective(s State) ObjectiveForm {
	f := ObjectiveForm{
		Title: s.text("title"), Owner: s.at("owner").SelectedUser, CoOwners: s.at("co_owners").SelectedUsers, Period: s.option(FieldPeriod),
		First: s.at("first").SelectedDate, Last: s.at("last").SelectedDate,
		Zone: s.option(FieldZone), Channel: s.at("channel").SelectedConversation,
	}
	chosen := s.at(FieldParent).SelectedOption
	if id, err := strconv.ParseInt(chosen.Value, 10, 64); err == nil {
		f.Parent = id
		if chosen.Text != nil {
			f.Above = chosen.Text.Text
		}
	}
	return f
}

// Objective is what the form says, or what is wrong with it.
func (f ObjectiveForm) Objective(today okr.Day) (okr.Objective, okr.Problems) {
	o := okr.Objective{Title: f.Title, Owner: f.Owner, CoOwners: f.CoOwners, Zone: f.Zone, Channel: f.Channel, Parent: f.Parent}
	days := okr.Problems{}
	q, quarter := f.quarter(today)
	switch {
	case quarter:
		o.Period = q
	case f.Period == Dates:
		var err error
		if o.Period.First, err = okr.ParseDay(f.First); err != nil {
			days["first"] = "Choose the first day."
		}
		if o.Period.Last, err = okr.ParseDay(f.Last); err != nil {
			days["last"] = "Choose the last day."
		}
	default:
		days[FieldPeriod] = "Choose a period."
	}
	problems := o.Check()
	for field, sentence := range days {
		problems[field] = sentence
	}
	if len(days) > 0 && days["last"] == "" {
		delete(problems, "last") // there is nothing to compare yet
	}
	return o, problems
}
