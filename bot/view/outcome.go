package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Ended is one key result's part of a sync by hand.
type Ended struct {
	KeyResult
	How      string // "changed", "unchanged", "restated", "failed", "superseded"
	Old, New decimal.NullDecimal
	Why      string // failed: what happened and what to do
	Note     string // what else was found: which days were restated, what came without a date
}

// Outcome tells a person how their sync went: one key result in full, many counted and listed.
func Outcome(done []Ended, total int, final bool) Message {
	if total == 1 && len(done) == 1 {
		return outcomeOfOne(done[0])
	}
	var changed, restated, same, again, failed []string
	for _, e := range done {
		name := "*" + e.Key() + "* " + Escape(Cut(e.Title, 60))
		switch {
		case e.How == "failed":
			failed = append(failed, name+": "+e.Why+e.again())
		case e.How == "changed" && e.asBefore() != "":
			again = append(again, name+": "+e.asBefore())
		case e.How == "restated" && okr.Same(e.Old, e.New):
			restated = append(restated, name+": "+e.moved())
		case e.How == "changed" || e.How == "restated":
			changed = append(changed, name+": "+e.moved())
		default:
			of := e.Awaited(e.Objective.Period, e.Today)
			switch {
			case e.Note != "":
				of = e.Note
			case e.Result.Value.Valid:
				of = e.scored()
			case of == "":
				of = "no score yet"
			}
			same = append(same, "*"+e.Key()+"* ("+Escape(of)+")")
		}
	}
	head := fmt.Sprintf("Syncing: %d of %d done", len(done), total)
	switch {
	case final && total == 0:
		head = "Nothing was synced: what was to be read has been removed meanwhile."
	case final:
		head = fmt.Sprintf("Synced %s: %d changed, %d without a newer score, %d failed", okr.CountWords(total, "key result"), len(changed), len(same), len(failed))
		if len(restated) > 0 {
			head += fmt.Sprintf(", %d restated", len(restated))
		}
		if len(again) > 0 {
			head += fmt.Sprintf(", %d as before", len(again))
		}
		if gone := total - len(done); gone > 0 {
			head += fmt.Sprintf(", %d removed meanwhile", gone)
		}
	}
	m := Message{Text: head, Blocks: []slack.Block{section("*" + head + "*")}}
	m.list(":chart_with_upwards_trend: *Changed*", changed, "\n")
	m.list(":pencil2: *Restated*", restated, "\n")
	m.list(":heavy_equals_sign: *As before, with a newer score*", again, "\n")
	m.list(":warning: *Failed*", failed, "\n")
	m.list(":heavy_minus_sign: *No newer score"+inSystem(done)+"*", same, ", ")
	if paused := pausedOf(done); len(paused) > 0 {
		m.Blocks = append(m.Blocks, note(PausedOnes(paused)))
	}
	return m
}

// pausedOf are the numbers of those that are paused.
func pausedOf(done []Ended) (paused []int) {
	for _, e := range done {
		if e.Paused {
			paused = append(paused, e.Number)
		}
	}
	return paused
}

// PausedOnes says that some of what is synced is paused. Empty without any.
func PausedOnes(numbers []int) string {
	const most = 10
	var list []string
	for i, n := range slices.Sorted(slices.Values(numbers)) {
		if i == most {
			list = append(list, fmt.Sprintf("%d more", len(numbers)-i))
			break
		}
		list = append(list, fmt.Sprintf("KR-%d", n))
	}
	switch last := len(list) - 1; {
	case last < 0:
		return ""
	case last == 0:
		return list[0] + " is paused: it is read this once because you asked, and stays paused."
	default:
		return strings.Join(list[:last], ", ") + " and " + list[last] + " are paused: they are read this once because you asked, and stay paused."
	}
}

// inSystem names the system that all was read from, where it is one.
func inSystem(done []Ended) string {
	for _, e := range done {
		if e.Source.System != done[0].Source.System {
			return ""
		}
	}
	if len(done) == 0 {
		return ""
	}
	return " in " + done[0].Source.System
}

// outcomeListed is how many lines of one kind an outcome names.
const outcomeListed = 20

// list adds lines under a heading, cut where a section of Slack's would be.
func (m *Message) list(heading string, lines []string, between string) {
	if len(lines) == 0 {
		return
	}
	shown := lines[:min(len(lines), outcomeListed)]
	text := heading + "\n" + strings.Join(shown, between)
	for len([]rune(text)) > sectionLimit-100 && len(shown) > 1 {
		shown = shown[:len(shown)-1]
		text = heading + "\n" + strings.Join(shown, between)
	}
	if more := len(lines) - len(shown); more > 0 {
		text += fmt.Sprintf("\n…and %d more: `/okr list mine`.", more)
	}
	m.Blocks = append(m.Blocks, section(text))
}

func (e Ended) moved() string { return e.news().move() }

func (e Ended) news() News {
	n := News{KeyResult: e.KeyResult, Kind: Changed, Old: e.Old, New: e.New, Note: e.Note}
	if e.How == "restated" {
		n.Kind = Restated
	}
	return n
}

// below are the lines under what became of the value, which has it already or has not.
func (e Ended) below() string {
	if e.news().moveSaysIt() {
		return e.ShownBeside()
	}
	return e.Shown()
}

// asBefore says that a newer score brought the same value: "50.7 Hours, as before, now of 25 Nov".
// Empty where there is more to say.
func (e Ended) asBefore() string {
	if e.Note != "" || !e.New.Valid || !okr.Same(e.Old, e.New) {
		return ""
	}
	return Escape(e.Measured(e.New.Decimal)) + ", as before, now " + strings.TrimPrefix(e.scored(), "score ")
}

// nothingNew says that a sync brought no newer score, or that the period has none yet.
func (e Ended) nothingNew() string {
	switch {
	case e.Result.Value.Valid && e.Result.AsOf > e.Today:
		return "no newer score in " + e.Source.System + ", " + e.scored() + " is as it was"
	case e.Result.Value.Valid:
		return "no newer score in " + e.Source.System + " since " + e.Result.AsOf.Short(e.Today)
	}
	return "no score of this period in " + e.Source.System + " yet"
}

func outcomeOfOne(e Ended) Message {
	var text string
	notice := e.Key() + " synced: " + e.fallback()
	switch {
	case e.How == "failed":
		notice = e.Key() + " could not be synced."
		text = ":warning: " + e.Headline() + " could not be synced.\n" + e.Why + e.again()
		if e.Result.Value.Valid {
			text += "\nIts last good value stays: " + e.Figures() + ", " + e.Dates() + "."
		}
	case e.How == "changed" && e.asBefore() != "":
		text = ":heavy_equals_sign: " + e.Headline() + "  " + e.asBefore() + "\n" + e.below()
	case e.How == "changed":
		text = ":chart_with_upwards_trend: " + e.Headline() + "  " + e.moved() + "\n" + e.below()
	case e.How == "restated":
		text = ":pencil2: " + e.Headline() + "  " + e.moved() + "\n" + e.below()
	default:
		text = ":heavy_minus_sign: " + e.Headline() + ": " + Escape(e.nothingNew()) + ".\n" + e.Shown()
		if e.Note != "" {
			text += "\n" + Escape(e.Note) + "."
		}
	}
	return Message{Text: notice, Blocks: []slack.Block{section(text)}}
}

// Waits tells a person that a system asked us to wait with a key result, and with how many in all.
func Waits(k KeyResult, n int, until time.Time) Message {
	what := "*" + k.Key() + "* " + Escape(Cut(k.Title, 60)) + " is"
	if n > 1 {
		what = okr.CountWords(n, "key result") + " are"
	}
	return Text(":hourglass: " + k.Source.System + " asked us to wait until " + Moment(until) + ", because it gets too many requests. " + what + " read then, and you hear how it went.")
}
