package bot

import (
	"context"
	"errors"
	"strings"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// The lists that a wizard keeps, by what they are of.
func breakdownsOf(ref string) string          { return "breakdowns " + ref }
func seriesOf(ref string) string              { return "series " + ref }
func elementsOf(ref, breakdown string) string { return "elements " + ref + " " + breakdown }

// divider is the connector of a connection, where its scorecards can be divided, or nil.
func (b *Bot) divider(c store.Connection) integrations.Divider {
	connector, err := b.connectors.ByKind(c.Kind)
	if err != nil {
		return nil
	}
	d, _ := connector.(integrations.Divider)
	return d
}

// partOf takes a stored reference apart.
func (b *Bot) partOf(c store.Connection, ref string) integrations.Part {
	if d := b.divider(c); d != nil {
		return d.Take(ref)
	}
	return integrations.Part{Scorecard: ref}
}

// takePart notes which part was chosen. A choice above takes those below it along.
func (w *wizard) takePart(e view.PartEntry, d integrations.Divider) {
	if d == nil {
		return
	}
	p := w.Part
	choose := func(chosen *string, into *string, below ...*string) {
		if chosen == nil || *chosen == *into {
			return
		}
		*into = *chosen
		for _, b := range below {
			*b = ""
		}
	}
	choose(e.Element2, &p.Element2)
	choose(e.Breakdown2, &p.Breakdown2, &p.Element2)
	choose(e.Element, &p.Element, &p.Breakdown2, &p.Element2)
	choose(e.Breakdown, &p.Breakdown, &p.Element, &p.Breakdown2, &p.Element2)
	choose(e.Series, &p.Series)
	if p == w.Part {
		return
	}
	w.Part = p
	w.Fresh++
	if ref := d.Compose(p); ref != w.Reference {
		w.Reference, w.Preview, w.Filled = ref, nil, false
	}
}

// wizardPartChosen shows what the chosen scorecard, or part of it, says now, and how it can be
// divided further.
func (b *Bot) wizardPartChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, w, err := b.wizardDraft(ctx, g)
	if reply, err, is := lost(err); is {
		return reply, err
	}
	before := w
	if err := b.take(ctx, g, &w); err != nil {
		return desk.Reply{}, err
	}
	if chosen := view.Nothing(view.ParseScorecard(g.View.State).Scorecard); chosen.Is() {
		why := chosen.Sentence(b.searched(w.Source))
		if draft, err = b.Store.SaveDraft(ctx, g.Actor, draft, draft.Step, w); err != nil {
			reply, err, _ := lost(err)
			return reply, err
		}
		return b.scorecardProblem(ctx, g, draft, w, why)
	}
	if w.Reference == "" || w.Reference == before.Reference && w.Part == before.Part && w.Preview != nil {
		return desk.Reply{}, nil
	}
	return b.readPart(ctx, g, draft, w)
}

// divide lists what the person can choose from next; the problem is a sentence for the person.
// Lists that were read are not read again.
func (b *Bot) divide(ctx context.Context, g desk.Gesture, w *wizard) (problem string) {
	c, err := b.usable(ctx, g, w.Connection)
	if err != nil {
		return ""
	}
	d := b.divider(c)
	if d == nil {
		return ""
	}
	account, err := b.jobs.Account(ctx, c)
	if err != nil {
		return ""
	}
	if w.Lists == nil {
		w.Lists = map[string][]integrations.Named{}
	}
	divisions := func(ref string) {
		if _, read := w.Lists[breakdownsOf(ref)]; read {
			return
		}
		found, err := d.Divisions(ctx, account, ref)
		if err != nil { // the scorecard itself can be read all the same
			b.Log.Info("listing breakdowns", "connection", c.ID, "error", err)
			return
		}
		w.Lists[breakdownsOf(ref)], w.Lists[seriesOf(ref)] = found.Breakdowns, found.Series
	}
	elements := func(ref, breakdown string) string {
		if _, read := w.Lists[elementsOf(ref, breakdown)]; read {
			return ""
		}
		found, err := d.Elements(ctx, account, ref, breakdown)
		var failure *integrations.Error
		switch {
		case errors.As(err, &failure) && failure.Class == integrations.NotFound, err == nil && len(found) == 0:
			return "This breakdown has no elements that this sign-in can see. Choose another one, or the whole scorecard."
		case errors.As(err, &failure):
			return failure.Sentence()
		case err != nil:
			return "The breakdown's elements could not be read. Choose it again."
		}
		w.Lists[elementsOf(ref, breakdown)] = found
		return ""
	}
	p := w.Part
	divisions(p.Scorecard)
	if p.Breakdown != "" {
		if problem = elements(p.Scorecard, p.Breakdown); problem != "" {
			return problem
		}
	}
	if p.Element != "" {
		first := d.Compose(w.first())
		divisions(first)
		if p.Breakdown2 != "" {
			problem = elements(first, p.Breakdown2)
		}
	}
	return problem
}

// first is the part without its second level and its series.
func (w wizard) first() integrations.Part {
	return integrations.Part{Scorecard: w.Part.Scorecard, Breakdown: w.Part.Breakdown, Element: w.Part.Element}
}

// parts are the fields for what was listed.
func (w wizard) parts(d integrations.Divider) view.Parts {
	if d == nil {
		return view.Parts{}
	}
	level := func(ref, breakdown, element string) view.Level {
		l := view.Level{Breakdowns: choosable(w.Lists[breakdownsOf(ref)], ""), Breakdown: breakdown}
		elements, listed := w.Lists[elementsOf(ref, breakdown)]
		l.Listed = listed
		for _, n := range elements {
			l.Left += view.Unlistable(n.ID)
			if n.ID == element {
				l.Element = view.Named(n)
			}
		}
		return l
	}
	p := w.Part
	parts := view.Parts{
		First:  level(p.Scorecard, p.Breakdown, p.Element),
		Series: choosable(w.Lists[seriesOf(p.Scorecard)], ""), Chosen: p.Series,
	}
	if p.Element != "" {
		parts.Second = level(d.Compose(w.first()), p.Breakdown2, p.Element2)
	}
	return parts
}

// choosable are the entries whose name holds the words.
func choosable(list []integrations.Named, words string) []view.Named {
	var found []view.Named
	for _, n := range list {
		if strings.Contains(strings.ToLower(view.ShownName(n.Name, n.ID)), strings.ToLower(strings.TrimSpace(words))) {
			found = append(found, view.Named(n))
		}
	}
	return found
}

// unfinished is what is wrong with a breakdown that has no element.
func (w wizard) unfinished(problems okr.Problems) {
	const sentence = "Choose an element, or nothing as the breakdown."
	if w.Part.Breakdown != "" && w.Part.Element == "" {
		problems[view.FieldElement] = sentence
	}
	if w.Part.Breakdown2 != "" && w.Part.Element2 == "" {
		problems[view.FieldElement2] = sentence
	}
}

// elementChoices and secondElementChoices answer the type-ahead of elements from what was listed.
func (b *Bot) elementChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return b.listedElements(ctx, g, func(w wizard, _ integrations.Divider) string {
		return elementsOf(w.Part.Scorecard, w.Part.Breakdown)
	})
}

func (b *Bot) secondElementChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return b.listedElements(ctx, g, func(w wizard, d integrations.Divider) string {
		return elementsOf(d.Compose(w.first()), w.Part.Breakdown2)
	})
}

func (b *Bot) listedElements(ctx context.Context, g desk.Gesture, of func(wizard, integrations.Divider) string) (desk.Reply, error) {
	_, w, err := b.wizardDraft(ctx, g)
	if err != nil && !desk.IsNotFound(err) {
		return desk.Reply{}, err
	}
	c, err := b.usable(ctx, g, w.Connection)
	if err != nil && !desk.IsNotFound(err) {
		return desk.Reply{}, err
	}
	d := b.divider(c)
	if d == nil {
		return desk.Reply{Options: view.Options(nil)}, nil
	}
	return desk.Reply{Options: view.NamedChoices(choosable(w.Lists[of(w, d)], g.Query))}, nil
}
