package store

import (
	"context"
	"errors"
	"fmt"

	"okrbot/okr"
	"okrbot/store/queries"
)

// LockTree has everybody wait until the end of the transaction who would put one of a workspace's objectives
// below another one. It comes before the locks of objectives.
func (tx *Tx) LockTree(ctx context.Context, workspace string) error {
	if err := tx.q.LockTree(ctx, workspace); err != nil {
		return fmt.Errorf("locking the tree of objectives: %w", err)
	}
	return nil
}

// GoOn makes the objective that goes on in a period with key results of one that is closed out. The tree goes
// on with it: it is below what the parent went on as, and what others right below the closed one went on as
// moves below it. The close-out says so then.
func (tx *Tx) GoOn(ctx context.Context, actor okr.Actor, c *CloseOut, period okr.Period) (next okr.Objective, err error) {
	o := c.Objective
	next = o
	next.ID, next.Period = 0, period
	if o.Parent != 0 {
		next.Parent, err = tx.q.GoesOnAs(ctx, queries.GoesOnAsParams{WorkspaceID: actor.Workspace, ID: o.Parent})
		if err != nil {
			return next, fmt.Errorf("looking for what objective %d went on as: %w", o.Parent, found(err))
		}
	}
	below, err := tx.lockWentOnBelow(ctx, o) // before the new one takes a number, as everybody who takes both
	if err != nil {
		return next, err
	}
	if next, _, err = tx.CreateObjective(ctx, actor, next, ""); err != nil {
		return next, err
	}
	for _, child := range below {
		if child.Closed {
			continue
		}
		if err := tx.moveBelow(ctx, actor, child, o, next); err != nil && !errors.Is(err, ErrCycle) {
			return next, err
		}
	}
	return next, tx.around(ctx, c, next.ID)
}

// lockWentOnBelow are what others right below an objective went on as, and are below it still. They stay as they
// are until the end of the transaction.
func (tx *Tx) lockWentOnBelow(ctx context.Context, o okr.Objective) ([]okr.Objective, error) {
	rows, err := tx.q.WentOnBelow(ctx, queries.WentOnBelowParams{
		WorkspaceID: o.Workspace, ParentID: &o.ID, After: o.Period.Last.Time(), WasBelow: &o.ID,
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what went on below objective %d: %w", o.ID, err)
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	if rows, err = tx.q.LockObjectives(ctx, queries.LockObjectivesParams{WorkspaceID: o.Workspace, Ids: ids}); err != nil {
		return nil, fmt.Errorf("locking what went on below objective %d: %w", o.ID, err)
	}
	return objectives(rows), nil
}

// moveBelow puts an objective below another one than before. It returns ErrCycle where that one is below it.
func (tx *Tx) moveBelow(ctx context.Context, actor okr.Actor, o, was, parent okr.Objective) error {
	if err := tx.mayHaveParent(ctx, actor.Workspace, o.ID, parent.ID); err != nil {
		return err
	}
	if err := tx.q.MoveBelow(ctx, queries.MoveBelowParams{ParentID: &parent.ID, WorkspaceID: actor.Workspace, ID: o.ID}); err != nil {
		return fmt.Errorf("putting objective %d below %d: %w", o.ID, parent.ID, err)
	}
	change := map[string]Change{"parent": {was.Key() + " " + was.Title, parent.Key() + " " + parent.Title}}
	return tx.Record(ctx, actor, "edited", Object{"objective", o.ID}, change)
}

// around notes the objective that goes on, and what is right above and below it, as far as it is another one
// than around the closed one.
func (r Statements) around(ctx context.Context, c *CloseOut, nextID int64) error {
	next, err := r.Objective(ctx, c.Objective.Workspace, nextID)
	if err != nil {
		return err
	}
	c.Next = next
	if next.Parent != 0 && next.Parent != c.Objective.Parent {
		if c.Above, err = r.Objective(ctx, c.Objective.Workspace, next.Parent); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	rows, err := r.q.WentOnBelow(ctx, queries.WentOnBelowParams{
		WorkspaceID: c.Objective.Workspace, ParentID: &next.ID, After: c.Objective.Period.Last.Time(), WasBelow: &c.Objective.ID,
	})
	if err != nil {
		return fmt.Errorf("looking for what went on below objective %d: %w", next.ID, err)
	}
	c.Below = objectives(rows)
	return nil
}
