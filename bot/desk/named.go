package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"okrbot/bot/command"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// Named finds the one key result that a command's words name, by its number, its title or a part of
// that; else the error is what to say instead.
func (d *Desk) Named(ctx context.Context, g Gesture, words, verb string) (store.KeyResult, error) {
	none := func(r Reply) (store.KeyResult, error) { return store.KeyResult{}, Instead(r, store.ErrNotFound) }
	list, err := d.WordsOf(ctx, g, words)
	if err != nil {
		return store.KeyResult{}, err
	}
	if len(list) == 0 {
		return store.KeyResult{}, d.offerOwn(ctx, g, verb)
	}
	if k, after, ok, err := d.quotedNumbers(ctx, g, words, verb); ok && after == "" {
		return k, err
	}
	if r, ok := NoneSuch(list[0]); ok {
		return none(r)
	}
	var strange []command.Word
	var numbers []int
	spelledOut := false // "KR-1", and not 1
	for _, w := range list {
		n, ok := w.Key()
		if !ok {
			strange = append(strange, w)
			continue
		}
		spelledOut = spelledOut || isSpelledOut(w)
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	_, after, inQuotes := command.InQuotes(words)
	inQuotes = inQuotes && after == ""
	switch {
	case len(strange) == 1 && len(list) == 1 && isObjective(strange[0]):
		n, _ := strange[0].ObjectiveKey()
		return none(Say(fmt.Sprintf("`/okr %s` takes a key result, and O-%d is an objective. `/okr list O-%d` shows its key results.", verb, n, n)))
	case len(strange) > 0 && spelledOut && !inQuotes:
		return none(NotTaken(verb, "one key result", strange))
	case len(strange) > 0:
		named, err := d.naming(ctx, g, verb)
		if err != nil {
			return store.KeyResult{}, err
		}
		name, rest, quoted := command.InQuotes(words)
		switch {
		case !quoted:
			name = words
		case rest != "":
			return none(NotTaken(verb, "one key result", command.Words(rest)))
		}
		return named.one(ctx, named.titles.Called(name), name, "")
	case len(numbers) > 1:
		return none(Say(fmt.Sprintf("`/okr %s` takes one key result at a time, and %s are %d. Nothing was done.", verb, view.Quote(command.Spoken(words)), len(numbers))))
	}
	return d.numbered(ctx, g, numbers[0])
}

// QuotedNumbers is the name in quotes that a text begins with where it has nothing but numbers in it, as
// "24/7" and "2026" but not "KR-7", and what comes after it. It may be of a title.
func QuotedNumbers(text string) (name, after string, ok bool) {
	name, after, quoted := command.InQuotes(text)
	words := command.Words(name)
	number := func(w command.Word) bool { _, key := w.Key(); return key && !isSpelledOut(w) }
	return name, after, quoted && len(words) > 0 && !slices.ContainsFunc(words, func(w command.Word) bool { return !number(w) })
}

// isSpelledOut says whether a word is "KR-1", and not 1.
func isSpelledOut(w command.Word) bool {
	_, key := w.Key()
	return key && strings.HasPrefix(w.Plain, "kr")
}

// quotedNumbers is the key result in whose title numbers in quotes stand, and what comes after them; not ok
// where a text does not begin with such a name, and where no title has it.
func (d *Desk) quotedNumbers(ctx context.Context, g Gesture, words, verb string) (k store.KeyResult, after string, ok bool, err error) {
	name, after, ok := QuotedNumbers(words)
	if !ok {
		return k, "", false, nil
	}
	named, err := d.naming(ctx, g, verb)
	if err != nil {
		return k, "", true, err
	}
	found := named.titles.Standing(name)
	if len(found) == 0 {
		return k, "", false, nil
	}
	k, err = named.one(ctx, found, name, after)
	return k, after, true, err
}

// offerOwn is what is said where no key result is named, as an error: how to name one, and the person's own
// to choose from, the worst first.
func (d *Desk) offerOwn(ctx context.Context, g Gesture, verb string) error {
	f := store.Filter{Person: g.Actor.ID, Open: true, Integrated: slices.Contains(ofRead, verb), Order: store.WorstFirst, Most: view.NamedMost}
	own, err := d.Store.KeyResults(ctx, g.Actor.Workspace, f)
	if err != nil {
		return err
	}
	c := view.NameChoice{Verb: verb, How: howToName(verb)}
	for _, k := range own {
		c.Of = append(c.Of, view.Candidate{Key: k.Key(), Title: k.Title, Under: k.Objective.Title})
	}
	if len(own) == view.NamedMost {
		f.Most = view.CountedMost
		all, err := d.Store.CountKeyResults(ctx, g.Actor.Workspace, f)
		if err != nil {
			return err
		}
		c.Beyond = all - len(own)
	}
	m := c.Message()
	return Instead(Reply{Say: &m}, store.ErrNotFound)
}

// ofRead are the verbs for key results that are read from a system alone.
var ofRead = []string{"sync", "pause", "resume"}

// NamedFirst finds the one key result that a command's words begin with, and what comes after it.
func (d *Desk) NamedFirst(ctx context.Context, g Gesture, words, verb string) (k store.KeyResult, rest string, err error) {
	if k, after, ok, err := d.quotedNumbers(ctx, g, words, verb); ok || err != nil {
		return k, after, err
	}
	number, rest, ok := command.First(words, command.Word.Key)
	spelledOut := ok && isSpelledOut(command.WordOf(command.Parted(words)[0]))
	if spelledOut || ok && rest == "" {
		k, err = d.numbered(ctx, g, number)
		return k, rest, err
	}
	list := command.Words(words)
	nothing := len(list) == 0
	if !nothing {
		_, nothing = NoneSuch(list[0])
	}
	if _, quoted, _ := command.InQuotes(words); nothing || quoted == words && isObjectiveAlone(words) {
		k, err = d.Named(ctx, g, words, verb)
		return k, "", err
	}
	named, err := d.naming(ctx, g, verb)
	if err != nil {
		return k, "", err
	}
	found, name, after := named.titles.Leading(words)
	if ok && len(command.Parted(name)) < 2 {
		found = nil // a number alone is a key result's, and not of a title
	}
	if len(found) == 0 && command.Valued(words) {
		if whose, whole := named.valueFirst(words); len(whole) > 0 {
			found, name, after = whole, whose, command.Parted(words)[0]
		}
	}
	if ok && len(found) == 0 {
		k, err = d.numbered(ctx, g, number)
		return k, rest, err
	}
	k, err = named.one(ctx, found, name, after)
	return k, after, err
}

// valueFirst is whose a value is that a text begins with: "42 for fewer incidents", and "42 Fewer open
// incidents" with a whole title.
func (n naming) valueFirst(text string) (name string, found []int) {
	whose := command.Parted(text)[1:]
	if len(whose) > 1 && slices.Contains(command.BeforeNames, command.WordOf(whose[0]).Plain) {
		name = strings.Join(whose[1:], " ")
		return name, n.titles.Called(name)
	}
	name = strings.Join(whose, " ")
	return name, n.titles.Whole(name)
}

func isObjectiveAlone(words string) bool {
	list := command.Words(words)
	return len(list) == 1 && isObjective(list[0])
}

// InTitles says whether a text that begins with no verb is a name: in quotes or of several words, and in
// a title of a key result or an objective. A word alone is a verb that was misspelt.
func (d *Desk) InTitles(ctx context.Context, g Gesture, text string) (bool, error) {
	name, rest, quoted := command.InQuotes(text)
	if !quoted {
		name, rest = text, ""
	}
	if rest != "" || !quoted && len(command.Parted(text)) < 2 {
		return false, nil
	}
	named, err := d.naming(ctx, g, "show")
	if err != nil || len(named.titles.Called(name)) > 0 {
		return err == nil, err
	}
	objectives, err := d.Store.ObjectiveTitles(ctx, g.Actor.Workspace)
	return len(command.TitlesOf(titlesOf(objectives)).Called(name)) > 0, err
}

// naming looks for what a name means.
type naming struct {
	d      *Desk
	g      Gesture
	verb   string
	all    []store.KnownTitle
	titles command.Titles
}

func (d *Desk) naming(ctx context.Context, g Gesture, verb string) (naming, error) {
	all, err := d.Store.KeyResultTitles(ctx, g.Actor.Workspace)
	if err != nil {
		return naming{}, err
	}
	return naming{d, g, verb, all, command.TitlesOf(titlesOf(all))}, nil
}

func titlesOf(all []store.KnownTitle) []string {
	titles := make([]string, len(all))
	for i, t := range all {
		titles[i] = t.Title
	}
	return titles
}

// one is the key result that was found; where several were, or none, the error is the choice among
// them, or among the closest.
func (n naming) one(ctx context.Context, found []int, name, rest string) (store.KeyResult, error) {
	c := view.NameChoice{Typed: command.Spoken(name), Verb: n.verb, Rest: rest}
	hits := open(n.all, found)
	if len(hits) == 1 {
		number, _ := okr.ParseKey(hits[0].Key)
		return n.d.numbered(ctx, n.g, number)
	}
	known := n.all
	if len(hits) == 0 && rest == "" && slices.Contains(ObjectiveVerbs, n.verb) {
		objectives, err := n.d.Store.ObjectiveTitles(ctx, n.g.Actor.Workspace)
		if err != nil {
			return store.KeyResult{}, err
		}
		known = slices.Concat(known, objectives)
		if hits = open(objectives, command.TitlesOf(titlesOf(objectives)).Called(name)); len(hits) == 1 {
			g := n.g
			g.Text = hits[0].Key
			reply, err := n.d.Routes.Verb(n.verb)(ctx, g)
			if err != nil {
				return store.KeyResult{}, err
			}
			return store.KeyResult{}, Instead(reply, store.ErrNotFound)
		}
	}
	if len(hits) == 0 {
		hits, c.Near = nearest(known, name), true
	}
	if len(hits) == 0 {
		return store.KeyResult{}, Instead(Say(view.Quote(c.Typed)+" is no key result and in no title. "+howToName(n.verb)), store.ErrNotFound)
	}
	c.Of = candidates(hits)
	if c.Beyond = len(hits) - len(c.Of); c.Near {
		c.Beyond = 0
	}
	m := c.Message()
	return store.KeyResult{}, Instead(Reply{Say: &m}, store.ErrNotFound)
}

// candidates are as many as a choice offers.
func candidates(hits []store.KnownTitle) []view.Candidate {
	var of []view.Candidate
	for _, t := range hits[:min(len(hits), view.NamedMost)] {
		of = append(of, view.Candidate{Key: t.Key, Title: t.Title, Under: t.Under})
	}
	return of
}

// Nearest are those whose titles are a few slips away from a name, the nearest first, to be offered.
func Nearest(all []store.KnownTitle, name string) []view.Candidate {
	return candidates(nearest(all, name))
}

// OfferObjectives offers to do something with the objectives whose titles have a name, else with the closest;
// exact says which. Nothing is offered where there is neither.
func (d *Desk) OfferObjectives(ctx context.Context, g Gesture, name, verb string) (c view.NameChoice, exact bool, err error) {
	all, err := d.Store.ObjectiveTitles(ctx, g.Actor.Workspace)
	if err != nil {
		return c, false, err
	}
	hits := open(all, command.TitlesOf(titlesOf(all)).Called(name))
	if exact = len(hits) > 0; !exact {
		hits = nearest(all, name)
	}
	return view.NameChoice{Typed: command.Spoken(name), Verb: verb, Of: candidates(hits)}, exact, nil
}

// open are those that were found, without those that are closed out where others are not: what goes on
// in the next quarter has the title of what ended.
func open(all []store.KnownTitle, found []int) []store.KnownTitle {
	var hits []store.KnownTitle
	going := slices.ContainsFunc(found, func(i int) bool { return !all[i].Closed })
	for _, i := range found {
		if !going || !all[i].Closed {
			hits = append(hits, all[i])
		}
	}
	return hits
}

// nearest are those whose titles are a few slips away from a name, the nearest first.
func nearest(all []store.KnownTitle, name string) []store.KnownTitle {
	misspelt := okr.Misspelt(command.Spoken(name))
	if misspelt.Nothing() {
		return nil
	}
	type near struct {
		store.KnownTitle
		far okr.Distance
	}
	var found []near
	for _, t := range all {
		if far, ok := misspelt.Near(t.Title, !t.Closed); ok {
			found = append(found, near{t, far})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.far.Compare(b.far) })
	var hits []store.KnownTitle
	for _, n := range found {
		hits = append(hits, n.KnownTitle)
	}
	return hits
}

func howToName(verb string) string {
	if slices.Contains(ObjectiveVerbs, verb) {
		return fmt.Sprintf("Name a key result or an objective by its number, or by words of its title: `/okr %[1]s KR-1` or `/okr %[1]s O-1`. `/okr list` shows them.", verb)
	}
	return fmt.Sprintf("Name a key result by its number, or by words of its title: `/okr %s KR-1`. `/okr list` shows them.", verb)
}

// CommandPressed is a button that stands for a command: it is done as if it had been typed.
func (d *Desk) CommandPressed(ctx context.Context, g Gesture) (Reply, error) {
	name, typed, rest := command.Verb(g.Action.Value, d.Routes.Is)
	g.Text = rest
	serve, _ := d.Routes.handler(gesture{kind: aCommand, route: name, verb: typed})
	reply, err := serve(ctx, g)
	reply.Replace = reply.Say != nil
	return reply, err
}
