package view

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Card is a key result's living message in its channel: it is kept current, so that the last one
// in the channel is never old. The trend of its newest readings is a chart, and a line of text
// where Slack takes no chart.
func Card(k KeyResult, newest []okr.Reading) Message {
	chart := Chart(k, newest, ChartResult, ChartTarget)
	m := k.card(newest, chart)
	if chart != nil {
		plainer := k.card(newest, note(sparkline(newest)))
		m.Plainer = &plainer
	}
	return m
}

// CardShows is a digest of what a card says, but for when the key result was read and when it is read
// next: those two change with every sync, also where nothing else does.
func CardShows(k KeyResult, newest []okr.Reading) ([]byte, error) {
	k.Source.Waiting = time.Time{}
	for _, t := range []*time.Time{&k.SyncedAt, &k.NextSyncAt} {
		if !t.IsZero() {
			*t = time.Unix(0, 0)
		}
	}
	m := Card(k, newest)
	raw, err := json.Marshal([]any{m.Text, m.Blocks})
	if err != nil {
		return nil, fmt.Errorf("writing a card: %w", err)
	}
	sum := sha256.Sum256(raw)
	return sum[:16], nil
}

// card says what the key result is and how it stands, the number with what it was and what it is to
// be, the bar, and the two dates.
func (k KeyResult) card(newest []okr.Reading, trend slack.Block) Message {
	text := k.Headline() + " · " + k.status() + "\n" + strings.Join(k.moved(newest), " · ")
	if k.Standing().Progress.Valid {
		text += "\n" + k.Bar()
	}
	if dates := k.Dates(); dates != "" {
		text += "\n" + dates
	}
	if byHand := k.ByHand(); byHand != "" {
		text += "\n" + byHand
	}
	text += "\n" + k.goesOn()
	id := strconv.FormatInt(k.ID, 10)
	first := button(ActionSync, "Sync Integration Data", id)
	if !k.Integrated {
		first = button(ActionCheckIn, "Check in", id)
	}
	presses := []slack.BlockElement{first, button(ActionDetails, "Details", id), k.rest()}
	if k.Closed {
		presses = []slack.BlockElement{button(ActionDetails, "Details", id), k.Kebab()}
	}
	blocks := []slack.Block{section(text)}
	if trend != nil {
		blocks = append(blocks, trend)
	}
	return Message{
		Text: k.Key() + " " + Escape(k.Title) + ": " + k.fallback(),
		Blocks: append(blocks,
			note("<@"+k.Owner+"> · "+Escape(Cut(k.Objective.Title, 150))+" · "+k.Objective.Period.Words()),
			slack.NewActionBlock("kr_"+id, presses...),
		),
	}
}

// goesOn says when the key result is read again, or why it is not read. A card of one that fails names no
// time: tries that fail alike do not have it drawn again. Nor does the end of a wait that a system asked for,
// so that the wait is on a card the time of the next sync.
func (k KeyResult) goesOn() string {
	if !k.NextSyncAt.IsZero() && k.Source.Waiting.After(k.NextSyncAt) {
		k.NextSyncAt = k.Source.Waiting
	}
	k.Source.Waiting = time.Time{}
	failing, over := k.failing(), ""
	if k.over() != "" {
		over = "Period over, to be closed out.\n"
	}
	switch {
	case failing == "" || k.Paused:
		return capital(k.Next())
	case k.triedAgain():
		return over + failing + " We try again by ourselves."
	}
	return over + failing
}

// moved is the number with what it was before and what it is to be: "*77*, was 81", "start 150 → target 100",
// "progress 146 %".
func (k KeyResult) moved(newest []okr.Reading) []string {
	parts := k.amount()
	if before, ok := k.Was(newest, k.Today); ok {
		parts[0] += ", was " + Escape(k.Read(before))
	}
	if goal := k.GoalWords(); goal != "" {
		parts = append(parts[:1], append([]string{Escape(goal)}, parts[1:]...)...)
	}
	return parts
}

// rest is the kebab of a card: what none of its buttons does, at most five things.
func (k KeyResult) rest() *slack.OverflowBlockElement {
	kebab := k.Kebab()
	kebab.Options = kebab.Options[1:]
	option := func(verb, label string) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(Item(verb, k.ID), plain(label), nil)
	}
	if k.Overridden(k.Today) {
		kebab.Options = slices.Insert(kebab.Options, 0, option("automatic", "Resume automatic"))
	}
	if k.Integrated {
		kebab.Options = slices.Insert(kebab.Options, 0, option("check_in", "Check in"))
	}
	return kebab
}

// CardMoved is what a card's message says once its key result is announced elsewhere.
func CardMoved(k KeyResult) Message {
	where := "It is announced in no channel now. *Details* shows it."
	if k.Channel != "" {
		where = "Moved to <#" + k.Channel + ">: its card is kept current there."
	}
	return Message{
		Text: k.Key() + " is not announced here any more",
		Blocks: []slack.Block{
			section(k.Headline() + "\n" + where),
			slack.NewActionBlock("kr_"+strconv.FormatInt(k.ID, 10), button(ActionDetails, "Details", strconv.FormatInt(k.ID, 10))),
		},
	}
}

// RemovedCard is what a card's message says once its key result was removed.
func RemovedCard(key, title, by string, at time.Time) Message {
	// A title's own tildes would end the line through it.
	struck := "~" + strings.ReplaceAll(Escape(Cut(key+" "+title, 170)), "~", "∼") + "~"
	return Message{
		Text:   key + " is removed",
		Blocks: []slack.Block{section(fmt.Sprintf("%s\nRemoved by <@%s> on <!date^%d^{date}|%s>", struck, by, at.Unix(), at.UTC().Format("2 Jan 2006")))},
	}
}

// fallback is the key result's standing where no blocks are shown: in notifications and to
// screen readers.
func (k KeyResult) fallback() string {
	status := k.Standing().Status.Word()
	if !k.Counted().Value.Valid {
		if words := k.BeforeWords(k.Today); words != "" {
			return "before the period " + Escape(words) + ", " + status
		}
		return k.noneYet() + ", " + status
	}
	return Escape(k.CountedWords(k.Today)) + ", " + status
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
