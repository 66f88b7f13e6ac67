package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Export is what a person asked to have as files.
type Export struct {
	ID       int64
	Actor    okr.Actor // as they were when they asked
	Hold     int64
	Failures int      // tries in a row that came to nothing
	Only     []string // formats; nil: all
}

// CreateExport notes that a person wants their files, in all formats or only in some; false when they wait
// for these already.
func (tx *Tx) CreateExport(ctx context.Context, actor okr.Actor, only []string) (bool, error) {
	n, err := tx.q.CreateExport(ctx, queries.CreateExportParams{
		WorkspaceID: actor.Workspace, PersonID: actor.ID, PersonKind: string(actor.Kind), Formats: orEmpty(only),
	})
	if err != nil {
		return false, fmt.Errorf("noting an export: %w", err)
	}
	return n == 1, nil
}

// HeldExport is an export that one job makes. A job that carries an older hold comes too late.
type HeldExport struct{ ID, Hold int64 }

// HoldExports takes exports that nobody is at, each for a minute.
func (tx *Tx) HoldExports(ctx context.Context, most int) ([]HeldExport, error) {
	rows, err := tx.q.HoldExports(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for exports to make: %w", err)
	}
	list := make([]HeldExport, len(rows))
	for i, row := range rows {
		list[i] = HeldExport{ID: row.ID, Hold: row.Hold}
	}
	return list, nil
}

// KeepExport prolongs a hold to six minutes and loads the export; false when another job has it.
func (s *Store) KeepExport(ctx context.Context, h HeldExport) (Export, bool, error) {
	rows, err := s.q.KeepExport(ctx, queries.KeepExportParams{ID: h.ID, Hold: h.Hold})
	if err != nil {
		return Export{}, false, fmt.Errorf("holding an export: %w", err)
	}
	if len(rows) == 0 {
		return Export{}, false, nil
	}
	row := rows[0]
	actor := okr.Actor{Workspace: row.WorkspaceID, ID: row.PersonID, Kind: okr.ActorKind(row.PersonKind)}
	return Export{ID: row.ID, Actor: actor, Hold: row.Hold, Failures: int(row.Failures), Only: row.Formats}, true, nil
}

// ReleaseExport gives an export back for after a wait; failed counts a failed try.
func (s *Store) ReleaseExport(ctx context.Context, h HeldExport, wait time.Duration, failed bool) error {
	err := s.q.ReleaseExport(ctx, queries.ReleaseExportParams{ID: h.ID, Hold: h.Hold, Seconds: wait.Seconds(), Failed: failed})
	if err != nil {
		return fmt.Errorf("giving an export back: %w", err)
	}
	return nil
}

// HandOverExport notes that the files of an export arrived, which ends it, but for formats that its person asked
// for meanwhile.
func (s *Store) HandOverExport(ctx context.Context, e Export) error {
	if err := s.q.HandOverExport(ctx, queries.HandOverExportParams{ID: e.ID, Hold: e.Hold, Made: orEmpty(e.Only)}); err != nil {
		return fmt.Errorf("noting that an export arrived: %w", err)
	}
	return nil
}

// FinishExport ends an export whose files never arrive: Slack's error says why.
func (s *Store) FinishExport(ctx context.Context, h HeldExport, code string) error {
	if err := s.q.FinishExport(ctx, queries.FinishExportParams{ID: h.ID, Hold: h.Hold, Error: code}); err != nil {
		return fmt.Errorf("ending an export: %w", err)
	}
	return nil
}

// EachKeyResult passes all key results of a workspace one by one, in the order of KeyResults, and
// after them the objectives that have none: all as they were at one moment, each with the key of its
// objective's parent, and never more of them in memory than the driver reads at once. Nothing in do may use
// the network: a connection and a snapshot are held until the end.
func (s *Store) EachKeyResult(ctx context.Context, workspace string, do func(KeyResult) error, empty func(okr.Objective) error) error {
	return s.moment(ctx, func(tx pgx.Tx) error {
		parents, err := parentKeys(ctx, tx, workspace)
		if err != nil {
			return err
		}
		sql, args := Filter{}.list(workspace)
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return fmt.Errorf("reading all key results: %w", err)
		}
		err = each(rows, scanKeyResult, func(k KeyResult) error {
			k.Objective.ParentKey = parents[k.Objective.ID]
			return do(k)
		})
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
select o.id, o.workspace_id, o.number, o.title, o.owner_id, o.co_owner_ids, o.first_day, o.last_day, o.zone, o.channel_id
from objectives o
where o.workspace_id = $1
  and not exists (select from key_results k where k.objective_id = o.id)
order by o.last_day desc, o.id`, workspace)
		if err != nil {
			return fmt.Errorf("reading objectives without key results: %w", err)
		}
		return each(rows, scanObjective, func(o okr.Objective) error {
			o.ParentKey = parents[o.ID]
			return empty(o)
		})
	})
}

// parentKeys are the keys of the objectives that others have as their parents, by the others' ids.
func parentKeys(ctx context.Context, tx pgx.Tx, workspace string) (map[int64]string, error) {
	rows, err := tx.Query(ctx, `
select o.id, p.number
from objectives o
join objectives p on p.id = o.parent_id
where o.workspace_id = $1`, workspace)
	if err != nil {
		return nil, fmt.Errorf("reading parents of objectives: %w", err)
	}
	keys := map[int64]string{}
	var id int64
	var above okr.Objective
	_, err = pgx.ForEachRow(rows, []any{&id, &above.Number}, func() error {
		keys[id] = above.Key()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading parents of objectives: %w", err)
	}
	return keys, nil
}

// each passes rows one by one to who wants them.
func each[T any](rows pgx.Rows, scan pgx.RowToFunc[T], do func(T) error) error {
	defer rows.Close()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
		if err := do(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading rows: %w", err)
	}
	return nil
}

func scanObjective(row pgx.CollectableRow) (okr.Objective, error) {
	var o okr.Objective
	var first, last time.Time
	err := row.Scan(&o.ID, &o.Workspace, &o.Number, &o.Title, &o.Owner, &o.CoOwners, &first, &last, &o.Zone, &o.Channel)
	o.Period = okr.Period{First: okr.DayOf(first), Last: okr.DayOf(last)}
	return o, err
}
