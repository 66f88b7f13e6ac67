package bot

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// names finds whose names are among a list's words; what is left must be in titles. A word that is
// neither is answered with the closest by name.
func (ls lists) names(ctx context.Context, g desk.Gesture, l *listed) error {
	l.titles = distinct(l.quoted)
	if len(l.words) == 0 {
		return nil
	}
	people, err := ls.Store.People(ctx, g.Actor.Workspace)
	if err != nil {
		return err
	}
	for i := 0; i < len(l.words); i++ {
		w := l.words[i]
		if w.Sign() == "#" {
			return desk.Instead(desk.Say("List what? "+view.Quote(command.Spoken(w.Typed))+" did not reach okrbot as a channel. Choose it from the list that Slack shows while you type it. "+listsWhat), store.ErrNotFound)
		}
		if r, ok := desk.NoneSuch(w); ok {
			return desk.Instead(r, store.ErrNotFound)
		}
		if _, ok := w.Key(); ok && strings.HasPrefix(w.Plain, "kr") {
			return desk.Instead(desk.Say(view.Quote(command.Spoken(w.Typed))+" is one key result: `/okr show` shows it. "+listsWhat), store.ErrNotFound)
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
		if title := strings.Trim(command.Spoken(w.Typed), "`*_~\"'“”‘’,;"); title != "" {
			l.titles = append(l.titles, title)
		}
	}
	l.people, l.titles = distinct(l.people), distinct(l.titles)
	return nil
}

// called says whether somebody is called so: by their whole name, or by a part of it.
func called(name, words string) bool {
	name, words = okr.Fold(name), okr.Fold(words)
	words = strings.TrimSuffix(strings.TrimSuffix(words, "'s"), "’s")
	return name == words || slices.Contains(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" .-_", r) }), words)
}

const listsWhat = "`/okr list` takes `mine`, `@person`, `#channel`, `needs-me`, a status such as `at-risk` or `behind`, a period such as `Q4 2026`, an objective such as `O-1`, a name, words of a title, and an order: `by:name`, `by:number`, `by:owner` or `by:worst`."

// noOrder says which orders there are to who asked for another one.
func noOrder(typed string) desk.Reply {
	text := "List how? " + view.Quote(command.Spoken(typed)) + " is no order. "
	words := strings.FieldsFunc(strings.ToLower(command.Spoken(typed)), func(r rune) bool { return !unicode.IsLetter(r) })
	if asked := words[len(words)-1]; !slices.Contains(sortWords, asked) {
		if near := nearest(asked, slices.Sorted(maps.Keys(orders))); len(near) > 0 {
			text += "Did you mean " + view.Quote("by:"+near[0]) + "? "
		}
	}
	return desk.Say(text + "There are `by:name`, `by:number`, `by:owner` and `by:worst`; without one of them the worst come first, under their objectives.")
}

// guessedFrom is how many key results' titles an unknown word is compared with.
const guessedFrom = 500

// notListed says which word of a list means nothing, and what was probably meant.
func (ls lists) notListed(ctx context.Context, g desk.Gesture, l listed) (desk.Reply, error) {
	var unknown []string
	for _, t := range l.titles {
		n, err := ls.Store.CountKeyResults(ctx, g.Actor.Workspace, store.Filter{Words: []string{t}, Most: 1})
		if err != nil {
			return desk.Reply{}, err
		}
		if n == 0 {
			unknown = append(unknown, t)
		}
	}
	only := !slices.ContainsFunc(unknown, func(t string) bool { return !slices.Contains(l.quoted, t) }) // in quotes
	if len(unknown) == 0 {                                                                              // each is in some title, and none has all
		return desk.Say(l.heading(g.Actor.ID) + ": none. `/okr list` alone shows all."), nil
	}
	names, err := ls.listable(ctx, g.Actor.Workspace)
	if err != nil {
		return desk.Reply{}, err
	}
	objectives, exact, err := ls.OfferObjectives(ctx, g, strings.Join(l.titles, " "), "list")
	if err != nil {
		return desk.Reply{}, err
	}
	if exact {
		objectives.Says = l.heading(g.Actor.ID) + ": none. These are in the title of an objective:"
		m := objectives.Message()
		return desk.Reply{Say: &m}, nil
	}
	near := meantBy(strings.Join(unknown, " "), names)
	if len(near) == 0 {
		near = meantBy(unknown[0], names)
	}
	quotedWords := make([]string, len(unknown))
	for i, u := range unknown {
		quotedWords[i] = view.Quote(u)
	}
	typed := strings.Join(quotedWords, " or ")
	text := "List what? Nothing here is called " + typed + ": no key result's title has it, no status is called so, and nobody of that name has used okrbot. "
	if only {
		text = "List what? No key result's title has " + typed + ". "
	}
	if len(near) > 0 {
		for i, n := range near {
			near[i] = view.Quote("/okr list " + n)
		}
		text += "Did you mean " + strings.Join(near, " or ") + "? "
	}
	if len(objectives.Of) == 0 {
		return desk.Say(text + listsWhat), nil
	}
	objectives.Says = text + "Is it one of these objectives? " + listsWhat
	m := objectives.Message()
	return desk.Reply{Say: &m}, nil
}

// meantBy is what somebody meant by words that are in no title: exactly that, where it is a name without its
// quotes, what people call a status so, else what is near.
func meantBy(words string, names []string) []string {
	words = okr.Fold(words)
	if i := slices.IndexFunc(names, func(name string) bool { return command.SameWords(name, words) }); i >= 0 {
		return names[i : i+1 : i+1]
	}
	if other := otherWords[words]; other != "" {
		return []string{other}
	}
	return nearest(words, names)
}

// listable are the words that a list can be of, of which people, statuses and titles have some.
func (ls lists) listable(ctx context.Context, workspace string) (names []string, err error) {
	people, err := ls.Store.People(ctx, workspace)
	if err != nil {
		return nil, err
	}
	names = []string{"mine", "by:name", "by:number", "by:owner", "by:worst"}
	for _, s := range states() {
		names = append(names, s.name)
	}
	for _, p := range people {
		names = append(names, strings.FieldsFunc(okr.Fold(p.Name), func(r rune) bool { return r == ' ' })...)
	}
	some, err := ls.Store.KeyResults(ctx, workspace, store.Filter{Most: guessedFrom})
	if err != nil {
		return nil, err
	}
	const shortest = 4 // letters of a word of a title that is worth a guess
	for _, k := range some {
		for _, w := range command.Words(view.Escape(k.Title + " " + k.Objective.Title)) {
			if len([]rune(w.Plain)) >= shortest {
				names = append(names, w.Plain)
			}
		}
	}
	return names, nil
}

// otherWords are what people call a status, beside its own words.
var otherWords = map[string]string{
	"urgent": needsMe, "attention": needsMe, "problems": needsMe, "trouble": needsMe, "todo": needsMe,
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
