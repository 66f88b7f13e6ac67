package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Drawn is a key result with its readings, oldest first.
type Drawn struct {
	KeyResult
	Readings []okr.Reading
}

const (
	// DigestTrends is how many trends a digest draws at most; those beyond chartsAtOnce in text.
	DigestTrends = 3
	// digestLines is how many key results it shows: those that need somebody's eyes most.
	digestLines = 12
	// digestKept is how many it keeps, so that trends are found where the worst have none.
	digestKept = 40
	// digestChanges is how many changes of status it names.
	digestChanges = 10
)

// Digest is the week's look at key results, made of one after the other by Add.
type Digest struct {
	Own          bool    // it is a person's
	Today, Since okr.Day // Since: of the last digest; 0: there was none
	Worst        []DigestLine
	Drawn        []Drawn
	Gone         int    // told last time, and here no more
	More         string // the command that lists them all

	total                       int
	counts                      map[okr.Status]int
	better, worse, moved, fresh int
	changes                     []DigestLine // of status, those that got worse first
}

// DigestEnded tells who subscribed that a channel takes no digest, or a person no direct messages.
func DigestEnded(to string, person bool, code string) string {
	if person {
		return "The weekly digest does not go to <@" + to + "> any more: Slack delivers no direct messages of okrbot to them (" + code + "). Once it does, they can type `/okr subscribe me`."
	}
	why := "Slack does not let okrbot post there (" + code + "). Who manages the channel can allow it; then type `/okr subscribe` in it."
	switch code {
	case "not_in_channel", "channel_not_found":
		why = "okrbot is not in that channel. Type `/invite @okrbot` in it, then `/okr subscribe` there."
	case "is_archived":
		why = "the channel is archived. Take it out of the archive, or type `/okr subscribe` in another channel."
	}
	return "The weekly digest is not posted in <#" + to + "> any more: " + why
}

// DigestLine is a key result in a digest, with what the last digest told of it.
type DigestLine struct {
	KeyResult
	Before    bool // it was told
	Was       decimal.NullDecimal
	WasWords  string // as it was written; empty: as it is written now
	OldStatus okr.Status
}

// status is how it stands now.
func (l DigestLine) status() okr.Status { return l.Standing().Status }

// moved says whether its value is another one than was told.
func (l DigestLine) moved() bool {
	return l.Before && !okr.Same(l.Counted().Value, l.Was)
}

// worst puts first what needs somebody's eyes most.
func (l DigestLine) worst(other DigestLine) int {
	return l.Pressing(other.KeyResult)
}

// Add counts a key result, and keeps it as far as it is one of the worst or changed.
func (d *Digest) Add(l DigestLine) {
	if d.counts == nil {
		d.counts = map[okr.Status]int{}
	}
	now := l.status()
	d.total++
	d.counts[now]++
	keep := func(list []DigestLine, most int) []DigestLine {
		at, _ := slices.BinarySearchFunc(list, l, DigestLine.worst)
		if at == most {
			return list
		}
		list = slices.Insert(list, at, l)
		return list[:min(len(list), most)]
	}
	d.Worst = keep(d.Worst, digestKept)
	switch {
	case !l.Before:
		d.fresh++
		return
	case now.Worse(l.OldStatus):
		d.worse++
	case l.OldStatus.Worse(now):
		d.better++
	}
	if l.moved() {
		d.moved++
	}
	if now != l.OldStatus {
		d.changes = keep(d.changes, digestChanges+digestLines)
	}
}

// standing counts by status, the worst first: "7 behind, 1 at risk, 2 stale".
func (d Digest) standing() string {
	statuses := slices.SortedFunc(maps.Keys(d.counts), func(a, b okr.Status) int {
		if a.Worse(b) {
			return -1
		}
		return 1
	})
	parts := make([]string, len(statuses))
	for i, s := range statuses {
		parts[i] = fmt.Sprintf("%d %s", d.counts[s], strings.ToLower(s.Word()))
	}
	return strings.Join(parts, ", ")
}

// since says what changed as a whole: "Since 16 Nov: 2 worse, 1 better, 14 values moved, 1 new."
func (d Digest) since() string {
	if d.Since == 0 {
		return ""
	}
	var parts []string
	add := func(n int, words string) {
		if n > 0 {
			parts = append(parts, words)
		}
	}
	add(d.worse, fmt.Sprintf("%d got worse", d.worse))
	add(d.better, fmt.Sprintf("%d got better", d.better))
	add(d.moved, okr.CountWords(d.moved, "value")+" moved")
	add(d.fresh, fmt.Sprintf("%d new", d.fresh))
	add(d.Gone, fmt.Sprintf("%d no longer here", d.Gone))
	if len(parts) == 0 {
		parts = []string{"nothing changed"}
	}
	return "Since " + d.Since.Short(d.Today) + ": " + strings.Join(parts, ", ") + "."
}

// was says what of a line is another than the last digest told; empty for nothing.
func (l DigestLine) was() string {
	var parts []string
	if l.moved() {
		old := "no score"
		if !l.Integrated {
			old = "no check-in"
		}
		if l.Was.Valid {
			old = Escape(cmp.Or(l.WasWords, l.Measured(l.Was.Decimal)))
		}
		parts = append(parts, old)
	}
	if l.Before && l.status() != l.OldStatus {
		parts = append(parts, strings.ToLower(l.OldStatus.Word()))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (was " + strings.Join(parts, ", ") + ")"
}

func (l DigestLine) words() string {
	text := l.Headline() + " · " + Escape(Cut(l.Objective.Title, 80)) + "\n" + l.Figures() + l.was()
	switch {
	case l.Integrated && l.Paused:
		text += " · :double_vertical_bar: paused"
	case l.Failure.Class != "":
		text += " · :warning: not syncing"
	}
	return lines(text, l.Dates())
}

// Message is the digest as it is posted: the counts, what changed, the worst of all, and the trends of
// some of them as charts; where Slack takes none, as text.
func (d Digest) Message() Message {
	switch {
	case d.total == 0 && d.Own:
		return Text("*The week's key results*\nYou own or look after none now. Add one with `/okr add-kr`, or end the digest with `/okr unsubscribe me`.")
	case d.total == 0:
		return Text("*The week's key results*\nNone is announced here. Choose this channel in a key result's form, or end the digest with `/okr unsubscribe`.")
	}
	head := "*The week's key results* · " + okr.CountWords(d.total, "key result") + " · " + d.Today.Words() + "\n" + d.standing()
	if since := d.since(); since != "" {
		head += "\n" + since
	}
	shown := d.Worst[:min(len(d.Worst), digestLines)]
	lines := make([]string, len(shown))
	for i, l := range shown {
		lines[i] = l.words()
	}
	build := func(charted bool) Message {
		m := Message{Text: "The week's key results: " + d.standing(), Blocks: []slack.Block{section(head)}}
		m.Blocks = append(m.Blocks, sections(lines, digestLines)...)
		if rest := d.total - len(shown); rest > 0 {
			m.Blocks = append(m.Blocks, note("…and "+okr.CountWords(rest, "key result")+" that need your eyes less: `"+d.More+"`."))
		}
		m.Blocks = append(m.Blocks, sections(d.changed(shown), 2)...)
		for i, drawn := range d.Drawn {
			thin := okr.Thin(drawn.Readings, Charted)
			trend := Chart(drawn.KeyResult, thin, ChartResult, ChartTarget, ChartCommitted, ChartPace)
			if trend != nil && charted && i < chartsAtOnce {
				m.Blocks = append(m.Blocks, trend, note("*"+drawn.Key()+"* "+caption(drawn)))
			} else {
				m.Blocks = append(m.Blocks, note("*"+drawn.Key()+"* "+Escape(Cut(drawn.Title, 50))+" "+sparkline(thin)+" "+caption(drawn)))
			}
		}
		return m
	}
	m, plainer := build(true), build(false)
	m.Plainer = &plainer
	return m
}

// changed names the changes of status that no line above does, in lines.
func (d Digest) changed(shown []DigestLine) []string {
	lines := []string{"*Also changed*"}
	for _, l := range d.changes {
		if slices.ContainsFunc(shown, func(s DigestLine) bool { return s.ID == l.ID }) || len(lines) > digestChanges {
			continue
		}
		lines = append(lines, "• "+l.Headline()+": "+l.OldStatus.Word()+" → "+l.status().Icon()+" "+l.status().Word())
	}
	if len(lines) == 1 {
		return nil
	}
	return lines
}

// caption says in a line what a chart draws, to people: where it came from, where it is, and where it
// should be.
func caption(d Drawn) string {
	last := len(d.Readings) - 1
	low, high := okr.Extremes(d.Readings)
	point := func(i int) string { return Escape(d.Read(d.Readings[i])) + " on " + d.Readings[i].Day.Short(d.Today) }
	between := func(i int) bool { return i != 0 && i != last && d.Read(d.Readings[i]) != d.Read(d.Readings[last]) }
	text := "from " + point(0) + " to " + point(last)
	if between(low) {
		text += ", lowest " + point(low)
	}
	if between(high) {
		text += ", highest " + point(high)
	}
	if d.Target.Valid {
		text += "; target " + Escape(d.Entered(d.Target.Decimal))
	}
	if pace := d.ExpectedValue(d.Objective.Period, d.Readings[last].Day); pace.Valid {
		text += ", expected by then " + Escape(d.Scored(pace.Decimal))
	}
	return text
}

// Subscription is a channel or person that gets the digest.
type Subscription struct {
	Channel, By, Next string
	Person            bool
}

// Subscriptions lists who gets the digest.
func Subscriptions(list []Subscription, from, total int) Message {
	if total == 0 {
		return Text("Nobody gets the weekly digest yet. Type `/okr subscribe` in a channel, or `/okr subscribe me`.")
	}
	pages := Pages{From: from, Shown: len(list), Total: total, Most: SubscriptionsListed, Back: ActionSubscriptionsBack, On: ActionSubscriptionsOn}
	lines := []string{"*The weekly digest goes to*" + pages.words()}
	for _, s := range list {
		name := "<#" + s.Channel + ">"
		if s.Person {
			name = "you"
		}
		lines = append(lines, "• "+name+", next on "+s.Next+", subscribed by <@"+s.By+">")
	}
	m := Text(strings.Join(lines, "\n"))
	m.Blocks = append(m.Blocks, pages.ways()...)
	return m
}

// SubscriptionsListed is how many a message shows at once: a line each, and Slack takes 3000 characters.
const SubscriptionsListed = 20

// What turns the pages of a list of subscriptions.
const (
	ActionSubscriptionsBack = "subscriptions_back"
	ActionSubscriptionsOn   = "subscriptions_on"
)
