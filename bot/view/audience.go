package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// What an administrator decides about a channel that others see.
const (
	ActionConsent = "channel_consent"
	ActionSilence = "channel_silence"
)

// Audience is a channel that people of other organisations see, or will.
type Audience struct {
	Channel  string
	Others   int    // how many workspaces and Grids of theirs, as far as Slack tells
	Mark     string // tells these others from others
	Untold   string // Slack's word for why it does not say whether they do
	By       string // who consented; empty: nobody
	At       time.Time
	Declined string // who would not; empty: nobody
}

// value is what a button about the channel carries: what is decided is about those who were shown.
func (a Audience) value() string { return a.Channel + " " + a.Mark }

// ParseAudience reads what a button about a channel carries.
func ParseAudience(value string) (channel, mark string) {
	channel, mark, _ = strings.Cut(value, " ")
	return channel, mark
}

// who counts the others. Slack tells apps their ids alone, which say nothing to people; its own window of
// the channel has their names.
func (a Audience) who() string {
	if a.Others > 1 {
		return fmt.Sprintf("%d other organisations or workspaces of theirs", a.Others)
	}
	return "another organisation"
}

// seen says who sees what is posted in the channel.
func (a Audience) seen() string {
	if a.Untold != "" {
		return "Slack does not tell okrbot whether people of another organisation see <#" + a.Channel + "> (`" + Escape(a.Untold) + "`); they may."
	}
	return "<#" + a.Channel + "> is shared with " + a.who() + ", or will be as soon as they accept. Slack shows who they are in the details of the channel."
}

// OthersSee tells somebody who chooses a channel that people of other organisations see it, or may; empty
// where they do not.
func OthersSee(a Audience, outside, silent bool) string {
	const asked = " Nothing is posted there until an administrator of this workspace agrees; they are asked."
	switch {
	case silent && a.Untold != "":
		return ":lock: " + a.seen() + asked
	case silent:
		return ":lock: <#" + a.Channel + "> is shared with another organisation." + asked
	case outside && a.Untold != "":
		return a.seen()
	case outside:
		return "<#" + a.Channel + "> is shared with another organisation, whose people see what is posted there."
	}
	return ""
}

// see says of people of other organisations that they see the channel, as far as that is known.
func (a Audience) see() string {
	if a.Untold != "" {
		return "may see"
	}
	return "see"
}

// WantedLine is a key result that is to be posted in a channel.
type WantedLine struct {
	Key, Title, Owner string
}

// AskConsent asks an administrator whether something may be posted in a channel that others see.
func AskConsent(a Audience, wanted []WantedLine, digest string) Message {
	const mostNamed = 10
	var lines []string
	for _, w := range wanted[:min(len(wanted), mostNamed)] {
		lines = append(lines, "*"+w.Key+"* "+Escape(Cut(w.Title, 100))+", of <@"+w.Owner+">")
	}
	if more := len(wanted) - mostNamed; more > 0 {
		lines = append(lines, "…and "+okr.CountWords(more, "other key result"))
	}
	if digest != "" {
		lines = append(lines, "the weekly digest, which <@"+digest+"> subscribed to")
	}
	text := ":lock: *May okrbot post in <#" + a.Channel + ">?*\n" + a.seen() + " They would see all that okrbot posts there: key results with their owners, values, targets and trends, who changes them, and summaries."
	if len(lines) > 0 {
		text += "\nWhat waits to be posted:\n• " + strings.Join(lines, "\n• ")
	}
	text += "\nUntil you or another administrator agrees, nothing is posted there, and nothing is lost. `/okr settings` shows and changes it at any time."
	yes := button(ActionConsent, "Let okrbot post there", a.value())
	return Message{
		Text:   "May okrbot post in <#" + a.Channel + ">, which people of another organisation " + a.see() + "?",
		Blocks: []slack.Block{section(text), slack.NewActionBlock("", yes, button(ActionSilence, "Keep okrbot silent there", a.value()))},
	}
}

// Decided says what was decided about a channel.
func Decided(a Audience) string {
	if a.By != "" && a.Untold != "" {
		return ":white_check_mark: okrbot posts in <#" + a.Channel + ">: <@" + a.By + "> let it. " + a.seen() + " What waited is posted now. `/okr settings` takes it back."
	}
	if a.By != "" {
		return ":white_check_mark: okrbot posts in <#" + a.Channel + ">: <@" + a.By + "> let it, for " + a.who() + ". What waited is posted now. Where yet another organisation comes, you are asked again. `/okr settings` takes it back."
	}
	return ":lock: okrbot posts nothing in <#" + a.Channel + ">: <@" + a.Declined + "> keeps it silent there. What waits is kept. `/okr settings` lets it post."
}

// Silenced tells somebody that what is theirs is not posted in a channel, and who decided so.
func Silenced(a Audience, by string) string {
	return "<@" + by + "> decided that okrbot posts nothing in <#" + a.Channel + ">, since people of another organisation " + a.see() + " it. What is yours there is kept and not posted. `/okr edit KR-…` chooses another channel for a key result."
}

// mostAudiences is how many channels the settings show.
const mostAudiences = 20

// audienceBlocks are the channels that others see, each with what can be decided.
func audienceBlocks(list []Audience) []slack.Block {
	if len(list) == 0 {
		return nil
	}
	heading := "*Channels shared with other organisations*\nTheir people see what is posted there, so okrbot posts only where an administrator agrees."
	if slices.ContainsFunc(list, func(a Audience) bool { return a.Untold != "" }) {
		heading = "*Channels that people of other organisations see, or may see*\nokrbot posts there only where an administrator agrees."
	}
	blocks := []slack.Block{section(heading)}
	for _, a := range list[:min(len(list), mostAudiences)] {
		var text string
		var b *slack.ButtonBlockElement
		switch {
		case a.By != "":
			text, b = a.seen()+" okrbot posts there: <@"+a.By+"> let it on "+Moment(a.At)+".", button(ActionSilence, "Stop posting", a.value())
		case a.Declined != "":
			text, b = ":lock: "+a.seen()+" okrbot is silent there: <@"+a.Declined+"> decided so.", button(ActionConsent, "Let okrbot post", a.value())
		default:
			text, b = ":lock: "+a.seen()+" okrbot waits for an administrator's word.", button(ActionConsent, "Let okrbot post", a.value())
		}
		s := section(text)
		s.BlockID, s.Accessory = "audience:"+a.Channel, slack.NewAccessory(b)
		blocks = append(blocks, s)
	}
	if more := len(list) - mostAudiences; more > 0 {
		blocks = append(blocks, note("…and "+okr.CountWords(more, "other channel")+"."))
	}
	return blocks
}
