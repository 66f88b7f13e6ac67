package wizard

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
)

// startModal is the first step: the objective, the key result's title and owner, and where its values
// come from.
func (f *Flow) startModal(ctx context.Context, w *Session, problem string) (slack.ModalViewRequest, error) {
	s := view.Start{Problem: problem, Draft: w.draft.ID, Revision: w.Revision, Redrawn: w.Redrawn, Editing: w.Key, Title: w.Title, Owner: w.Owner, Systems: f.systems(), Source: w.Source}
	workspace := w.gesture.Actor.Workspace
	if w.Objective != 0 {
		o, err := f.Store.Objective(ctx, workspace, w.Objective)
		if err != nil && !desk.IsNotFound(err) {
			return slack.ModalViewRequest{}, err
		}
		s.Objective, s.Added = o, o.ID != 0 && o.ID == w.AddedObjective
	}
	if s.Objective.ID == 0 {
		some, err := f.Store.Objectives(ctx, workspace, "", "", 0, 1)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		s.None = len(some) == 0
	}
	return s.Modal(), nil
}

// startSubmitted goes on to the scorecard, or to the details where people update the key result.
func (f *Flow) startSubmitted(ctx context.Context, w *Session) (desk.Reply, error) {
	entry := view.ParseStart(w.gesture.View.State)
	problems := okr.KeyResult{Title: entry.Title, Owner: entry.Owner, Kind: okr.Baseline}.Check()
	o, err := f.Store.Objective(ctx, w.gesture.Actor.Workspace, entry.Objective)
	switch {
	case desk.IsNotFound(err):
		problems[view.FieldObjective] = "Choose an objective, or press New objective."
	case err != nil:
		return desk.Reply{}, err
	case o.Closed:
		problems[view.FieldObjective] = "This objective is closed out. Choose another one, or press New objective."
	case !o.MayAddKeyResult(w.gesture.Actor):
		problems[view.FieldObjective] = "You may not add key results here. Ask a member of this workspace."
	}
	if _, err := f.connectors.ByKind(entry.Source); err != nil && entry.Source != view.FromPeople {
		problems[view.FieldSource] = "Choose where the values come from."
	}
	maps.Copy(problems, f.ownersProblems(ctx, w, entry.Owner, nil))
	if len(problems) > 0 {
		return desk.Reply{Problems: desk.AtFields(problems, w.gesture)}, nil
	}
	w.AddedObjective = 0
	w.Objective, w.Title, w.Owner, w.Source = o.ID, entry.Title, entry.Owner, entry.Source
	w.Form.Title, w.Form.Owner = entry.Title, entry.Owner
	if !w.integrated() {
		w.prefill(nil, o)
		return f.goTo(ctx, w, view.StepDetails)
	}
	if err := f.suggestConnection(ctx, w); err != nil {
		return desk.Reply{}, err
	}
	return f.goTo(ctx, w, view.StepScorecard)
}

// systems are all that can be chosen to read from.
func (f *Flow) systems() []view.System {
	list := make([]view.System, len(f.connectors))
	for i, c := range f.connectors {
		list[i] = view.System{Kind: c.Kind(), Name: c.Name()}
	}
	return list
}

// suggestConnection keeps the chosen connection where it is one to the chosen system, and else takes
// the first such that the person may use.
func (f *Flow) suggestConnection(ctx context.Context, w *Session) error {
	actor := w.gesture.Actor
	c, err := f.Store.Connection(ctx, actor.Workspace, w.Connection)
	if err == nil && c.Kind == w.Source || err != nil && !desk.IsNotFound(err) {
		return err
	}
	list, err := f.Store.ConnectionsFor(ctx, actor)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Kind == w.Source && c.MayUse(actor) {
			w.chooseConnection(c.ID)
			return nil
		}
	}
	w.chooseConnection(0)
	return nil
}

// ObjectiveChoices fills the type-ahead of objectives, the person's own first.
func (f *Flow) ObjectiveChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	now, err := f.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	list, err := f.Store.Objectives(ctx, g.Actor.Workspace, g.Actor.ID, g.Query, okr.DayIn(g.Zone, now), view.MostOptions)
	if err != nil {
		return desk.Reply{}, err
	}
	var choices [][2]string
	for _, o := range list {
		if o.MayAddKeyResult(g.Actor) {
			choices = append(choices, [2]string{strconv.FormatInt(o.ID, 10), view.ObjectiveLabel(o)})
		}
	}
	return desk.Reply{Options: view.Options(choices)}, nil
}

// likeliest is the objective that somebody most likely means: the first of the list, where it is theirs and the
// second is not as likely, being over, co-owned alone, or another's; 0 where there is none.
func likeliest(list []okr.Objective, actor okr.Actor, today okr.Day) int64 {
	type sort struct{ led, over, owned bool }
	sortOf := func(o okr.Objective) sort {
		return sort{slices.Contains(o.Responsible(), actor.ID), o.Period.Last < today, o.Owner == actor.ID}
	}
	if len(list) == 0 || !sortOf(list[0]).led || len(list) > 1 && sortOf(list[0]) == sortOf(list[1]) {
		return 0
	}
	return list[0].ID
}
