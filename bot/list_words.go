package bot

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	quoted   []string       // words of a title for certain
	titles   []string       // those, and what is left of the words: it is in the titles
	order    store.Order    // empty: worst first
	strange  string         // what asks for an order that there is none of; empty: nothing does
	bare     bool           // asked for by /okr alone
	deep     bool           // of objectives and all that is below them
}

// any says whether anything narrows the list.
func (l listed) any() bool {
	return len(l.people)+len(l.channels)+len(l.states)+len(l.periods)+len(l.under)+len(l.titles) > 0
}

// adds says whether somebody who finds the list empty can add to it: where it is of all, their own, or those of
// objectives.
func (l listed) adds(me string) bool {
	if slices.Equal(l.people, []string{me}) {
		l.people = nil
	}
	return !l.within()
}

// within says whether anything but its objectives narrows the list.
func (l listed) within() bool {
	l.under = nil
	return l.any()
}

// state is how a key result stands, in the words of a list.
type state struct {
	name string // as it is typed
	what string // as a heading says it
	none string // what is said where no key result of the workspace is so
	in   func(*store.States)
}

// needsMe is what Home puts first.
const needsMe = "needs me"

// states are the statuses by their own words, and what people ask for beside them. Each status is
// exactly that one.
func states() []state {
	list := []state{
		{needsMe, "that need a person", "No key result needs a person now.", func(s *store.States) { s.Pressing = true }},
		{"not syncing", "not syncing", "All key results sync.", func(s *store.States) { s.Stuck = true }},
		{"failing", "not syncing", "All key results sync.", func(s *store.States) { s.Stuck = true }},
		{"paused", "paused", "No key result is paused.", func(s *store.States) { s.Paused = true }},
		{"closed out", "closed out", "No key result is closed out.", func(s *store.States) { s.Closed = true }},
		{"closed", "closed out", "No key result is closed out.", func(s *store.States) { s.Closed = true }},
		{"open", "open", "All key results are closed out.", func(s *store.States) { s.Open = true }},
		{"by hand", "with a value by hand", "No key result has a value by hand.", func(s *store.States) { s.ByHand = true }},
	}
	for _, is := range okr.Statuses() {
		name := strings.ToLower(is.Word())
		what, none := name, "No key result is "+name+"."
		switch is {
		case okr.NoData:
			what, none = "with no data", "All key results have data."
		case okr.NotStarted:
			none = "All key results have started."
		case okr.TooEarly:
			none = "No key result is at the very beginning of its period."
		case okr.Stale:
			none = "No key result that syncs is stale. `/okr list not-syncing` lists those that do not sync, whose scores may be old too."
		case okr.Missed:
			none = "No key result has missed its target."
		case okr.CommittedMet:
			none = "No key result has ended with just its committed result met."
		case okr.Achieved:
			none = "No key result has achieved its target yet."
		}
		list = append(list, state{name, what, none, func(s *store.States) { s.Statuses = append(s.Statuses, is) }})
	}
	measures := func(s *store.States) { s.Statuses = append(s.Statuses, okr.Measuring) }
	return append(list, state{"measuring", "measuring the baseline", "No key result is measuring the baseline.", measures})
}

// stateCalled is a state by its name as it is typed.
func stateCalled(name string) (state, bool) {
	all := states()
	i := slices.IndexFunc(all, func(s state) bool { return command.SameWords(s.name, name) })
	if i < 0 {
		return state{}, false
	}
	return all[i], true
}

// orders are how people ask for an order.
var orders = map[string]store.Order{
	"worst": store.WorstFirst, "status": store.WorstFirst, "need": store.WorstFirst,
	"name": store.ByName, "title": store.ByName,
	"number": store.ByNumber, "key": store.ByNumber,
	"owner": store.ByOwner, "person": store.ByOwner,
}

// parseOrder reads "by:name", "by name", "sort by name", "sorted: name", "worst first".
func parseOrder(phrase string) (store.Order, bool) {
	words := strings.Fields(strings.NewReplacer(":", " ", "=", " ", "-", " ").Replace(phrase))
	if slices.Equal(words, []string{"worst", "first"}) {
		return store.WorstFirst, true
	}
	asked := len(words)
	for len(words) > 0 && slices.Contains(sortWords, words[0]) {
		words = words[1:]
	}
	if len(words) != 1 || asked == 1 {
		return "", false
	}
	order, ok := orders[words[0]]
	return order, ok
}

// sortWords are how an order is asked for, before its name.
var sortWords = []string{"sort", "sorted", "order", "ordered", "by"}

// strangeOrder is how many of the words ask for an order without naming one of ours: "by:progress", "by:",
// "sort by size", and "by" with nothing after it. "by bob" may be somebody.
func strangeOrder(words []command.Word) int {
	w := words[0]
	if before, _, named := strings.Cut(strings.ReplaceAll(w.Plain, "=", ":"), ":"); named {
		if slices.Contains(sortWords, before) {
			return 1
		}
		return 0
	}
	switch {
	case !slices.Contains(sortWords, w.Plain):
		return 0
	case strings.ContainsAny(strings.Map(okr.PlainRune, w.Typed), ":="):
		return min(len(words), 2)
	case len(words) > 1 && slices.Contains(sortWords, words[1].Plain):
		return min(len(words), 3)
	case len(words) == 1 && w.Plain == "by":
		return 1
	}
	return 0
}

// fillers say nothing in a list.
var fillers = append([]string{"of", "in", "by", "for", "with", "the", "key", "result", "results", "kr", "krs", "all", "everything", "everybody", "that", "are", "is"}, desk.LinkWords...)

// parseList reads the words after /okr list, in whatever order they come.
func parseList(words []command.Word, me string, today okr.Day) listed {
	var l listed
	for i := 0; i < len(words); {
		i += l.read(words[i:], me, today)
	}
	l.people, l.channels, l.under, l.periods = distinct(l.people), distinct(l.channels), distinct(l.under), distinct(l.periods)
	return l
}

// distinct leaves out what stood before.
func distinct[T comparable](all []T) (once []T) {
	for _, one := range all {
		if !slices.Contains(once, one) {
			once = append(once, one)
		}
	}
	return once
}

// read reads what the words begin with, and says how many of them that were: the longest that means
// something.
func (l *listed) read(words []command.Word, me string, today okr.Day) int {
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
		if s, ok := stateCalled(phrase); ok {
			l.states = append(l.states, s)
			return n
		}
		if order, ok := parseOrder(phrase); ok {
			l.order = order
			return n
		}
		if p, ok := parsePeriod(phrase, today); ok {
			l.periods = append(l.periods, p)
			return n
		}
	}
	if n := strangeOrder(words); n > 0 {
		typed := make([]string, n)
		for i := range typed {
			typed[i] = words[i].Typed
		}
		l.strange = strings.Join(typed, " ")
		return n
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

// parsePeriod reads "Q4", the nearest one, "Q4 2026", "2026-Q4", "2026", "this quarter", "next year".
func parsePeriod(phrase string, today okr.Day) (okr.Period, bool) {
	quarter, year := 0, today.Time().Year()
	switch m := quarterWords.FindStringSubmatch(phrase); {
	case m != nil:
		quarter, _ = strconv.Atoi(m[1] + m[2] + m[3] + m[4])
		if m[5] == "" {
			return nearestQuarter(quarter, today), true
		}
		if year, _ = strconv.Atoi(m[5]); year < 100 {
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

// nearestQuarter is the one that is meant where nobody says of which year: in November Q1 is the next one, and in
// January Q4 the last one. Of two that are as near it is this year's.
func nearestQuarter(quarter int, today okr.Day) okr.Period {
	now := okr.QuarterOf(today).First.Time()
	year := now.Year()
	switch ahead := quarter - 1 - (int(now.Month())-1)/3; {
	case ahead > 2:
		year--
	case ahead < -2:
		year++
	}
	return okr.Quarter(year, quarter)
}

// heading says what a list is of.
func (l listed) heading(me string) string {
	if l.bare {
		return "My objectives"
	}
	what := "All key results"
	mine := len(l.people) == 1 && l.people[0] == me
	if mine {
		what, l.people = "My key results", nil
	} else if l.any() {
		what = "Key results"
	}
	if len(l.people) > 0 {
		what += " of <@" + strings.Join(l.people, "> or <@") + ">"
	}
	if len(l.channels) > 0 {
		what += " in <#" + strings.Join(l.channels, "> or <#") + ">"
	}
	var states []string
	for _, s := range l.states {
		states = append(states, s.what)
	}
	if len(states) > 0 {
		what += " " + strings.Join(distinct(states), " or ")
	}
	for i, n := range l.under {
		what += []string{" under ", " or "}[min(i, 1)] + okr.Objective{Number: n}.Key()
	}
	if l.deep {
		what += " and below"
	}
	for i, p := range l.periods {
		what += []string{" in ", " or "}[min(i, 1)] + periodWords(p)
	}
	for i, t := range l.titles {
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
