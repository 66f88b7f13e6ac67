package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Drawn is a key result with its readings, oldest first.
type Drawn struct {
	KeyResult
	Readings []okr.Reading
}

// Worst are the key results that a digest draws: those that need somebody's eyes most.
func Worst(list []KeyResult) []KeyResult {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b KeyResult) int {
		if a.Standing().Status.Worse(b.Standing().Status) {
			return -1
		}
		if b.Standing().Status.Worse(a.Standing().Status) {
			return 1
		}
		return 0
	})
	return sorted[:min(len(sorted), chartsAtOnce)]
}

// Digest is the week's look at key results: all of them in lines, and the trend of those that need
// somebody's eyes most as charts, with the same in words; where Slack takes no chart, as text.
func Digest(l Listing, drawn []Drawn) Message {
	if l.Total == 0 {
		return Text("*The week's key results*\nNone is announced here. Choose this channel in a key result's form, or end the digest with `/okr unsubscribe`.")
	}
	build := func(charted bool) Message {
		m := Message{Text: "The week's key results: " + l.count(0), Blocks: []slack.Block{section("*The week's key results*")}}
		m.Blocks = append(m.Blocks, underObjectives(l)...)
		if l.Total > len(l.Shown) {
			m.Blocks = append(m.Blocks, note("…and "+l.count(len(l.Shown))+" more: `/okr list`."))
		}
		for _, d := range drawn {
			thin := okr.Thin(d.Readings, Charted)
			trend := Chart(d.KeyResult, thin, ChartResult, ChartTarget, ChartCommitted, ChartPace)
			if trend == nil {
				continue
			}
			if charted {
				m.Blocks = append(m.Blocks, trend)
			} else {
				m.Blocks = append(m.Blocks, note("*"+d.Key()+"* "+sparkline(thin)))
			}
			m.Blocks = append(m.Blocks, note("*"+d.Key()+"* "+Cut(trendWords(d.KeyResult, d.Readings, thin), 1500)))
		}
		return m
	}
	m, plainer := build(true), build(false)
	m.Plainer = &plainer
	return m
}

// Subscription is a channel or person that gets the digest.
type Subscription struct {
	Channel, By, Next string
	Person            bool
}

// Subscriptions lists who gets the digest.
func Subscriptions(list []Subscription) Message {
	if len(list) == 0 {
		return Text("Nobody gets the weekly digest yet. Type `/okr subscribe` in a channel, or in a direct message with okrbot.")
	}
	const most = 40
	lines := []string{"*The weekly digest goes to*"}
	for i, s := range list {
		if i == most {
			lines = append(lines, fmt.Sprintf("…and %d more", len(list)-i))
			break
		}
		name := "<#" + s.Channel + ">"
		if s.Person {
			name = "you"
		}
		lines = append(lines, "• "+name+", next on "+s.Next+", subscribed by <@"+s.By+">")
	}
	return Text(Cut(strings.Join(lines, "\n"), 2900))
}
