package bot

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	words    []word // that are none of these: somebody's name, or a part of a title
}

// state is how a key result stands, in the words of a list.
type state struct {
	name string // as it is typed
	what string // as a heading says it
	is   func(view.KeyResult) bool
}

// states are the statuses by their own words, and what people ask for beside them.
func states() []state {
	list := []state{
		{"at risk", "behind, at risk or stale", troubled},
		{"not syncing", "not syncing", func(k view.KeyResult) bool { return k.Trouble() != "" }},
		{"failing", "not syncing", func(k view.KeyResult) bool { return k.Trouble() != "" }},
		{"paused", "paused", func(k view.KeyResult) bool { return k.Paused && !k.Closed }},
		{"closed out", "closed out", func(k view.KeyResult) bool { return k.Closed }},
		{"closed", "closed out", func(k view.KeyResult) bool { return k.Closed }},
		{"open", "open", func(k view.KeyResult) bool { return !k.Closed }},
		{"by hand", "with a value by hand", func(k view.KeyResult) bool { return k.ByHand() != "" }},
	}
	for _, s := range okr.Statuses() {
		if s != okr.AtRisk {
			list = append(list, state{strings.ToLower(s.Word()), strings.ToLower(s.Word()), func(k view.KeyResult) bool { return k.Standing().Status == s }})
		}
	}
	return append(list, state{"measuring", "measuring the baseline", func(k view.KeyResult) bool { return k.Standing().Status == okr.Measuring }})
}

// troubled says whether somebody should look at a key result.
func troubled(k view.KeyResult) bool {
	return slices.Contains([]okr.Status{okr.Behind, okr.AtRisk, okr.Stale, okr.Missed}, k.Standing().Status) || k.Failure.Class != ""
}

// fillers say nothing in a list.
var fillers = append([]string{"of", "in", "by", "for", "with", "the", "key", "result", "results", "kr", "krs", "all", "everything", "everybody", "that", "are", "is"}, links...)

// parseList reads the words after /okr list, in whatever order they come.
func parseList(words []word, me string, today okr.Day) listed {
	var l listed
	for i := 0; i < len(words); {
		i += l.take(words[i:], me, today)
	}
	return l
}

// take reads what the words begin with, and says how many of them that were: the longest that means
// something.
func (l *listed) take(words []word, me string, today okr.Day) int {
	w := words[0]
	if id, ok := w.person(); ok {
		l.people = append(l.people, id)
		return 1
	}
	if id, ok := w.channel(); ok {
		l.channels = append(l.channels, id)
		return 1
	}
	for n := min(len(words), longestPhrase); n > 0; n-- {
		phrase := phraseOf(words[:n])
		if i := slices.IndexFunc(states(), func(s state) bool { return sameWords(s.name, phrase) }); i >= 0 {
			l.states = append(l.states, states()[i])
			return n
		}
		if p, ok := parsePeriod(phrase, today); ok {
			l.periods = append(l.periods, p)
			return n
		}
	}
	switch {
	case w.sign() != "": // a name that Slack did not know
		l.words = append(l.words, w)
	case slices.Contains([]string{"mine", "my", "me"}, w.plain):
		l.people = append(l.people, me)
	case !slices.Contains(fillers, w.plain):
		l.words = append(l.words, w)
	}
	return 1
}

// longestPhrase is how many words a state or a period has at most.
const longestPhrase = 3

func phraseOf(words []word) string {
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = w.plain
	}
	return strings.Join(plain, " ")
}

// sameWords compares without the blanks and dashes between words: "at-risk", "at risk" and "atrisk".
func sameWords(a, b string) bool {
	run := strings.NewReplacer(" ", "", "-", "", "_", "")
	return run.Replace(a) == run.Replace(b)
}

var (
	quarterWords = regexp.MustCompile(`^(?:q([1-4])|([1-4])q)(?:[ /-]?'?((?:20)?[0-9]{2}))?$`)
	yearQuarter  = regexp.MustCompile(`^(20[0-9]{2})[ /-]?q([1-4])$`)
	yearWords    = regexp.MustCompile(`^20[0-9]{2}$`)
)

// parsePeriod reads "Q4", "Q4 2026", "2026-Q4", "2026", "this quarter", "next year".
func parsePeriod(phrase string, today okr.Day) (okr.Period, bool) {
	quarter, year := 0, today.Time().Year()
	switch m := quarterWords.FindStringSubmatch(phrase); {
	case m != nil:
		quarter, _ = strconv.Atoi(m[1] + m[2])
		if m[3] != "" {
			year, _ = strconv.Atoi(m[3])
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
	case phrase == "this year":
	case phrase == "last year":
		year--
	case phrase == "next year":
		year++
	case phrase == "this quarter":
		return okr.QuarterOf(today), true
	case phrase == "next quarter":
		return okr.NextQuarter(today), true
	case phrase == "last quarter":
		return okr.QuarterOf(okr.QuarterOf(today).First - 1), true
	default:
		return okr.Period{}, false
	}
	if quarter == 0 {
		return okr.YearOf(year), true
	}
	return okr.Quarter(year, quarter), true
}

// listCommand is "/okr list" with whatever narrows it: mine, @person, #channel, a status, a period, a
// person's name, words of a title.
func (b *Bot) listCommand(ctx context.Context, g Gesture) (Reply, error) {
	now, err := b.store.Now(ctx)
	if err != nil {
		return Reply{}, err
	}
	l := parseList(wordsOf(g.Text), g.Actor.ID, today(now, g.Zone))
	titles, reply, err := b.names(ctx, g, &l)
	if err != nil || reply != nil {
		return deref(reply), err
	}
	filter := store.Filter{People: l.people, Channels: l.channels, Periods: l.periods, Words: titles}
	what := l.heading(titles, g.Actor.ID)
	if len(l.states) == 0 {
		list, err := b.listing(ctx, g.Actor.Workspace, filter, view.Listed)
		if err != nil {
			return Reply{}, err
		}
		if list.Total == 0 && len(titles) > 0 {
			return b.notListed(ctx, g, l, titles)
		}
		m := view.List(what, list)
		return Reply{Say: &m}, nil
	}
	all, err := b.shownKeyResults(ctx, g.Actor.Workspace, filter)
	if err != nil {
		return Reply{}, err
	}
	if len(all) == 0 && len(titles) > 0 {
		return b.notListed(ctx, g, l, titles)
	}
	some := slices.DeleteFunc(slices.Clone(all), func(k view.KeyResult) bool {
		return !slices.ContainsFunc(l.states, func(s state) bool { return s.is(k) })
	})
	if len(some) == 0 {
		if len(l.people)+len(l.channels)+len(l.periods)+len(titles) == 0 {
			return Say("No key result is " + strings.TrimPrefix(what, "Key results ") + "."), nil
		}
		return Say(what + ": none."), nil
	}
	m := view.List(what, view.ListingOf(some, all, view.Listed))
	return Reply{Say: &m}, nil
}

// heading says what a list is of.
func (l listed) heading(titles []string, me string) string {
	what := "All key results"
	mine := len(l.people) == 1 && l.people[0] == me
	if mine {
		what, l.people = "My key results", nil
	} else if len(l.people)+len(l.channels)+len(l.states)+len(l.periods)+len(titles) > 0 {
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
func (b *Bot) names(ctx context.Context, g Gesture, l *listed) (titles []string, reply *Reply, err error) {
	if len(l.words) == 0 {
		return nil, nil, nil
	}
	people, err := b.store.People(ctx, g.Actor.Workspace)
	if err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(l.words); i++ {
		w := l.words[i]
		if w.sign() == "#" {
			r := Say("List what? " + view.Quote(spoken(w.typed)) + " did not reach okrbot as a channel. Choose it from the list that Slack shows while you type it. " + listsWhat)
			return nil, &r, nil
		}
		if _, ok := w.key(); ok && strings.HasPrefix(w.plain, "kr") {
			r := Say(view.Quote(spoken(w.typed)) + " is one key result: `/okr show` shows it. " + listsWhat)
			return nil, &r, nil
		}
		found := 0
		for n := min(longestPhrase, len(l.words)-i); n > 0 && found == 0; n-- {
			for _, p := range people {
				if called(p.Name, phraseOf(l.words[i:i+n])) {
					l.people = append(l.people, p.ID)
					found = n
				}
			}
		}
		if found > 0 {
			i += found - 1
			continue
		}
		titles = append(titles, strings.Trim(spoken(w.typed), "`*_~\"'“”‘’,;"))
	}
	return slices.DeleteFunc(titles, func(s string) bool { return s == "" }), nil, nil
}

// called says whether somebody is called so: by their whole name, or by a part of it.
func called(name, words string) bool {
	name = strings.ToLower(okr.Visible(name))
	return name == words || slices.Contains(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" .-_", r) }), words)
}

const listsWhat = "`/okr list` takes `mine`, `@person`, `#channel`, a status such as `at-risk` or `behind`, a period such as `Q4 2026`, a name, or words of a title."

// notListed says which word of a list means nothing, and what was probably meant.
func (b *Bot) notListed(ctx context.Context, g Gesture, l listed, titles []string) (Reply, error) {
	var unknown []string
	for _, t := range titles {
		n, err := b.store.CountKeyResults(ctx, g.Actor.Workspace, store.Filter{Words: []string{t}, Most: 1})
		if err != nil {
			return Reply{}, err
		}
		if n == 0 {
			unknown = append(unknown, t)
		}
	}
	if len(unknown) == 0 { // each is in some title, and none has all
		return Say(l.heading(titles, g.Actor.ID) + ": none."), nil
	}
	people, err := b.store.People(ctx, g.Actor.Workspace)
	if err != nil {
		return Reply{}, err
	}
	names := []string{"mine"}
	for _, s := range states() {
		names = append(names, s.name)
	}
	for _, p := range people {
		names = append(names, strings.FieldsFunc(strings.ToLower(okr.Visible(p.Name)), func(r rune) bool { return r == ' ' })...)
	}
	near := nearest(strings.ToLower(strings.Join(unknown, " ")), names)
	if len(near) == 0 {
		near = nearest(strings.ToLower(unknown[0]), names)
	}
	text := "List what? "
	quotedWords := make([]string, len(unknown))
	for i, u := range unknown {
		quotedWords[i] = view.Quote(u)
	}
	text += strings.Join(quotedWords, " and ") + " is nobody's name, no status and in no title. "
	if len(near) > 0 {
		for i, n := range near {
			near[i] = view.Quote("/okr list " + n)
		}
		return Say(text + "Did you mean " + strings.Join(near, " or ") + "? " + listsWhat), nil
	}
	return Say(text + listsWhat), nil
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
