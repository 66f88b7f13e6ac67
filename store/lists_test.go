package store_test

import (
	"context"
	"fmt"
	"testing"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/storetest"
)

// crowd fills a workspace with so many key results, each with an objective of its own: twenty of a
// person, fifty of a channel.
func crowd(t *testing.T, dsn string, n int) {
	t.Helper()
	conn := look(t, dsn)
	defer conn.Close(context.Background())
	for _, sql := range []string{
		fmt.Sprintf(`
insert into objectives (workspace_id, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at)
select 'T1', 'Objective ' || n, 'U' || n / 20, current_date - 50, current_date + 40, 'UTC', 'C' || n / 50, 'U0', now()
from generate_series(1, %d) n`, n),
		`
insert into key_results (workspace_id, number, objective_id, title, owner_id, kind, start_value, target_value, unit, precision, method, weight, channel_id, integrated, cadence, zone, created_by, created_at, status, status_until, failure_class)
select 'T1', n, id, 'Key result of ' || title, owner_id, 'increase', 0, 100, '#', 0, 'latest', 1, channel_id, false, '', 'UTC', 'U0', now(),
  case when n % 3 = 0 then 'behind' when n % 1000 = 1 then 'missed' else 'on_track' end, 'infinity', case when n % 500 = 2 then 'unavailable' else '' end
from (select *, row_number() over (order by id) as n from objectives) o`,
		"analyze",
	} {
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// rowsRead is how many rows of tables Postgres read for what do asked.
func rowsRead(t *testing.T, s *store.Store, do func(*store.Tx) error) (rows int) {
	t.Helper()
	ctx := context.Background()
	err := s.InTx(ctx, func(tx *store.Tx) error {
		read := func() (n int, err error) {
			err = tx.Pgx().QueryRow(ctx, "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables").Scan(&n)
			return n, err
		}
		before, err := read()
		if err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		after, err := read()
		rows = after - before
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// What a list costs depends on what it shows, not on how large the workspace is.
func TestAListReadsWhatItShows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	const all = 20_000
	crowd(t, dsn, all)
	quarter := okr.QuarterOf(0)
	for _, row := range []struct {
		name   string
		filter store.Filter
		want   int
	}{
		{"of all", store.Filter{}, 20},
		{"a person's", store.Filter{Person: "U77"}, 20},
		{"several people's", store.Filter{People: []string{"U77", "U78"}}, 20},
		{"a channel's", store.Filter{Channel: "C7"}, 20},
		{"several channels'", store.Filter{Channels: []string{"C7", "C8"}}, 20},
		{"a person's in a channel", store.Filter{Person: "U77", Channels: []string{"C30"}}, 10},
		{"a person's of a period", store.Filter{Person: "U77", Periods: []okr.Period{quarter}}, 0},
		{"a person's that read", store.Filter{Person: "U77", Integrated: true}, 0},
		{"one", store.Filter{Number: 77}, 1},
		{"some", store.Filter{Numbers: []int{7, 77, 777}}, 3},
		{"nobody's", store.Filter{Person: "U0NOBODY"}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := row.filter
			f.Most = 20
			var list []store.KeyResult
			rows := rowsRead(t, s, func(tx *store.Tx) (err error) {
				list, err = tx.KeyResults(ctx, "T1", f)
				return err
			})
			if len(list) != row.want {
				t.Errorf("%d key results, want %d", len(list), row.want)
			}
			if rows > all/10 {
				t.Errorf("the list read %d rows, and the workspace has %d key results", rows, all)
			}
			rows = rowsRead(t, s, func(tx *store.Tx) error {
				_, err := tx.CountKeyResults(ctx, "T1", f)
				return err
			})
			if rows > all/10 {
				t.Errorf("the count read %d rows", rows)
			}
		})
	}
}

// A list of a status costs what it shows, too, wherever those are who stand so.
func TestAListOfAStatusReadsWhatItShows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	const all = 20_000
	crowd(t, dsn, all)
	for _, row := range []struct {
		name   string
		filter store.Filter
		states store.States
		want   int // of at most 20
	}{
		{"many", store.Filter{}, store.States{Statuses: []okr.Status{okr.Behind}}, 20},
		{"few", store.Filter{}, store.States{Statuses: []okr.Status{okr.Missed}}, 14},
		{"none", store.Filter{}, store.States{Statuses: []okr.Status{okr.Stale}}, 0},
		{"trouble", store.Filter{}, store.States{Statuses: []okr.Status{okr.Behind, okr.AtRisk, okr.Stale, okr.Missed}, Failing: true}, 20},
		{"failing", store.Filter{}, store.States{Stuck: true}, 20},
		{"none paused", store.Filter{}, store.States{Paused: true}, 0},
		{"a person's", store.Filter{People: []string{"U77"}}, store.States{Statuses: []okr.Status{okr.Behind}, Failing: true}, 6},
	} {
		t.Run(row.name, func(t *testing.T) {
			var list []store.KeyResult
			rows := rowsRead(t, s, func(tx *store.Tx) error {
				known, open, err := tx.Stand(ctx, "T1", row.filter, row.states)
				if err != nil {
					return err
				}
				known.Most, open.Most = 20, 20
				if unsure, err := tx.KeyResults(ctx, "T1", open); err != nil || len(unsure) > 0 {
					t.Errorf("%d are to be judged, %v", len(unsure), err)
				}
				list, err = tx.KeyResults(ctx, "T1", known)
				return err
			})
			if len(list) != row.want {
				t.Errorf("%d key results, want %d", len(list), row.want)
			}
			if rows > all/10 {
				t.Errorf("the list read %d rows, and the workspace has %d key results", rows, all)
			}
		})
	}
}

// Whether a digest waits is asked every few seconds, and costs what it tells of.
func TestWhetherADigestWaitsReadsWhatItTells(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	const all = 20_000
	crowd(t, dsn, all)
	conn := look(t, dsn)
	defer conn.Close(ctx)
	for _, sql := range []string{
		`
insert into connections (workspace_id, kind, name, origin, sign_in, sealed, owner_id, state, created_at)
values ('T1', 'servicenow', 'acme', 'https://acme.service-now.com', 'basic', '', 'U0', 'active', now())`,
		`
insert into sources (key_result_id, workspace_id, connection_id, reference, name, unit, frequency, direction, precision)
select k.id, 'T1', c.id, 'r' || k.id, 'Open incidents', '#', 'daily', 'down', 0 from key_results k cross join connections c`,
		`
insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, due_at, queued_at)
select 'T1', k.id, c.id, 'force:1', true, 'queued', now(), now() from key_results k cross join connections c where k.number = 399`,
		"insert into subscriptions (workspace_id, channel_id, zone, next_at, created_by, created_at) select 'T1', c, 'UTC', now(), 'U0', now() from unnest('{U77,C7,U19,C30}'::text[]) c",
		"analyze",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	for place, want := range map[string]bool{"U77": false, "C30": false, "U19": true, "C7": true} {
		rows := rowsRead(t, s, func(tx *store.Tx) error {
			waits, err := tx.DigestWaits(ctx, store.Subscription{Workspace: "T1", Channel: place})
			if waits != want {
				t.Errorf("the digest of %s waits: %v", place, waits)
			}
			return err
		})
		if rows > all/10 {
			t.Errorf("the digest of %s read %d rows, and the workspace has %d key results", place, rows, all)
		}
	}
}
