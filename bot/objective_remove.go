package bot

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// removing is the draft of the question before an objective goes: what was named in it.
type removing struct {
	Objective  int64
	Key        string
	Version    int
	KeyResults []int64
}

// removeQuestion names each of an objective's key results and asks what becomes of it.
func (ob objectives) removeQuestion(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error) {
	if !o.MayRemove(g.Actor) {
		return askOwner(o, "remove"), nil
	}
	list, err := ob.keyResults(ctx, o.Workspace, store.Filter{Objectives: []int64{o.ID}})
	if err != nil {
		return desk.Reply{}, err
	}
	below, err := ob.Store.Children(ctx, o.Workspace, o.ID)
	if err != nil {
		return desk.Reply{}, err
	}
	d := removing{Objective: o.ID, Key: o.Key(), Version: o.Version}
	for _, k := range list {
		d.KeyResults = append(d.KeyResults, k.ID)
	}
	draft, err := removeObjectiveForm.Begin(ctx, ob.Store.Reads, g.Actor, "ask", d)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := view.RemoveObjective{Objective: o, KeyResults: list, Below: below, Draft: draft.ID}.Modal()
	return desk.Reply{Open: &modal}, nil
}

var removeObjectiveForm = desk.Form[removing]{Kind: view.CallbackRemoveObjective, Again: "/okr objectives"}

// moveChoices fills the type-ahead of what becomes of a key result.
func (ob objectives) moveChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	_, d, err := removeObjectiveForm.Shown(ctx, ob.Store.Reads, g)
	if desk.IsNotFound(err) {
		return desk.Reply{Options: view.MoveChoices("-", nil)}, nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	o, err := ob.Store.Objective(ctx, g.Actor.Workspace, d.Objective)
	if err != nil && !desk.IsNotFound(err) {
		return desk.Reply{}, err
	}
	query := strings.TrimSpace(g.Query)
	if n := len("move to"); len(query) >= n && strings.EqualFold(query[:n], "move to") { // as it is offered
		query = strings.TrimSpace(query[n:])
	}
	var list []okr.Objective
	if !o.Closed {
		now, err := ob.Store.Now(ctx)
		if err != nil {
			return desk.Reply{}, err
		}
		all, err := ob.Store.ParentChoices(ctx, g.Actor.Workspace, 0, query, okr.DayIn(g.Zone, now), view.MostOptions)
		if err != nil {
			return desk.Reply{}, err
		}
		for _, to := range all {
			if to.ID != d.Objective && to.MayAddKeyResult(g.Actor) {
				list = append(list, to)
			}
		}
	}
	return desk.Reply{Options: view.MoveChoices(g.Query, list)}, nil
}

// removed moves and removes what was named, and then the objective. What was not named stays,
// and so does the objective then.
func (ob objectives) removed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, d, err := removeObjectiveForm.Shown(ctx, ob.Store.Reads, g)
	if err != nil {
		return desk.Reply{}, err
	}
	chosen := view.ParseMoves(g.View.State, d.KeyResults)
	problems := okr.Problems{}
	for i, id := range d.KeyResults {
		switch {
		case chosen[id] != "":
		case len(d.KeyResults) > view.MovedAtOnce && i >= view.MovedAtOnce:
			problems[view.FieldMoveAll] = "Choose what becomes of those without a choice of their own."
		default:
			problems[view.MoveField(id)] = "Choose where it moves to, or that it is removed."
		}
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	var gone okr.Objective
	var why string
	moved, removed := 0, 0
	err = ob.Store.InTx(ctx, func(tx *store.Tx) (err error) {
		why, moved, removed, problems = "", 0, 0, okr.Problems{}
		if gone, err = tx.LockObjective(ctx, g.Actor.Workspace, d.Objective); err != nil {
			return err
		}
		if !gone.MayRemove(g.Actor) {
			why = askOwner(gone, "remove").Say.Text
			return nil
		}
		list, err := tx.LockKeyResultsOf(ctx, gone)
		if err != nil {
			return err
		}
		if gone.Version != d.Version || !sameSet(list, d.KeyResults) {
			why = "*" + gone.Key() + "* or its key results changed since they were named. Nothing was removed. Look again with `/okr remove " + gone.Key() + "`."
			return nil
		}
		if why, err = ob.empties(ctx, tx, g, gone, list, chosen, problems, &moved, &removed); err != nil || why != "" || len(problems) > 0 {
			return err
		}
		if err := tx.RemoveObjective(ctx, g.Actor, gone); err != nil {
			return err
		}
		return tx.DeleteDraft(ctx, g.Actor, draft.ID)
	})
	switch {
	case desk.IsNotFound(err):
		r := desk.Say("This objective was removed already.")
		r.Clear = true
		return r, nil
	case errors.Is(err, errRefused):
		return desk.Reply{Problems: problems}, nil
	case err != nil:
		return desk.Reply{}, err
	case why != "":
		r := desk.Say(why)
		r.Clear = true
		return r, nil
	}
	text := "*" + gone.Key() + "* *" + view.Escape(gone.Title) + "* is removed."
	if moved > 0 {
		text += " " + okr.CountWords(moved, "key result") + " moved."
	}
	if removed > 0 {
		text += " " + okr.CountWords(removed, "key result") + " removed with it."
	}
	r := desk.Say(text)
	r.Clear, r.Home = true, true
	return r, nil
}

// errRefused undoes what was begun, because a choice does not do.
var errRefused = errors.New("refused at a field")

// sameSet says whether key results are those that were named.
func sameSet(list []store.KeyResult, named []int64) bool {
	return len(list) == len(named) && !slices.ContainsFunc(list, func(k store.KeyResult) bool { return !slices.Contains(named, k.ID) })
}

// empties moves and removes an objective's key results as it was chosen, and leaves what people are to
// hear of it. A choice that does not do is among the problems, with errRefused.
func (ob objectives) empties(ctx context.Context, tx *store.Tx, g desk.Gesture, gone okr.Objective, list []store.KeyResult, chosen map[int64]string, problems okr.Problems, moved, removed *int) (why string, err error) {
	lines := map[string][]string{} // by who is told
	everything := []string{}
	targets := map[int64]okr.Objective{}
	for _, k := range list {
		field := view.MoveField(k.ID)
		if _, shown := g.View.State[field]; !shown || g.View.State[field]["v"].SelectedOption.Value == "" && g.View.State[view.FieldMoveAll] != nil {
			field = view.FieldMoveAll
		}
		line := view.KeyResultRemovedLine(k.KeyResult)
		if chosen[k.ID] == view.RemoveWithIt {
			if !k.MayRemove(g.Actor) {
				problems[field] = k.Key() + " is not yours to remove. Choose where it moves to."
				continue
			}
			if err := tx.RemoveKeyResult(ctx, g.Actor, k); err != nil {
				return "", err
			}
			*removed++
		} else {
			id, _ := strconv.ParseInt(chosen[k.ID], 10, 64)
			to, known := targets[id]
			if !known {
				to, err = tx.LockObjective(ctx, g.Actor.Workspace, id) // it is not closed out in between
				if err != nil && !desk.IsNotFound(err) {
					return "", err
				}
				targets[id] = to
			}
			switch {
			case to.ID == 0 || to.ID == gone.ID || !to.MayAddKeyResult(g.Actor):
				problems[field] = "This objective takes no key results now. Choose another one."
				continue
			case !k.MayEdit(g.Actor) || k.Closed:
				problems[field] = k.Key() + " cannot be moved. Choose that it is removed."
				continue
			case slices.ContainsFunc(k.Phases, func(p okr.Phase) bool { return !to.Period.Contains(p.Day) }):
				problems[field] = "Phased targets of " + k.Key() + " lie outside of that objective's period. Choose another one, or change them first."
				continue
			}
			after := k
			after.Objective, after.KeyResult.Objective, after.Cadence.Zone = to, to.ID, to.Zone
			saved, err := tx.EditKeyResult(ctx, g.Actor, after, "moved")
			if err != nil {
				return "", err
			}
			if err := tx.AnnounceChange(ctx, k, saved); err != nil {
				return "", err
			}
			if saved.Integrated && !saved.Paused {
				if err := ob.jobs.Import(ctx, tx, saved.Workspace, saved.ID); err != nil {
					return "", err
				}
			}
			*moved++
			line = view.KeyResultMovedLine(k.KeyResult, to)
		}
		everything = append(everything, line)
		for _, person := range append([]string{k.Owner}, k.CoOwners...) {
			lines[person] = append(lines[person], line)
		}
	}
	if len(problems) > 0 {
		return "", errRefused
	}
	for _, person := range append([]string{gone.Owner}, gone.CoOwners...) {
		lines[person] = everything // who leads it hears all
	}
	people := make([]string, 0, len(lines))
	for person := range lines {
		if person != g.Actor.ID {
			people = append(people, person)
		}
	}
	slices.Sort(people)
	for _, person := range people {
		if err := ob.jobs.Tell(ctx, tx, gone.Workspace, person, view.ObjectiveRemoved(gone, g.Actor.ID, lines[person])); err != nil {
			return "", err
		}
	}
	return "", nil
}
