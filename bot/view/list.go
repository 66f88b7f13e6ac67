package view

import (
	"fmt"
	"strconv"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// listed is how many key results a list shows at once: each takes a block or two, and Slack
// allows 50 in a message and 100 on Home.
const listed = 20

// List shows key results under their objectives. What it is a list of is said first; the way to
// a shorter list is said when not all fit.
func List(what string, all []KeyResult) Message {
	if len(all) == 0 {
		return Text(what + ": none. Add one with `/okr add-kr`.")
	}
	m := Message{Text: fmt.Sprintf("%s: %d", what, len(all)), Blocks: []slack.Block{section("*" + what + "*")}}
	m.Blocks = append(m.Blocks, underObjectives(all, listed)...)
	if more := len(all) - listed; more > 0 {
		m.Blocks = append(m.Blocks, note(fmt.Sprintf("…and %d more. Narrow it: `/okr list @person`, `/okr list #channel` or `/okr list at-risk`.", more)))
	}
	return m
}

// underObjectives writes an objective's line before its first key result.
func underObjectives(all []KeyResult, most int) []slack.Block {
	var blocks []slack.Block
	for i, k := range all {
		if i == most {
			break
		}
		if i == 0 || all[i-1].Objective.ID != k.Objective.ID {
			blocks = append(blocks, section(objectiveLine(k.Objective, siblings(all, k.Objective.ID))))
		}
		blocks = append(blocks, line(k))
	}
	return blocks
}

func line(k KeyResult) slack.Block {
	text := k.Headline() + "\n" + k.Figures() + "\n" + k.Dates() + " · " + k.Next()
	if trouble := k.Trouble(); trouble != "" {
		text += "\n" + trouble
	}
	s := section(text)
	s.BlockID = "kr_" + strconv.FormatInt(k.ID, 10)
	kebab := k.Kebab()
	kebab.Options = append([]*slack.OptionBlockObject{slack.NewOptionBlockObject(Item("details", k.ID), plain("Details"), nil)}, kebab.Options...)
	s.Accessory = slack.NewAccessory(kebab)
	return s
}

func siblings(all []KeyResult, objective int64) []KeyResult {
	var own []KeyResult
	for _, k := range all {
		if k.Objective.ID == objective {
			own = append(own, k)
		}
	}
	return own
}

// objectiveLine is an objective with its progress, how many key results report, and the worst status.
func objectiveLine(o okr.Objective, own []KeyResult) string {
	items := make([]okr.RollUpItem, len(own))
	for i, k := range own {
		standing := k.Standing()
		items[i] = okr.RollUpItem{Progress: standing.Progress, Weight: k.Weight, Kind: k.Kind, Status: standing.Status}
	}
	r := okr.RollUpOf(items)
	text := ":dart: *" + Escape(Cut(o.Title, 150)) + "* · " + o.Period.Words() + "\n"
	if r.Progress.Valid {
		text += okr.PercentWords(r.Progress.Decimal)
	} else {
		text += "no data"
	}
	text += fmt.Sprintf(" · %d of %d reporting", r.Reporting, r.Total)
	if r.Worst != "" {
		text += " · worst: " + r.Worst.Icon() + " " + r.Worst.Word()
	}
	return text
}

func note(mrkdwnText string) slack.Block {
	return slack.NewContextBlock("", mrkdwn(mrkdwnText))
}
