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

// CallbackCloseOut names both steps of the form that closes an objective out.
const CallbackCloseOut = "close_out"

// What can be pressed about a close-out; the value is the objective's id, and for all of it how many key
// results were shown already: "12:300".
const (
	ActionCloseOut    = "close_out"
	ActionCloseOutAll = "close_out_all"
)

// The steps of a close-out.
const (
	StepResults = "results"
	StepTargets = "targets"
)

// closeOutMark is the id of a view's first block: which step it shows, of which choice of what goes on, and
// which page of targets. A submit of a view that is older than the draft is known by it.
func closeOutMark(step string, chosen, page int) string {
	return fmt.Sprintf("%s_%d_%d", step, chosen, page)
}

// ParseCloseOutMark reads the mark of a view from its first block's id; the step is empty where it has none.
func ParseCloseOutMark(block string) (step string, chosen, page int) {
	parts := strings.Split(block, "_")
	if len(parts) != 3 {
		return "", 0, 0
	}
	chosen, wrong := strconv.Atoi(parts[1])
	page, wrongPage := strconv.Atoi(parts[2])
	if wrong != nil || wrongPage != nil || page < 0 {
		return "", 0, 0
	}
	return parts[0], chosen, page
}

const (
	fieldCarry = "carry" // and "carry_1", … : a select takes 100 options
	fieldGoing = "going"
	fieldKeep  = "keep"
	fieldNote  = "note"
	// optionsAtOnce is how many options Slack takes in a select, and selectsMost how many selects there
	// are: what is beyond them goes on with all or not at all.
	optionsAtOnce, selectsMost = 100, 5
	// TargetsAtOnce is how many targets a page of the second step asks for: each takes a block, and Slack
	// allows 100.
	TargetsAtOnce = 90
	// sectionsAtOnce keeps what is shown at once within the 40,000 characters that Slack takes.
	sectionsAtOnce = 12
)

// Going says which key results go on when an objective is closed out.
type Going string

// The choices.
const (
	GoChosen    Going = "chosen"
	GoAll       Going = "all"
	GoUnreached Going = "unreached" // those that did not reach their target
)

// CloseOut is an objective with its key results, as they are when it is closed out.
type CloseOut struct {
	Objective  okr.Objective
	KeyResults []KeyResult
	Next       okr.Period
	Note       string
	Chosen     int              // how often what goes on was chosen
	Carried    int              // in all; the key results are those of a page of the second step
	Page       int              // counted from 0
	Typed      map[int64]string // targets that were entered before, by key result
}

// Unreached says whether a key result ended without reaching a target that it has.
func (k KeyResult) Unreached() bool {
	status := k.Standing().Status
	return status != okr.Achieved && status != okr.Measuring
}

// Modal shows how everything ended, and asks for a note and for what goes on.
func (c CloseOut) Modal(draft string) slack.ModalViewRequest {
	head := section(objectiveLine(c.Objective, "", c.KeyResults))
	head.BlockID = closeOutMark(StepResults, 0, 0)
	blocks := []slack.Block{
		head,
		note(whatIsSaved(len(c.KeyResults))),
	}
	lines := make([]string, len(c.KeyResults))
	for i, k := range c.KeyResults {
		standing := k.Standing()
		lines[i] = ending{
			key: k.Key(), title: k.Title, result: k.CountedWords(k.Today), asOf: k.Counted().AsOf, score: standing.Score(), status: standing.Status,
			committed: k.Verdict(standing),
		}.line()
	}
	shown, left := packed(lines, sectionsAtOnce)
	blocks = append(blocks, shown...)
	if left > 0 {
		blocks = append(blocks, note("…and "+okr.CountWords(left, "more key result")+", saved like these. `/okr show "+c.Objective.Key()+"` shows each afterwards."))
	}
	words := slack.NewPlainTextInputBlockElement(plain("What was learned, and what comes next"), "v")
	words.Multiline, words.MaxLength, words.InitialValue = true, LongestNote, Cut(c.Note, LongestNote)
	blocks = append(blocks, optional(input(fieldNote, "Note", "", words)))
	blocks = append(blocks, c.going()...)
	return modal(CallbackCloseOut, "Close out", "Close out", draft, blocks...)
}

// whatIsSaved says what becomes of so many key results as their objective is closed out.
func whatIsSaved(n int) string {
	of := ""
	switch n {
	case 0:
		return "It has no key results. Its end is saved and never changes."
	case 1:
		of = "its key result"
	default:
		of = "all " + okr.CountWords(n, "key result")
	}
	return "Scores and verdicts of " + of + " are saved as they are now and never change. Syncs and check-ins end."
}

// going asks what goes on: a select for each hundred, and, where there are several, all at once.
func (c CloseOut) going() (blocks []slack.Block) {
	const how = "Each goes on as a new key result that starts at the last value, with the same source, cadence, channel and weight."
	if len(c.KeyResults) > 1 {
		unreached := 0
		for _, k := range c.KeyResults {
			if k.Unreached() {
				unreached++
			}
		}
		options := []*slack.OptionBlockObject{
			option(choice{value: string(GoChosen), label: "Those chosen below"}),
			option(choice{value: string(GoAll), label: "All " + okr.CountWords(len(c.KeyResults), "key result")}),
		}
		if unreached > 0 && unreached < len(c.KeyResults) {
			options = append(options, option(choice{value: string(GoUnreached), label: "The " + okr.CountWords(unreached, "key result") + " that did not reach the target"}))
		}
		element := slack.NewRadioButtonsBlockElement("v", options...)
		element.InitialOption = options[0]
		blocks = append(blocks, input(fieldGoing, "What goes on", "", element))
	}
	for n := 0; n*optionsAtOnce < len(c.KeyResults); n++ {
		if n == selectsMost {
			blocks = append(blocks, note(fmt.Sprintf("The %s beyond these go on with all, or not at all.", okr.CountWords(len(c.KeyResults)-n*optionsAtOnce, "key result"))))
			break
		}
		part := c.KeyResults[n*optionsAtOnce : min(len(c.KeyResults), (n+1)*optionsAtOnce)]
		choices := make([]choice, len(part))
		for i, k := range part {
			choices[i] = choice{value: strconv.FormatInt(k.ID, 10), label: k.Key() + " " + k.Title}
		}
		options, _ := options(choices)
		label, hint := "Carry over to "+c.Next.Words(), how
		if n > 0 {
			label, hint = label+", "+part[0].Key(), ""
			if len(part) > 1 {
				label += " to " + part[len(part)-1].Key()
			}
		}
		element := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("Choose key results"), "v", options...)
		blocks = append(blocks, optional(input(carryField(n), label, hint, element)))
	}
	return blocks
}

func carryField(n int) string {
	if n == 0 {
		return fieldCarry
	}
	return fieldCarry + "_" + strconv.Itoa(n)
}

// sections writes lines under each other, as many a section as it holds, and counts those that do
// not fit.
func sections(lines []string, most int) []slack.Block {
	blocks, left := packed(lines, most)
	if left > 0 {
		blocks = append(blocks, note("…and "+okr.CountWords(left, "more key result")+"."))
	}
	return blocks
}

// packed writes lines like sections, and says how many do not fit.
func packed(lines []string, most int) (blocks []slack.Block, left int) {
	for len(lines) > 0 && len(blocks) < most {
		text, n := lines[0], 1
		for n < len(lines) && utf8.RuneCountInString(text)+1+utf8.RuneCountInString(lines[n]) <= sectionLimit {
			text += "\n" + lines[n]
			n++
		}
		blocks = append(blocks, section(text))
		lines = lines[n:]
	}
	return blocks, len(lines)
}

// ParseCloseOut reads the note, and which key results go on: those chosen, or others by a rule.
func ParseCloseOut(s State) (words string, going Going, carried []int64) {
	for n := range selectsMost {
		for _, o := range s.at(carryField(n)).SelectedOptions {
			if id, err := strconv.ParseInt(o.Value, 10, 64); err == nil {
				carried = append(carried, id)
			}
		}
	}
	if going = Going(s.option(fieldGoing)); going == "" {
		going = GoChosen
	}
	return Cut(s.text(fieldNote), LongestNote), going, carried
}

// before is how many key results go on that are on earlier pages, and rest how many on later ones.
func (c CloseOut) before() int { return c.Page * TargetsAtOnce }
func (c CloseOut) rest() int   { return c.Carried - c.before() - len(c.KeyResults) }

// Targets asks for the targets of what goes on, as they were until somebody changes them. What does
// not fit is on further pages, and can keep its targets without them.
func (c CloseOut) Targets(draft string) slack.ModalViewRequest {
	head := "*" + Escape(Cut(c.Objective.Title, 150)) + "* goes on in " + c.Next.Words() + ". Keep the targets, or enter new ones."
	title, submit := "Carry over", "Close out"
	if c.Carried > len(c.KeyResults) {
		head += fmt.Sprintf("\n%d to %d of %s; those that need a new target come first.", c.before()+1, c.before()+len(c.KeyResults), okr.CountWords(c.Carried, "key result"))
	}
	intro := section(head)
	intro.BlockID = closeOutMark(StepTargets, c.Chosen, c.Page)
	blocks := []slack.Block{intro}
	for _, k := range c.KeyResults {
		next := k.CarryOver(k.Target, k.Today)
		hint := "in " + unitWords(k.Unit)
		if next.Start.Valid && k.Kind.Linear() {
			hint = "starts at " + next.StartWords()
		}
		initial := ""
		if typed, entered := c.Typed[k.ID]; entered {
			initial = typed
		} else if k.Target.Valid {
			initial = okr.Typed(k.Target.Decimal)
		}
		field := textInput(targetField(k.ID), Cut(k.Key()+" "+k.Title, 150)+": Target Value", hint, initial)
		field.Optional = k.Kind == okr.Baseline
		blocks = append(blocks, field)
	}
	if rest := c.rest(); rest > 0 {
		submit = "Next"
		box := slack.NewCheckboxGroupsBlockElement("v", option(choice{value: fieldKeep, label: "Keep their targets, and close out now"}))
		blocks = append(blocks, optional(input(fieldKeep, "The other "+strconv.Itoa(rest), "/okr edit changes a target later, too.", box)))
	}
	return modal(CallbackCloseOut, title, submit, draft, blocks...)
}

func targetField(id int64) string { return "target_" + strconv.FormatInt(id, 10) }

// Kept says whether what is on later pages keeps its targets.
func Kept(s State) bool { return len(s.at(fieldKeep).SelectedOptions) > 0 }

// NotKept is said at that choice when some of the others need a new target.
func NotKept(n int) okr.Problems {
	return okr.Problems{fieldKeep: "The last value has passed the target of " + okr.CountWords(n, "key result") + " among the others. Press Next without this, and enter new ones."}
}

// TargetTyped is what stands in the field of a key result's target.
func TargetTyped(s State, id int64) string { return s.text(targetField(id)) }

// ParseTarget reads a key result's target as it was typed in the second step. The problem is at its
// field.
func ParseTarget(typed string, k okr.KeyResult, today okr.Day) (next okr.KeyResult, problems okr.Problems) {
	field := targetField(k.ID)
	problems = okr.Problems{}
	var target decimal.NullDecimal
	if typed != "" {
		v, err := okr.ParseValue(typed, k.Unit)
		if err != nil {
			problems[field] = err.Error()
			return next, problems
		}
		target = decimal.NewNullDecimal(v)
	}
	next = k.CarryOver(target, today)
	for _, sentence := range k.CheckCarryOver(next) {
		problems.Add(field, sentence)
	}
	return next, problems
}

// ending is a key result's line in what is said of a close-out.
type ending struct {
	key, title, result string
	asOf               okr.Day
	score              decimal.NullDecimal
	status             okr.Status
	committed          okr.Verdict
	carriedTo          int
}

// line is one key result's end: "*KR-3* Fewer open incidents · 39 · score 0.55 · committed result met".
func (e ending) line() string {
	parts := []string{"*" + e.key + "* " + Escape(Cut(e.title, 100))}
	if e.result == "" {
		parts = append(parts, "no data")
	} else {
		parts = append(parts, Escape(e.result)+" of "+e.asOf.Words())
	}
	if e.score.Valid {
		parts = append(parts, "score "+e.score.Decimal.StringFixed(2))
	}
	switch e.committed {
	case okr.Met:
		parts = append(parts, "committed result met")
	case okr.NotMet:
		parts = append(parts, "committed result missed")
	}
	parts = append(parts, e.status.Icon()+" "+e.status.Word())
	if e.carriedTo != 0 {
		parts = append(parts, fmt.Sprintf("goes on as KR-%d", e.carriedTo))
	}
	return strings.Join(parts, " · ")
}

// Closed is an objective that was closed out, as it was written down.
type Closed struct {
	Objective  okr.Objective
	Person     string
	Note       string
	RollUp     okr.RollUp
	KeyResults []ClosedKeyResult
	Next       okr.Objective   // zero when nothing goes on
	Above      okr.Objective   // what it goes on below, where that is another one now
	Below      []okr.Objective // what went on before, and is below it now
}

// ClosedKeyResult is a key result's part of it.
type ClosedKeyResult struct {
	ID        int64
	Number    int
	Title     string
	Result    string
	AsOf      okr.Day
	Score     decimal.NullDecimal
	Status    okr.Status
	Committed okr.Verdict
	CarriedTo int
}

func (c Closed) lines() []string {
	lines := make([]string, len(c.KeyResults))
	for i, k := range c.KeyResults {
		lines[i] = k.line()
	}
	return lines
}

func (k ClosedKeyResult) line() string {
	key := okr.KeyResult{Number: k.Number}
	return ending{key.Key(), k.Title, k.Result, k.AsOf, k.Score, k.Status, k.Committed, k.CarriedTo}.line()
}

func (c Closed) head() string {
	text := ":checkered_flag: *Closed out: " + Escape(Cut(c.Objective.Title, 150)) + "* · " + c.Objective.Period.Words() + "\n" + rollUpWords(c.RollUp, len(c.KeyResults)) + "\nby <@" + c.Person + ">"
	if c.Next.ID != 0 {
		text += ", " + GoesOnIn(c.Next)
		if tree := TreeWentOn(c.Above, c.Below); tree != "" {
			text += "." + tree
		}
	}
	if c.Note != "" {
		text += "\n> " + strings.ReplaceAll(Escape(c.Note), "\n", "\n> ")
	}
	return text
}

// GoesOnIn says when an objective goes on, and as which: "goes on in Q1 2027 as *O-5*".
func GoesOnIn(next okr.Objective) string {
	return "goes on in " + next.Period.Words() + " as *" + next.Key() + "*"
}

// TreeWentOn says below which objective one goes on, and which are below it now; empty where that did not
// change.
func TreeWentOn(above okr.Objective, below []okr.Objective) (text string) {
	if above.ID != 0 {
		text = " It is below " + headlineOf(above) + " now."
	}
	if len(below) == 0 {
		return text
	}
	var names []string
	for _, o := range below[:min(len(below), BelowListed)] {
		names = append(names, "*"+o.Key()+"* "+Escape(Cut(ShownName(o.Title, o.Key()), 60)))
	}
	text += " Below it now: " + strings.Join(names, ", ")
	if more := len(below) - len(names); more > 0 {
		text += ", and " + okr.CountWords(more, "more objective")
	}
	return text + "."
}

// Summary is what the objective's channel hears: the first ten key results, and the way to all.
func (c Closed) Summary(repeated bool) Message {
	m := Message{Text: "Closed out: " + Escape(c.Objective.Title), Blocks: []slack.Block{section(c.head())}}
	lines := c.lines()
	m.Blocks = append(m.Blocks, sections(lines[:min(len(lines), told)], told)...)
	if more := len(lines) - told; more > 0 {
		s := section("…and " + okr.CountWords(more, "more key result") + ".")
		s.Accessory = slack.NewAccessory(button(ActionCloseOutAll, "See all", strconv.FormatInt(c.Objective.ID, 10)))
		m.Blocks = append(m.Blocks, s)
	}
	if repeated {
		m.Blocks = append(m.Blocks, note("(repeated: Slack did not say whether the first one arrived)"))
	}
	return m
}

// All is the summary with every key result from one on, as far as a message can hold, and the way to
// the rest.
func (c Closed) All(from int) Message {
	lines := c.lines()
	from = max(0, min(from, len(lines)))
	head := c.head()
	blocks, left := packed(lines[from:], sectionsAtOnce)
	if from > 0 {
		head = fmt.Sprintf(":checkered_flag: *Closed out: %s* · %d to %d of %s",
			Escape(Cut(c.Objective.Title, 150)), from+1, len(lines)-left, okr.CountWords(len(lines), "key result"))
	}
	m := Message{Text: "Closed out: " + Escape(c.Objective.Title), Blocks: append([]slack.Block{section(head)}, blocks...)}
	if left > 0 {
		s := section("…and " + okr.CountWords(left, "more key result") + ".")
		s.Accessory = slack.NewAccessory(button(ActionCloseOutAll, "See more", fmt.Sprintf("%d:%d", c.Objective.ID, len(lines)-left)))
		m.Blocks = append(m.Blocks, s)
	}
	return m
}

// Unposted is the summary for whoever closed the objective, because its channel does not take it.
func (c Closed) Unposted(channel, code string) Message {
	m := c.Summary(false)
	if code == "ambiguous" {
		m.Blocks = append([]slack.Block{section(":grey_question: Slack did not say whether this arrived in <#" + channel + ">, and did not say so of its repetition either. Look there, and forward it yourself where it is missing.")}, m.Blocks...)
		return m
	}
	why := "Slack refused it (" + code + ")."
	switch code {
	case "not_in_channel", "channel_not_found":
		why = "okrbot is not in that channel: type `/invite @okrbot` there for the next time."
	case "is_archived":
		why = "The channel is archived."
	}
	m.Blocks = append([]slack.Block{section(":no_entry: This was not posted in <#" + channel + ">. " + why + " Forward it yourself where it is wanted.")}, m.Blocks...)
	return m
}

// CloseOutsListed is how many objectives to close out a message shows at once.
const CloseOutsListed = 20

// What turns the pages of a list of objectives to close out.
const (
	ActionToCloseOutBack = "to_close_out_back"
	ActionToCloseOutOn   = "to_close_out_on"
)

// ToCloseOut lists a part of some objectives whose period is over, each with the button that closes it
// out; words are what they were looked for by.
func ToCloseOut(list []okr.Objective, from, total int, words string) Message {
	pages := Pages{From: from, Shown: len(list), Total: total, Most: CloseOutsListed, Back: ActionToCloseOutBack, On: ActionToCloseOutOn, Query: words}
	m := Message{Text: fmt.Sprintf("Objectives to close out: %d", total), Blocks: []slack.Block{section("*Objectives to close out*" + pages.words())}}
	for _, o := range list {
		s := section(":dart: *" + Escape(Cut(o.Title, 150)) + "* · " + o.Period.Words() + "\n<@" + o.Owner + ">")
		s.Accessory = closeOutButton(o)
		m.Blocks = append(m.Blocks, s)
	}
	m.Blocks = append(m.Blocks, pages.ways()...)
	return m
}

func closeOutButton(o okr.Objective) *slack.Accessory {
	return slack.NewAccessory(button(ActionCloseOut, "Close out", strconv.FormatInt(o.ID, 10)))
}
