package view

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackDetails names the details modal.
const CallbackDetails = "details"

// Details is everything about one key result: numbers, dates, readings, source, cadence, who may.
type Details struct {
	KeyResult
	Readings []okr.Reading   // that count, oldest first
	Ahead    []okr.Reading   // of days to come, the next first
	CheckIns []CheckIn       // newest first
	Changes  []ChangeLine    // newest first
	Last     []okr.Changed   // of what the numbers hang on
	End      ClosedKeyResult // as it was closed out; zero while it is not
	May      bool            // the reader may edit, sync, pause and remove
}

// CheckIn is what somebody said about a key result on a day.
type CheckIn struct {
	Person     string
	Day        okr.Day
	Value      decimal.NullDecimal
	Confidence string
	Note       string
	Reason     string // why the value stands in for the scores
}

// ChangeLine is one thing somebody did to the key result.
type ChangeLine struct {
	Actor  string
	Action string
	What   []string // in mrkdwn, by Change and Set; empty when the action says it all
	At     time.Time
}

// trend is how many readings the sparkline and the list show.
const trend = 12

// Modal shows the details in a modal of their own.
func (d Details) Modal() slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackDetails,
		Title: plain(d.Key()), Close: plain("Close"),
		Blocks: slack.Blocks{BlockSet: d.blocks()},
	}
}

func (d Details) blocks() []slack.Block {
	standing := d.Standing()
	head := section(d.Headline() + "\n" + d.Figures())
	head.BlockID = fmt.Sprintf("kr_%d", d.ID)
	if d.May {
		head.Accessory = slack.NewAccessory(d.kebab())
	}
	blocks := []slack.Block{head}
	if d.May && !d.Closed {
		blocks = append(blocks, d.buttons())
	}
	if d.Closed && d.End.Number != 0 {
		blocks = append(blocks, section("*Closed out*\n"+d.End.line()))
	}
	if standing.Progress.Valid {
		blocks = append(blocks, section(d.Bar()))
	}
	if trouble := d.Trouble(); trouble != "" {
		blocks = append(blocks, section(trouble))
	}
	if byHand := d.ByHand(); byHand != "" {
		blocks = append(blocks, section(byHand))
	}
	blocks = append(blocks, section(d.why()), fields(
		"Start Value", d.start(),
		"Result Value", Escape(d.CountedWords(d.Today)),
		"Target Value", d.maybe(d.Target),
		"Upper Value", d.maybe(d.Upper),
		"Risk Threshold", d.maybe(d.Risk),
		"Committed Result", d.maybe(d.Committed),
		"Calculate Overall Progress", d.method(),
		"Weight", d.weight(),
	))
	if words := d.PhaseWords(d.Today); words != "" {
		blocks = append(blocks, section("*Phased targets*\n"+Escape(words)))
	}
	blocks = append(blocks, section("*Dates*\n"+d.When()))
	if len(d.Readings) > 0 {
		blocks = append(blocks, section(d.history()))
	}
	if ahead := d.AheadWords(d.Ahead, d.Source.System, d.Today); ahead != "" {
		blocks = append(blocks, section(":calendar: "+Escape(ahead)))
	}
	if d.Integrated {
		blocks = append(blocks, section(fmt.Sprintf("*Source*\n%s: %s\nthrough %s\n*Update Cadence*\n%s",
			Escape(d.Source.System), Escape(Cut(d.Source.Scorecard, 300)), Escape(Cut(d.Source.Connection, 100)), Escape(d.Cadence.Words()))))
	} else {
		blocks = append(blocks, section("*Source*\nUpdated by people with `/okr check-in "+d.Key()+"`"))
	}
	blocks = append(blocks, section("*Objective*\n"+Escape(Cut(d.Objective.Title, 150))+" · "+d.Objective.Period.Words()), section(d.who()))
	if text := d.said(); text != "" {
		blocks = append(blocks, section(text))
	}
	if text := d.changed(); text != "" {
		blocks = append(blocks, section(text))
	}
	return blocks
}

// why is the block "Why this number".
func (d Details) why() string {
	lines := []string{"*Why this number*"}
	for _, r := range d.Why(d.Objective.Period, d.Today, d.Last) {
		says := Escape(Cut(r.Says, 320))
		if r.By != "" {
			says = actor(r.By) + " " + says
		}
		lines = append(lines, "• "+says)
	}
	return strings.Join(lines, "\n")
}

// kebab offers what no button below does, and to post it; what removes it is last.
func (d Details) kebab() *slack.OverflowBlockElement {
	kebab := d.Kebab()
	if !d.Integrated && !d.Closed {
		kebab.Options = kebab.Options[1:] // its check-in is a button
	}
	kebab.Options = slices.Insert(kebab.Options, len(kebab.Options)-1, slack.NewOptionBlockObject(Item("post", d.ID), plain("Post to channel"), nil))
	return kebab
}

// buttons are the ways to say something about the key result.
func (d Details) buttons() slack.Block {
	id := fmt.Sprint(d.ID)
	buttons := []slack.BlockElement{button(ActionCheckIn, "Check in", id)}
	if d.Overridden(d.Today) {
		buttons = append(buttons, button(ActionResume, "Resume automatic", id))
	}
	return slack.NewActionBlock("say_"+id, buttons...)
}

func (d Details) start() string {
	if !d.Start.Valid {
		return ""
	}
	return Escape(d.StartWords())
}

// maybe is a value that somebody entered.
func (d Details) maybe(v decimal.NullDecimal) string {
	if !v.Valid {
		return ""
	}
	return Escape(d.Entered(v.Decimal))
}

// weight is what most key results do not have.
func (d Details) weight() string {
	if weight := d.Weight.String(); weight != "1" {
		return weight
	}
	return ""
}

// method is what makes the result, and of how many readings where there are any.
func (d Details) method() string {
	if d.Result.N == 0 {
		return d.Method.Label()
	}
	text := d.Method.Label() + ", of " + okr.ReadingsWords(d.Result.N)
	if d.Method == okr.HitRate && d.Wanted.Valid {
		text += "; wanted " + okr.FormatEntered(d.Wanted.Decimal, "%")
	}
	return text
}

func (d Details) history() string {
	last := d.Readings[max(0, len(d.Readings)-trend):]
	lines := make([]string, len(last))
	for i, r := range last {
		text := r.Day.Short(d.Today) + "  " + Escape(d.Read(r))
		if r.AsRead != "" {
			text += "  (read as " + Escape(Cut(r.AsRead, 40)) + ")"
		}
		switch {
		case r.CheckIn:
			text += "  (entered)"
		case !d.Objective.Period.Contains(r.Day):
			text += "  (outside of the period, not counted)"
		case r.Restated && r.Previous.Valid:
			text += "  (restated, was " + Escape(d.Scored(r.Previous.Decimal)) + ")"
		}
		lines[len(last)-1-i] = text // newest first
	}
	head := "*Last readings*"
	if len(last) > 1 { // one alone is no trend
		head += "  " + sparkline(last)
	}
	return head + "\n" + strings.Join(lines, "\n")
}

func (d Details) who() string {
	may := "*Who may change it*"
	if d.Integrated {
		may = "*Who may change and sync it*"
	}
	text := may + "\n<@" + d.Owner + "> (owner)" + coOwners(d.CoOwners)
	if d.Objective.Owner != d.Owner {
		text += ", <@" + d.Objective.Owner + "> (owner of the objective)"
	}
	others := slices.DeleteFunc(slices.Clone(d.Objective.CoOwners), func(id string) bool { return id == d.Owner || slices.Contains(d.CoOwners, id) })
	if len(others) > 0 {
		text += coOwners(others) + map[bool]string{true: " (co-owner of the objective)", false: " (co-owners of the objective)"}[len(others) == 1]
	}
	text += ", administrators"
	if d.Channel != "" {
		text += "\n*Channel*\n<#" + d.Channel + ">"
	}
	return text
}

// coOwners are people after others, as many as there is room for.
func coOwners(ids []string) string {
	const most = 20
	text := ""
	for i, id := range ids {
		if i == most {
			return text + ", and " + okr.CountWords(len(ids)-i, "more co-owner")
		}
		text += ", <@" + id + ">"
	}
	return text
}

func (d Details) said() string {
	if len(d.CheckIns) == 0 {
		return ""
	}
	lines := []string{"*Check-ins*" + newest(len(d.CheckIns))}
	for _, c := range d.CheckIns[:min(len(d.CheckIns), newestShown)] {
		text := c.Day.Short(d.Today) + " <@" + c.Person + ">"
		if c.Value.Valid {
			text += " " + Escape(d.Entered(c.Value.Decimal))
		}
		switch {
		case c.Reason == "":
		case c.Value.Valid:
			text += " (by hand: " + Escape(c.Reason) + ")"
		default: // as check-ins once took it
			text += " (" + Escape(c.Reason) + ")"
		}
		if word := okr.Level(c.Confidence).Word(); word != "" {
			text += " · " + word
		}
		if c.Note != "" {
			text += "\n> " + strings.ReplaceAll(Escape(Cut(c.Note, 300)), "\n", "\n> ")
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

func (d Details) changed() string {
	if len(d.Changes) == 0 {
		return ""
	}
	lines := []string{"*Changes*" + newest(len(d.Changes))}
	for _, c := range d.Changes[:min(len(d.Changes), newestShown)] {
		text := Moment(c.At) + " " + actor(c.Actor) + " " + c.Action
		switch {
		case len(c.What) == 0:
		case c.Action == "created":
			text += " with " + several(c.What)
		default:
			text += ": " + several(c.What)
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

// NewestAsked is how many check-ins and changes a window asks for: one more than it shows says that there are more.
const NewestAsked = newestShown + 1

const newestShown = 5

// newest says that of so many not all are shown.
func newest(of int) string {
	if of <= newestShown {
		return ""
	}
	return fmt.Sprintf(" · the newest %d", newestShown)
}

// several are the first of some parts, and how many more there are.
func several(parts []string) string {
	const most = 6
	if more := len(parts) - most; more > 0 {
		parts = append(slices.Clone(parts[:most]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// Change says what became of a field, in mrkdwn: "target 40 → 38", "owner @alice → @bob".
func Change(field, before, after string) string {
	return okr.ChangeWords(cmp.Or(fieldWords[field], field), mentioned(field, before), mentioned(field, after))
}

// fieldWords are fields of which people know another word than what is kept.
var fieldWords = map[string]string{"zone": "time zone", "committed": "committed result", "upper": "upper value", "risk": "risk threshold", "override": "value by hand", "override's reason": "reason"}

// Set says what a field was made with, in mrkdwn: "target 40", "channel #it-okrs".
func Set(field, value string) string {
	return cmp.Or(fieldWords[field], field) + " " + mentioned(field, value)
}

// mentioned writes a field's value as its reader knows it: people and channels by their names, everything
// else as it is.
func mentioned(field, value string) string {
	sign := map[string]string{"owner": "@", "co-owners": "@", "channel": "#"}[field]
	if sign == "" {
		return Escape(Cut(value, 80))
	}
	ids := strings.Fields(value)
	for i, id := range ids {
		if isID.MatchString(id) {
			ids[i] = "<" + sign + id + ">"
		} else {
			ids[i] = Escape(Cut(id, 80))
		}
	}
	return strings.Join(ids, " ")
}

// isID is an id of Slack's.
var isID = regexp.MustCompile(`^[A-Z0-9]{2,30}$`)

// actor mentions a person; the bot itself and an import are no user ids.
func actor(id string) string {
	if id == "okrbot" || id == "import" {
		return id
	}
	return "<@" + id + ">"
}

// fields are names with their values; what has none is left out.
func fields(pairs ...string) slack.Block {
	var list []*slack.TextBlockObject
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, mrkdwn("*"+pairs[i]+"*\n"+pairs[i+1]))
		}
	}
	return slack.NewSectionBlock(nil, list, nil)
}
