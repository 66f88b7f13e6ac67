package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Listed is how many key results a list shows at once: each takes a block or two, and Slack
// allows 50 in a message and 100 on Home.
const Listed = 20

// CountedMost is how far a list is counted: beyond it the number helps nobody.
const CountedMost = 1000

// StillJudged is said where it is not known of all key results how they stand.
const StillJudged = "okrbot is looking at how key results stand after a change that concerns many. List them again in a minute."

// What can be pressed on a list.
const (
	ActionListBack = "list_back"
	ActionListOn   = "list_on"
)

// Listing is a part of a list of key results.
type Listing struct {
	Shown []KeyResult
	From  int  // how many of the list come before them
	Total int  // of the whole list; CountedMost stands for that many or more
	More  bool // there may be more than that
	// Beside are all key results of the objectives that are shown, which make their progress.
	Beside  map[int64][]KeyResult
	By      string      // what it is ordered by, where a person said so
	Ordered bool        // as a person said; else the worst first, under their objectives
	Of      []string    // the people that it is of
	Owners  bool        // it is by owner
	Below   []Objective // right below those that it is of; one more than is shown says that there are more
	Query   string      // what the list is of, for the buttons
	Reader  okr.Actor   // who sees it; zero: somebody who may change all of it
}

// own says whether the list is of its reader's alone.
func (l Listing) own() bool { return len(l.Of) == 1 && l.Of[0] == l.Reader.ID }

// involves says whether somebody whom the list is of owns or co-owns a key result.
func (l Listing) involves(k KeyResult) bool {
	return slices.ContainsFunc(l.Of, func(p string) bool { return k.Owner == p || slices.Contains(k.CoOwners, p) })
}

// others says that a list of people has key results that none of them owns or co-owns, as a line that
// follows; empty where it has none.
func (l Listing) others() string {
	if len(l.Of) == 0 || !slices.ContainsFunc(l.Shown, func(k KeyResult) bool { return !l.involves(k) }) {
		return ""
	}
	under := "their objectives"
	switch {
	case l.own():
		under = "your objectives"
	case len(l.Of) == 1:
		under = "objectives of <@" + l.Of[0] + ">"
	}
	return "\nAmong them are key results that others own, under " + under + "."
}

// owner is who owns a key result, with whom of those that the list is of, where its rows say so.
func (l Listing) owner(k KeyResult) string {
	if !l.Owners && len(l.Of) == 0 {
		return ""
	}
	return l.names(k.Owner, k.CoOwners)
}

// names are an owner, where the list is not of nobody but them, and whom of those that the list is of share it.
func (l Listing) names(owner string, coOwners []string) string {
	if l.own() && owner == l.Reader.ID && !l.Owners {
		return ""
	}
	text := "<@" + owner + ">"
	for _, p := range l.Of {
		if p != owner && slices.Contains(coOwners, p) {
			text += ", co-owner <@" + p + ">"
		}
	}
	return text
}

// ListingOf is the first part of some of all key results.
func ListingOf(some, all []KeyResult, most int) Listing {
	l := Listing{Shown: some[:min(len(some), most)], Total: len(some), Beside: map[int64][]KeyResult{}}
	for _, k := range all {
		l.Beside[k.Objective.ID] = append(l.Beside[k.Objective.ID], k)
	}
	return l
}

// pages are where the part is.
func (l Listing) pages() Pages {
	return Pages{
		From: l.From, Shown: len(l.Shown), Total: l.Total, AtLeast: l.Total >= CountedMost || l.More, Most: Listed,
		Back: ActionListBack, On: ActionListOn, Query: l.Query,
	}
}

// count is how many there are, some aside.
func (l Listing) count(aside int) string {
	n := strconv.Itoa(l.Total - aside)
	if l.Total >= CountedMost || l.More {
		return "at least " + n
	}
	return n
}

// List shows key results under their objectives. What it is a list of is said first, and which part of
// it this is.
func List(what string, l Listing) Message {
	head := "*" + what + "*"
	if l.By != "" {
		head += " " + l.By
	}
	m := Message{Text: what + ": " + l.count(0), Blocks: []slack.Block{section(head + l.pages().words() + l.others())}}
	m.Blocks = append(m.Blocks, underObjectives(l)...)
	if l.More {
		m.Blocks = append(m.Blocks, note("There may be more. "+StillJudged))
	}
	m.Blocks = append(m.Blocks, l.below()...)
	m.Blocks = append(m.Blocks, l.pages().ways()...)
	return m
}

// EmptyList says of a list that it is empty, with the objectives that are below.
func EmptyList(says string, l Listing) Message {
	m := Text(says)
	m.Blocks = append(m.Blocks, l.below()...)
	return m
}

// below are the objectives right below those of the list, each with the way into it.
func (l Listing) below() []slack.Block {
	blocks := belowBlocks(l.Below[:min(len(l.Below), BelowListed)])
	if len(l.Below) > BelowListed {
		blocks = append(blocks, note("There are more of these: `/okr show` with the objective's number shows them."))
	}
	return blocks
}

// underObjectives writes the key results of the part, each objective's under its line, the objective first
// whose worst is the worst. In an order that a person chose the key results stay where they are: where that parts
// those of an objective, each names its own.
func underObjectives(l Listing) []slack.Block {
	var groups []KeyResult // the first of each objective
	own := map[int64][]KeyResult{}
	scattered := false
	for i, k := range l.Shown {
		id := k.Objective.ID
		if len(own[id]) == 0 {
			groups = append(groups, k)
		} else if l.Shown[i-1].Objective.ID != id {
			scattered = true
		}
		own[id] = append(own[id], k)
	}
	var blocks []slack.Block
	if l.Ordered && scattered {
		for _, k := range l.Shown {
			blocks = append(blocks, l.row(k, true))
		}
		return blocks
	}
	for _, first := range groups {
		o := first.Objective
		owner := ""
		if len(l.Of) > 0 {
			owner = l.names(o.Owner, o.CoOwners)
		}
		head := section(objectiveLine(o, owner, l.Beside[o.ID]))
		looks := l.Reader.ID != "" && !o.MayEdit(l.Reader)
		head.Accessory = slack.NewAccessory(kebabOf(o, false, looks))
		if first.Today > o.Period.Last && !first.Closed && !looks {
			head.Accessory = closeOutButton(o)
		}
		blocks = append(blocks, head)
		for _, k := range own[o.ID] {
			blocks = append(blocks, l.row(k, false))
		}
	}
	return blocks
}

// row is a key result in a list, with its objective where no line above it has that. What can be done with
// it is in its details.
func (l Listing) row(k KeyResult, named bool) slack.Block {
	var below []string
	if owner := l.owner(k); owner != "" {
		below = append(below, owner)
	}
	if named {
		below = append(below, ":dart: "+headlineOf(k.Objective))
	}
	s := section(lines(k.Headline(), strings.Join(below, " · "), k.Figures(), k.When(), k.ByHand(), k.Trouble()))
	s.BlockID = "kr_" + strconv.FormatInt(k.ID, 10)
	s.Accessory = slack.NewAccessory(button(ActionDetails, "Details", strconv.FormatInt(k.ID, 10)))
	return s
}

// objectiveLine is an objective with its owner, where there is one to name, its progress, how many key results
// report, and the worst status.
func objectiveLine(o okr.Objective, owner string, own []KeyResult) string {
	text := ":dart: " + boldHeadlineOf(o) + " · " + o.Period.Words()
	if owner != "" {
		text += " · " + owner
	}
	if o.Closed {
		text += " · :lock: closed out"
	}
	r := okr.RollUpOf(rolledUp(own))
	text += "\n" + rollUpWords(r, len(own))
	stale := 0
	for _, k := range own {
		if k.Is(string(okr.Stale)) {
			stale++
		}
	}
	if r.Worst != okr.Stale {
		text += among(stale, len(own), okr.Stale.Icon(), "stale")
	}
	return text
}

// rollUpWords are an objective's progress, how many key results report, the worst status of those, and
// which of all do not sync.
func rollUpWords(r okr.RollUp, all int) string {
	text := r.Words()
	switch {
	case r.Worst == "":
	case all == 1:
		text += " · " + r.Worst.Icon() + " " + r.Worst.Word()
	default:
		text += " · worst: " + r.Worst.Icon() + " " + r.Worst.Word()
	}
	return text + failingWords(r.Failing, all)
}

// failingWords name one or two that do not sync, of so many, and count more of them, behind other words:
// " · ⚠ KR-5 is not syncing"; empty where all sync.
func failingWords(keys []string, all int) string {
	if n := len(keys); n == 0 || n > 2 || all == 1 {
		return failingAmong(n, all)
	}
	return " · " + notSyncingIcon + " " + listed(keys) + " " + verb(len(keys), "is", "are") + " " + notSyncingWord
}

// failingAmong are how many of those that are counted do not sync, behind other words; empty where all sync.
func failingAmong(failing, all int) string {
	return among(failing, all, notSyncingIcon, notSyncingWord)
}

// among are how many of those that are counted are something besides, behind other words: " · ⚠ 1 of them not
// syncing"; empty where none is.
func among(some, all int, icon, word string) string {
	switch {
	case some == 0:
		return ""
	case all == 1:
		return " · " + icon + " " + word
	}
	return fmt.Sprintf(" · %s %d of them %s", icon, some, word)
}

func note(mrkdwnText string) slack.Block {
	return slack.NewContextBlock("", mrkdwn(mrkdwnText))
}
