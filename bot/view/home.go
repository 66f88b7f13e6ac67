package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// What can be pressed on the Home tab besides key results and objectives. A page's value is the place of
// its first line.
const (
	ActionAddKeyResult = "add_key_result"
	ActionAddObjective = "add_objective"
	ActionConnect      = "connect"
	ActionHomeMore     = "home_more"
	ActionHomeFilter   = "home_filter"
	ActionHomeMine     = "home_mine"
	ActionHomeOpen     = "home_open"
	ActionHomeHide     = "home_hide"
	ActionHomeNeeds    = "home_needs"
	ActionHomeNeedsTo  = "home_needs_back"
	ActionHomeFew      = "home_few"
	ActionHomePage     = "home_page"
	ActionHomePageTo   = "home_page_back"
	ActionHomeIn       = "home_in"
	ActionHomeInTo     = "home_in_back"
	ActionHomeChannel  = "home_channel"

	ItemSyncAll  = "sync_all"
	ItemExport   = "export"
	ItemSettings = "settings"
)

// How much of each the Home tab shows at once: Slack takes a hundred blocks, and all of these at their
// most are fewer.
const (
	HomeNeedsFew   = 5 // that need its reader, until they ask for more
	HomeNeeds      = 10
	HomeObjectives = 10
	HomeKeyResults = 12 // of the objective that is open
	HomeChannels   = 6
	signInsListed  = 5
)

// HomeTab is what a person sees on the app's Home tab: what needs them, the worst first, then objectives
// with how their key results stand, then the channels around them.
type HomeTab struct {
	Systems Systems
	May     bool // add objectives and key results
	Reader  okr.Actor
	Filter  HomeFilter
	Own     bool // the objectives are its reader's; else those that the workspace works on
	Today   okr.Day

	SignIns []InNeed
	Needs   Needs

	Objectives []HomeObjective
	From       int // place of the first one that is shown
	Total      int

	Channels     []HomeChannel
	MoreChannels bool // there are more than these
	Judging      bool // not all key results are counted yet
}

// Needs are the key results that need the reader: a part of them.
type Needs struct {
	Shown []Needing
	From  int // place of the first one that is shown
	Few   bool
	Total int
}

// Needing is a key result that needs the reader.
type Needing struct {
	KeyResult
	May bool // sync it and check in on it
}

// HomeObjective is an objective on the Home tab, and a part of its key results where it is open.
type HomeObjective struct {
	Objective
	Counts  map[okr.Status]int
	Failing int // of them do not sync
	Open    bool
	May     func(KeyResult) bool // change the key result
	From    int                  // place of the first key result that is shown
	Total   int                  // of those of its key results that can be shown
	Left    int                  // so many more the filter leaves out
	Beyond  int                  // so many more Home does not go through
	RollUp  okr.RollUp           // where it is open
}

// HomeChannel is a channel with a weekly digest.
type HomeChannel struct {
	ID      string
	Counts  map[okr.Status]int
	Failing int // of them do not sync
}

// InNeed is a connection whose sign-in needs whoever sees it.
type InNeed struct {
	Connection
	Says      string // what happened and what to do
	MakerGone bool
}

func (n InNeed) blocks() []slack.Block {
	text := n.needs(n.Says)
	if n.MakerGone {
		text += "\n<@" + n.Owner + ">, who made it, is no longer in this workspace: use a sign-in that stays."
	}
	id := fmt.Sprint(n.ID)
	return []slack.Block{section(text), slack.NewActionBlock("do_sign_in_"+id, button(ActionReconnect, "Reconnect", id))}
}

// View is the tab.
func (h HomeTab) View() slack.HomeTabViewRequest {
	head := "My Objectives"
	if h.Filter.Whose != "" {
		head = "Objectives"
	}
	blocks := append([]slack.Block{slack.NewHeaderBlock(plain(head))}, h.begin()...)
	blocks = append(blocks, h.needs()...)
	blocks = append(blocks, h.objectives()...)
	blocks = append(blocks, h.channels()...)
	if h.Judging {
		blocks = append(blocks, note(judgingHome))
	}
	blocks = append(blocks, note("`/okr help`"+typedAnywhere+", lists everything okrbot can do."))
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}

// HomeShut is the Home tab of somebody who may not see one.
func HomeShut(says string) slack.HomeTabViewRequest {
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewHeaderBlock(plain("okrbot")), section(says)}}}
}

const judgingHome = "okrbot is looking at how key results stand after a change that concerns many, so not all are counted here yet. Open Home again in a minute."

// begin is what can be begun here, and what is chosen to be shown.
func (h HomeTab) begin() []slack.Block {
	var buttons []slack.BlockElement
	if h.May {
		buttons = append(buttons,
			button(ActionAddKeyResult, "Add key result", "home"),
			button(ActionAddObjective, "Add objective", "home"),
			button(ActionConnect, h.Systems.label(), "home"))
	}
	item := func(value, label string) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(value, plain(label), nil)
	}
	items := []*slack.OptionBlockObject{item(ItemExport, "Export")}
	if h.May {
		items = []*slack.OptionBlockObject{item(ItemSyncAll, "Sync Integration Data"), item(ItemExport, "Export"), item(ItemSettings, "Settings")}
	}
	buttons = append(buttons, button(ActionHomeFilter, "Filter", "home"), slack.NewOverflowBlockElement(ActionHomeMore, items...))
	blocks := []slack.Block{slack.NewActionBlock("home", buttons...)}
	if words := h.Filter.words(); words != "" {
		s := section(":mag: Showing " + words)
		s.Accessory = slack.NewAccessory(button(ActionHomeMine, h.Filter.undo(), "home"))
		blocks = append(blocks, s)
	}
	return blocks
}

// needs are the sign-ins and the key results that need the reader, each with the button that helps.
func (h HomeTab) needs() []slack.Block {
	total := len(h.SignIns) + h.Needs.Total
	if total == 0 {
		return nil
	}
	head := "*Needs you* · " + h.Needs.count(total)
	if n := h.Needs; !n.Few && n.Total > len(n.Shown) {
		head += " · key results " + pageWords(n.From, len(n.Shown), n.count(n.Total))
	}
	blocks := []slack.Block{section(head)}
	for i, n := range h.SignIns {
		if i == signInsListed {
			blocks = append(blocks, note("…and "+okr.CountWords(len(h.SignIns)-i, "more connection")+": `/okr connections`"+typedAnywhere+"."))
			break
		}
		blocks = append(blocks, n.blocks()...)
	}
	for _, n := range h.Needs.Shown {
		blocks = append(blocks, n.blocks(h.Reader)...)
	}
	return append(append(blocks, h.Needs.turning()...), slack.NewDividerBlock())
}

// typedAnywhere follows a command on Home, where nothing can be typed.
const typedAnywhere = ", typed in any channel"

// count is a number of what needs the reader, which is not counted to its end.
func (n Needs) count(of int) string {
	if n.Total >= CountedMost {
		return "at least " + strconv.Itoa(of)
	}
	return strconv.Itoa(of)
}

// turning are the ways to the rest of what needs the reader.
func (n Needs) turning() []slack.Block {
	left := n.Total - n.From - len(n.Shown)
	if n.Few {
		if left <= 0 {
			return nil
		}
		return []slack.Block{slack.NewActionBlock("needs", button(ActionHomeNeeds, "and "+n.count(left)+" more", "0"))}
	}
	buttons := Pages{From: n.From, Shown: len(n.Shown), Total: n.Total, Most: HomeNeeds, Back: ActionHomeNeedsTo, On: ActionHomeNeeds}.buttons()
	return []slack.Block{slack.NewActionBlock("needs", append(buttons, button(ActionHomeFew, "Show fewer", "home"))...)}
}

// blocks are the key result with what it needs, and below it the one button that helps: beside it, the button
// would leave the text half of a phone's width.
func (n Needing) blocks(reader okr.Actor) []slack.Block {
	why := n.Figures()
	switch n.Need() {
	case okr.NeedsSignIn, okr.NeedsSync:
		why = n.troubleAlone()
	case okr.NeedsCheckIn:
		why = ":speech_balloon: " + capital(why)
		if n.Counted().Value.Valid {
			why = lines(":speech_balloon: No check-in since "+n.Heard(n.Objective.Period).Short(n.Today), n.Figures(), n.Dates())
		}
	case okr.NeedsScore, okr.NeedsEyes:
		why = lines(why, n.Dates())
		if n.Integrated && n.Paused {
			why += "\n" + n.Next()
		}
	}
	s := section(lines(n.Headline(), ownerBut(reader, n.Owner), why))
	s.BlockID = "need_" + strconv.FormatInt(n.ID, 10)
	return []slack.Block{s, slack.NewActionBlock("do_"+s.BlockID, n.helps())}
}

// helps is the one button that helps.
func (n Needing) helps() *slack.ButtonBlockElement {
	id := strconv.FormatInt(n.ID, 10)
	switch need := n.Need(); {
	case n.May && n.Integrated && (need == okr.NeedsSync || need == okr.NeedsScore):
		return button(ActionSync, "Sync Integration Data", id)
	case n.May && need == okr.NeedsCheckIn:
		return button(ActionCheckIn, "Check in", id)
	}
	return button(ActionDetails, "Details", id)
}

// objectives are those that are chosen to be shown, or how to begin.
func (h HomeTab) objectives() []slack.Block {
	var blocks []slack.Block
	if !h.Own && !h.Filter.any() {
		text := "Nothing here yet. Objectives and key results that you own or co-own appear here."
		if h.May {
			text += "\n\n1. *" + Escape(h.Systems.label()) + "*, or use a connection that is shared with you.\n2. *Add objective*: what you want to reach, and by when.\n3. *Add key result*: pick a scorecard, and it keeps itself true."
		}
		blocks = append(blocks, section(text))
		if h.Total > 0 {
			blocks = append(blocks, slack.NewDividerBlock(), section("*What this workspace works on* · "+okr.CountWords(h.Total, "objective")))
		}
	}
	if h.Total == 0 && h.Filter.any() {
		blocks = append(blocks, section("No objective that is open fits what you chose. *Filter* chooses again; closed ones are in `/okr list closed`"+typedAnywhere+"."))
	}
	last := ""
	for _, o := range h.Objectives {
		if when := o.when(); when != last {
			last = when
			if h.Total > len(h.Objectives) {
				when += " · " + pageWords(h.From, len(h.Objectives), okr.CountWords(h.Total, "objective"))
			}
			blocks = append(blocks, note(when))
		}
		blocks = append(blocks, o.blocks()...)
	}
	pages := Pages{From: h.From, Shown: len(h.Objectives), Total: h.Total, Most: HomeObjectives, Back: ActionHomePageTo, On: ActionHomePage, Block: "objectives"}
	return append(blocks, pages.ways()...)
}

// when says which objectives stand together.
func (o HomeObjective) when() string {
	switch o.Stage(o.Today) {
	case okr.Over:
		return "Over, to be closed out"
	case okr.ToCome:
		return "To come"
	}
	return "Now"
}

// blocks are the objective with its counts, and where it is open its key results.
func (o HomeObjective) blocks() []slack.Block {
	id := strconv.FormatInt(o.ID, 10)
	text := ":dart: " + boldHeadlineOf(o.Objective.Objective) + " · " + o.Period.Words()
	if owner := ownerBut(o.Reader, o.Owner); owner != "" {
		text += " · " + owner
	}
	total := o.Counted()
	if total == 0 {
		return o.empty(text)
	}
	s := section(text + "\n" + countWords(o.Counts) + failingAmong(o.Failing, total))
	s.BlockID = "o_" + id
	switch {
	case !o.Open && !o.ended():
		s.Accessory = slack.NewAccessory(button(ActionHomeOpen, "Open", id))
		return []slack.Block{s}
	case !o.Open:
		return []slack.Block{s, slack.NewActionBlock("do_o_"+id, button(ActionCloseOut, "Close out", id), button(ActionHomeOpen, "Open", id))}
	}
	presses := []slack.BlockElement{button(ActionHomeHide, "Hide", id), kebabOf(o.Objective.Objective, o.ended(), o.looks())}
	if o.ended() {
		presses = slices.Insert(presses, 0, slack.BlockElement(button(ActionCloseOut, "Close out", id)))
	}
	progress, failing := "", failingAmong(o.Failing, total)
	if o.Beyond == 0 { // else it is one of a part of them
		progress, failing = o.RollUp.Words(), failingWords(o.RollUp.Failing, total)
	}
	s.Text = section(lines(text, progress, countWords(o.Counts)+failing)).Text
	blocks := []slack.Block{s, slack.NewActionBlock("do_o_"+id, presses...)}
	if part := o.part(); part != "" {
		blocks = append(blocks, note(part))
	}
	for _, k := range o.KeyResults {
		blocks = append(blocks, homeRow(k, o.Reader, o.May(k))...)
	}
	pages := Pages{From: o.From, Shown: len(o.KeyResults), Total: o.Total, Most: HomeKeyResults, Back: ActionHomeInTo, On: ActionHomeIn, Query: id, Block: "within"}
	return append(append(blocks, pages.ways()...), slack.NewDividerBlock())
}

// Counted is how many key results the objective has, those too of which it is not known yet how they stand.
func (o HomeObjective) Counted() (total int) {
	for _, n := range o.Counts {
		total += n
	}
	return total
}

// empty is the objective without key results, with the way to the first one for who may add it.
func (o HomeObjective) empty(text string) []slack.Block {
	id := strconv.FormatInt(o.ID, 10)
	says := "No key results yet."
	if o.ended() {
		says = "It ended without key results."
	}
	s := section(text + "\n" + says)
	s.BlockID = "o_" + id
	switch kebab := kebabOf(o.Objective.Objective, false, o.looks()); {
	case o.ended():
		s.Accessory = closeOutButton(o.Objective.Objective)
	case o.mayAdd():
		return []slack.Block{s, slack.NewActionBlock("do_o_"+id, button(ActionAddKeyResult, "Add its first key result", id), kebab)}
	default:
		s.Accessory = slack.NewAccessory(kebab)
	}
	return []slack.Block{s}
}

// part says which of the objective's key results are shown; empty where all are.
func (o HomeObjective) part() string {
	var parts []string
	switch shown := len(o.KeyResults); {
	case o.Total > shown:
		parts = append(parts, "Key results "+pageWords(o.From, shown, strconv.Itoa(o.Total))+", the worst first")
	case o.Left > 0:
		parts = append(parts, fmt.Sprintf("%d of %s", o.Total, okr.CountWords(o.Total+o.Left, "key result")))
	}
	if o.Left > 0 {
		parts = append(parts, fmt.Sprintf("*Filter* leaves out %d", o.Left))
	}
	if o.Beyond > 0 {
		parts = append(parts, fmt.Sprintf("%d more %s in `/okr list %s`%s", o.Beyond, verb(o.Beyond, "is", "are"), o.Key(), typedAnywhere))
	}
	return strings.Join(parts, " · ")
}

// homeRow is a key result under its open objective, with a button, and a kebab for who may use it.
func homeRow(k KeyResult, reader okr.Actor, may bool) []slack.Block {
	id := strconv.FormatInt(k.ID, 10)
	s := section(lines(k.Headline(), ownerBut(reader, k.Owner), k.Figures(), k.When(), k.ByHand(), k.Trouble()))
	s.BlockID = "kr_" + id
	presses := []slack.BlockElement{button(ActionDetails, "Details", id)}
	if may {
		kebab := k.Kebab()
		if k.Integrated && !k.Closed {
			checkIn := slack.NewOptionBlockObject(Item("check_in", k.ID), plain("Check in"), nil)
			kebab.Options = slices.Insert(kebab.Options, 1, checkIn)
		}
		presses = append(presses, kebab)
	}
	return []slack.Block{s, slack.NewActionBlock("do_kr_"+id, presses...)}
}

// channels are those with a weekly digest around the reader.
func (h HomeTab) channels() []slack.Block {
	var blocks []slack.Block
	for i, c := range h.Channels {
		if i == 0 {
			head := "*Your channels with a weekly digest*"
			if h.MoreChannels {
				head += " · the first " + strconv.Itoa(len(h.Channels)) + "; `/okr subscriptions`" + typedAnywhere + ", lists all"
			}
			blocks = append(blocks, slack.NewDividerBlock(), section(head))
		}
		all := 0
		for _, n := range c.Counts {
			all += n
		}
		s := section("<#" + c.ID + ">\n" + countWords(c.Counts) + failingAmong(c.Failing, all))
		s.BlockID = "channel_" + c.ID
		s.Accessory = slack.NewAccessory(button(ActionHomeChannel, "Show", c.ID))
		blocks = append(blocks, s)
	}
	return blocks
}

// NotCounted is in counts the place of key results of which it is not known yet how they stand.
const NotCounted okr.Status = ""

// countWords are how many key results stand how, the worst first; they sum up to all of them.
func countWords(n map[okr.Status]int) string {
	var parts []string
	for _, s := range slices.Backward(okr.Statuses()) {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d %s", s.Icon(), n[s], strings.ToLower(s.Word())))
		}
	}
	if n[NotCounted] > 0 {
		parts = append(parts, strconv.Itoa(n[NotCounted])+" not counted yet")
	}
	if len(parts) == 0 {
		return "no key results"
	}
	return strings.Join(parts, " · ")
}

// ParseWithin reads the value of a page of an objective's key results, "12:3", whatever it says.
func ParseWithin(value string) (objective int64, from int) {
	from, id := ParsePage(value)
	return ParseOpen(id), from
}

// ParseOpen reads which objective is to be opened, whatever it says; 0 is none.
func ParseOpen(value string) (objective int64) {
	objective, err := strconv.ParseInt(value, 10, 64)
	if err != nil || objective < 0 {
		return 0
	}
	return objective
}

func button(action, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, plain(label))
}
