package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// edit opens the form of an objective, filled from it.
func (ob objectives) edit(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error) {
	switch {
	case !o.MayEdit(g.Actor):
		return ob.AskLeader(ctx, g, o, okr.EditObjective, "edit"), nil
	case o.Closed:
		return objectiveClosed(o), nil
	}
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	var above okr.Objective
	if o.Parent != 0 {
		if above, err = ob.Store.Objective(ctx, o.Workspace, o.Parent); err != nil && !desk.IsNotFound(err) {
			return desk.Reply{}, err
		}
	}
	draft, err := objectiveForm.Begin(ctx, ob.Store.Statements, g.Actor, "fill", objectiveDraft{Edit: o.ID, Version: o.Version, Key: o.Key()})
	if err != nil {
		return desk.Reply{}, err
	}
	today := okr.DayIn(g.Zone, now)
	modal := view.ObjectiveFormOf(o, above, today).Modal(draft.ID, today)
	return desk.Reply{Open: &modal}, nil
}

// choiceProblem is what is wrong with the parent or the time zone that was chosen; nil when nothing is.
func choiceProblem(err error) okr.Problems {
	switch {
	case errors.Is(err, store.ErrZone):
		return okr.Problems{view.FieldZone: okr.UnknownZone}
	case errors.Is(err, store.ErrCycle):
		return okr.Problems{view.FieldParent: "This one is below the objective already, or is the objective itself. Choose another parent."}
	case errors.Is(err, store.ErrNoParent):
		return okr.Problems{view.FieldParent: "This objective is not there any more. Choose another parent."}
	}
	return nil
}

// edited saves what was changed of an objective.
func (ob objectives) edited(ctx context.Context, g desk.Gesture, draft store.Draft, d objectiveDraft) (desk.Reply, error) {
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	o, problems := view.ParseObjective(g.View.State).Objective(okr.DayIn(g.Zone, now))
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	known, err := ob.Store.Objective(ctx, g.Actor.Workspace, d.Edit)
	if err == nil {
		problems = ob.OwnersProblems(ctx, g.Actor, o.Owner, o.CoOwners, append(known.CoOwners, known.Owner)...)
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	var was okr.Objective
	err = ob.Store.InTx(ctx, func(tx *store.Tx) (err error) {
		if was, err = tx.Objective(ctx, g.Actor.Workspace, d.Edit); err != nil {
			return err
		}
		o.ID, o.Workspace, o.Number, o.Version = was.ID, was.Workspace, was.Number, d.Version
		if err := ob.change(ctx, tx, g, was, o); err != nil {
			return err
		}
		return tx.DeleteDraft(ctx, g.Actor, draft.ID)
	})
	wrong := choiceProblem(err)
	switch {
	case wrong != nil:
		return desk.Reply{Problems: wrong}, nil
	case errors.Is(err, store.ErrClosed):
		notice := view.NoticeOf(*objectiveClosed(was).Say)
		return desk.Reply{Update: &notice}, nil
	case errors.Is(err, store.ErrChanged):
		return desk.ChangedElsewhere("/okr edit " + d.Key), nil
	case desk.IsNotFound(err):
		notice := view.Notice("Edit "+d.Key, "This objective was removed, or is not yours to edit any more. Nothing was saved.")
		return desk.Reply{Update: &notice}, nil
	case err != nil:
		return desk.Reply{}, err
	}
	saved := view.ObjectiveSaved(o)
	ob.sayOthers(ctx, o, &saved)
	return desk.Reply{Say: &saved, Clear: true, Home: true}, nil
}

// sayOthers adds that people of other organisations see an objective's channel, where they do.
func (ob objectives) sayOthers(ctx context.Context, o okr.Objective, m *view.Message) {
	if others := ob.OthersSeeSaved(ctx, o.Workspace, o.Channel); others != "" {
		m.Add(others)
	}
}

// change makes an objective what it was edited to, if the person may and its key results allow it, and
// leaves what others are to hear of it.
func (ob objectives) change(ctx context.Context, tx *store.Tx, g desk.Gesture, was, o okr.Objective) error {
	if !was.MayEdit(g.Actor) {
		notice := view.NoticeOf(*desk.AskLeader(ctx, tx, g.Actor, was, okr.EditObjective, "edit").Say)
		return desk.Refuse(desk.Reply{Update: &notice})
	}
	list, err := tx.KeyResults(ctx, o.Workspace, store.Filter{Objectives: []int64{o.ID}})
	if err != nil {
		return err
	}
	if problems := outOf(o.Period, was.Period, list, g); len(problems) > 0 {
		return desk.Refuse(desk.Reply{Problems: problems})
	}
	before, changes, err := tx.EditObjective(ctx, g.Actor, o)
	if err != nil {
		return err
	}
	if !before.MayEdit(g.Actor) { // it was handed over since it was looked at
		return store.ErrNotFound
	}
	if err := ob.tellOwners(ctx, tx, g.Actor, before, o, changes); err != nil {
		return err
	}
	if o.Period.First >= before.Period.First {
		return nil
	}
	var read []int64 // scores of before are wanted now
	for _, k := range list {
		if k.Integrated && !k.Paused {
			read = append(read, k.ID)
		}
	}
	if len(read) == 0 {
		return nil
	}
	return ob.jobs.Import(ctx, tx, o.Workspace, read...)
}

// outOf are the problems of key results whose phased targets would not fit into another period.
func outOf(period, was okr.Period, list []store.KeyResult, g desk.Gesture) okr.Problems {
	problems := okr.Problems{}
	if period == was {
		return problems
	}
	var keys []string
	for _, k := range list {
		if says := k.CheckPhases(period); says != "" && says != k.CheckPhases(was) {
			keys = append(keys, k.Key())
		}
	}
	if len(keys) == 0 {
		return problems
	}
	field := view.FieldPeriod
	if view.ParseObjective(g.View.State).Period == view.Dates {
		field = "last"
		if period.Last == was.Last {
			field = "first"
		}
	}
	const most = 10
	if len(keys) > most {
		keys = append(keys[:most:most], fmt.Sprintf("%d more", len(keys)-most))
	}
	problems[field] = "Phased targets do not fit into this period: " + strings.Join(keys, ", ") + ". Each is for a day after the first, and for the last day it is the target. Change those first, or choose another period."
	return problems
}

// tellOwners leaves what people who became owners of an objective, or are not any more, are to hear, and what
// changed for those who stay. Who did it knows.
func (ob objectives) tellOwners(ctx context.Context, tx *store.Tx, by okr.Actor, before, o okr.Objective, changes map[string]store.Change) error {
	var news []store.Telling
	if o.Owner != before.Owner {
		news = append(news, store.Telling{Person: o.Owner, Says: view.BecameOwner(o, by.ID)})
	}
	for _, person := range o.CoOwners {
		if !slices.Contains(before.CoOwners, person) {
			news = append(news, store.Telling{Person: person, Says: view.BecameCoOwner(o, by.ID)})
		}
	}
	for _, person := range before.Responsible() {
		if person != o.Owner && !slices.Contains(o.CoOwners, person) {
			news = append(news, store.Telling{Person: person, Says: view.HandedOver(o, by.ID)})
		}
	}
	if lines := changedLines(changes); len(lines) > 0 {
		for _, person := range o.Responsible() {
			news = append(news, store.Telling{Person: person, Says: view.ObjectiveChanged(o, by.ID, lines)})
		}
	}
	return ob.jobs.TellOthers(ctx, tx, by, news)
}

// changedLines say what changed of an objective, a line each, the title first.
func changedLines(changes map[string]store.Change) []string {
	var lines []string
	for _, field := range []string{"title", "owner", "co-owners", "period", "zone", "channel", "parent"} {
		if c := changes[field]; c[0] != c[1] {
			lines = append(lines, view.Change(field, c[0], c[1]))
		}
	}
	return lines
}

// parentChoices fills the type-ahead of parents: what is below the objective is not offered.
func (ob objectives) parentChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	_, d, err := objectiveForm.Shown(ctx, ob.Store.Statements, g)
	if err != nil && !desk.IsNotFound(err) {
		return desk.Reply{}, err
	}
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	list, err := ob.Store.ParentChoices(ctx, g.Actor.Workspace, d.Edit, g.Query, okr.DayIn(g.Zone, now), view.MostOptions)
	return desk.Reply{Options: view.ParentChoices(list)}, err
}
