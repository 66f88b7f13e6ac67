package wizard

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

// partLists are what the parts of scorecards can be chosen from, by what the lists are of.
type partLists map[string][]integrations.Named

func breakdownsOf(ref string) string          { return "breakdowns " + ref }
func seriesOf(ref string) string              { return "series " + ref }
func elementsOf(ref, breakdown string) string { return "elements " + ref + " " + breakdown }

// divider is the connector of a connection, where its scorecards can be divided, or nil.
func (f *Flow) divider(c store.Connection) integrations.Divider {
	connector, err := f.connectors.ByKind(c.Kind)
	if err != nil {
		return nil
	}
	d, _ := connector.(integrations.Divider)
	return d
}

// partOf takes a stored reference apart.
func (f *Flow) partOf(c store.Connection, ref string) integrations.Part {
	if d := f.divider(c); d != nil {
		return d.Take(ref)
	}
	return integrations.Part{Scorecard: ref}
}

// choosePart notes which part was chosen. Another choice above undoes those below it.
func (s *state) choosePart(e view.PartEntry, d integrations.Divider) {
	if d == nil {
		return
	}
	p := s.Part
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
	if p == s.Part {
		return
	}
	s.Part = p
	s.Redrawn++
	if ref := d.Compose(p); ref != s.Reference {
		s.Reference, s.Preview, s.Prefilled = ref, nil, false
	}
}

// listParts lists what the person can choose from next; the problem is a sentence for the person. What
// was listed is not listed again.
func (f *Flow) listParts(ctx context.Context, w *Session) (problem string) {
	c, err := f.usableConnection(ctx, w)
	if err != nil {
		return ""
	}
	d := f.divider(c)
	if d == nil {
		return ""
	}
	if c.State != store.Active {
		return f.signInProblem(c)
	}
	if w.PartLists == nil {
		w.PartLists = partLists{}
	}
	err = f.accounts.Ask(ctx, c, func(account integrations.Account) (err error) {
		problem, err = f.listNext(ctx, w, d, account)
		return err
	})
	var failure *integrations.Error
	if errors.As(err, &failure) {
		return failure.Sentence()
	}
	return problem
}

// listNext lists for an account. An error is one that whatever is asked next would meet too: it ends the listing.
func (f *Flow) listNext(ctx context.Context, w *Session, d integrations.Divider, account integrations.Account) (problem string, err error) {
	breakdowns := func(ref string) error {
		err := w.PartLists.readBreakdowns(ctx, d, account, ref)
		if err == nil || ofAll(err) {
			return err
		}
		f.Log.Info("listing breakdowns", "connection", w.Connection, "error", err)
		return nil // the scorecard itself can be read all the same
	}
	p := w.Part
	if err := breakdowns(p.Scorecard); err != nil {
		return "", err
	}
	if p.Breakdown != "" {
		if problem, err = w.PartLists.readElements(ctx, d, account, p.Scorecard, p.Breakdown); problem != "" || err != nil {
			return problem, err
		}
	}
	if p.Element == "" {
		return "", nil
	}
	first := d.Compose(w.firstLevel())
	if err := breakdowns(first); err != nil || p.Breakdown2 == "" {
		return "", err
	}
	return w.PartLists.readElements(ctx, d, account, first, p.Breakdown2)
}

// ofAll says whether a failure is the sign-in's or the whole system's.
func ofAll(err error) bool {
	var failure *integrations.Error
	return errors.As(err, &failure) && (failure.Class == integrations.Unauthorized || failure.Class == integrations.RateLimited)
}

// readBreakdowns lists the breakdowns and time series of a scorecard or a part of one.
func (l partLists) readBreakdowns(ctx context.Context, d integrations.Divider, account integrations.Account, ref string) error {
	if _, listed := l[breakdownsOf(ref)]; listed {
		return nil
	}
	found, err := d.Divisions(ctx, account, ref)
	if err == nil {
		l[breakdownsOf(ref)], l[seriesOf(ref)] = found.Breakdowns, found.Series
	}
	return err
}

// readElements lists the elements of a breakdown; the problem is a sentence for the person, and an error
// one of all.
func (l partLists) readElements(ctx context.Context, d integrations.Divider, account integrations.Account, ref, breakdown string) (problem string, _ error) {
	if _, listed := l[elementsOf(ref, breakdown)]; listed {
		return "", nil
	}
	found, err := d.Elements(ctx, account, ref, breakdown)
	var failure *integrations.Error
	switch {
	case ofAll(err):
		return "", err
	case errors.As(err, &failure) && failure.Class == integrations.NotFound, err == nil && len(found) == 0:
		return "This breakdown has no elements that this sign-in can see. Choose another one, or the whole scorecard.", nil
	case errors.As(err, &failure):
		return failure.Sentence(), nil
	case err != nil:
		return "The breakdown's elements could not be read. Choose it again.", nil
	}
	l[elementsOf(ref, breakdown)] = found
	return "", nil
}

// firstLevel is the part without its second level and its series.
func (s *state) firstLevel() integrations.Part {
	return integrations.Part{Scorecard: s.Part.Scorecard, Breakdown: s.Part.Breakdown, Element: s.Part.Element}
}

// partFields are the fields for what was listed.
func (s *state) partFields(d integrations.Divider) view.Parts {
	if d == nil {
		return view.Parts{}
	}
	level := func(ref, breakdown, element string) view.Level {
		l := view.Level{Breakdowns: choosable(s.PartLists[breakdownsOf(ref)], ""), Breakdown: breakdown}
		elements, listed := s.PartLists[elementsOf(ref, breakdown)]
		l.Listed = listed
		for _, n := range elements {
			l.Left += view.Unlistable(n.ID)
			if n.ID == element {
				l.Element = view.Named(n)
			}
		}
		return l
	}
	p := s.Part
	parts := view.Parts{
		First:  level(p.Scorecard, p.Breakdown, p.Element),
		Series: choosable(s.PartLists[seriesOf(p.Scorecard)], ""), Chosen: p.Series,
	}
	if p.Element != "" {
		parts.Second = level(d.Compose(s.firstLevel()), p.Breakdown2, p.Element2)
	}
	return parts
}

// choosable are the entries whose name holds the words.
func choosable(list []integrations.Named, words string) []view.Named {
	var found []view.Named
	words = okr.Fold(words)
	for _, n := range list {
		if strings.Contains(okr.Fold(view.ShownName(n.Name, n.ID)), words) {
			found = append(found, view.Named(n))
		}
	}
	return found
}

// partProblems are what is wrong with a breakdown that has no element.
func (s *state) partProblems() okr.Problems {
	const sentence = "Choose an element, or nothing as the breakdown."
	problems := okr.Problems{}
	if s.Part.Breakdown != "" && s.Part.Element == "" {
		problems[view.FieldElement] = sentence
	}
	if s.Part.Breakdown2 != "" && s.Part.Element2 == "" {
		problems[view.FieldElement2] = sentence
	}
	return problems
}

// ElementChoices answers the type-ahead of elements from what was listed.
func (f *Flow) ElementChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return f.listedElements(ctx, g, func(w *Session, _ integrations.Divider) string {
		return elementsOf(w.Part.Scorecard, w.Part.Breakdown)
	})
}

// SecondElementChoices answers that of the elements of the second breakdown.
func (f *Flow) SecondElementChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return f.listedElements(ctx, g, func(w *Session, d integrations.Divider) string {
		return elementsOf(d.Compose(w.firstLevel()), w.Part.Breakdown2)
	})
}

func (f *Flow) listedElements(ctx context.Context, g desk.Gesture, listOf func(*Session, integrations.Divider) string) (desk.Reply, error) {
	w, err := f.load(ctx, g, g.View.Draft)
	if err != nil && !desk.IsNotFound(err) {
		return desk.Reply{}, err
	}
	c, err := f.usableConnection(ctx, w)
	if err != nil && !desk.IsNotFound(err) {
		return desk.Reply{}, err
	}
	d := f.divider(c)
	if d == nil {
		return desk.Reply{Options: view.Options(nil)}, nil
	}
	return desk.Reply{Options: view.NamedChoices(choosable(w.PartLists[listOf(w, d)], g.Query))}, nil
}
