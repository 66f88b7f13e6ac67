package view

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// DetailsStep is the wizard's last step.
type DetailsStep struct {
	Draft      string
	Revision   int
	Editing    string // KR-n
	Form       Form
	Integrated bool
	Scorecard  string
	Connection string
	Result     string // of the scorecard, with its day: shown, not asked
	Start      string // which score is suggested as the start, as plain text; empty: none is
	Target     string // which target the scorecard has, as plain text; empty: it has none
	Zone       string
	Would      string // where the key result would stand with these values
	Warnings   []string
	Others     string       // that people of other organisations see the channel; empty: they do not
	More       bool         // the fields behind More are shown
	Problems   okr.Problems // by field; said in the form, where fields had to be shown for it
}

// Modal asks for what matters, and for the rest behind *More*; only for what the chosen goal and source
// need.
func (d DetailsStep) Modal() slack.ModalViewRequest {
	title, head := "Add key result", "Updated by people, with `/okr check-in`."
	if d.Editing != "" {
		title = "Edit " + d.Editing
	}
	if d.Integrated {
		head = "*" + Escape(Cut(d.Scorecard, 300)) + "*\nthrough " + Escape(Cut(d.Connection, 100))
	}
	if title := Escape(Cut(d.Form.Title, okr.MaxTitle)); title != "" && d.Editing == "" { // it is a field else
		head = "Key Result: *" + title + "*\n" + head
	}
	intro := section(head)
	intro.BlockID = mark(StepDetails, d.Revision)
	nav := button(ActionBack, "Back", "wizard")
	if d.Editing != "" {
		nav = button(ActionChangeSource, "Change source", "wizard")
	}
	blocks := []slack.Block{intro, slack.NewActionBlock("details_actions", nav)}
	for _, w := range d.Warnings {
		blocks = append(blocks, note(":warning: "+Escape(w)))
	}
	blocks = append(blocks, d.first()...)
	blocks = append(blocks, section(":calendar: "+d.happens()))
	if d.More {
		blocks = append(append(blocks, slack.NewActionBlock("details_more", button(ActionMoreFields, "Less", "wizard"))), d.rest()...)
	} else {
		blocks = append(blocks, slack.NewActionBlock("details_more", button(ActionMoreFields, "More", "wizard")), note(d.behindMore()))
	}
	return modal(CallbackWizard, title, "Save", d.Draft, d.withProblems(blocks)...)
}

// first are the fields that matter, at most seven.
func (d DetailsStep) first() []slack.Block {
	f := d.Form
	var blocks []slack.Block
	if d.Editing != "" {
		blocks = append(blocks, limit(textInput("title", "Key Result", "", f.Title), okr.MaxTitle))
	}
	blocks = append(blocks, dispatching(selectField(FieldGoal, "Goal", "", f.Kind,
		choice{value: GoalReach, label: "Reach the target"}, choice{value: string(okr.AtLeast), label: "Stay at least at the target"}, choice{value: string(okr.AtMost), label: "Stay at most at the target"},
		choice{value: string(okr.Between), label: "Stay between two values"}, choice{value: string(okr.Baseline), label: "Measure a baseline first"})))
	blocks = append(blocks, d.values()...)
	if d.Would != "" {
		blocks = append(blocks, section(":straight_ruler: "+Escape(d.Would)))
	}
	unit := f.Unit
	if f.Beside && unit != "" {
		blocks = append(blocks, note("Measured in "+Escape(unit)+", as it is typed beside a value."))
		unit = ""
	}
	blocks = append(blocks, optional(live(limit(textInput(FieldUnit, "Unit of Measurement", "Such as %, Hours or $.", unit), okr.MaxUnit))))
	if d.Integrated {
		every := make([]choice, len(okr.Frequencies))
		for i, f := range okr.Frequencies {
			every[i] = choice{value: string(f), label: f.Label()}
		}
		blocks = append(blocks, dispatching(selectField(FieldCadence, "Update Cadence", "", f.Cadence, every...)))
	}
	return append(blocks, dispatching(channelField(FieldChannel, "Channel", "Its card and its changed values are posted there. Invite okrbot there first.", f.Channel)))
}

// values asks for the values that the goal needs, and for no others.
func (d DetailsStep) values() []slack.Block {
	f := d.Form
	var blocks []slack.Block
	if f.Kind == GoalReach {
		hint := "Where it stood at the beginning, such as 42 or 99.5."
		if d.Start != "" {
			hint = Cut("Where it stood at the beginning. "+d.Start, 150)
		}
		blocks = append(blocks, live(textInput(FieldStart, "Start Value", hint, f.Start)))
	}
	if d.Integrated {
		blocks = append(blocks, section("*Result Value*\n"+d.Result))
	} else if d.Editing == "" {
		blocks = append(blocks, optional(live(textInput(FieldResult, "Result Value", "Where it stands today.", f.Result))))
	}
	switch f.Kind {
	case string(okr.Baseline):
		return append(blocks, optional(live(textInput(FieldTarget, "Target Value", "If it is known already. Once there is a start value, choose Reach the target.", f.Target))))
	case string(okr.Between):
		return append(blocks, live(textInput(FieldTarget, "Target Value", "The lower of the two values.", f.Target)),
			live(textInput(FieldUpper, "Upper Value", "The higher of the two values.", f.Upper)))
	}
	return append(blocks, live(textInput(FieldTarget, "Target Value", Cut(d.Target, 150), f.Target)))
}

// rest are the fields that most key results leave as they are.
func (d DetailsStep) rest() []slack.Block {
	f := d.Form
	var blocks []slack.Block
	switch f.Kind {
	case GoalReach:
		phases := textInput(FieldPhases, "Phased Targets", "Where the pace is not even: a day and what is expected by it, one a line, such as 2026-10-31: 40.", f.Phases)
		phases.Element.(*slack.PlainTextInputBlockElement).Multiline = true
		blocks = append(blocks,
			optional(live(textInput(FieldCommitted, "Committed Result", "What was promised: after the start, up to the target. It is a tick on the bar.", f.Committed))),
			optional(live(phases)))
	case string(okr.AtLeast), string(okr.AtMost):
		blocks = append(blocks, optional(live(textInput(FieldRisk, "Risk Threshold", "A miss up to this value is behind; beyond it, at risk. Empty: every miss is at risk.", f.Risk))))
	}
	methods := make([]choice, len(okr.Methods))
	for i, m := range okr.Methods {
		methods[i] = choice{value: string(m), label: m.Label()}
	}
	blocks = append(blocks, dispatching(selectField(FieldMethod, "Calculate Overall Progress", "How the period's values make the result.", f.Method, methods...)))
	if f.Method == string(okr.HitRate) {
		blocks = append(blocks, optional(live(textInput(FieldWanted, "Wanted Hit Rate", "In percent of the readings. Empty: 100.", f.Wanted))))
	}
	if d.Integrated {
		blocks = append(blocks, d.moment()...)
	}
	blocks = append(blocks, textInput("weight", "Weight", "How much it counts in the objective's progress. 0 leaves it out.", f.Weight))
	if d.Editing != "" {
		co := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeUser, plain("Choose people"), "v")
		co.InitialUsers = f.CoOwners
		blocks = append(blocks, userField("owner", "Owner", "", f.Owner), optional(input("co_owners", "Co-owners", "They may change and sync it too.", co)))
	}
	return blocks
}

// moment asks on which day and when it is read; what does not apply to the cadence is not asked.
func (d DetailsStep) moment() []slack.Block {
	var blocks []slack.Block
	switch okr.Frequency(d.Form.Cadence) {
	case okr.Weekly:
		var week []choice
		for i := range 7 {
			day := time.Weekday((i + 1) % 7) // from Monday on
			week = append(week, choice{value: strconv.Itoa(int(day)), label: day.String()})
		}
		blocks = append(blocks, dispatching(selectField(FieldWeekday, "Weekday", "", d.Form.Weekday, week...)))
	case okr.Monthly, okr.Quarterly:
		blocks = append(blocks, live(textInput(FieldOffset, "Days to wait", "0 to 30 days after the first day of the next month or quarter, for books that close late.", d.Form.Offset)))
	}
	at := slack.NewTimePickerBlockElement("v")
	at.InitialTime = d.Form.Time
	return append(blocks, dispatching(input(FieldHour, "At", "Local time in "+d.Zone+". "+startsWithin, at)))
}

// startsWithin says why the next sync is at 09:04 where 09:00 was chosen: a connection's are read together,
// and connections one after the other.
const startsWithin = "Syncs start within ten minutes of this time."

// happens says when the key result is read and where it is posted, with what is entered now.
func (d DetailsStep) happens() string {
	words := "People enter its values with `/okr check-in`."
	if d.Integrated {
		cadence, wrong := okr.Cadence{Zone: d.Zone}, okr.Problems{}
		d.Form.schedule(&cadence, wrong)
		if len(wrong) > 0 || len(cadence.Check()) > 0 {
			words = "It is read once its cadence is complete."
		} else {
			cadenceWords := cadence.Words()
			words = "It is read " + Escape(strings.ToLower(cadenceWords[:1])+cadenceWords[1:]) + ". " + startsWithin
		}
	}
	if d.Form.Channel == "" {
		return words + " It is posted in no channel."
	}
	return strings.TrimSuffix(words+" Its card and its changed values are posted in <#"+d.Form.Channel+">.\n"+d.Others, "\n")
}

// behindMore says what the fields hold that are folded away and are not what most key results have.
func (d DetailsStep) behindMore() string {
	f := d.Form
	var held []string
	hold := func(asked bool, label, value, usual string) {
		if asked && value != usual && value != "" {
			held = append(held, label+" "+Escape(Cut(value, 100)))
		}
	}
	hold(f.Kind == GoalReach, "Committed Result", f.Committed, "")
	hold(f.Kind == GoalReach, "Phased Targets", strings.Join(strings.Split(f.Phases, "\n"), "; "), "")
	hold(f.Kind == string(okr.AtLeast) || f.Kind == string(okr.AtMost), "Risk Threshold", f.Risk, "")
	hold(f.Method != string(okr.Latest), "Calculate Overall Progress", okr.Method(f.Method).Label(), "")
	hold(f.Method == string(okr.HitRate), "Wanted Hit Rate", f.Wanted, "")
	hold(true, "Weight", f.Weight, "1")
	if n := len(f.CoOwners); n > 0 && d.Editing != "" {
		held = append(held, okr.CountWords(n, "co-owner"))
	}
	if len(held) == 0 {
		return "*More* shows: " + d.namesOfRest() + "."
	}
	return "Set behind *More*: " + strings.Join(held, " · ")
}

// namesOfRest are what is asked behind More, in words.
func (d DetailsStep) namesOfRest() string {
	names := []string{"calculation of progress", "weight"}
	if d.Form.Kind == GoalReach {
		names = append([]string{"committed result", "phased targets"}, names...)
	}
	if d.Integrated {
		names = append(names, "day and time of the cadence")
	}
	if d.Editing != "" {
		names = append(names, "owners")
	}
	return strings.Join(names, ", ")
}

// restFields are those that are shown behind More alone.
var restFields = []string{
	FieldCommitted, FieldPhases, FieldRisk, FieldMethod, FieldWanted, FieldWeekday, FieldOffset, FieldHour, "weight", "owner", "co_owners",
}

// BehindMore says whether one of the problems is at a field behind More.
func BehindMore(problems okr.Problems) bool {
	return slices.ContainsFunc(restFields, func(field string) bool { return problems[field] != "" })
}

// withProblems says below each field what is wrong with it. Slack itself does it where the form stays as
// it is.
func (d DetailsStep) withProblems(blocks []slack.Block) []slack.Block {
	var with []slack.Block
	for _, b := range blocks {
		with = append(with, b)
		if field, ok := b.(*slack.InputBlock); ok && d.Problems[field.BlockID] != "" {
			with = append(with, note(":warning: "+Escape(d.Problems[field.BlockID])))
		}
	}
	return with
}

// OtherScorecard says that what the form holds is what another scorecard suggests, and what it held before. It is not
// escaped, like every warning.
func OtherScorecard(k okr.KeyResult) string {
	text := "This is another scorecard, and it suggests the goal and the values below. Check them before you save."
	before := k.GoalWords()
	if k.Committed.Valid {
		before += ", committed result " + k.Entered(k.Committed.Decimal)
	}
	if before == "" {
		return text
	}
	return text + " Before: " + before + "."
}

// ScorecardChanged says what a scorecard was and is by now, and what saving does; empty where nothing
// changed. It is not escaped, like every warning.
func ScorecardChanged(list []okr.Trait) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, t := range list {
		parts[i] = t.What + " was " + orNone(t.Before) + " and is " + orNone(t.After) + " now"
	}
	return "The scorecard's " + strings.Join(parts, ", its ") + ". Check the values below; saving accepts that."
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// live has a text field tell of each letter, so that what the values make is shown while they are typed.
func live(b *slack.InputBlock) *slack.InputBlock {
	b.Element.(*slack.PlainTextInputBlockElement).DispatchActionConfig = &slack.DispatchActionConfig{TriggerActionsOn: []string{"on_character_entered"}}
	return dispatching(b)
}

// SavedHow is how a key result was saved.
type SavedHow struct {
	Fresh  bool                // it was added, not changed
	Reads  bool                // its scores since the period's start are read now
	First  decimal.NullDecimal // a first value that a person entered
	Others string              // that people of other organisations see its channel; empty: they do not
}

// Saved says what happens next with a key result that was just added or changed.
func Saved(k KeyResult, how SavedHow) slack.ModalViewRequest {
	title, what := k.Key()+" is added", "is added"
	if !how.Fresh {
		title, what = k.Key()+" is saved", "is saved"
	}
	text := ":white_check_mark: " + k.Headline() + " " + what + ".\n"
	switch {
	case k.Integrated && k.Paused:
		text += "It is paused: it is not read by itself until somebody resumes it."
	case k.Integrated && how.Reads && k.Source.Waiting.After(k.Now):
		text += capital(k.Next()) + ". Its scores since the period's start are read then."
	case k.Integrated && how.Reads:
		text += "Its scores since the period's start are being read now. " + capital(k.Next()) + "."
	case k.Integrated && k.Trouble() != "": // its connection is not used any more
		text += k.Trouble()
	case k.Integrated:
		text += capital(k.Next()) + "."
	default:
		text += "Enter values with `/okr check-in " + k.Key() + "`."
	}
	if first := how.First; first.Valid {
		if words := k.Objective.Period.ValueWords(k.Today); words != "" {
			text += "\n" + Escape(k.Entered(first.Decimal)) + " is kept. " + words
		}
	}
	switch {
	case how.Others != "":
		text += "\nIts card is for <#" + k.Channel + ">. " + how.Others
	case k.Channel != "":
		text += "\nIts card appears in <#" + k.Channel + ">. If it does not: type `/invite @okrbot` there."
	default:
		text += "\nIt is announced in no channel; choose one with `/okr edit " + k.Key() + "`."
	}
	m := Notice(title, text)
	m.ClearOnClose = true
	return m
}
