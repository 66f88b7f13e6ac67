package view

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// endBlocks are how an objective was closed out, in its window: the note, and each key result as it was
// written down. Those that are still there have the way into their details.
func (o Objective) endBlocks() []slack.Block {
	head := o.End.head()
	if below := o.below(); below != "" {
		head += "\n" + below
	}
	blocks := []slack.Block{section(head)}
	for i, k := range o.End.KeyResults {
		if i == keyResultsShown {
			rest := section("…and " + okr.CountWords(len(o.End.KeyResults)-i, "more key result") + ".")
			rest.Accessory = slack.NewAccessory(button(ActionCloseOutAll, "See all", strconv.FormatInt(o.ID, 10)))
			return append(blocks, rest)
		}
		line := section(k.line())
		if slices.ContainsFunc(o.KeyResults, func(there KeyResult) bool { return there.ID == k.ID }) {
			line.Accessory = slack.NewAccessory(button(ActionDetails, "Details", strconv.FormatInt(k.ID, 10)))
		}
		blocks = append(blocks, line)
	}
	return blocks
}

// WasClosedOut tells who leads an objective that somebody else closed it out.
func WasClosedOut(c Closed) string {
	text := ":checkered_flag: " + headlineOf(c.Objective) + " (" + c.Objective.Period.Words() + ") was closed out by <@" + c.Person + ">."
	if c.Next.ID != 0 {
		text += " It " + GoesOnIn(c.Next) + "." + TreeWentOn(c.Above, c.Below)
	}
	return text + " `/okr show " + c.Objective.Key() + "` shows how it ended."
}

// TheirsWereClosedOut tells an owner or co-owner of key results that these ended with their objective, and as
// which number each goes on: carried has it by key result.
func TheirsWereClosedOut(c Closed, own []okr.KeyResult, carried map[int64]int) string {
	text := WasClosedOut(c) + "\nYours in it:"
	for i, k := range own {
		if i == told {
			return text + "\n…and " + okr.CountWords(len(own)-i, "more key result") + "."
		}
		text += "\n• *" + k.Key() + "* " + Escape(Cut(ShownName(k.Title, k.Key()), 100))
		if n := carried[k.ID]; n != 0 {
			text += fmt.Sprintf(", goes on as *KR-%d*", n)
		}
	}
	return text
}
