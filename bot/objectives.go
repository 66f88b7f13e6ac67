package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// or serves a verb for an objective where one is named alone, "show O-1", and else for what
// it is mostly for.
func (ob objectives) or(verb string, serve desk.Handler, own func(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error)) desk.Handler {
	return func(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
		words := command.Words(g.Text)
		var numbers []int
		for _, w := range words {
			if n, ok := w.ObjectiveKey(); ok && !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
		switch {
		case len(numbers) == 0:
			return serve(ctx, g)
		case len(numbers) > 1 || len(words) > 1 && !sameObjective(words, numbers[0]):
			return desk.Say(fmt.Sprintf("`/okr %s` takes one objective alone, so %s was not understood and nothing was done.", verb, view.Quote(command.Spoken(g.Text)))), nil
		}
		o, err := ob.Store.ObjectiveByNumber(ctx, g.Actor.Workspace, numbers[0])
		if desk.IsNotFound(err) {
			return desk.Say(fmt.Sprintf("There is no O-%d here. `/okr objectives` shows what there is.", numbers[0])), nil
		}
		if err != nil {
			return desk.Reply{}, err
		}
		return own(ctx, g, o)
	}
}

func sameObjective(words []command.Word, number int) bool {
	return !slices.ContainsFunc(words, func(w command.Word) bool { n, ok := w.ObjectiveKey(); return !ok || n != number })
}

// command is "/okr objectives", and with words of a title those that have them.
func (ob objectives) command(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return ob.from(ctx, g, 0, command.Spoken(g.Text))
}

// turned shows another part of the list in the place of the one whose button was pressed.
func (ob objectives) turned(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	from, words := view.ParsePage(g.Action.Value)
	r, err := ob.from(ctx, g, from, words)
	r.Replace = true
	return r, err
}

func (ob objectives) from(ctx context.Context, g desk.Gesture, from int, words string) (desk.Reply, error) {
	words = view.Cut(words, okr.MaxTitle)
	led, err := ob.Store.ObjectivesFor(ctx, g.Actor, words, from, view.ObjectivesListed)
	if err == nil && len(led.Objectives) == 0 && from > 0 { // they became fewer
		from = 0
		led, err = ob.Store.ObjectivesFor(ctx, g.Actor, words, from, view.ObjectivesListed)
	}
	if err != nil {
		return desk.Reply{}, err
	}
	switch {
	case led.Total == 0 && words != "":
		return desk.Say("No objective has " + view.Quote(words) + " in its title. `/okr objectives` alone shows all."), nil
	case led.Total == 0 && !okr.May(g.Actor, okr.AddObjective):
		return desk.Say("There are no objectives yet. Members of this workspace add them."), nil
	case led.Total == 0:
		return desk.Say("There are no objectives yet. Add one with `/okr add-objective`."), nil
	}
	shown, err := ob.shows.objectives(ctx, g.Actor.Workspace, led.Objectives)
	if err != nil {
		return desk.Reply{}, err
	}
	m := view.ObjectiveList{Shown: shown, From: from, Mine: led.Mine, Total: led.Total, Words: words}.Message()
	return desk.Reply{Say: &m}, nil
}

// objectives are objectives with their key results, ready to be shown.
func (s shows) objectives(ctx context.Context, workspace string, list []okr.Objective) ([]view.Objective, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	all, err := s.keyResults(ctx, workspace, store.Filter{Objectives: ids})
	if err != nil {
		return nil, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	own := map[int64][]view.KeyResult{}
	for _, k := range all {
		own[k.Objective.ID] = append(own[k.Objective.ID], k)
	}
	shown := make([]view.Objective, len(list))
	for i, o := range list {
		shown[i] = view.Objective{Objective: o, KeyResults: own[o.ID], Today: okr.DayIn(o.Zone, now)}
	}
	return shown, nil
}

// show opens a window with everything about an objective.
func (ob objectives) show(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error) {
	modal, err := ob.modal(ctx, o)
	return desk.Reply{Open: &modal}, err
}

func (ob objectives) modal(ctx context.Context, o okr.Objective) (slack.ModalViewRequest, error) {
	shown, err := ob.shows.objectives(ctx, o.Workspace, []okr.Objective{o})
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	v := shown[0]
	slices.SortStableFunc(v.KeyResults, func(a, b view.KeyResult) int { return okr.WorstFirst(a.Standing(), b.Standing()) })
	below, err := ob.Store.Children(ctx, o.Workspace, o.ID)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	if v.Below, err = ob.shows.objectives(ctx, o.Workspace, below); err != nil {
		return slack.ModalViewRequest{}, err
	}
	if o.Parent != 0 {
		if v.Above, err = ob.Store.Objective(ctx, o.Workspace, o.Parent); err != nil && !desk.IsNotFound(err) {
			return slack.ModalViewRequest{}, err
		}
	}
	events, err := ob.Store.Audit(ctx, o.Workspace, store.Object{Kind: "objective", ID: o.ID}, 5)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	for _, e := range events {
		v.Changes = append(v.Changes, view.ChangeLine{Actor: e.Actor, Action: e.Action, What: ob.changeWords(ctx, o.Workspace, e), At: e.At})
	}
	return v.Modal(), nil
}

// changeWords says what changed in one line, with people and channels by their names where
// they are known.
func (ob objectives) changeWords(ctx context.Context, workspace string, e store.AuditEvent) string {
	called := func(ids string) string {
		var names []string
		for _, id := range strings.Fields(ids) {
			if p, err := ob.Store.Person(ctx, workspace, id); err == nil && p.Name != "" {
				id = p.Name
			}
			names = append(names, id)
		}
		return strings.Join(names, ", ")
	}
	var parts []string
	for field, c := range e.Changes {
		switch {
		case e.Action == "created":
			continue
		case field == "owner", field == "co-owners":
			c = store.Change{called(c[0]), called(c[1])}
		}
		parts = append(parts, okr.ChangeWords(field, c[0], c[1]))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// pressed is the button Show of an objective.
func (ob objectives) pressed(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return ob.with(ctx, g, g.Action.Value, ob.show)
}

// more is an item of an objective's kebab: "edit:3".
func (ob objectives) more(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	verb, id, _ := strings.Cut(g.Action.Value, ":")
	serve, ok := map[string]func(context.Context, desk.Gesture, okr.Objective) (desk.Reply, error){
		view.ItemShow: ob.show, view.ItemEdit: ob.edit, view.ItemCloseOut: ob.closeOut, view.ItemRemove: ob.removeQuestion,
	}[verb]
	if !ok {
		ob.Log.Warn("a kebab's item has no route", "item", verb)
		return desk.Say("okrbot does not know this choice any more. Open the list again with `/okr objectives`."), nil
	}
	return ob.with(ctx, g, id, serve)
}

func (ob objectives) with(ctx context.Context, g desk.Gesture, value string, serve func(context.Context, desk.Gesture, okr.Objective) (desk.Reply, error)) (desk.Reply, error) {
	id, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		id = 0 // nobody's
	}
	o, err := ob.Store.Objective(ctx, g.Actor.Workspace, id)
	if desk.IsNotFound(err) {
		return desk.Say("This objective is gone. `/okr objectives` shows what there is."), nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	return serve(ctx, g, o)
}

// askOwner tells somebody who may not do something to an objective whom to ask.
func askOwner(o okr.Objective, verb string) desk.Reply {
	return desk.Say("You may not " + verb + " this objective. Ask <@" + o.Owner + ">.")
}

func objectiveClosed(o okr.Objective) desk.Reply {
	return desk.Say("*" + o.Key() + "* *" + view.Escape(o.Title) + "* is closed out: it stays as it is. `/okr show " + o.Key() + "` shows how it ended.")
}

// edit opens the form of an objective, filled from it.
func (ob objectives) edit(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error) {
	switch {
	case !o.MayEdit(g.Actor):
		return askOwner(o, "edit"), nil
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
	draft, err := objectiveForm.Begin(ctx, ob.Store.Reads, g.Actor, "fill", objectiveDraft{Edit: o.ID, Version: o.Version, Key: o.Key()})
	if err != nil {
		return desk.Reply{}, err
	}
	today := okr.DayIn(g.Zone, now)
	modal := view.ObjectiveFormOf(o, above, today).Modal(draft.ID, today)
	return desk.Reply{Open: &modal}, nil
}

// parentProblem is what is wrong with a parent that was chosen; nil when nothing is.
func parentProblem(err error) okr.Problems {
	switch {
	case errors.Is(err, store.ErrCycle):
		return okr.Problems{view.FieldParent: "This one is below the objective already, or is the objective itself. Choose another parent."}
	case errors.Is(err, errNoParent):
		return okr.Problems{view.FieldParent: "This objective is not there any more. Choose another parent."}
	}
	return nil
}

var errNoParent = errors.New("the parent is not there")

// edited saves what was changed of an objective.
func (ob objectives) edited(ctx context.Context, g desk.Gesture, draft store.Draft, d objectiveDraft) (desk.Reply, error) {
	again := "/okr edit " + d.Key
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	o, problems := view.ParseObjective(g.View.State).Objective(okr.DayIn(g.Zone, now))
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	var before okr.Objective
	var refused *desk.Reply
	err = ob.Store.InTx(ctx, func(tx *store.Tx) error {
		refused = nil
		problems = okr.Problems{}
		was, err := tx.Objective(ctx, g.Actor.Workspace, d.Edit)
		if err != nil {
			return err
		}
		if !was.MayEdit(g.Actor) {
			r := askOwner(was, "edit")
			refused = &r
			return nil
		}
		if o.Parent != 0 {
			if _, err := tx.Objective(ctx, g.Actor.Workspace, o.Parent); desk.IsNotFound(err) {
				return errNoParent
			} else if err != nil {
				return err
			}
		}
		list, err := tx.KeyResults(ctx, g.Actor.Workspace, store.Filter{Objectives: []int64{d.Edit}})
		if err != nil {
			return err
		}
		if problems = outOf(o.Period, was.Period, list, g); len(problems) > 0 {
			return nil
		}
		o.ID, o.Workspace, o.Number, o.Version = was.ID, was.Workspace, was.Number, d.Version
		if before, err = tx.EditObjective(ctx, g.Actor, o); err != nil {
			return err
		}
		if !before.MayEdit(g.Actor) {
			return store.ErrNotFound
		}
		if err := ob.tellOwners(ctx, tx, g.Actor, before, o); err != nil {
			return err
		}
		if o.Period.First < before.Period.First { // scores of before are wanted now
			var read []int64
			for _, k := range list {
				if k.Integrated && !k.Paused {
					read = append(read, k.ID)
				}
			}
			if len(read) > 0 {
				if err := ob.jobs.Import(ctx, tx, o.Workspace, read...); err != nil {
					return err
				}
			}
		}
		return tx.DeleteDraft(ctx, g.Actor, draft.ID)
	})
	wrong := parentProblem(err)
	switch {
	case wrong != nil:
		return desk.Reply{Problems: wrong}, nil
	case errors.Is(err, store.ErrClosed):
		notice := view.NoticeOf(*objectiveClosed(before).Say)
		return desk.Reply{Update: &notice}, nil
	case errors.Is(err, store.ErrChanged):
		return desk.ChangedElsewhere(again), nil
	case desk.IsNotFound(err):
		notice := view.Notice("Edit "+d.Key, "This objective was removed, or is not yours to edit any more. Nothing was saved.")
		return desk.Reply{Update: &notice}, nil
	case err != nil:
		return desk.Reply{}, err
	case refused != nil:
		notice := view.NoticeOf(*refused.Say)
		return desk.Reply{Update: &notice}, nil
	case len(problems) > 0:
		return desk.Reply{Problems: problems}, nil
	}
	saved := view.ObjectiveSaved(o)
	return desk.Reply{Say: &saved, Clear: true, Home: true}, nil
}

// outOf are the problems of key results whose phased targets would be out of another period.
func outOf(period, was okr.Period, list []store.KeyResult, g desk.Gesture) okr.Problems {
	problems := okr.Problems{}
	if period == was {
		return problems
	}
	var keys []string
	for _, k := range list {
		if slices.ContainsFunc(k.Phases, func(p okr.Phase) bool { return !period.Contains(p.Day) }) {
			keys = append(keys, k.Key())
		}
	}
	if len(keys) == 0 {
		return problems
	}
	field := view.FieldPeriod
	if view.ParseObjective(g.View.State).Period == view.Dates {
		field = "last"
	}
	const most = 10
	if len(keys) > most {
		keys = append(keys[:most:most], fmt.Sprintf("%d more", len(keys)-most))
	}
	problems[field] = "Phased targets would lie outside of this period: " + strings.Join(keys, ", ") + ". Change those first, or choose another period."
	return problems
}

// tellOwners leaves what people who became owners of an objective, or are not any more, are to hear.
// Who did it knows.
func (ob objectives) tellOwners(ctx context.Context, tx *store.Tx, by okr.Actor, before, o okr.Objective) error {
	told := map[string]bool{by.ID: true}
	tell := func(person, text string) error {
		if person == "" || told[person] {
			return nil
		}
		told[person] = true
		return ob.jobs.Tell(ctx, tx, o.Workspace, person, text)
	}
	if o.Owner != before.Owner {
		if err := tell(o.Owner, view.BecameOwner(o, by.ID)); err != nil {
			return err
		}
	}
	for _, person := range o.CoOwners {
		if !slices.Contains(before.CoOwners, person) {
			if err := tell(person, view.BecameCoOwner(o, by.ID)); err != nil {
				return err
			}
		}
	}
	for _, person := range append([]string{before.Owner}, before.CoOwners...) {
		if person != o.Owner && !slices.Contains(o.CoOwners, person) {
			if err := tell(person, view.HandedOver(o, by.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

// parentChoices fills the type-ahead of parents: what is below the objective is not offered.
func (ob objectives) parentChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	_, d, err := objectiveForm.Shown(ctx, ob.Store.Reads, g)
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

var removeObjectiveForm = desk.Form[removing]{Kind: view.CallbackRemoveObjective, Again: "/okr remove O-n"}

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
				to, err = tx.Objective(ctx, g.Actor.Workspace, id)
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

// ofOneObjective are the verbs that take an objective.
var ofOneObjective = []string{"show", "edit", "remove"}

// objectiveFirst is the objective that a text begins with, and the text after it.
func objectiveFirst(text string) (number int, rest string, ok bool) {
	const longest = 3 // "O - 7"
	left, tried := text, ""
	for i, field := range command.Parted(text) {
		if i == longest {
			break
		}
		tried += " " + field
		_, left, _ = strings.Cut(left, field)
		if words := command.Words(tried); len(words) == 1 {
			if number, ok = words[0].ObjectiveKey(); ok {
				return number, strings.TrimSpace(left), true
			}
		}
	}
	return 0, text, false
}
