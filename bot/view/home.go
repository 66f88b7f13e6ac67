package view

import (
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// What can be pressed on the Home tab besides key results.
const (
	ActionAddKeyResult = "add_key_result"
	ActionAddObjective = "add_objective"
	ActionConnect      = "connect"
	ActionHomeMore     = "home_more"
	ItemSyncAll        = "sync_all"
)

// HomeListed keeps the Home tab within Slack's 100 blocks even when every key result has an
// objective of its own.
const HomeListed = 40

// InNeed is a connection whose sign-in needs whoever sees it.
type InNeed struct {
	Connection
	Says      string // what happened and what to do
	MakerGone bool
}

// needsListed is how many of them the Home tab names.
const needsListed = 5

func (n InNeed) block() slack.Block {
	text := n.needs(n.Says)
	if n.MakerGone {
		text += "\n<@" + n.Owner + ">, who made it, is no longer in this workspace: use a sign-in that stays."
	}
	s := section(text)
	s.Accessory = slack.NewAccessory(button(ActionReconnect, "Reconnect", fmt.Sprint(n.ID)))
	return s
}

// Home is what a person sees on the app's Home tab: the sign-ins that need them, then their objectives,
// or how to begin. Guests
// see the same without the ways to change anything. Empty are objectives without key results; those
// of them that have ended wait to be closed out.
func Home(name string, systems Systems, needs []InNeed, mine Listing, empty []okr.Objective, ended []int64, mayAdd bool) slack.HomeTabViewRequest {
	blocks := []slack.Block{slack.NewHeaderBlock(plain("My Objectives"))}
	if mayAdd {
		buttons := []slack.BlockElement{
			button(ActionAddKeyResult, "Add key result", "home"),
			button(ActionAddObjective, "Add objective", "home"),
			button(ActionConnect, systems.label(), "home"),
		}
		for _, k := range mine.Shown {
			if k.Integrated {
				buttons = append(buttons, slack.NewOverflowBlockElement(ActionHomeMore,
					slack.NewOptionBlockObject(ItemSyncAll, plain("Sync Integration Data"), nil)))
				break
			}
		}
		blocks = append(blocks, slack.NewActionBlock("home", buttons...))
	}
	for i, n := range needs {
		if i == needsListed {
			blocks = append(blocks, note("…and "+okr.CountWords(len(needs)-i, "more connection")+": `/okr connections`."))
			break
		}
		blocks = append(blocks, n.block())
	}
	if mine.Total == 0 && len(empty) == 0 {
		text := "Nothing here yet, " + Escape(name) + ". Key results that you own, share or look after appear here."
		if mayAdd {
			text += "\n\n1. *" + Escape(systems.label()) + "*, or use a connection that is shared with you.\n2. *Add objective*: what you want to reach, and by when.\n3. *Add key result*: pick a scorecard, and it keeps itself true."
		}
		blocks = append(blocks, section(text))
	}
	blocks = append(blocks, underObjectives(mine)...)
	if mine.Total > len(mine.Shown) {
		blocks = append(blocks, note("…and "+mine.count(len(mine.Shown))+" more: `/okr list mine`."))
	}
	for i, o := range empty {
		if i == 5 {
			break
		}
		text := ":dart: " + boldHeadlineOf(o) + " · " + o.Period.Words()
		if slices.Contains(ended, o.ID) {
			s := section(text + "\nIt ended without key results.")
			s.Accessory = closeOutButton(o)
			blocks = append(blocks, s)
			continue
		}
		s := section(text + "\nNo key results yet. Add one with `/okr add-kr`.")
		s.Accessory = slack.NewAccessory(kebabOf(o, false))
		blocks = append(blocks, s)
	}
	blocks = append(blocks, note("`/okr help` lists everything okrbot can do."))
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}

func button(action, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, plain(label))
}
