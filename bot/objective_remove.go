package bot

import (
	"context"
	"maps"
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
		return ob.AskLeader(ctx, g, o, okr.RemoveObjective, "remove"), nil
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
	draft, err := removeObjectiveForm.Begin(ctx, ob.Store.Statements, g.Actor, "ask", d)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := view.RemoveObjective{Objective: o, KeyResults: list, Below: below, Draft: draft.ID}.Modal()
	return desk.Reply{Open: &modal}, nil
}

var removeObjectiveForm = desk.Form[removing]{Kind: view.CallbackRemoveObjective, Again: "/okr objectives"}

// moveChoices fills the type-ahead of what becomes of a key result.
func (ob objectives) moveChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	_, d, err := removeObjectiveForm.Shown(ctx, ob.Store.Statements, g)
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
	draft, d, err := removeObjectiveForm.Shown(ctx, ob.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	chosen := view.ParseMoves(g.View.State, d.KeyResults)
	if problems := unchosen(chosen, d.KeyResults); len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	var out emptying
	err = ob.Store.InTx(ctx, func(tx *store.Tx) error {
		gone, err := tx.LockObjective(ctx, g.Actor.Workspace, d.Objective)
		if err != nil {
			return err
		}
		if !gone.MayRemove(g.Actor) {
			return refuse(desk.AskLeader(ctx, tx, g.Actor, gone, okr.RemoveObjective, "remove").Say.Text)
		}
		list, err := tx.LockKeyResultsOf(ctx, gone)
		if err != nil {
			return err
		}
		if gone.Version != d.Version || !sameSet(list, d.KeyResults) {
			return refuse("*" + gone.Key() + "* or its key results changed since they were named. Nothing was removed. Look again with `/okr remove " + gone.Key() + "`.")
		}
		out = emptying{objectives: ob, tx: tx, g: g, gone: gone, problems: okr.Problems{}, targets: map[int64]okr.Objective{}, lines: map[string][]string{}}
		if err := out.empty(ctx, list, chosen); err != nil {
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
	case err != nil:
		return desk.Reply{}, err
	}
	text := "*" + out.gone.Key() + "* *" + view.Escape(out.gone.Title) + "* is removed."
	if out.moved > 0 {
		text += " " + okr.CountWords(out.moved, "key result") + " moved."
	}
	if out.removed > 0 {
		text += " " + okr.CountWords(out.removed, "key result") + " removed with it."
	}
	r := desk.Say(text)
	r.Clear, r.Home = true, true
	return r, nil
}

// refuse ends a transaction of a window, which goes away.
func refuse(text string) error {
	r := desk.Say(text)
	r.Clear = true
	return desk.Refuse(r)
}

// unchosen are the key results of which nobody said what becomes of them.
func unchosen(chosen map[int64]string, named []int64) okr.Problems {
	problems := okr.Problems{}
	for _, id := range named {
		switch {
		case chosen[id] != "":
		case len(named) > view.MovedOneByOne:
			problems[view.FieldMoveAll] = "Choose what becomes of those without a choice of their own."
		default:
			problems[view.MoveField(id)] = "Choose where it moves to, or that it is removed."
		}
	}
	return problems
}

// sameSet says whether key results are those that were named.
func sameSet(list []store.KeyResult, named []int64) bool {
	return len(list) == len(named) && !slices.ContainsFunc(list, func(k store.KeyResult) bool { return !slices.Contains(named, k.ID) })
}

// emptying is an objective whose key results go, each as it was chosen.
type emptying struct {
	objectives
	tx             *store.Tx
	g              desk.Gesture
	gone           okr.Objective
	targets        map[int64]okr.Objective // where something moves to; one without an id is not there
	problems       okr.Problems
	moved, removed int
	lines          map[string][]string // by who is told
}

// empty moves and removes the key results, and leaves what people are to hear of it. Choices that do
// not do refuse all of it.
func (e *emptying) empty(ctx context.Context, list []store.KeyResult, chosen map[int64]string) error {
	everything, err := e.orphans(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		var line string
		var err error
		if chosen[k.ID] == view.RemoveWithIt {
			line, err = e.remove(ctx, k)
		} else {
			line, err = e.move(ctx, k, chosen[k.ID])
		}
		if err != nil {
			return err
		}
		everything = append(everything, line)
		id, _ := strconv.ParseInt(chosen[k.ID], 10, 64)
		e.hear(line, k.Owner, k.CoOwners, e.targets[id])
	}
	if len(e.problems) > 0 {
		return desk.Refuse(desk.Reply{Problems: e.problems})
	}
	for _, person := range append([]string{e.gone.Owner}, e.gone.CoOwners...) {
		e.lines[person] = everything // who leads it hears all
	}
	var news []store.Telling
	for _, person := range slices.Sorted(maps.Keys(e.lines)) {
		news = append(news, store.Telling{Person: person, Says: view.ObjectiveRemoved(e.gone, e.g.Actor.ID, e.lines[person])})
	}
	return e.jobs.TellOthers(ctx, e.tx, e.g.Actor, news)
}

// orphans are the objectives that have no parent any more, in a line each, which their owners hear.
func (e *emptying) orphans(ctx context.Context) (lines []string, err error) {
	below, err := e.tx.Children(ctx, e.gone.Workspace, e.gone.ID)
	for _, o := range below {
		line := view.OrphanedLine(o)
		lines = append(lines, line)
		e.hear(line, o.Owner, o.CoOwners, okr.Objective{})
	}
	return lines, err
}

// hear has a line told to an owner and co-owners, and to those of the objective that takes it over.
func (e *emptying) hear(line, owner string, coOwners []string, to okr.Objective) {
	people := slices.Concat([]string{owner}, coOwners, to.CoOwners)
	if to.ID != 0 {
		people = append(people, to.Owner)
	}
	slices.Sort(people)
	for _, person := range slices.Compact(people) {
		e.lines[person] = append(e.lines[person], line)
	}
}

// wrong notes at the field where it was chosen what does not do.
func (e *emptying) wrong(k store.KeyResult, sentence string) {
	field := view.MoveField(k.ID)
	if _, shown := e.g.View.State[field]; !shown || e.g.View.State[field]["v"].SelectedOption.Value == "" && e.g.View.State[view.FieldMoveAll] != nil {
		field = view.FieldMoveAll
	}
	e.problems[field] = sentence
}

// remove removes a key result, and says so in a line.
func (e *emptying) remove(ctx context.Context, k store.KeyResult) (line string, err error) {
	if !k.MayRemove(e.g.Actor) {
		e.wrong(k, k.Key()+" is not yours to remove. Choose where it moves to.")
		return "", nil
	}
	e.removed++
	return view.KeyResultRemovedLine(k.KeyResult), e.tx.RemoveKeyResult(ctx, e.g.Actor, k)
}

// move moves a key result to the objective with an id, and says so in a line.
func (e *emptying) move(ctx context.Context, k store.KeyResult, chosen string) (line string, err error) {
	id, _ := strconv.ParseInt(chosen, 10, 64)
	to, known := e.targets[id]
	if !known {
		to, err = e.tx.LockObjective(ctx, e.g.Actor.Workspace, id) // it is not closed out in between
		if err != nil && !desk.IsNotFound(err) {
			return "", err
		}
		e.targets[id] = to
	}
	switch {
	case to.ID == 0 || to.ID == e.gone.ID || !to.MayAddKeyResult(e.g.Actor):
		e.wrong(k, "This objective takes no key results now. Choose another one.")
		return "", nil
	case !k.MayEdit(e.g.Actor) || k.Closed:
		e.wrong(k, k.Key()+" cannot be moved. Choose that it is removed.")
		return "", nil
	case slices.ContainsFunc(k.Phases, func(p okr.Phase) bool { return !to.Period.Contains(p.Day) }):
		e.wrong(k, "Phased targets of "+k.Key()+" lie outside of that objective's period. Choose another one, or change them first.")
		return "", nil
	}
	after := k
	after.Objective, after.KeyResult.Objective, after.Cadence.Zone = to, to.ID, to.Zone
	saved, err := e.tx.EditKeyResult(ctx, e.g.Actor, after, "moved")
	if err != nil {
		return "", err
	}
	if err := e.tx.AnnounceChange(ctx, k, saved); err != nil {
		return "", err
	}
	e.moved++
	line = view.KeyResultMovedLine(k.KeyResult, to)
	if !saved.Integrated || saved.Paused {
		return line, nil
	}
	return line, e.jobs.Import(ctx, e.tx, saved.Workspace, saved.ID)
}
