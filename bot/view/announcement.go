package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/slack-go/slack"

	"okrbot/okr"
)

// ActionList is the button See all.
const ActionList = "see_all"

// told is how many key results a message names; the rest are counted.
const told = 10

// PostsAtOnce is how many key results that somebody posted one message shows, each in four blocks.
const PostsAtOnce = 5

// NewsKind is what is told of a key result.
type NewsKind int

// What is told.
const (
	Changed   NewsKind = iota
	Restated           // because a past score moved
	Failed             // it does not sync any more
	Recovered          // it does again
	Unposted           // a channel does not take what is to be said there
	Posted             // by somebody
)

// News is one thing to say about a key result.
type News struct {
	KeyResult
	Kind      NewsKind
	Old, New  decimal.NullDecimal
	OldWords  string // both as they were written when they counted; empty: as they are written now
	NewWords  string
	OldStatus okr.Status
	NewStatus okr.Status
	Note      string        // Failed: what happened and what to do; Changed, Restated: which days were restated, what was edited
	Said      []Said        // Changed: the notes of the check-ins that moved it
	RefusedIn string        // Unposted: the channel
	RefusedAs string        // Unposted: Slack's word for why
	By        string        // Posted: who posts it
	Readings  []okr.Reading // Posted: all of the period, oldest first
}

// Announcement is one message about all that changed in a channel within a run, or about what a
// person should know. A message whose first answer was lost says so.
func Announcement(news []News, repeated bool) Message {
	var changes, failures, recoveries, parked, posts []News
	for _, n := range news {
		switch n.Kind {
		case Failed:
			failures = append(failures, n)
		case Recovered:
			recoveries = append(recoveries, n)
		case Unposted:
			parked = append(parked, n)
		case Posted:
			posts = append(posts, n)
		default:
			changes = append(changes, n)
		}
	}
	var m Message
	m.add(changed(changes))
	m.add(failed(failures))
	m.add(recovered(recoveries))
	m.add(unposted(parked))
	plainer := m
	for i, n := range posts {
		m.add(shared(n, i < chartsAtOnce))
		plainer.add(shared(n, false))
	}
	if len(posts) > 0 {
		m.Plainer = &plainer
	}
	if repeated {
		m.Text += " (repeated)"
		plainer.Text += " (repeated)"
		m.Add("(repeated: Slack did not say whether the first one arrived)")
	}
	return m
}

// chartsAtOnce is how many charts Slack takes in one message, as its page on the block says. What is
// beyond is drawn in text: a message of its own would have to be repeated, and found, by itself.
const chartsAtOnce = 2

// shared is a key result that somebody posted: its figures, its trend as a chart or a line of
// text, and the same in words.
func shared(n News, charted bool) Message {
	drawn := okr.Thin(n.Readings, Charted)
	m := Message{Text: n.Key() + " " + Escape(n.Title) + ": " + n.fallback()}
	text := n.Headline() + "\n" + n.Shown()
	if n.Standing().Progress.Valid {
		text += "\n" + n.Bar()
	}
	m.Blocks = []slack.Block{section(text)}
	trend := Chart(n.KeyResult, drawn, ChartResult, ChartTarget, ChartCommitted, ChartPace)
	switch {
	case trend != nil && charted:
		m.Blocks = append(m.Blocks, trend)
	case trend != nil:
		m.Blocks = append(m.Blocks, note(sparkline(drawn)))
	}
	m.Blocks = append(m.Blocks, section(trendWords(n.KeyResult, n.Readings)), note("posted by <@"+n.By+">"))
	return m
}

func (m *Message) add(other Message) {
	if other.Text == "" {
		return
	}
	if m.Text != "" {
		m.Text += " · "
	}
	m.Text += other.Text
	m.Blocks = append(m.Blocks, other.Blocks...)
}

func changed(news []News) Message {
	if len(news) == 0 {
		return Message{}
	}
	m := Message{Text: news[0].Key() + " " + Escape(news[0].Title) + ": " + news[0].move()}
	if len(news) > 1 {
		m.Text = okr.CountWords(len(news), "key result") + " have new values"
	}
	for i, n := range news {
		if i == told {
			break
		}
		m.Blocks = append(m.Blocks, section(n.inFull()))
	}
	return m.rest(news)
}

// inFull is what moved, where it stands now and what was said of it. The value stands there once, unless
// another one counts by now.
func (n News) inFull() string {
	figures := n.Figures()
	if n.moveSaysIt() {
		figures = n.FiguresBeside()
	}
	return lines(append([]string{n.Headline() + "  " + n.move(), figures + turn(n), n.Dates(), n.ByHand()}, n.said()...)...)
}

// moveSaysIt says whether the value that counts now stands in what is said of the move.
func (n News) moveSaysIt() bool {
	unchanged := okr.Same(n.Old, n.New) && cmp.Or(n.OldWords, n.MeasuredWords(n.Old)) == n.now()
	return n.stands() && (n.Note == "" || !unchanged)
}

// said are the newest notes, each in a line of its own, below how many others there are.
func (n News) said() (lines []string) {
	if more := len(n.Said) - saidAtOnce; more > 0 {
		lines = append(lines, "…and "+okr.CountWords(more, "earlier note")+": `/okr show "+n.Key()+"`")
	}
	for _, s := range n.Said[max(0, len(n.Said)-saidAtOnce):] {
		if n.stands() && s.Of == n.now() {
			s.Of = ""
		}
		lines = append(lines, s.Line())
	}
	return lines
}

// rest counts the key results that a message does not name.
func (m Message) rest(news []News) Message {
	if more := len(news) - told; more > 0 {
		s := section("…and " + okr.CountWords(more, "more key result") + ".")
		s.Accessory = slack.NewAccessory(button(ActionList, "See all", "news"))
		m.Blocks = append(m.Blocks, s)
	}
	return m
}

// now is the result that is told, as it was written when it counted.
func (n News) now() string { return cmp.Or(n.NewWords, n.MeasuredWords(n.New)) }

// stands says whether what is told still counts: the next change may be saved already.
func (n News) stands() bool {
	counted := n.Counted()
	return counted.Value.Valid && okr.Same(counted.Value, n.New) && n.MeasuredWords(counted.Value) == n.now()
}

// move is the change of the value: "41 → 39 Hours", "restated 20 Nov: 41 → 39 Hours", and what became
// of the result where a day before the newest was restated.
func (n News) move() string {
	old, now := cmp.Or(n.OldWords, n.MeasuredWords(n.Old)), n.now()
	text := Escape(cmp.Or(now, "none"))
	if n.Old.Valid {
		text = Escape(old) + " → " + text
	}
	if !n.New.Valid && n.Note != "" { // the edit took the readings with it
		return Escape(n.Note) + "; it was " + Escape(old) + " before"
	}
	own := okr.Restatement{Day: n.Result.AsOf, From: n.Old.Decimal, To: n.New.Decimal}
	switch {
	case n.Note == "" && n.Kind == Restated:
		return "restated " + text
	case n.Note == "" && old == now && okr.Same(n.Old, n.New): // moves that nobody was told of, and what was said with them
		return "back at " + Escape(now)
	case n.Note == "":
		return text
	case old == now && okr.Same(n.Old, n.New):
		return Escape(n.Note) + "; the result is unchanged"
	case n.Note == n.RestatedWords([]okr.Restatement{own}, n.Today):
		return "restated " + own.Day.Short(n.Today) + ": " + text
	}
	return text + "; " + Escape(n.Note)
}

// turn says that the status changed, which is what people react to.
func turn(n News) string {
	if n.OldStatus == n.NewStatus || n.OldStatus == "" || n.NewStatus == "" {
		return ""
	}
	return " (was " + n.OldStatus.Word() + ")"
}

// failed groups failures by what happened, since one instance that sleeps fails many.
func failed(news []News) Message {
	if len(news) == 0 {
		return Message{}
	}
	m := Message{Text: news[0].Key() + " is not syncing: " + news[0].Note}
	if len(news) > 1 {
		m.Text = okr.CountWords(len(news), "key result") + " are not syncing"
	}
	var order []string
	groups := map[string][]News{}
	for _, n := range news {
		if _, seen := groups[n.Note]; !seen {
			order = append(order, n.Note)
		}
		groups[n.Note] = append(groups[n.Note], n)
	}
	for i, cause := range order {
		if i == told {
			m.Blocks = append(m.Blocks, section("…and "+okr.CountWords(len(order)-told, "more reason")+". `/okr list not-syncing` shows all."))
			break
		}
		group := groups[cause]
		m.Blocks = append(m.Blocks, section(":warning: *Not syncing:* "+keys(group)+"\n"+cause+soonest(group).again()+stays(group)))
	}
	if len(news) == 1 {
		id := fmt.Sprint(news[0].ID)
		m.Blocks = append(m.Blocks, slack.NewActionBlock("failed", button(ActionSync, "Sync Integration Data", id), button(ActionDetails, "Details", id)))
	}
	return m
}

// stays says that what was read before stays; empty where one alone has nothing yet.
func stays(group []News) string {
	switch {
	case len(group) > 1:
		return "\nThe last good values stay."
	case group[0].Counted().Value.Valid:
		return "\nThe last good value stays."
	}
	return ""
}

// soonest is the key result of a group that is tried again first.
func soonest(group []News) KeyResult {
	first := group[0].KeyResult
	for _, n := range group[1:] {
		if !n.RetryAt.IsZero() && (first.RetryAt.IsZero() || n.RetryAt.Before(first.RetryAt)) {
			first = n.KeyResult
		}
	}
	return first
}

// keys names key results, the first few with their titles.
func keys(news []News) string {
	var parts []string
	for i, n := range news {
		if i == told {
			parts = append(parts, fmt.Sprintf("and %d more", len(news)-told))
			break
		}
		parts = append(parts, "*"+n.Key()+"* "+Escape(Cut(n.Title, 60)))
	}
	return strings.Join(parts, ", ")
}

func recovered(news []News) Message {
	if len(news) == 0 {
		return Message{}
	}
	m := Message{Text: news[0].Key() + " syncs again"}
	if len(news) > 1 {
		m.Text = okr.CountWords(len(news), "key result") + " sync again"
	}
	m.Blocks = []slack.Block{section(":white_check_mark: *Syncing again:* " + keys(news))}
	if len(news) == 1 {
		m.Blocks = []slack.Block{section(":white_check_mark: *Syncing again:* " + news[0].Headline() + "\n" + news[0].Figures() + "\n" + news[0].Dates())}
	}
	return m
}

// ActionPostAgain is the button Try again of what a channel did not take; the value is a key result's id.
const ActionPostAgain = "post_again"

// unposted tells an owner which channels do not take the bot's messages.
func unposted(news []News) (m Message) {
	type refusal struct{ channel, code string }
	var order []refusal
	groups := map[refusal][]News{}
	for _, n := range news {
		r := refusal{n.RefusedIn, n.RefusedAs}
		if groups[r] == nil {
			order = append(order, r)
		}
		groups[r] = append(groups[r], n)
	}
	for i, r := range order {
		block := "parked"
		if i > 0 {
			block = fmt.Sprintf("parked_%d", i)
		}
		said := refused(groups[r], block)
		if r.code == "ambiguous" {
			said = unsure(groups[r], block)
		}
		if said.Text == m.Text { // it need not be said twice where no blocks are shown
			m.Blocks = append(m.Blocks, said.Blocks...)
		} else {
			m.add(said)
		}
	}
	return m
}

// unsure is said where nobody knows whether a message arrived.
func unsure(news []News, block string) Message {
	return Message{
		Text: "okrbot does not know whether a message arrived",
		Blocks: []slack.Block{
			section(":grey_question: Slack did not say whether a message about " + keys(news) + " arrived in <#" + news[0].RefusedIn + ">, and did not say so of its repetition either. It is not posted again. Look there; `/okr show " + news[0].Key() + "` shows the figures."),
			slack.NewActionBlock(block, button(ActionDetails, "Details", fmt.Sprint(news[0].ID))),
		},
	}
}

// refused says why a channel does not take messages, and what to do. What reads a system is read and posted
// again; where there is nothing to read, it is posted again.
func refused(news []News, block string) Message {
	channel, code, edit := news[0].RefusedIn, news[0].RefusedAs, "`/okr edit "+news[0].Key()+"`"
	words, action := "Sync Integration Data", ActionSync
	if slices.ContainsFunc(news, func(n News) bool { return !n.Integrated }) {
		words, action = "Try again", ActionPostAgain
	}
	next := "Choose another channel with " + edit + ", then press " + words + "."
	why := "Slack refused it (" + code + ")."
	switch code {
	case "not_in_channel", "channel_not_found":
		why = "okrbot is not in that channel."
		next = "Type `/invite @okrbot` there, then press " + words + " here; or choose another channel with " + edit + "."
	case "is_archived":
		why = "The channel is archived."
	case "restricted_action", "restricted_action_read_only_channel":
		why = "Posting in that channel is restricted."
	}
	return Message{
		Text: "okrbot cannot post in a channel",
		Blocks: []slack.Block{
			section(":no_entry: Nothing can be posted in <#" + channel + "> about " + keys(news) + ". " + why + " " + next),
			slack.NewActionBlock(block, button(action, words, fmt.Sprint(news[0].ID))),
		},
	}
}
