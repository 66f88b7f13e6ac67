package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// listed is what a list of key results is narrowed to. Of one kind any will do; of two kinds both.
type listed struct {
	people   []string // user ids
	channels []string
	states   []state
	periods  []okr.Period
	under    []int          // numbers of objectives
	words    []command.Word // that are none of these: somebody's name, or a part of a title
}

// state is how a key result stands, in the words of a list.
type state struct {
	name string // as it is typed
	what string // as a heading says it
	in   func(*store.States)
}

// states are the statuses by their own words, and what people ask for beside them.
func states() []state {
	list := []state{
		{"at risk", "behind, at risk or stale", func(s *store.States) { s.Statuses, s.Failing = append(s.Statuses, trouble...), true }},
		{"not syncing", "not syncing", func(s *store.States) { s.Stuck = true }},
		{"failing", "not syncing", func(s *store.States) { s.Stuck = true }},
		{"paused", "paused", func(s *store.States) { s.Paused = true }},
		{"closed out", "closed out", func(s *store.States) { s.Closed = true }},
		{"closed", "closed out", func(s *store.States) { s.Closed = true }},
		{"open", "open", func(s *store.States) { s.Open = true }},
		{"by hand", "with a value by hand", func(s *store.States) { s.ByHand = true }},
	}
	one := func(name, what string, status okr.Status) state {
		return state{name, what, func(s *store.States) { s.Statuses = append(s.Statuses, status) }}
	}
	for _, s := range okr.Statuses() {
		name := strings.ToLower(s.Word())
		what := name
		if s == okr.NoData {
			what = "without data"
		}
		if s != okr.AtRisk {
			list = append(list, one(name, what, s))
		}
	}
	return append(list, one("measuring", "measuring the baseline", okr.Measuring))
}

// trouble is how key results stand that somebody should look at.
var trouble = []okr.Status{okr.Behind, okr.AtRisk, okr.Stale, okr.Missed}

// fillers say nothing in a list.
var fillers = append([]string{"of", "in", "by", "for", "with", "the", "key", "result", "results", "kr", "krs", "all", "everything", "everybody", "that", "are", "is"}, desk.Links...)

// parseList reads the words after /okr list, in whatever order they come.
func parseList(words []command.Word, me string, today okr.Day) listed {
	var l listed
	for i := 0; i < len(words); {
		i += l.take(words[i:], me, today)
	}
	return l
}

// take reads what the words begin with, and says how many of them that were: the longest that means
// something.
func (l *listed) take(words []command.Word, me string, today okr.Day) int {
	w := words[0]
	if id, ok := w.Person(); ok {
		l.people = append(l.people, id)
		return 1
	}
	if n, ok := w.ObjectiveKey(); ok {
		l.under = append(l.under, n)
		return 1
	}
	if id, ok := w.Channel(); ok {
		l.channels = append(l.channels, id)
		return 1
	}
	for n := min(len(words), command.LongestPhrase); n > 0; n-- {
		phrase := command.Phrase(words[:n])
		if i := slices.IndexFunc(states(), func(s state) bool { return command.SameWords(s.name, phrase) }); i >= 0 {
			l.states = append(l.states, states()[i])
			return n
		}
		if p, ok := parsePeriod(phrase, today); ok {
			l.periods = append(l.periods, p)
			return n
		}
	}
	switch {
	case w.Sign() != "": // a name that Slack did not know
		l.words = append(l.words, w)
	case slices.Contains([]string{"mine", "my", "me"}, w.Plain):
		l.people = append(l.people, me)
	case !slices.Contains(fillers, w.Plain):
		l.words = append(l.words, w)
	}
	return 1
}

var (
	quarterWords = regexp.MustCompile(`^(?:q([1-4])|([1-4])q|([1-4])(?:st|nd|rd|th) quarter|quarter ([1-4]))(?:[ /-]?['’]?((?:20)?[0-9]{2}))?$`)
	yearQuarter  = regexp.MustCompile(`^(20[0-9]{2})[ /-]?q([1-4])$`)
	yearWords    = regexp.MustCompile(`^20[0-9]{2}$`)
)

// parsePeriod reads "Q4", "Q4 2026", "2026-Q4", "2026", "this quarter", "next year".
func parsePeriod(phrase string, today okr.Day) (okr.Period, bool) {
	quarter, year := 0, today.Time().Year()
	switch m := quarterWords.FindStringSubmatch(phrase); {
	case m != nil:
		quarter, _ = strconv.Atoi(m[1] + m[2] + m[3] + m[4])
		if m[5] != "" {
			year, _ = strconv.Atoi(m[5])
		}
		if year < 100 {
			year += 2000
		}
	case yearQuarter.MatchString(phrase):
		m := yearQuarter.FindStringSubmatch(phrase)
		year, _ = strconv.Atoi(m[1])
		quarter, _ = strconv.Atoi(m[2])
	case yearWords.MatchString(phrase):
		year, _ = strconv.Atoi(phrase)
	case phrase == "this year", phrase == "current year":
	case phrase == "last year", phrase == "previous year":
		year--
	case phrase == "next year":
		year++
	case phrase == "this quarter", phrase == "current quarter":
		return okr.QuarterOf(today), true
	case phrase == "next quarter":
		return okr.NextQuarter(today), true
	case phrase == "last quarter", phrase == "previous quarter":
		return okr.QuarterOf(okr.QuarterOf(today).First - 1), true
	default:
		return okr.Period{}, false
	}
	if quarter == 0 {
		return okr.YearOf(year), true
	}
	return okr.Quarter(year, quarter), true
}

// lists are the key results that people ask for.
type lists struct{ shows }

// command is "/okr list" with whatever narrows it: mine, @person, #channel, a status, a period, a
// person's name, words of a title.
func (ls lists) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	now, err := ls.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	l := parseList(command.Words(g.Text), g.Actor.ID, okr.DayIn(g.Zone, now))
	titles, err := ls.names(ctx, g, &l)
	if err != nil {
		return desk.Reply{}, err
	}
	filter := store.Filter{People: l.people, Channels: l.channels, Periods: l.periods, Words: titles}
	under, err := ls.Store.ObjectivesByNumber(ctx, g.Actor.Workspace, l.under)
	if err != nil {
		return desk.Reply{}, err
	}
	for _, n := range l.under {
		if !slices.ContainsFunc(under, func(o okr.Objective) bool { return o.Number == n }) {
			return desk.Say(fmt.Sprintf("There is no O-%d here. `/okr objectives` shows what there is.", n)), nil
		}
	}
	for _, o := range under {
		filter.Objectives = append(filter.Objectives, o.ID)
	}
	what := l.heading(titles, g.Actor.ID)
	if len(l.states) == 0 {
		list, err := ls.shows.listing(ctx, g.Actor.Workspace, filter, view.Listed)
		if err != nil {
			return desk.Reply{}, err
		}
		if list.Total == 0 && len(titles) > 0 {
			return ls.notListed(ctx, g, l, titles)
		}
		if list.Total == 0 && !okr.May(g.Actor, okr.AddKeyResult) {
			return desk.Say(what + ": none."), nil
		}
		m := view.List(what, list)
		if len(filter.Objectives) > 0 {
			below, err := ls.Store.Children(ctx, g.Actor.Workspace, filter.Objectives...)
			if err != nil {
				return desk.Reply{}, err
			}
			shown, err := ls.shows.objectives(ctx, g.Actor.Workspace, below[:min(len(below), view.BelowListed+1)])
			if err != nil {
				return desk.Reply{}, err
			}
			m = view.WithBelow(m, shown)
		}
		return desk.Reply{Say: &m}, nil
	}
	list, err := ls.standing(ctx, g.Actor.Workspace, filter, l.states)
	if err != nil {
		return desk.Reply{}, err
	}
	if list.Total == 0 && list.More {
		return desk.Say(view.StillJudged), nil
	}
	if list.Total == 0 && len(titles) > 0 {
		any := filter
		any.Most = 1
		n, err := ls.Store.CountKeyResults(ctx, g.Actor.Workspace, any)
		if err != nil {
			return desk.Reply{}, err
		}
		if n == 0 {
			return ls.notListed(ctx, g, l, titles)
		}
	}
	if list.Total == 0 {
		if len(l.people)+len(l.channels)+len(l.periods)+len(l.under)+len(titles) == 0 {
			return desk.Say("No key result is " + strings.TrimPrefix(what, "Key results ") + "."), nil
		}
		return desk.Say(what + ": none."), nil
	}
	m := view.List(what, list)
	return desk.Reply{Say: &m}, nil
}

// standing lists the key results that stand in any of some ways.
func (ls lists) standing(ctx context.Context, workspace string, f store.Filter, states []state) (list view.Listing, err error) {
	var in store.States
	for _, s := range states {
		s.in(&in)
	}
	f.Most = view.Listed
	err = ls.Store.Snapshot(ctx, func(r store.Reads, now time.Time) error {
		page, err := r.Page(ctx, workspace, f, in, view.CountedMost, now)
		if err != nil {
			return err
		}
		list, err = ls.shows.besides(ctx, r, workspace, ls.shows.all(page.KeyResults, now), view.Listed)
		list.Total, list.More = page.Total, page.Unjudged
		return err
	})
	return list, err
}

// heading says what a list is of.
func (l listed) heading(titles []string, me string) string {
	what := "All key results"
	mine := len(l.people) == 1 && l.people[0] == me
	if mine {
		what, l.people = "My key results", nil
	} else if len(l.people)+len(l.channels)+len(l.states)+len(l.periods)+len(l.under)+len(titles) > 0 {
		what = "Key results"
	}
	var states, of []string
	for _, s := range l.states {
		if !slices.Contains(states, s.what) {
			states = append(states, s.what)
		}
	}
	if len(states) > 0 {
		what += " " + strings.Join(states, " or ")
	}
	for _, id := range l.people {
		of = append(of, "<@"+id+">")
	}
	if len(of) > 0 {
		what += " of " + strings.Join(of, " or ")
	}
	if len(l.channels) > 0 {
		what += " of <#" + strings.Join(l.channels, "> or <#") + ">"
	}
	for i, n := range l.under {
		what += []string{" under ", " or "}[min(i, 1)] + okr.Objective{Number: n}.Key()
	}
	for i, p := range l.periods {
		what += []string{" in ", " or "}[min(i, 1)] + periodWords(p)
	}
	for i, t := range titles {
		what += []string{" with ", " and "}[min(i, 1)] + view.Quote(t)
	}
	return what
}

// periodWords is a period as a list is asked for it: "Q4 2026", "2026".
func periodWords(p okr.Period) string {
	if year := p.First.Time().Year(); p == okr.YearOf(year) {
		return strconv.Itoa(year)
	}
	return p.Words()
}

// names finds whose names are among a list's words; what is left must be in titles. A word that is
// neither is answered with the closest by name.
func (ls lists) names(ctx context.Context, g desk.Gesture, l *listed) (titles []string, err error) {
	if len(l.words) == 0 {
		return nil, nil
	}
	people, err := ls.Store.People(ctx, g.Actor.Workspace)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(l.words); i++ {
		w := l.words[i]
		if w.Sign() == "#" {
			return nil, desk.Instead(desk.Say("List what? "+view.Quote(command.Spoken(w.Typed))+" did not reach okrbot as a channel. Choose it from the list that Slack shows while you type it. "+listsWhat), store.ErrNotFound)
		}
		if _, ok := w.Key(); ok && strings.HasPrefix(w.Plain, "kr") {
			return nil, desk.Instead(desk.Say(view.Quote(command.Spoken(w.Typed))+" is one key result: `/okr show` shows it. "+listsWhat), store.ErrNotFound)
		}
		found := 0
		for n := min(command.LongestPhrase, len(l.words)-i); n > 0 && found == 0; n-- {
			for _, p := range people {
				if called(p.Name, command.Phrase(l.words[i:i+n])) {
					l.people = append(l.people, p.ID)
					found = n
				}
			}
		}
		if found > 0 {
			i += found - 1
			continue
		}
		titles = append(titles, strings.Trim(command.Spoken(w.Typed), "`*_~\"'“”‘’,;"))
	}
	return slices.DeleteFunc(titles, func(s string) bool { return s == "" }), nil
}

// called says whether somebody is called so: by their whole name, or by a part of it.
func called(name, words string) bool {
	name = strings.ToLower(okr.Visible(name))
	words = strings.TrimSuffix(strings.TrimSuffix(words, "'s"), "’s")
	return name == words || slices.Contains(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" .-_", r) }), words)
}

const listsWhat = "`/okr list` takes `mine`, `@person`, `#channel`, a status such as `at-risk` or `behind`, a period such as `Q4 2026`, a name, or words of a title."

// guessedFrom is how many key results' titles an unknown word is compared with.
const guessedFrom = 500

// notListed says which word of a list means nothing, and what was probably meant.
func (ls lists) notListed(ctx context.Context, g desk.Gesture, l listed, titles []string) (desk.Reply, error) {
	var unknown []string
	for _, t := range titles {
		n, err := ls.Store.CountKeyResults(ctx, g.Actor.Workspace, store.Filter{Words: []string{t}, Most: 1})
		if err != nil {
			return desk.Reply{}, err
		}
		if n == 0 {
			unknown = append(unknown, t)
		}
	}
	if len(unknown) == 0 { // each is in some title, and none has all
		return desk.Say(l.heading(titles, g.Actor.ID) + ": none."), nil
	}
	people, err := ls.Store.People(ctx, g.Actor.Workspace)
	if err != nil {
		return desk.Reply{}, err
	}
	names := []string{"mine"}
	for _, s := range states() {
		names = append(names, s.name)
	}
	for _, p := range people {
		names = append(names, strings.FieldsFunc(strings.ToLower(okr.Visible(p.Name)), func(r rune) bool { return r == ' ' })...)
	}
	some, err := ls.Store.KeyResults(ctx, g.Actor.Workspace, store.Filter{Most: guessedFrom})
	if err != nil {
		return desk.Reply{}, err
	}
	const shortest = 4 // letters of a word of a title that is worth a guess
	for _, k := range some {
		for _, w := range command.Words(view.Escape(k.Title + " " + k.Objective.Title)) {
			if len([]rune(w.Plain)) >= shortest {
				names = append(names, w.Plain)
			}
		}
	}
	near := nearest(strings.ToLower(strings.Join(unknown, " ")), names)
	if other := otherWords[strings.ToLower(strings.Join(unknown, " "))]; other != "" {
		near = []string{other}
	}
	if len(near) == 0 {
		near = nearest(strings.ToLower(unknown[0]), names)
	}
	text := "List what? "
	quotedWords := make([]string, len(unknown))
	for i, u := range unknown {
		quotedWords[i] = view.Quote(u)
	}
	is := " is"
	if len(quotedWords) > 1 {
		is = ": each is"
	}
	text += strings.Join(quotedWords, " and ") + is + " the name of nobody who has used okrbot, no status and in no title. "
	if len(near) > 0 {
		for i, n := range near {
			near[i] = view.Quote("/okr list " + n)
		}
		return desk.Say(text + "Did you mean " + strings.Join(near, " or ") + "? " + listsWhat), nil
	}
	return desk.Say(text + listsWhat), nil
}

// otherWords are what people call a status, beside its own words.
var otherWords = map[string]string{
	"red": "at risk", "late": "at risk", "overdue": "at risk", "delayed": "at risk", "off track": "at risk", "danger": "at risk", "risky": "at risk", "bad": "at risk",
	"yellow": "behind", "amber": "behind", "orange": "behind", "slow": "behind",
	"green": "on track", "good": "on track", "fine": "on track", "ok": "on track",
	"done": "achieved", "finished": "achieved", "complete": "achieved", "completed": "achieved", "reached": "achieved", "met": "achieved",
	"failed": "failing", "error": "failing", "errors": "failing", "broken": "failing",
	"old": "stale", "outdated": "stale", "empty": "no data", "missing": "no data", "archived": "closed", "manual": "by hand", "overridden": "by hand",
	"planned": "not started", "upcoming": "not started", "active": "open", "running": "open",
}

// nearest are the names that a word is probably a slip of.
func nearest(word string, names []string) []string {
	const most = 3
	near := closest(word, slices.Compact(slices.Sorted(slices.Values(names))))
	if len(near) == 0 || Distance(word, near[0]) > max(1, len([]rune(word))/3) && !strings.HasPrefix(near[0], word) {
		return nil
	}
	return near[:min(len(near), most)]
}

// mine is "/okr" alone: my objectives.
func (ls lists) mine(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	mine, err := ls.shows.listing(ctx, g.Actor.Workspace, store.Filter{Person: g.Actor.ID}, view.Listed)
	if err != nil {
		return desk.Reply{}, err
	}
	if mine.Total == 0 && !okr.May(g.Actor, okr.AddKeyResult) {
		return desk.Say("You have no key results. Members of this workspace add them; `/okr list` shows those that there are, and `/okr help` what okrbot can do."), nil
	}
	if mine.Total == 0 {
		return desk.Say("You have no key results yet. Begin with `/okr add-kr`, or see what okrbot can do with `/okr help`."), nil
	}
	m := view.List("My objectives", mine)
	return desk.Reply{Say: &m}, nil
}
