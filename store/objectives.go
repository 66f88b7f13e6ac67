package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/store/queries"
)

// ErrZone says that Postgres does not know a time zone: questions about many objectives would fail for this one.
var ErrZone = errors.New("the database does not know this time zone")

// KnowsZone says whether Postgres knows a time zone. Its list can be older than this process's.
func (r Statements) KnowsZone(ctx context.Context, zone string) (bool, error) {
	// Within a transaction the question is a savepoint: where the answer is no, the rest goes on.
	db, ok := r.db.(interface {
		Begin(context.Context) (pgx.Tx, error)
	})
	if !ok {
		return false, errors.New("asking for a time zone: nothing to ask in")
	}
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "select timezone($1::text, now())", zone)
		return err
	})
	if isCode(err, "22023") {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking for a time zone: %w", err)
	}
	return true, nil
}

// todays are the time zones of a workspace's objectives that are open, and which day it is in each at a moment. It
// is found out here, and UTC's where the zone is not known: one that Postgres does not know fails a whole question.
func (r Statements) todays(ctx context.Context, workspace string, now time.Time) (zones []string, days []time.Time, err error) {
	zones, err = r.q.OpenZones(ctx, workspace)
	if err != nil {
		return nil, nil, fmt.Errorf("looking for the time zones of objectives: %w", err)
	}
	days = make([]time.Time, len(zones))
	for i, zone := range zones {
		days[i] = okr.DayIn(zone, now).Time()
	}
	return zones, days, nil
}

// mayLieIn returns ErrZone where Postgres does not know a time zone.
func (tx *Tx) mayLieIn(ctx context.Context, zone string) error {
	knows, err := tx.KnowsZone(ctx, zone)
	if err == nil && !knows {
		err = ErrZone
	}
	return err
}

// CreateObjective adds an objective. The same draft submitted twice returns the one it made first, and
// says that it is not fresh. It returns ErrZone where the database does not know the time zone.
func (tx *Tx) CreateObjective(ctx context.Context, actor okr.Actor, o okr.Objective, draft string) (made okr.Objective, fresh bool, err error) {
	if err := tx.mayLieIn(ctx, o.Zone); err != nil {
		return o, false, fmt.Errorf("creating an objective: %w", err)
	}
	return tx.addObjective(ctx, actor, o, nil, draft)
}

// AddObjective adds an objective with a number of those that LockNumbers keeps from others. That Postgres knows its
// time zone is the caller's to see.
func (tx *Tx) AddObjective(ctx context.Context, actor okr.Actor, o okr.Objective, number int) (okr.Objective, error) {
	n := int32(number)
	made, _, err := tx.addObjective(ctx, actor, o, &n, "")
	return made, err
}

func (tx *Tx) addObjective(ctx context.Context, actor okr.Actor, o okr.Objective, number *int32, draft string) (made okr.Objective, fresh bool, err error) {
	if earlier, err := tx.objectiveOf(ctx, actor.Workspace, draft); !errors.Is(err, ErrNotFound) {
		return earlier, false, err // its parent may be gone since
	}
	if o.Parent != 0 {
		if err := tx.mayHaveParent(ctx, actor.Workspace, 0, o.Parent); err != nil {
			return o, false, err
		}
	}
	row, err := tx.q.CreateObjective(ctx, queries.CreateObjectiveParams{
		WorkspaceID: actor.Workspace, Number: number, Title: o.Title, Folded: okr.Fold(o.Title), OwnerID: o.Owner, CoOwnerIds: orEmpty(o.CoOwners),
		FirstDay: o.Period.First.Time(), LastDay: o.Period.Last.Time(),
		Zone: o.Zone, ChannelID: o.Channel, ParentID: idOrNil(o.Parent), CreatedBy: actor.ID, DraftID: orNil(draft),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		earlier, err := tx.objectiveOf(ctx, actor.Workspace, draft)
		return earlier, false, err
	}
	if err != nil {
		return o, false, fmt.Errorf("creating an objective: %w", parentGone(err))
	}
	o.ID, o.Number, o.Workspace, o.Version = row.ID, int(row.Number), actor.Workspace, 1
	return o, true, tx.Record(ctx, actor, "created", Object{"objective", o.ID}, map[string]Change{"title": {"", o.Title}})
}

// objectiveOf is the objective that a draft made.
func (r Statements) objectiveOf(ctx context.Context, workspace, draft string) (okr.Objective, error) {
	row, err := r.q.ObjectiveOfDraft(ctx, queries.ObjectiveOfDraftParams{WorkspaceID: workspace, DraftID: orNil(draft)})
	if err != nil {
		return okr.Objective{}, fmt.Errorf("loading the objective of a draft: %w", found(err))
	}
	return objective(row), nil
}

// Objective loads one objective of a workspace.
func (r Statements) Objective(ctx context.Context, workspace string, id int64) (okr.Objective, error) {
	row, err := r.q.Objective(ctx, queries.ObjectiveParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return okr.Objective{}, fmt.Errorf("loading objective %d: %w", id, found(err))
	}
	return objective(row), nil
}

// Objectives lists a workspace's objectives that are not closed out: first those that a person owns or
// co-owns, among each those that are not over on today, and those of their own before those that they share.
// Words narrow the list where they are not empty.
func (r Statements) Objectives(ctx context.Context, workspace, person, words string, today okr.Day, most int) ([]okr.Objective, error) {
	rows, err := r.q.Objectives(ctx, queries.ObjectivesParams{
		WorkspaceID: workspace, PersonID: person, Containing: foldedPattern(words), Today: today.Time(), Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listing objectives: %w", err)
	}
	return objectives(rows), nil
}

func objective(row queries.Objective) okr.Objective {
	o := okr.Objective{
		ID: row.ID, Workspace: row.WorkspaceID, Number: int(row.Number), Title: row.Title, Owner: row.OwnerID, CoOwners: row.CoOwnerIds,
		Period: okr.Period{First: okr.DayOf(row.FirstDay), Last: okr.DayOf(row.LastDay)},
		Zone:   row.Zone, Channel: row.ChannelID, Closed: row.ClosedAt != nil, Version: int(row.Version),
	}
	if row.ParentID != nil {
		o.Parent = *row.ParentID
	}
	return o
}

func objectives(rows []queries.Objective) []okr.Objective {
	list := make([]okr.Objective, len(rows))
	for i, row := range rows {
		list[i] = objective(row)
	}
	return list
}

func idOrNil(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
