package view

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Scorecard is the wizard's second step.
type Scorecard struct {
	Draft       string
	Revision    int
	Redrawn     int
	Editing     string // KR-n when the source of an existing one is changed
	System      string // "ServiceNow"
	Connections []ConnectionChoice
	Connection  int64
	Added       string // the name of the connection that a detour made, and that is chosen; empty: none did
	Left        int    // scorecards of the connection that Slack takes no option for
	Chosen      string // the option's value
	ChosenName  string
	ChosenApart string // what tells it from others of its name
	Parts       Parts  // how it can be divided, once it was read
	Preview     *Preview
	Reading     bool   // the preview is being read
	Problem     string // why the scorecard could not be read, and what to do
}

// ConnectionChoice is a connection that can be read through.
type ConnectionChoice struct {
	ID    int64
	Name  string
	Apart []string // what tells it from another one of the same name
}

// Preview is what a scorecard says at the moment.
type Preview struct {
	Name      string
	Apart     string // from others of the same name
	Unit      string
	Precision int32
	Better    string // "minimize", "maximize" or empty
	Frequency string
	Value     decimal.NullDecimal
	Target    decimal.NullDecimal
	AsOf      okr.Day        // 0: the value came without a date
	Scores    []PreviewScore // newest first
	Ahead     []PreviewScore // of days to come, the next one first
	Today     okr.Day
}

// Readings are the scores of a preview as readings.
func (p Preview) Readings() []okr.Reading {
	var list []okr.Reading
	for _, s := range p.Scores {
		list = append(list, okr.Reading{Day: s.Day, Counts: s.Counts, Value: s.Value})
	}
	if len(list) == 0 && p.Value.Valid && p.AsOf != 0 {
		list = []okr.Reading{{Day: p.AsOf, Value: p.Value.Decimal}}
	}
	return list
}

// PreviewScore is one score of a preview.
type PreviewScore struct {
	Day    okr.Day
	Counts okr.Day // the first day on which it counts
	Value  decimal.Decimal
}

// ScoreOf says which day a score of the preview is of.
func (p Preview) ScoreOf(day okr.Day) string {
	if day == 0 {
		return "without a date, so it is not taken"
	}
	return okr.ScoreOf(okr.Frequency(p.Frequency), day, p.Today)
}

// ahead names the scores of days to come.
func (p Preview) ahead(system string) string {
	list := make([]okr.Reading, len(p.Ahead))
	for i, s := range p.Ahead {
		list[i] = okr.Reading{Day: s.Day, Value: s.Value}
	}
	words := okr.KeyResult{Integrated: true, Unit: p.Unit, Precision: p.Precision}.AheadWords(list, system, p.Today)
	if words == "" {
		return ""
	}
	return "\n:calendar: " + Escape(words)
}

// Modal asks for the connection and the scorecard, and shows what it says.
func (s Scorecard) Modal() slack.ModalViewRequest {
	intro := section("Where the values come from. A scorecard is shown as soon as you choose it, and *Preview results* reads it again. *Connect* links it to the key result.")
	if s.Added != "" {
		intro = section(":white_check_mark: Connected: *" + Escape(Cut(s.Added, 100)) + "*. It is chosen below; choose its scorecard, then press *Connect*.")
	}
	intro.BlockID = mark(StepScorecard, s.Revision)
	if len(s.Connections) == 0 {
		intro = section("You have no connection to " + s.System + " yet, and none is shared with you. Press *New connection*; you come back here after it.")
		intro.BlockID = mark(StepScorecard, s.Revision)
		blocks := []slack.Block{intro}
		if s.Problem != "" {
			blocks = append(blocks, section(":warning: "+s.Problem))
		}
		return modal(CallbackWizard, SourceTitle(s.Editing), "", s.Draft, append(blocks,
			slack.NewActionBlock("source_actions", button(ActionNewConnect, "New connection", "wizard"), button(ActionBack, "Back", "wizard")))...)
	}
	choices := make([]choice, 0, len(s.Connections))
	for _, c := range s.Connections {
		choices = append(choices, choice{value: strconv.FormatInt(c.ID, 10), label: c.Name, apart: c.Apart})
	}
	var chosen *slack.OptionBlockObject
	if s.Chosen != "" {
		chosen = option(choice{value: s.Chosen, label: s.chosen()})
	}
	blocks := []slack.Block{intro,
		dispatching(selectField(shownAgain(FieldConnection, s.Redrawn), "Connection", "", strconv.FormatInt(s.Connection, 10), choices...)),
		dispatching(external(shownAgain(FieldScorecard, s.Redrawn), "Scorecard", hints("Type a part of its name or description.", leftOut(s.Left)), "Search scorecards", 0, chosen)),
	}
	blocks = append(blocks, s.Parts.blocks(s.Redrawn)...)
	blocks = append(blocks, slack.NewActionBlock("source_actions", button(ActionPreview, "Preview results", "wizard"),
		button(ActionNewConnect, "New connection", "wizard"), button(ActionBack, "Back", "wizard")))
	switch {
	case s.Reading:
		blocks = append(blocks, section(":hourglass_flowing_sand: Reading the scorecard from "+s.System+"…"))
	case s.Problem != "":
		blocks = append(blocks, section(":warning: "+s.Problem))
	case s.Preview != nil:
		blocks = append(blocks, s.Preview.blocks(s.System)...)
	}
	return modal(CallbackWizard, SourceTitle(s.Editing), "Connect", s.Draft, blocks...)
}

// chosen is the chosen scorecard's name, with what tells it from others of that name: Slack shows no
// second line of what is chosen.
func (s Scorecard) chosen() string {
	name := ShownName(s.ChosenName, s.Chosen)
	if s.ChosenApart == "" {
		return name
	}
	return WithApart(Cut(name, longestText-utf8.RuneCountInString(s.ChosenApart)-len(" ()")), s.ChosenApart)
}

// head is the scorecard's name, and what tells it from another one of that name.
func (p Preview) head() string {
	head := "*" + Escape(Cut(p.Name, 300)) + "*"
	if p.Apart != "" {
		head += "\n" + Escape(Cut(p.Apart, 100))
	}
	return head
}

func (p Preview) blocks(system string) []slack.Block {
	if !p.Value.Valid {
		return []slack.Block{section(p.head() + "\nno score yet: " + system + " has collected none. It can be connected; the key result shows its first score when there is one." + p.ahead(system))}
	}
	write := func(v decimal.Decimal) string { return Escape(okr.FormatValue(v, p.Unit, p.Precision)) }
	unit := p.Unit
	if unit == "" {
		unit = "none"
	}
	better := map[string]string{"minimize": "less is better", "maximize": "more is better"}[p.Better]
	if better == "" {
		better = "none"
	}
	target := "none"
	if p.Target.Valid {
		target = write(p.Target.Decimal)
	}
	blocks := []slack.Block{
		section(p.head() + "\n*" + write(p.Value.Decimal) + "*  " + p.ScoreOf(p.AsOf) + p.ahead(system)),
		fields("Unit", Escape(unit), "Direction", better, "Collected", freq(p.Frequency), system+"'s target", target),
	}
	if len(p.Scores) < 2 {
		return blocks // the one score is the value
	}
	last := p.Scores[:min(len(p.Scores), trend)]
	values := make([]decimal.Decimal, len(last))
	lines := make([]string, len(last))
	for i, s := range last {
		values[len(last)-1-i] = s.Value
		lines[i] = s.Day.Short(p.Today) + "  " + write(s.Value)
	}
	return append(blocks, section(fmt.Sprintf("*Last %d scores*  `%s`\n%s", len(last), okr.Sparkline(values), strings.Join(lines, "\n"))))
}

func freq(f string) string {
	if f == "" {
		return "unknown"
	}
	return okr.Frequency(f).Label()
}

// ScorecardEntry is a filled second step.
type ScorecardEntry struct {
	Connection int64
	Scorecard  string // the option's value
	Name       string // its text
	Part       PartEntry
}

// ParseScorecard reads the second step as it stands.
func ParseScorecard(s State) ScorecardEntry {
	id, err := strconv.ParseInt(s.option(FieldConnection), 10, 64)
	if err != nil {
		id = 0 // nothing chosen
	}
	e := ScorecardEntry{Connection: id, Scorecard: s.option(FieldScorecard), Part: parsePart(s)}
	if text := s.at(FieldScorecard).SelectedOption.Text; text != nil {
		e.Name = text.Text
	}
	return e
}

// Reading is shown while the scorecard is read on the way to the last step. Its submit is for whoever waits in
// vain, since okrbot was restarted meanwhile: it reads again, or shows what was read.
func Reading(draft string, revision int, editing, system string) slack.ModalViewRequest {
	says := section(":hourglass_flowing_sand: Reading the scorecard from " + system + "…")
	says.BlockID = mark(stepReading, revision)
	return modal(CallbackWizard, SourceTitle(editing), "Read again", draft, says,
		note("This takes a few seconds. Where nothing comes, press *Read again*: what you entered is kept."))
}
