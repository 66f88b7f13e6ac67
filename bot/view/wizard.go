package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackWizard names the form of a key result, whichever of its steps is shown.
const CallbackWizard = "wizard"

// The wizard's steps.
const (
	StepStart     = "start"     // objective, title, owner, where the data comes from
	StepScorecard = "scorecard" // connection, scorecard, preview
	StepDetails   = "details"   // start, target, cadence, channel
)

// The fields and buttons of the wizard that are known elsewhere.
const (
	FieldObjective  = "objective"
	FieldSource     = "source"
	FieldConnection = "connection"
	FieldScorecard  = "scorecard"
	FieldCadence    = "cadence"
	FieldGoal       = "kind"
	FieldStart      = "start"
	FieldResult     = "result"
	FieldTarget     = "target"
	FieldUpper      = "upper"
	FieldRisk       = "risk"
	FieldCommitted  = "committed"
	FieldPhases     = "phases"
	FieldMethod     = "method"
	FieldWanted     = "wanted"

	ActionBack         = "wizard_back"
	ActionNewObjective = "wizard_new_objective"
	ActionNewConnect   = "wizard_new_connection"
	ActionPreview      = "wizard_preview"
	ActionChangeSource = "wizard_change_source"
)

// FromPeople is the source of a key result that people update; another source is a System's kind.
const FromPeople = "people"

// mark is the id of a step's first block: which step the view shows, and which revision of the draft. A submit of a
// view that is older than the draft is known by it.
func mark(step string, revision int) string { return "at_" + step + "_" + strconv.Itoa(revision) }

// ParseMark reads the mark of a view from its first block's id.
func ParseMark(block string) (step string, revision int) {
	parts := strings.Split(block, "_")
	if len(parts) != 3 || parts[0] != "at" {
		return "", 0
	}
	revision, err := strconv.Atoi(parts[2])
	if err != nil {
		return "", 0
	}
	return parts[1], revision
}

// shownAgain gives a field another id, so that Slack shows what we choose and not what was chosen before.
func shownAgain(field string, n int) string { return field + "__" + strconv.Itoa(n) }

// Start is the wizard's first step.
type Start struct {
	Draft     string
	Revision  int
	Redrawn   int    // counts how often fields were shown again
	Editing   string // KR-n when the source of an existing one is changed
	Objective okr.Objective
	None      bool // there is no objective to choose yet
	Title     string
	Owner     string
	Systems   []System
	Source    string
}

// Modal asks for the objective, the key result's title and owner, and where its data comes from.
func (s Start) Modal() slack.ModalViewRequest {
	title, words := "Add key result", "A key result belongs to an objective."
	if s.Editing != "" {
		title, words = sourceOf(s.Editing), "Where *"+s.Editing+"* belongs, and where its values come from."
	}
	intro := section(words)
	intro.BlockID = mark(StepStart, s.Revision)
	if s.None {
		intro = section("There is no objective yet. Press *New objective* to add the first one; you come back here after it.")
		intro.BlockID = mark(StepStart, s.Revision)
	}
	var chosen *slack.OptionBlockObject
	if s.Objective.ID != 0 {
		chosen = option(choice{value: strconv.FormatInt(s.Objective.ID, 10), label: ObjectiveLabel(s.Objective)})
	}
	blocks := []slack.Block{intro,
		external(shownAgain(FieldObjective, s.Redrawn), "Objective", "", "Type a part of its title", 0, chosen),
		slack.NewActionBlock("objective_actions", button(ActionNewObjective, "New objective", "wizard")),
		limit(textInput("title", "Key Result", "What is measured, in a few words.", s.Title), okr.MaxTitle),
		userField("owner", "Owner", "", s.Owner),
		sourceField(s.Systems, s.Source),
	}
	return modal(CallbackWizard, title, "Next", s.Draft, blocks...)
}

// sourceOf is the title of the steps in which the source of a key result is changed.
func sourceOf(key string) string { return "Source of " + key }

func sourceField(systems []System, chosen string) *slack.InputBlock {
	var options []*slack.OptionBlockObject
	for _, s := range systems {
		options = append(options, option(choice{value: s.Kind, label: s.Name}))
	}
	options = append(options, option(choice{value: FromPeople, label: "I will update it myself"}))
	element := slack.NewRadioButtonsBlockElement("v", options...)
	element.InitialOption = options[0]
	for _, o := range options {
		if o.Value == chosen {
			element.InitialOption = o
		}
	}
	return input(FieldSource, "Pull data from external applications", "", element)
}

// ObjectiveLabel is an objective in a list: its title and period.
func ObjectiveLabel(o okr.Objective) string {
	period := " (" + o.Period.Words() + ")"
	return Cut(ShownName(o.Title, strconv.FormatInt(o.ID, 10)), 75-len([]rune(period))) + period
}

// StartEntry is a filled first step.
type StartEntry struct {
	Objective int64 // 0: none chosen
	Title     string
	Owner     string
	Source    string
}

// ParseStart reads the first step as it stands.
func ParseStart(s State) StartEntry {
	id, err := strconv.ParseInt(s.option(FieldObjective), 10, 64)
	if err != nil {
		id = 0 // nothing chosen
	}
	return StartEntry{Objective: id, Title: s.text("title"), Owner: s.at("owner").SelectedUser, Source: s.option(FieldSource)}
}

// Scorecard is the wizard's second step.
type Scorecard struct {
	Draft       string
	Revision    int
	Redrawn     int
	Editing     string // KR-n when the source of an existing one is changed
	System      string // "ServiceNow"
	Connections []ConnectionChoice
	Connection  int64
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
	intro := section("Where the values come from.")
	intro.BlockID = mark(StepScorecard, s.Revision)
	title := "Add key result"
	if s.Editing != "" {
		title = sourceOf(s.Editing)
	}
	if len(s.Connections) == 0 {
		intro = section("You have no connection to " + s.System + " yet, and none is shared with you. Press *New connection*; you come back here after it.")
		intro.BlockID = mark(StepScorecard, s.Revision)
		return modal(CallbackWizard, title, "", s.Draft, intro,
			slack.NewActionBlock("source_actions", button(ActionNewConnect, "New connection", "wizard"), button(ActionBack, "Back", "wizard")))
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
	return modal(CallbackWizard, title, "Connect", s.Draft, blocks...)
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

// ScorecardChoice is a scorecard that a type-ahead found.
type ScorecardChoice struct {
	Reference, Name, Description, Unit, Frequency string
	Hidden                                        string // where it is not listed: "not on the Analytics Hub"
	Near                                          bool   // its name is only near to what was typed
}

func (c ScorecardChoice) choice() choice {
	about := strings.Trim(c.Unit+" · "+freq(c.Frequency), " ·")
	if c.Hidden != "" {
		about = c.Hidden + " · " + about
	}
	if c.Near {
		about = "near, not exact · " + about
	}
	return choice{value: c.Reference, label: c.Name, about: about, apart: []string{c.Description}}
}

// ScorecardChoices are the options of the scorecard field: the name, and below it the unit and how
// often it is collected. They are told from each other, and from twins that are not in the list.
func ScorecardChoices(list, twins []ScorecardChoice) []*slack.OptionBlockObject {
	choices := make([]choice, len(list))
	for i, c := range list {
		choices[i] = c.choice()
	}
	for _, t := range twins {
		c := t.choice()
		c.beside = true
		choices = append(choices, c)
	}
	options, _ := options(choices)
	return options
}

// Nothing is why a search for scorecards found none. It is shown as an option, since Slack shows
// nothing else there; whoever chooses it reads the whole sentence.
type Nothing string

// The reasons.
const (
	NoSuchName Nothing = "nothing_name"
	NoneYet    Nothing = "nothing_yet"
	NotAll     Nothing = "nothing_all"
	NotAllowed Nothing = "nothing_role"
	Refused    Nothing = "nothing_refused"
	NotInTime  Nothing = "nothing_slow"
	OnlyNear   Nothing = "nothing_near" // stands before names that are near
)

// Searched is the system in which something was looked for, with what it adds to our sentences.
type Searched struct {
	System    string // "ServiceNow"
	Unfound   string // why something can be there and not be found
	Unlisted  string // what to do where nothing is listed
	Commas    string // what a comma means, where it means something
	Forbidden string // what a sign-in lacks that may not look
}

// said is a reason as an option, what stands below it, and the whole of it.
func (n Nothing) said(in Searched) (text, about, sentence string) {
	system := Escape(in.System)
	switch n {
	case NoSuchName:
		return "Nothing by that name", "Try another word of its name or description.",
			"No scorecard that this connection's sign-in can see has these words in its name or description. Try another word. " + in.Unfound
	case NoneYet:
		return "No scorecards are listed", "Type a part of the name.",
			"This connection lists no scorecards. Type a part of a name to look in " + system + ". " + in.Unlisted
	case NotAll:
		return "Nothing has all of these parts", in.Commas + " Leave out a part.",
			in.Commas + " A scorecard must have every part in its name or description, and none has all of these. Leave out a part."
	case NotAllowed:
		return "This sign-in may not look for scorecards", strings.ReplaceAll(in.Forbidden, "`", ""),
			system + " lets us sign in, but not look for scorecards. " + in.Forbidden
	case Refused:
		return in.System + " refuses this connection's sign-in", "Connect again with New connection.",
			system + " refused this connection's sign-in. Connect again with New connection."
	case OnlyNear:
		return "Nothing by exactly that name", "The names below are near to what you typed.",
			"No scorecard has exactly these words. Choose one of those with a name that is near, or type another word."
	case NotInTime:
		return in.System + " did not answer in time", "It is not in our list. Change a letter to try again.",
			"These words are not in our list of scorecards, and " + system + " did not answer in time when we asked it. Change a letter to try again."
	}
	return "", "", ""
}

// Option is the reason in place of what was looked for.
func (n Nothing) Option(in Searched) []*slack.OptionBlockObject {
	text, about, _ := n.said(in)
	return []*slack.OptionBlockObject{option(choice{value: string(n), label: text, about: about})}
}

// Is says whether a chosen option is a reason, and no scorecard.
func (n Nothing) Is() bool {
	text, _, _ := n.said(Searched{})
	return text != ""
}

// Sentence is the whole of it; empty where a scorecard was chosen.
func (n Nothing) Sentence(in Searched) string {
	_, _, sentence := n.said(in)
	return strings.TrimSpace(sentence)
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

// Reading is shown while the scorecard is read on the way to the last step.
func Reading(draft string, revision int, editing, system string) slack.ModalViewRequest {
	title := "Add key result"
	if editing != "" {
		title = sourceOf(editing)
	}
	s := section(":hourglass_flowing_sand: Reading the scorecard from " + system + "…")
	s.BlockID = mark("reading", revision)
	return modal("reading", title, "", draft, s)
}

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

// Detail is the wizard's last step.
type Detail struct {
	Draft      string
	Revision   int
	Editing    string // KR-n
	Form       Form
	Integrated bool
	Scorecard  string
	Connection string
	Result     string // of the scorecard, with its day: shown, not asked
	Start      string // which score is suggested as the start, as plain text; empty: none is
	Zone       string
	Would      string // where the key result would stand with these values
	Warnings   []string
}

// Modal asks for the values, the method, the cadence and the channel; only for those that the
// chosen goal and source need.
func (d Detail) Modal() slack.ModalViewRequest {
	title, head := "Add key result", "Updated by people, with `/okr check-in`."
	if d.Editing != "" {
		title = "Edit " + d.Editing
	}
	if d.Integrated {
		head = "*" + Escape(Cut(d.Scorecard, 300)) + "*\nthrough " + Escape(Cut(d.Connection, 100))
	}
	intro := section(head)
	intro.BlockID = mark(StepDetails, d.Revision)
	blocks := []slack.Block{intro}
	nav := []slack.BlockElement{button(ActionBack, "Back", "wizard")}
	if d.Editing != "" {
		nav = []slack.BlockElement{button(ActionChangeSource, "Change source", "wizard")}
	}
	blocks = append(blocks, slack.NewActionBlock("details_actions", nav...))
	for _, w := range d.Warnings {
		blocks = append(blocks, note(":warning: "+Escape(w)))
	}
	f := d.Form
	if d.Editing != "" {
		blocks = append(blocks, limit(textInput("title", "Key Result", "", f.Title), okr.MaxTitle), userField("owner", "Owner", "", f.Owner))
		co := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeUser, plain("Choose people"), "v")
		co.InitialUsers = f.CoOwners
		blocks = append(blocks, optional(input("co_owners", "Co-owners", "They may change and sync it too.", co)))
	}
	blocks = append(blocks, dispatching(selectField(FieldGoal, "Goal", "", f.Kind,
		choice{value: GoalReach, label: "Reach the target"}, choice{value: string(okr.AtLeast), label: "Stay at least at the target"}, choice{value: string(okr.AtMost), label: "Stay at most at the target"},
		choice{value: string(okr.Between), label: "Stay between two values"}, choice{value: string(okr.Baseline), label: "Measure a baseline first"})))
	blocks = append(blocks, d.values()...)
	if d.Would != "" {
		blocks = append(blocks, section(":straight_ruler: "+Escape(d.Would)))
	}
	methods := make([]choice, len(okr.Methods))
	for i, m := range okr.Methods {
		methods[i] = choice{value: string(m), label: m.Label()}
	}
	blocks = append(blocks,
		optional(limit(textInput("unit", "Unit of Measurement", "Such as %, Hours or $.", f.Unit), okr.MaxUnit)),
		dispatching(selectField(FieldMethod, "Calculate Overall Progress", "Which of the period's values counts.", f.Method, methods...)))
	if f.Method == string(okr.HitRate) {
		blocks = append(blocks, optional(live(textInput(FieldWanted, "Wanted Hit Rate", "In percent of the readings. Empty: 100.", f.Wanted))))
	}
	if d.Integrated {
		blocks = append(blocks, d.cadence()...)
	}
	return modal(CallbackWizard, title, "Save", d.Draft, append(blocks,
		textInput("weight", "Weight", "In the objective's progress; 0 leaves it out.", f.Weight),
		channelField("channel", "Channel", "Its card and its changed values are posted there. Invite okrbot there first.", f.Channel))...)
}

// values asks for the values that the goal needs, and for no others.
func (d Detail) values() []slack.Block {
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
	blocks = append(blocks, live(textInput(FieldTarget, "Target Value", "", f.Target)))
	if f.Kind != GoalReach {
		return append(blocks, optional(live(textInput(FieldRisk, "Risk Threshold", "As far as it a miss is behind; beyond it, at risk. Empty: every miss is at risk.", f.Risk))))
	}
	phases := textInput(FieldPhases, "Phased Targets", "For a way that is not even: a day and what is expected by it, one a line, such as 2026-10-31: 40.", f.Phases)
	phases.Element.(*slack.PlainTextInputBlockElement).Multiline = true
	return append(blocks,
		optional(live(textInput(FieldCommitted, "Committed Result", "What was promised: after the start, up to the target. It is a tick on the bar.", f.Committed))),
		optional(live(phases)))
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

// cadence asks when it is read; what does not apply to the frequency is not asked.
func (d Detail) cadence() []slack.Block {
	every := make([]choice, len(okr.Frequencies))
	for i, f := range okr.Frequencies {
		every[i] = choice{value: string(f), label: f.Label()}
	}
	blocks := []slack.Block{dispatching(selectField(FieldCadence, "Update Cadence", "", d.Form.Cadence, every...))}
	switch okr.Frequency(d.Form.Cadence) {
	case okr.Weekly:
		var week []choice
		for i := range 7 {
			day := time.Weekday((i + 1) % 7) // from Monday on
			week = append(week, choice{value: strconv.Itoa(int(day)), label: day.String()})
		}
		blocks = append(blocks, selectField("weekday", "Weekday", "", d.Form.Weekday, week...))
	case okr.Monthly, okr.Quarterly:
		blocks = append(blocks, textInput("offset", "Days to wait", "0 to 30 days after the first day of the next month or quarter, for books that close late.", d.Form.Offset))
	}
	at := slack.NewTimePickerBlockElement("v")
	at.InitialTime = d.Form.Time
	return append(blocks, input("hour", "At", "Local time in "+d.Zone+". Those that are due together are spread over ten minutes.", at))
}

// ParseForm reads the last step as it stands, over what was known before: fields that are not
// shown keep their values.
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
	text("unit", &f.Unit)
	text("weight", &f.Weight)
	text("offset", &f.Offset)
	choose(FieldGoal, &f.Kind)
	choose(FieldMethod, &f.Method)
	choose(FieldCadence, &f.Cadence)
	choose("weekday", &f.Weekday)
	if s.has("owner") {
		f.Owner = s.at("owner").SelectedUser
	}
	if s.has("co_owners") {
		f.CoOwners = s.at("co_owners").SelectedUsers
	}
	if s.has("hour") {
		f.Time = s.at("hour").SelectedTime
	}
	if s.has("channel") {
		f.Channel = s.at("channel").SelectedConversation
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
	wrong := okr.Problems{}
	number := func(field, typed string) decimal.NullDecimal {
		if typed == "" {
			return decimal.NullDecimal{}
		}
		v, err := okr.ParseNumber(typed)
		if err != nil {
			wrong[field] = err.Error()
			return decimal.NullDecimal{}
		}
		return decimal.NewNullDecimal(v)
	}
	k.Title, k.Owner, k.CoOwners = f.Title, f.Owner, f.CoOwners
	k.Target = number(FieldTarget, f.Target)
	k.Start, k.Committed, k.Upper, k.Risk = decimal.NullDecimal{}, decimal.NullDecimal{}, decimal.NullDecimal{}, decimal.NullDecimal{}
	k.Phases = nil
	switch k.Kind = okr.Kind(f.Kind); f.Kind {
	case GoalReach:
		k.Start, k.Committed = number(FieldStart, f.Start), number(FieldCommitted, f.Committed)
		k.Kind = okr.LinearKind(k.Start.Decimal, k.Target.Decimal)
		phases, err := okr.ParsePhases(f.Phases)
		if err != nil {
			wrong[FieldPhases] = err.Error()
		}
		k.Phases = phases
	case string(okr.AtLeast), string(okr.AtMost):
		k.Risk = number(FieldRisk, f.Risk)
	case string(okr.Between):
		k.Upper = number(FieldUpper, f.Upper)
	}
	first = number(FieldResult, f.Result)
	if weight := number("weight", f.Weight); weight.Valid {
		k.Weight = weight.Decimal
	} else if wrong["weight"] == "" {
		wrong["weight"] = "Enter a weight: 1 as a rule, 0 to leave it out."
	}
	k.Unit, k.Method, k.Channel = f.Unit, okr.Method(f.Method), f.Channel
	if k.Wanted = (decimal.NullDecimal{}); k.Method == okr.HitRate {
		k.Wanted = number(FieldWanted, strings.TrimSpace(strings.TrimSuffix(f.Wanted, "%")))
	}
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

func (f Form) schedule(c *okr.Cadence, wrong okr.Problems) {
	*c = okr.Cadence{Every: okr.Frequency(f.Cadence), Zone: c.Zone, Weekday: time.Monday}
	if at, err := time.Parse("15:04", f.Time); err == nil {
		c.Hour, c.Minute = at.Hour(), at.Minute()
	} else {
		wrong["hour"] = "Choose a time of day."
	}
	switch c.Every {
	case okr.Weekly:
		day, err := strconv.Atoi(f.Weekday)
		if err != nil || day < 0 || day > 6 {
			wrong["weekday"] = "Choose a weekday."
			return
		}
		c.Weekday = time.Weekday(day)
	case okr.Monthly, okr.Quarterly:
		days, err := strconv.Atoi(strings.TrimSpace(f.Offset))
		if err != nil {
			wrong["offset"] = "Enter a whole number of days, 0 to 30."
			return
		}
		c.Offset = days
	}
}

// Saved says what happens next with a key result that was just added or changed, and what becomes of
// a first value that a person entered.
func Saved(k KeyResult, fresh bool, first decimal.NullDecimal) slack.ModalViewRequest {
	title, what := k.Key()+" is added", "is added"
	if !fresh {
		title, what = k.Key()+" is saved", "is saved"
	}
	text := ":white_check_mark: " + k.Headline() + " " + what + ".\n"
	switch {
	case k.Integrated && k.Paused:
		text += "It is paused: it is not read by itself until somebody resumes it."
	case k.Integrated:
		text += "Its scores since the period's start are being read now. " + capital(k.Next()) + "."
	default:
		text += "Enter values with `/okr check-in " + k.Key() + "`."
	}
	if first.Valid {
		if words := k.Objective.Period.ValueWords(k.Today); words != "" {
			text += "\n" + Escape(k.Entered(first.Decimal)) + " is kept. " + words
		}
	}
	if k.Channel != "" {
		text += "\nIts card appears in <#" + k.Channel + ">. If it does not: type `/invite @okrbot` there."
	} else {
		text += "\nIt is announced in no channel; choose one with `/okr edit " + k.Key() + "`."
	}
	m := Notice(title, text)
	m.ClearOnClose = true
	return m
}
