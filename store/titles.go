package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
)

// KnownTitle is the title of a key result or an objective, with its key, for who names it by that.
type KnownTitle struct {
	Key    string // KR-7, O-3
	Title  string
	Under  string // the title of a key result's objective
	Closed bool
}

// KeyResultTitles are the titles of a workspace's key results, by number.
func (r Statements) KeyResultTitles(ctx context.Context, workspace string) ([]KnownTitle, error) {
	rows, err := r.db.Query(ctx, `
select k.number, k.title, o.title, o.closed_at is not null
from key_results k
join objectives o on o.id = k.objective_id
where k.workspace_id = $1
order by k.number`, workspace)
	if err != nil {
		return nil, fmt.Errorf("listing the titles of key results: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t KnownTitle, err error) {
		var k okr.KeyResult
		err = row.Scan(&k.Number, &t.Title, &t.Under, &t.Closed)
		t.Key = k.Key()
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the titles of key results: %w", err)
	}
	return list, nil
}

// ObjectiveTitles are the titles of a workspace's objectives, by number.
func (r Statements) ObjectiveTitles(ctx context.Context, workspace string) ([]KnownTitle, error) {
	rows, err := r.db.Query(ctx, `
select number, title, closed_at is not null
from objectives
where workspace_id = $1
order by number`, workspace)
	if err != nil {
		return nil, fmt.Errorf("listing the titles of objectives: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t KnownTitle, err error) {
		var o okr.Objective
		err = row.Scan(&o.Number, &t.Title, &t.Closed)
		t.Key = o.Key()
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the titles of objectives: %w", err)
	}
	return list, nil
}
