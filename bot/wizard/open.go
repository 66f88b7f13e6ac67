package wizard

import (
	"context"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// Add opens the wizard at its first step: "/okr add-kr", "/okr add-kr Fewer things" and the button of
// that name, with the objective chosen that the button stands under.
func (f *Flow) Add(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.AddKeyResult) {
		return desk.Say("Guests cannot add key results. Ask a member of this workspace."), nil
	}
	w := &Session{gesture: g, state: state{
		Owner: g.Actor.ID, Source: f.connectors[0].Kind(), Revision: 1, Title: view.Cut(command.Spoken(g.Text), okr.MaxTitle),
	}}
	now, err := f.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	today := okr.DayIn(g.Zone, now)
	list, err := f.Store.Objectives(ctx, g.Actor.Workspace, g.Actor.ID, "", today, 2)
	if err != nil {
		return desk.Reply{}, err
	}
	w.Objective = likeliest(list, g.Actor, today)
	if under := view.ParseOpen(g.Action.Value); under != 0 {
		if w.Objective, err = f.pressedUnder(ctx, g, under); err != nil {
			return desk.Reply{}, err
		}
	}
	if err := f.suggestConnection(ctx, w); err != nil {
		return desk.Reply{}, err
	}
	return f.open(ctx, w, view.StepStart)
}

// pressedUnder is the objective that a button stands under; 0, and none is chosen, where that takes no key results
// any more.
func (f *Flow) pressedUnder(ctx context.Context, g desk.Gesture, id int64) (int64, error) {
	o, err := f.Store.Objective(ctx, g.Actor.Workspace, id)
	if desk.IsNotFound(err) || err == nil && !o.MayAddKeyResult(g.Actor) {
		return 0, nil
	}
	return o.ID, err
}

// open begins a wizard's draft and shows it.
func (f *Flow) open(ctx context.Context, w *Session, step string) (desk.Reply, error) {
	var err error
	if w.draft, err = f.Store.CreateDraft(ctx, w.gesture.Actor, view.CallbackWizard, step, w.state); err != nil {
		return desk.Reply{}, err
	}
	modal, err := f.modal(ctx, w)
	return desk.Reply{Open: &modal}, err
}

// Edit opens the wizard at its last step, filled from the key result.
func (f *Flow) Edit(ctx context.Context, g desk.Gesture, k store.KeyResult) (desk.Reply, error) {
	if !k.MayEdit(g.Actor) {
		return f.AskOwner(ctx, g, k.KeyResult, okr.EditKeyResult, "edit"), nil
	}
	if k.Closed {
		return desk.IsClosed(k), nil
	}
	w := &Session{gesture: g, state: state{
		Revision: 1, Edit: k.ID, Key: k.Key(), Version: k.Version, Was: askedOf(k), Objective: k.Objective.ID, Title: k.Title, Owner: k.Owner,
		Source: view.FromPeople, Form: view.FormOf(k.KeyResult), Prefilled: true,
	}}
	if k.Integrated {
		if err := f.editSource(ctx, w, k); err != nil {
			return desk.Reply{}, err
		}
	}
	return f.open(ctx, w, view.StepDetails)
}

// editSource notes what the key result reads now, and offers the scorecard's unit where that changed.
func (f *Flow) editSource(ctx context.Context, w *Session, k store.KeyResult) error {
	w.Source, w.Connection, w.Reference, w.SourceName = k.Source.ConnectionKind, k.Source.Connection, k.Source.Reference, k.Source.Name
	c, err := f.Store.Connection(ctx, k.Workspace, w.Connection)
	if err != nil && !desk.IsNotFound(err) {
		return err
	}
	w.Part, w.ScorecardName = f.partOf(c, w.Reference), w.SourceName
	if w.Distinction, err = f.Distinction(ctx, c, w.Part.Scorecard); err != nil {
		return err
	}
	if s, err := f.Store.Scorecard(ctx, c, w.Part.Scorecard); err == nil {
		w.ScorecardName = view.ShownName(s.Name, s.Reference)
	} else if !desk.IsNotFound(err) {
		return err
	}
	changed, err := f.scorecardChanges(ctx, k)
	if err != nil {
		return err
	}
	for _, trait := range changed {
		if trait.What == "unit" && w.Form.Unit == trait.Before {
			w.Form.Unit = trait.After
		}
	}
	return nil
}

// scorecardChanges are what a key result's scorecard is by now and nobody has agreed to. Saving the key
// result agrees to it.
func (f *Flow) scorecardChanges(ctx context.Context, k store.KeyResult) ([]okr.Trait, error) {
	if k.Failure.Cause != "scorecard_changed" {
		return nil, nil
	}
	s, err := f.Store.Scorecard(ctx, store.Connection{ID: k.Source.Connection, Workspace: k.Workspace}, k.Source.Reference)
	if desk.IsNotFound(err) {
		return nil, nil
	}
	return k.Source.Traits().Changes(s.Traits()), err
}
