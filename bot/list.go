package bot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// lists are the key results that people ask for.
type lists struct{ shows }

// command is "/okr list" with whatever narrows it: mine, @person, #channel, a status, a period, an
// objective, a person's name, words of a title; and an order. What is in quotes is words of a title.
func (ls lists) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if n := len(command.Words(g.Text)); n > mostListWords {
		return desk.Say(fmt.Sprintf("List what? These are %d words, and a list is of %d at most. Nothing was looked for. %s", n, mostListWords, listsWhat)), nil
	}
	text, quoted := command.Apart(g.Text)
	words, err := ls.WordsOf(ctx, g, text)
	if err != nil {
		return desk.Reply{}, err
	}
	now, err := ls.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	l := parseList(words, g.Actor.ID, okr.DayIn(g.Zone, now))
	l.quoted = quoted
	if l.strange != "" {
		return noOrder(l.strange), nil
	}
	if err := ls.names(ctx, g, &l); err != nil {
		return desk.Reply{}, err
	}
	if len(l.people) == 0 && slices.ContainsFunc(l.states, func(s state) bool { return s.name == needsMe }) {
		l.people = []string{g.Actor.ID}
	}
	return ls.part(ctx, g, l, 0)
}

// mostListWords is how many words are looked at: each of them may be a status, a person or a part of a title.
const mostListWords = 60

// mine is "/okr" alone: my objectives.
func (ls lists) mine(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return ls.part(ctx, g, listed{people: []string{g.Actor.ID}, bare: true}, 0)
}

// beside is the button See all under what was posted: what that channel has, and in a direct message one's own.
func (ls lists) beside(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !channelID.MatchString(g.Channel) {
		return ls.mine(ctx, g)
	}
	return ls.part(ctx, g, listed{channels: []string{g.Channel}}, 0)
}

// turned shows another part of the list in the place of the one whose button was pressed.
func (ls lists) turned(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	from, query := view.ParsePage(g.Action.Value)
	l, ok := parseQuery(query)
	if !ok {
		return desk.Say("okrbot does not know this list any more. Ask for it again with `/okr list`."), nil
	}
	r, err := ls.part(ctx, g, l, from)
	r.Replace = true
	return r, err
}

// part shows a part of a list.
func (ls lists) part(ctx context.Context, g desk.Gesture, l listed, from int) (desk.Reply, error) {
	query := l.query()
	if len(query) > view.MaxQuery {
		return desk.Say("List what? That is more than a list can be of. " + listsWhat), nil
	}
	under, err := ls.Store.ObjectivesByNumber(ctx, g.Actor.Workspace, l.under)
	if err != nil {
		return desk.Reply{}, err
	}
	f := store.Filter{People: l.people, Channels: l.channels, Periods: l.periods, Words: l.titles, Order: l.order, From: from, Most: view.Listed}
	if f.Order == "" {
		f.Order = store.WorstFirst
	}
	l.deep = len(l.under) > 0 && l.within()
	for _, n := range l.under {
		i := slices.IndexFunc(under, func(o okr.Objective) bool { return o.Number == n })
		if i < 0 {
			return desk.NoSuchObjective(okr.Objective{Number: n}.Key()), nil
		}
		f.Objectives = append(f.Objectives, under[i].ID)
	}
	tops := f.Objectives
	if l.deep {
		if f.Objectives, err = ls.Store.WithBelow(ctx, g.Actor.Workspace, tops); err != nil {
			return desk.Reply{}, err
		}
		l.deep = len(f.Objectives) > len(under)
	}
	list, err := ls.page(ctx, g.Actor.Workspace, f, l.states)
	if err != nil {
		return desk.Reply{}, err
	}
	list.Query, list.By, list.Ordered, list.Reader = query, byWords[l.order], l.order != "", g.Actor
	list.Of, list.Owners = l.people, l.order == store.ByOwner
	if len(under) > 0 {
		below, err := ls.Store.Children(ctx, g.Actor.Workspace, tops...)
		if err != nil {
			return desk.Reply{}, err
		}
		if list.Below, err = ls.shows.objectives(ctx, g.Actor, below[:min(len(below), view.BelowListed+1)]); err != nil {
			return desk.Reply{}, err
		}
	}
	if list.Total == 0 {
		return ls.none(ctx, g, l, f, list)
	}
	m := view.List(l.heading(g.Actor.ID), list)
	return desk.Reply{Say: &m}, nil
}

// byWords say in what order a list is where a person chose one.
var byWords = map[store.Order]string{store.WorstFirst: "worst first", store.ByName: "by name", store.ByNumber: "by number", store.ByOwner: "by owner"}

// page loads a part of a list, and no more of a large workspace than comes before it.
func (ls lists) page(ctx context.Context, workspace string, f store.Filter, states []state) (list view.Listing, err error) {
	var in store.States
	for _, s := range states {
		s.in(&in)
	}
	err = ls.Store.Snapshot(ctx, func(r store.Statements, now time.Time) error {
		page, err := r.Page(ctx, workspace, f, in, view.CountedMost, now)
		if err != nil {
			return err
		}
		list, err = ls.shows.besides(ctx, r, workspace, ls.shows.all(page.KeyResults, now), view.Listed)
		list.From, list.Total, list.More = page.From, page.Total, page.Unjudged
		return err
	})
	return list, err
}

// none says why a list is empty, and what to do.
func (ls lists) none(ctx context.Context, g desk.Gesture, l listed, f store.Filter, list view.Listing) (desk.Reply, error) {
	what, may := l.heading(g.Actor.ID), okr.May(g.Actor, okr.AddKeyResult)
	if len(l.titles) > 0 {
		f.Most = 1
		n, err := ls.Store.CountKeyResults(ctx, g.Actor.Workspace, f)
		if err != nil {
			return desk.Reply{}, err
		}
		if n == 0 {
			return ls.notListed(ctx, g, l)
		}
	}
	says := what + ": none. `/okr list` alone shows all."
	alone, err := ls.stateAlone(ctx, g, l)
	if err != nil {
		return desk.Reply{}, err
	}
	switch {
	case list.More:
		says = view.StillJudged
	case l.bare && may:
		says = "You have no key results yet. Begin with `/okr connect`, `/okr add-objective` and `/okr add-kr`, or see what okrbot can do with `/okr help`."
	case l.bare:
		says = "You have no key results. Members of this workspace add them; `/okr list` shows those that there are, and `/okr help` what okrbot can do."
	case !l.any() && !may:
		says = what + ": none. Members of this workspace add them."
	case !l.any():
		says = what + ": none. Begin with `/okr connect`, `/okr add-objective` and `/okr add-kr`."
	case l.adds(g.Actor.ID) && may:
		says = what + ": none. Add one with `/okr add-kr`."
	case alone != "":
		says = alone
	}
	m := view.EmptyList(says, list)
	return desk.Reply{Say: &m}, nil
}

// stateAlone says in a sentence that no key result is so where nothing but one state narrows the list;
// else it is empty.
func (ls lists) stateAlone(ctx context.Context, g desk.Gesture, l listed) (string, error) {
	if len(l.states) != 1 {
		return "", nil
	}
	is := l.states[0]
	l.states = nil
	if is.name == needsMe && slices.Equal(l.people, []string{g.Actor.ID}) {
		l.people, is.none = nil, "No key result needs you now."
	}
	if l.any() {
		return "", nil
	}
	n, err := ls.Store.CountKeyResults(ctx, g.Actor.Workspace, store.Filter{Most: 1})
	if n > 0 || err != nil {
		return is.none, err
	}
	return "There are no key results yet.", nil
}
