package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"okrbot/okr"
	"okrbot/store/queries"
)

var (
	// ErrCycle says that an objective would be above itself.
	ErrCycle = errors.New("an objective above itself")
	// ErrNoParent says that the objective that would be above another one is not there.
	ErrNoParent = errors.New("an objective below one that is not there")
)

// ObjectiveByNumber loads O-number of a workspace.
func (r Statements) ObjectiveByNumber(ctx context.Context, workspace string, number int) (okr.Objective, error) {
	row, err := r.q.ObjectiveByNumber(ctx, queries.ObjectiveByNumberParams{WorkspaceID: workspace, Number: int32(number)})
	if err != nil {
		return okr.Objective{}, fmt.Errorf("loading O-%d: %w", number, found(err))
	}
	return objective(row), nil
}

// ObjectivesByNumber loads those of some numbers that there are.
func (r Statements) ObjectivesByNumber(ctx context.Context, workspace string, numbers []int) ([]okr.Objective, error) {
	p := queries.ObjectivesByNumberParams{WorkspaceID: workspace}
	for _, n := range numbers {
		p.Numbers = append(p.Numbers, int32(n))
	}
	rows, err := r.q.ObjectivesByNumber(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("loading objectives: %w", err)
	}
	return objectives(rows), nil
}

// ObjectivePage is a part of a workspace's objectives: those that a person owns or co-owns first, then the
// others; of each by okr.Stage, the nearest end first.
type ObjectivePage struct {
	Objectives []okr.Objective
	Mine       int // so many of all are the person's
	Total      int
}

// ObjectivesFor lists a workspace's objectives as somebody sees them on their day, from one on; words narrow
// the list where they are not empty.
func (r Statements) ObjectivesFor(ctx context.Context, actor okr.Actor, today okr.Day, words string, from, most int) (ObjectivePage, error) {
	containing := foldedPattern(words)
	n, err := r.q.CountObjectives(ctx, queries.CountObjectivesParams{PersonID: actor.ID, WorkspaceID: actor.Workspace, Containing: containing})
	if err != nil {
		return ObjectivePage{}, fmt.Errorf("counting objectives: %w", err)
	}
	led := ObjectivePage{Mine: int(n.Led), Total: int(n.Total)}
	if from < led.Mine {
		rows, err := r.q.ObjectivesLed(ctx, queries.ObjectivesLedParams{
			PersonID: actor.ID, WorkspaceID: actor.Workspace, Containing: containing, Today: today.Time(), Skip: int32(from), Most: int32(most),
		})
		if err != nil {
			return led, fmt.Errorf("listing objectives: %w", err)
		}
		led.Objectives = objectives(rows)
	}
	if left := most - len(led.Objectives); left > 0 {
		rows, err := r.q.ObjectivesOfOthers(ctx, queries.ObjectivesOfOthersParams{
			PersonID: actor.ID, WorkspaceID: actor.Workspace, Containing: containing, Today: today.Time(), Skip: int32(max(0, from-led.Mine)), Most: int32(left),
		})
		if err != nil {
			return led, fmt.Errorf("listing objectives: %w", err)
		}
		led.Objectives = append(led.Objectives, objectives(rows)...)
	}
	return led, nil
}

// Children are the objectives right below some, by their parent.
func (r Statements) Children(ctx context.Context, workspace string, parents ...int64) ([]okr.Objective, error) {
	rows, err := r.q.ChildrenOf(ctx, queries.ChildrenOfParams{WorkspaceID: workspace, Parents: parents})
	if err != nil {
		return nil, fmt.Errorf("listing what is below objectives: %w", err)
	}
	return objectives(rows), nil
}

// WithBelow are some objectives and all that is below them, at any depth.
func (r Statements) WithBelow(ctx context.Context, workspace string, objectives []int64) ([]int64, error) {
	ids, err := r.q.WithBelow(ctx, queries.WithBelowParams{WorkspaceID: workspace, Tops: objectives})
	if err != nil {
		return nil, fmt.Errorf("listing what is below objectives: %w", err)
	}
	return ids, nil
}

// NeedsBelow counts what the key results of all objectives below some need, at any depth: what is
// somebody's to do something about, and what has no data.
func (r Statements) NeedsBelow(ctx context.Context, workspace string, objectives []int64) (map[int64]map[okr.Need]int, error) {
	rows, err := r.q.NeedsBelow(ctx, queries.NeedsBelowParams{
		WorkspaceID: workspace, Tops: objectives, Pressing: int16(okr.NeedsEyes), NoData: int16(okr.NoData.Need()),
	})
	if err != nil {
		return nil, fmt.Errorf("counting what is needed below objectives: %w", err)
	}
	needs := map[int64]map[okr.Need]int{}
	for _, row := range rows {
		if needs[row.Top] == nil {
			needs[row.Top] = map[okr.Need]int{}
		}
		needs[row.Top][okr.Need(row.Need)] = int(row.Many)
	}
	return needs, nil
}

// ParentChoices are the objectives that one can have as its parent, and that words are a part of.
func (r Statements) ParentChoices(ctx context.Context, workspace string, id int64, words string, today okr.Day, most int) ([]okr.Objective, error) {
	rows, err := r.q.ParentChoices(ctx, queries.ParentChoicesParams{
		WorkspaceID: workspace, ID: id, Containing: foldedPattern(words), Today: today.Time(), Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listing parents: %w", err)
	}
	return objectives(rows), nil
}

// mayHaveParent returns ErrCycle where an objective would be above itself, and ErrNoParent where there is
// no such parent. Everybody who would put another one below another waits until the transaction ends.
func (tx *Tx) mayHaveParent(ctx context.Context, workspace string, id, parent int64) error {
	if err := tx.LockTree(ctx, workspace); err != nil {
		return err
	}
	above, err := tx.q.Above(ctx, queries.AboveParams{WorkspaceID: workspace, ID: parent})
	switch {
	case err != nil:
		return fmt.Errorf("looking above objective %d: %w", parent, err)
	case len(above) == 0:
		return fmt.Errorf("putting objective %d below %d: %w", id, parent, ErrNoParent)
	case slices.Contains(above, id):
		return fmt.Errorf("putting objective %d below %d: %w", id, parent, ErrCycle)
	}
	return nil
}

// parentGone is ErrNoParent where a parent was removed after it was looked for.
func parentGone(err error) error {
	if isCode(err, noSuchRow) {
		return ErrNoParent
	}
	return err
}

// noSuchRow is Postgres' code of a row that refers to none.
const noSuchRow = "23503"

// EditObjective writes everything that people edit of an objective, has what depends on its period and
// zone computed again, and records what changed. It returns the objective as it was and what changed, ErrChanged when it
// is no longer at the version that was edited, ErrClosed when it is closed out, ErrCycle, and ErrNoParent.
func (tx *Tx) EditObjective(ctx context.Context, actor okr.Actor, o okr.Objective) (before okr.Objective, changes map[string]Change, err error) {
	if before, err = tx.Objective(ctx, actor.Workspace, o.ID); err != nil {
		return before, nil, err
	}
	seen := before.Parent // everybody waits for the tree: it is locked only where the parent changes
	if o.Parent != 0 && o.Parent != seen {
		if err := tx.mayHaveParent(ctx, actor.Workspace, o.ID, o.Parent); err != nil {
			return before, nil, err
		}
	}
	if before, err = tx.LockObjective(ctx, actor.Workspace, o.ID); err != nil {
		return before, nil, err
	}
	switch {
	case before.Closed:
		return before, nil, fmt.Errorf("editing objective %d: %w", o.ID, ErrClosed)
	case before.Version != o.Version, o.Parent == seen && o.Parent != before.Parent:
		return before, nil, fmt.Errorf("editing objective %d: %w", o.ID, ErrChanged)
	}
	if changes, err = tx.objectiveChanges(ctx, before, o); err != nil || !differ(changes) {
		return before, nil, err
	}
	if before.Zone != o.Zone {
		if err := tx.mayLieIn(ctx, o.Zone); err != nil {
			return before, nil, fmt.Errorf("editing objective %d: %w", o.ID, err)
		}
	}
	list, err := tx.LockKeyResultsOf(ctx, before)
	if err != nil {
		return before, nil, err
	}
	err = tx.q.EditObjective(ctx, queries.EditObjectiveParams{
		Title: o.Title, Folded: okr.Fold(o.Title), OwnerID: o.Owner, CoOwnerIds: orEmpty(o.CoOwners), FirstDay: o.Period.First.Time(), LastDay: o.Period.Last.Time(),
		Zone: o.Zone, ChannelID: o.Channel, ParentID: idOrNil(o.Parent), WorkspaceID: actor.Workspace, ID: o.ID,
	})
	if err != nil {
		return before, nil, fmt.Errorf("editing objective %d: %w", o.ID, parentGone(err))
	}
	if before.Period != o.Period || before.Zone != o.Zone {
		after, err := tx.replan(ctx, actor, o, list)
		if err != nil {
			return before, nil, err
		}
		for i, k := range after {
			if err := tx.AnnounceChange(ctx, list[i], k); err != nil {
				return before, nil, err
			}
		}
	}
	if err := tx.MarkCards(ctx, idsOf(list)...); err != nil {
		return before, nil, err
	}
	return before, changes, tx.Record(ctx, actor, "edited", Object{"objective", o.ID}, changes)
}

// differ says whether any of some fields has another value than before.
func differ(changes map[string]Change) bool {
	for _, c := range changes {
		if c[0] != c[1] {
			return true
		}
	}
	return false
}

// replan has an objective's key results follow its new period and zone: their hours, and their results of
// the readings that the period holds. It returns them as they are then.
func (tx *Tx) replan(ctx context.Context, actor okr.Actor, o okr.Objective, list []KeyResult) ([]KeyResult, error) {
	after := make([]KeyResult, len(list))
	for i, k := range list {
		k.Objective.Period, k.Objective.Zone = o.Period, o.Zone
		k.Cadence.Zone = o.Zone
		var err error
		if after[i], err = tx.EditKeyResult(ctx, actor, k, "moved with its objective"); err != nil {
			return nil, err
		}
	}
	return after, nil
}

func idsOf(list []KeyResult) []int64 {
	ids := make([]int64, len(list))
	for i, k := range list {
		ids[i] = k.ID
	}
	return ids
}

// objectiveChanges are the fields that people edit of an objective, before and after.
func (r Statements) objectiveChanges(ctx context.Context, a, b okr.Objective) (map[string]Change, error) {
	called := func(id int64) (string, error) {
		if id == 0 {
			return "", nil
		}
		o, err := r.Objective(ctx, a.Workspace, id)
		return o.Key() + " " + o.Title, err
	}
	was, err := called(a.Parent)
	if err != nil {
		return nil, err
	}
	is := was
	if b.Parent != a.Parent {
		if is, err = called(b.Parent); err != nil {
			return nil, err
		}
	}
	return map[string]Change{
		"title":     {a.Title, b.Title},
		"owner":     {a.Owner, b.Owner},
		"co-owners": {strings.Join(a.CoOwners, " "), strings.Join(b.CoOwners, " ")},
		"period":    {a.Period.Words(), b.Period.Words()},
		"zone":      {a.Zone, b.Zone},
		"channel":   {a.Channel, b.Channel},
		"parent":    {was, is},
	}, nil
}

// RemoveObjective deletes an objective. Its key results must be gone, to other objectives or for good;
// what was right below it has no parent any more, which its history says.
func (tx *Tx) RemoveObjective(ctx context.Context, actor okr.Actor, o okr.Objective) error {
	left, err := tx.LockKeyResultsOf(ctx, o)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("removing objective %d: %w", o.ID, ErrChanged)
	}
	below, err := tx.Children(ctx, actor.Workspace, o.ID)
	if err != nil {
		return err
	}
	for _, child := range below {
		parent := map[string]Change{"parent": {o.Key() + " " + o.Title, ""}}
		if err := tx.Record(ctx, actor, "edited", Object{"objective", child.ID}, parent); err != nil {
			return err
		}
	}
	if err := tx.q.RemoveObjective(ctx, queries.RemoveObjectiveParams{WorkspaceID: actor.Workspace, ID: o.ID}); err != nil {
		return fmt.Errorf("removing objective %d: %w", o.ID, err)
	}
	return tx.Record(ctx, actor, "removed", Object{"objective", o.ID}, map[string]Change{"title": {o.Key() + " " + o.Title, ""}})
}
