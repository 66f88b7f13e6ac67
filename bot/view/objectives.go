package view

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// What names the windows about one objective.
const (
	CallbackObjectiveShown  = "objective_shown"
	CallbackRemoveObjective = "remove_objective"
)

// What can be pressed about an objective. A button's value is the objective's id, a kebab's item is
// "edit:3", and a page's value is the place of its first line with the words of the list: "20:calm".
const (
	ActionObjective     = "objective"
	ActionObjectiveMore = "objective_more"
	ActionObjectives    = "objectives"
	ActionObjectivesTo  = "objectives_back"
)

// The items of an objective's kebab.
const (
	ItemShow     = "show"
	ItemEdit     = "edit"
	ItemCloseOut = "close_out"
	ItemRemove   = "remove"
)

// Objective is an objective as it is shown, with what is under it.
type Objective struct {
	okr.Objective
	KeyResults []KeyResult
	Above      okr.Objective    // its parent; zero where it has none
	Below      []Objective      // those whose parent it is
	BelowNeeds map[okr.Need]int // what the key results of all below it need, at any depth
	Changes    []ChangeLine     // newest first
	End        *Closed          // how it was closed out; nil while it is not
	Today      okr.Day          // where it is
	Reader     okr.Actor        // who sees it; zero: somebody who may change it
}

// ended says whether the objective waits to be closed out, and its reader may be the one who does it.
func (o Objective) ended() bool { return o.Today > o.Period.Last && !o.Closed && !o.looks() }

// looks says whether its reader may neither change nor end it.
func (o Objective) looks() bool { return o.Reader.ID != "" && !o.MayEdit(o.Reader) }

// mayAdd says whether its reader may put a key result under it.
func (o Objective) mayAdd() bool { return o.Reader.ID == "" || o.MayAddKeyResult(o.Reader) }

// boldHeadlineOf names an objective above its key results.
func boldHeadlineOf(o okr.Objective) string {
	return "*" + o.Key() + "* *" + Escape(Cut(ShownName(o.Title, o.Key()), 150)) + "*"
}

// headlineOf names an objective: "*O-3* Run a calm service desk".
func headlineOf(o okr.Objective) string {
	return "*" + o.Key() + "* " + Escape(Cut(ShownName(o.Title, o.Key()), 150))
}

// counts are how many key results stand how, the worst first; they sum up to all of them.
func (o Objective) counts() string {
	n := map[okr.Status]int{}
	for _, k := range o.KeyResults {
		n[k.Standing().Status]++
	}
	return countWords(n)
}

// Rolled is how far the objective has come, by all of its key results.
func (o Objective) Rolled() okr.RollUp { return okr.RollUpOf(rolledUp(o.KeyResults)) }

// line is the objective in a list: name, period, owner, progress, and how its key results stand.
func (o Objective) line() string {
	text := ":dart: " + headlineOf(o.Objective) + " · " + o.Period.Words()
	if o.Closed {
		text += " · :lock: closed out"
	}
	text += "\n<@" + o.Owner + ">"
	if len(o.KeyResults) > 0 {
		text += " · " + rollUpWords(o.Rolled(), len(o.KeyResults))
	}
	return text + "\n" + o.counts() + o.below()
}

// below is what needs somebody below the objective, as a line that follows; empty when nothing does.
func (o Objective) below() string {
	n := o.BelowNeeds
	var parts []string
	for _, row := range []struct {
		many int
		icon string
		word string
	}{
		{n[okr.NeedsSignIn] + n[okr.NeedsSync], notSyncingIcon, notSyncingWord},
		{n[okr.NeedsScore], okr.Stale.Icon(), "stale"},
		{n[okr.NeedsCheckIn], ":speech_balloon:", "without a check-in"},
		{n[okr.NeedsEyes], okr.AtRisk.Icon(), "at risk"},
		{n[okr.NoData.Need()], okr.NoData.Icon(), "no data"},
	} {
		if row.many > 0 {
			parts = append(parts, fmt.Sprintf("%s %d %s", row.icon, row.many, row.word))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "\nBelow it: " + strings.Join(parts, " · ")
}

const (
	notSyncingIcon = ":warning:"
	notSyncingWord = "not syncing"
)

// kebabOf offers what can be done with an objective where it is listed: at most five.
func kebabOf(o okr.Objective, ended, looks bool) *slack.OverflowBlockElement {
	options := append([]*slack.OptionBlockObject{objectiveItem(ItemShow, "Show objective", o)}, changesOf(o, ended, looks)...)
	return slack.NewOverflowBlockElement(ActionObjectiveMore, options...)
}

// changesOf are what an objective's reader may do to it, that which deletes last; none where they only look.
func changesOf(o okr.Objective, ended, looks bool) (options []*slack.OptionBlockObject) {
	if looks {
		return nil
	}
	if !o.Closed {
		options = append(options, objectiveItem(ItemEdit, "Edit objective", o))
	}
	if ended {
		options = append(options, objectiveItem(ItemCloseOut, "Close out objective", o))
	}
	return append(options, objectiveItem(ItemRemove, "Remove objective…", o))
}

func objectiveItem(verb, label string, o okr.Objective) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(Item(verb, o.ID), plain(label), nil)
}

// ObjectivesListed is how many objectives a list shows at once.
const ObjectivesListed = 10

// ObjectiveList is a part of a list of objectives: the reader's first, then the others.
type ObjectiveList struct {
	Shown []Objective
	From  int // place of the first one that is shown
	Mine  int // so many of all are the reader's
	Total int
	Words string // that they were looked for by; empty: all
}

// Message shows the part, with the ways to the one before and the one after.
func (l ObjectiveList) Message() Message {
	what := "Objectives"
	if l.Words != "" {
		what += " with " + Quote(l.Words)
	}
	m := Message{Text: what + ": " + strconv.Itoa(l.Total)}
	pages := Pages{
		From: l.From, Shown: len(l.Shown), Total: l.Total, Most: ObjectivesListed, Back: ActionObjectivesTo, On: ActionObjectives, Query: l.Words,
	}
	m.Blocks = append(m.Blocks, section("*"+what+"*"+pages.words()))
	for i, o := range l.Shown {
		switch at := l.From + i; {
		case l.Mine > 0 && (at == 0 || i == 0 && at < l.Mine):
			m.Blocks = append(m.Blocks, note("That you own or co-own"))
		case at == l.Mine || i == 0:
			m.Blocks = append(m.Blocks, note("Of others"))
		}
		s := section(o.line())
		s.BlockID = "o_" + strconv.FormatInt(o.ID, 10)
		s.Accessory = slack.NewAccessory(kebabOf(o.Objective, o.ended(), o.looks()))
		m.Blocks = append(m.Blocks, s)
	}
	m.Blocks = append(m.Blocks, pages.ways()...)
	return m
}

// How much of an objective its window shows: Slack takes a hundred blocks.
const (
	keyResultsShown = 40
	belowShown      = 15
)

// Modal shows everything about an objective.
func (o Objective) Modal() slack.ModalViewRequest {
	head := section(":dart: " + headlineOf(o.Objective))
	head.BlockID = "o_" + strconv.FormatInt(o.ID, 10)
	if options := changesOf(o.Objective, o.ended(), o.looks()); len(options) > 0 {
		head.Accessory = slack.NewAccessory(slack.NewOverflowBlockElement(ActionObjectiveMore, options...))
	}
	dash := func(s string) string {
		if s == "" {
			return "–"
		}
		return s
	}
	channel, above := "", ""
	if o.Channel != "" {
		channel = "<#" + o.Channel + ">"
	}
	if o.Above.ID != 0 {
		above = headlineOf(o.Above)
	}
	period := o.Period.Words()
	if o.Closed {
		period += " · :lock: closed out"
	}
	blocks := []slack.Block{head, fields(
		"Owner", "<@"+o.Owner+">",
		"Co-owners", dash(mentions(o.CoOwners)),
		"Period", period,
		"Time zone", Escape(o.Zone),
		"Channel", dash(channel),
		"Parent objective", dash(above),
	)}
	if o.End != nil {
		blocks = append(blocks, o.endBlocks()...)
	} else {
		blocks = append(blocks, o.standingBlocks()...)
	}
	blocks = append(blocks, belowBlocks(o.Below)...)
	if len(o.Changes) > 0 {
		blocks = append(blocks, section(Details{Changes: o.Changes}.changed()))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackObjectiveShown, Title: plain(o.Key()), Close: plain("Close"), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// standingBlocks are how an objective and each of its key results stand now.
func (o Objective) standingBlocks() []slack.Block {
	standing := "*How it stands*\n"
	if len(o.KeyResults) > 0 {
		standing += rollUpWords(o.Rolled(), len(o.KeyResults)) + "\n"
	}
	counts := o.counts()
	if len(o.KeyResults) == 0 {
		counts = "No key results yet."
		if o.mayAdd() {
			counts += " `/okr add-kr` adds one."
		}
	}
	blocks := []slack.Block{section(standing + counts + o.below())}
	for i, k := range o.KeyResults {
		if i == keyResultsShown {
			return append(blocks, note("…and "+okr.CountWords(len(o.KeyResults)-i, "more key result")+": `/okr list "+o.Key()+"`."))
		}
		s := section(lines(k.Headline(), ownerBut(o.Reader, k.Owner), k.Figures(), k.Dates(), k.troubleAlone()))
		s.Accessory = slack.NewAccessory(button(ActionDetails, "Details", strconv.FormatInt(k.ID, 10)))
		blocks = append(blocks, s)
	}
	return blocks
}

// ownerBut names an owner where it is not the reader.
func ownerBut(reader okr.Actor, owner string) string {
	if owner == reader.ID {
		return ""
	}
	return "<@" + owner + ">"
}

// belowBlocks are the objectives right below one, each with how it stands and the way into it.
func belowBlocks(below []Objective) []slack.Block {
	var blocks []slack.Block
	for i, child := range below {
		switch i {
		case 0:
			blocks = append(blocks, note("Objectives that have this one as their parent"))
		case belowShown:
			return append(blocks, note("…and "+okr.CountWords(len(below)-i, "more objective")+": `/okr objectives`."))
		}
		s := section(child.line())
		s.Accessory = slack.NewAccessory(button(ActionObjective, "Show", strconv.FormatInt(child.ID, 10)))
		blocks = append(blocks, s)
	}
	return blocks
}

func mentions(people []string) string {
	list := make([]string, len(people))
	for i, p := range people {
		list[i] = "<@" + p + ">"
	}
	return strings.Join(list, ", ")
}

// rolledUp are key results as a roll-up takes them.
func rolledUp(own []KeyResult) []okr.RollUpItem {
	items := make([]okr.RollUpItem, len(own))
	for i, k := range own {
		standing := k.Standing()
		items[i] = okr.RollUpItem{Key: k.Key(), Progress: standing.Progress, Weight: k.Weight, Kind: k.Kind, Status: standing.Status, Failing: k.Failure.Class != "" && !k.Closed}
	}
	return items
}

// What becomes of a key result whose objective is removed; else the id of the objective that it moves
// to.
const RemoveWithIt = "remove"

// FieldMove is what becomes of one key result, with its id behind "__"; FieldMoveAll is for all that
// have no choice of their own.
const (
	FieldMove    = "move"
	FieldMoveAll = "move_all"
)

// A few key results are chosen for one by one. Of more, one choice is for all, and each of as many as a
// window has room for can have another one.
const (
	MovedOneByOne = 5
	movedAtOnce   = 90
)

// RemoveObjective asks before an objective goes, names each of its key results, and asks what becomes of it.
type RemoveObjective struct {
	Objective  okr.Objective
	KeyResults []KeyResult
	Below      []okr.Objective
	Draft      string
}

// Modal asks.
func (r RemoveObjective) Modal() slack.ModalViewRequest {
	goes := []string{"the objective"}
	if r.Objective.Closed {
		goes = append(goes, "how it was closed out")
	}
	var below, stays []string
	for i, o := range r.Below {
		if i == belowShown {
			below = append(below, okr.CountWords(len(r.Below)-i, "more objective"))
			break
		}
		below = append(below, "*"+o.Key()+"* "+Escape(Cut(o.Title, 60)))
	}
	if len(below) > 0 {
		stays = append(stays, listed(below)+", below no objective any more")
	}
	text := "Remove " + headlineOf(r.Objective) + "?\n\n" + goesAndStays(goes, stays)
	switch n := len(r.KeyResults); {
	case n == 1:
		text += "\nChoose what becomes of its key result: it moves to another objective, or goes with its readings and check-ins.\n\n"
	case n > 1:
		text += "\nChoose what becomes of its " + okr.CountWords(n, "key result") + ": each moves to another objective, or goes with its readings and check-ins.\n\n"
	}
	blocks := append([]slack.Block{section(text + notUndone)}, r.fields()...)
	m := modal(CallbackRemoveObjective, "Remove "+r.Objective.Key(), "Remove", r.Draft, blocks...)
	m.Close = plain("Keep it")
	return m
}

// fields ask what becomes of the key results.
func (r RemoveObjective) fields() (blocks []slack.Block) {
	few, n := len(r.KeyResults) <= MovedOneByOne, len(r.KeyResults)
	if !few {
		blocks = append(blocks, external(FieldMoveAll, "All key results", "Below you can choose something else for one of them.", "Choose", 0, nil))
	}
	own := n
	if n > movedAtOnce { // what follows needs room too
		own = movedAtOnce / 2
	}
	for _, k := range r.KeyResults[:own] {
		field := external(MoveField(k.ID), Cut(k.Key()+" "+k.Title, 150), "", "Choose", 0, nil)
		if !few {
			field = optional(external(MoveField(k.ID), Cut(k.Key()+" "+k.Title, 150), "", "As chosen for all", 0, nil))
		}
		blocks = append(blocks, field)
	}
	var lines []string
	for _, k := range r.KeyResults[own:] {
		lines = append(lines, "*"+k.Key()+"* "+Escape(Cut(k.Title, 60)))
	}
	if len(lines) == 0 {
		return blocks
	}
	rest, left := packed(append([]string{"*As chosen for all:*"}, lines...), movedAtOnce-own-1)
	blocks = append(blocks, rest...)
	if left > 0 {
		blocks = append(blocks, note("…and "+okr.CountWords(left, "more key result")+"."))
	}
	return blocks
}

// MoveField is the field of one key result.
func MoveField(id int64) string { return FieldMove + "__" + strconv.FormatInt(id, 10) }

// ParseMoves reads what becomes of each of some key results; what nothing was chosen for is missing.
func ParseMoves(s State, ids []int64) map[int64]string {
	all := s.option(FieldMoveAll)
	chosen := map[int64]string{}
	for _, id := range ids {
		own := s[MoveField(id)]["v"].SelectedOption.Value
		if own == "" {
			own = all
		}
		if own != "" {
			chosen[id] = own
		}
	}
	return chosen
}

// MoveChoices are what can become of a key result.
func MoveChoices(query string, list []okr.Objective) []*slack.OptionBlockObject {
	var choices []choice
	const remove = "Remove with it"
	if strings.Contains(strings.ToLower(remove), strings.ToLower(strings.TrimSpace(query))) {
		choices = append(choices, choice{value: RemoveWithIt, label: remove})
	}
	for _, o := range list {
		choices = append(choices, choice{value: strconv.FormatInt(o.ID, 10), label: "Move to " + o.Key() + " " + o.Title, about: o.Period.Words()})
	}
	found, _ := options(choices)
	return found
}

// ParentChoices are the objectives that can be another one's parent.
func ParentChoices(list []okr.Objective) []*slack.OptionBlockObject {
	var choices []choice
	for _, o := range list {
		choices = append(choices, choiceOf(o))
	}
	found, _ := options(choices)
	return found
}

// choiceOf is an objective as an option.
func choiceOf(o okr.Objective) choice {
	return choice{value: strconv.FormatInt(o.ID, 10), label: o.Key() + " " + o.Title, about: o.Period.Words()}
}

// ObjectiveSaved says that an objective is saved as it is now.
func ObjectiveSaved(o okr.Objective) Message {
	return Text(headlineOf(o) + " is saved: " + o.Period.Words() + ", owner <@" + o.Owner + ">.")
}

// BecameOwner, BecameCoOwner and HandedOver tell people that an objective is theirs now, or not any more.
func BecameOwner(o okr.Objective, by string) string {
	return ":dart: You became owner of " + headlineOf(o) + " (" + o.Period.Words() + "): <@" + by + "> changed that. `/okr show " + o.Key() + "` shows it."
}

// BecameCoOwner is for who shares it.
func BecameCoOwner(o okr.Objective, by string) string {
	return ":dart: You became co-owner of " + headlineOf(o) + " (" + o.Period.Words() + "): <@" + by + "> changed that. `/okr show " + o.Key() + "` shows it."
}

// HandedOver is for who owned or co-owned it.
func HandedOver(o okr.Objective, by string) string {
	return ":dart: You are neither owner nor co-owner of " + headlineOf(o) + " any more: <@" + by + "> changed that. Its owner is <@" + o.Owner + ">."
}

// ObjectiveChanged tells who owns or co-owns an objective what somebody else changed of it, a line each.
func ObjectiveChanged(o okr.Objective, by string, lines []string) string {
	return ":dart: <@" + by + "> changed " + headlineOf(o) + ":\n• " + strings.Join(lines, "\n• ") + "\n`/okr show " + o.Key() + "` shows it."
}

// ObjectiveRemoved is for who looked after it or its key results, and for whom they move to.
func ObjectiveRemoved(o okr.Objective, by string, lines []string) string {
	text := ":dart: " + headlineOf(o) + " was removed by <@" + by + ">."
	const more = 30 // characters of the line that counts the rest
	for i, line := range lines {
		if i == 20 || utf8.RuneCountInString(text)+1+utf8.RuneCountInString(line)+more > sectionLimit {
			text += "\n…and " + strconv.Itoa(len(lines)-i) + " more"
			break
		}
		text += "\n" + line
	}
	return text
}

// KeyResultRemovedLine and KeyResultMovedLine are what became of a key result.
func KeyResultRemovedLine(k okr.KeyResult) string {
	return "*" + k.Key() + "* " + Escape(Cut(k.Title, 60)) + ": removed"
}

// KeyResultMovedLine names where it is now.
func KeyResultMovedLine(k okr.KeyResult, to okr.Objective) string {
	return "*" + k.Key() + "* " + Escape(Cut(k.Title, 60)) + ": moved to " + headlineOf(to)
}

// OrphanedLine names an objective whose parent goes.
func OrphanedLine(o okr.Objective) string {
	return headlineOf(o) + ": without a parent from now on"
}

// BelowListed is how many of the objectives below some a list shows.
const BelowListed = 5
