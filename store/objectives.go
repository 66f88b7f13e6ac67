package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/store/queries"
)

// CreateObjective adds an objective. The same draft submitted twice gives the one it made first.
func (tx *Tx) CreateObjective(ctx context.Context, actor okr.Actor, o okr.Objective, draft string) (okr.Objective, error) {
	id, err := tx.q.CreateObjective(ctx, queries.CreateObjectiveParams{
		WorkspaceID: actor.Workspace, Title: o.Title, OwnerID: o.Owner,
		FirstDay: o.Period.First.Time(), LastDay: o.Period.Last.Time(),
		Zone: o.Zone, ChannelID: o.Channel, CreatedBy: actor.ID, DraftID: orNil(draft),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		row, err := tx.q.ObjectiveOfDraft(ctx, queries.ObjectiveOfDraftParams{WorkspaceID: actor.Workspace, DraftID: orNil(draft)})
		if err != nil {
			return o, fmt.Errorf("loading the objective of a draft: %w", found(err))
		}
		return objective(row), nil
	}
	if err != nil {
		return o, fmt.Errorf("creating an objective: %w", err)
	}
	o.ID, o.Workspace = id, actor.Workspace
	return o, tx.Record(ctx, actor, "created", Object{"objective", id}, map[string]Change{"title": {"", o.Title}})
}

// Objective loads one objective of a workspace.
func (r Reads) Objective(ctx context.Context, workspace string, id int64) (okr.Objective, error) {
	row, err := r.q.Objective(ctx, queries.ObjectiveParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return okr.Objective{}, fmt.Errorf("loading objective %d: %w", id, found(err))
	}
	return objective(row), nil
}

// Objectives lists a workspace's objectives, those that are not over on today first. Owner and
// words narrow the list where they are not empty.
func (r Reads) Objectives(ctx context.Context, workspace, owner, words string, today okr.Day, most int) ([]okr.Objective, error) {
	rows, err := r.q.Objectives(ctx, queries.ObjectivesParams{
		WorkspaceID: workspace, OwnerID: owner, Containing: likeLiteral(words), Today: today.Time(), Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listing objectives: %w", err)
	}
	list := make([]okr.Objective, len(rows))
	for i, row := range rows {
		list[i] = objective(row)
	}
	return list, nil
}

func objective(row queries.Objective) okr.Objective {
	return okr.Objective{
		ID: row.ID, Workspace: row.WorkspaceID, Title: row.Title, Owner: row.OwnerID,
		Period: okr.Period{First: okr.DayOf(row.FirstDay), Last: okr.DayOf(row.LastDay)},
		Zone:   row.Zone, Channel: row.ChannelID, Closed: row.ClosedAt != nil,
	}
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
