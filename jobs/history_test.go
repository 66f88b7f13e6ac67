package jobs

import (
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"okrbot/store"
)

// looks is how many blocks of tables and indexes one look at all that is due, or waits to be done, fetches.
// Nothing of it stays.
func (r *room) looks() (blocks int) {
	r.t.Helper()
	back := errors.New("nothing of it stays")
	err := r.store.InTx(ctx, func(tx *store.Tx) error {
		fetched := func() (n int) {
			r.check(tx.Pgx().QueryRow(ctx, `
select sum(pg_stat_get_xact_blocks_fetched(oid))
from pg_class
where relnamespace = 'public'::regnamespace`).Scan(&n))
			return n
		}
		before := fetched()
		for _, err := range []error{tx.TakeRetries(ctx, retriesAtOnce), r.client.leaveSyncs(ctx, tx, 0), r.client.leaveWaiting(ctx, tx)} {
			r.check(err)
		}
		blocks = fetched() - before
		return back
	})
	if !errors.Is(err, back) {
		r.t.Fatal(err)
	}
	return blocks
}

// leaves has so many rows of each kind been left within the last days, spread over them.
func (r *room) leaves(rows, days int, k store.KeyResult) {
	r.t.Helper()
	for _, sql := range []string{
		`insert into announcements (workspace_id, channel_id, key_result_id, kind, old_value, new_value, state, created_at, sent_at)
select 'T1', 'CDESK', $3, 'changed', n, n + 1, 'sent', at, at
from (select n, now() - $2::int * interval '1 day' * (1 - n / $1::float8) as at from generate_series(1, $1::int) n) v`,
		`insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, outcome, due_at, queued_at, finished_at)
select 'T1', $3, $4, 'left:' || n || '/' || $2, true, 'done', 'changed', at, at, at
from (select n, now() - $2::int * interval '1 day' * (1 - n / $1::float8) as at from generate_series(1, $1::int) n) v`,
		`insert into sync_batches (workspace_id, connection_id, epoch, forced, slots, began_at, applied_at, feeds, unchanged, changed, restated, again, superseded, failed, failures, causes)
select 'T1', $4, n, false, '{}', at, at, 1, array[$3::bigint], '{}', '{}', '{}', '{}', '{}', '{}', '{}'
from (select n, now() - $2::int * interval '1 day' * (1 - n / $1::float8) as at from generate_series(1, $1::int) n) v`,
	} {
		args := []any{rows, days, k.ID, k.Source.Connection}
		if sql[12] == 'a' { // announcements have no connection
			args = args[:3]
		}
		r.exec(sql, args...)
	}
}

// What has been done and said costs no look for what is due anything, however much of it there is, nor does
// somebody's session that keeps Postgres from clearing away; and what had its time goes, and nothing else.
func TestHistoryCostsNoLookAnything(t *testing.T) {
	rows, churn := 4000, 200
	if os.Getenv("SOAK") != "" {
		rows, churn = 1_700_000, 20_000 // five millions
	}
	r, list := desk(t, 3)
	r.collects(list, 39) // something is due, and will be said
	few := r.looks()
	r.leaves(rows, 92, list[0])
	r.exec("analyze")
	many := r.looks()
	if many > few+50 { // a level of an index here and there
		t.Errorf("a look fetches %d blocks, and %d without history", many, few)
	}

	// Somebody looks at something old while all goes on: what is updated meanwhile stays beside it.
	old, err := pgx.Connect(ctx, r.dsn) // a session of ours would be ended: it has its limits
	r.check(err)
	_, err = old.Exec(ctx, "begin isolation level repeatable read; select count(*) from places")
	r.check(err)
	for range churn {
		r.exec("update rhythms set next_sync_at = next_sync_at + interval '1 microsecond'")
	}
	beside := r.looks()
	if beside > many+churn { // one at most for each version
		t.Errorf("a look fetches %d blocks, and %d where no old session is", beside, many)
	}
	t.Logf("a look fetches %d blocks, %d with history, %d beside an old session", few, many, beside)
	r.check(old.Close(ctx))

	// What is three months old and a day or two is forgotten, a portion at a time.
	for range 1 + rows/92*2/5000 {
		r.check(r.store.Tidy(ctx))
	}
	for _, q := range []string{
		"select count(*) from announcements where created_at < now() - interval '90 days 1 hour'",
		"select count(*) from sync_runs where finished_at < now() - interval '90 days 1 hour'",
		"select count(*) from sync_batches where applied_at < now() - interval '90 days 1 hour'",
	} {
		r.wants(q, r.count(q), 0)
	}
	for _, table := range []string{"announcements", "sync_runs", "sync_batches"} {
		if n := r.count("select count(*) from " + table); n < rows*89/92 {
			t.Errorf("%d rows of %s are left of %d", n, table, rows)
		}
	}
	r.tick()
	r.wants("said", r.slack.in("CDESK"), []string{"KR-1 changed 40→39, KR-2 changed 40→39, KR-3 changed 40→39"})
}
