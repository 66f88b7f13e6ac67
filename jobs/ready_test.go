package jobs

import (
	"testing"
	"time"

	"okrbot/store"
)

// Looking for what is to be done costs what there is to be done, however much is open and waits.
func TestSweepsLookAtWhatIsReady(t *testing.T) {
	r := newRoom(t)
	const open = 3000
	r.exec(`insert into sync_requests (workspace_id, person_id, every, channel_id, total, touched, held_until, created_at)
		select 'T1', 'U' || n, true, '', 1, n % 2 = 0, case when n % 2 = 0 then now() + interval '1 hour' end, now() from generate_series(1, $1::int) n`, open)
	r.exec(`insert into exports (workspace_id, person_id, person_kind, held_until, created_at)
		select 'T1', 'U' || n, 'member', now() + interval '1 hour', now() from generate_series(1, $1::int) n`, open)
	r.exec(`insert into objectives (workspace_id, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at)
		select 'T1', 'Calm', 'U1', current_date, current_date, 'UTC', '', 'U1', now() from generate_series(1, $1::int)`, open)
	r.exec(`insert into close_outs (objective_id, workspace_id, person_id, note, reporting, total, worst, created_at) select id, 'T1', 'U1', '', 0, 0, '', now() from objectives`)
	r.exec(`insert into close_out_posts (objective_id, workspace_id, channel_id, held_until) select id, 'T1', 'C1', now() + interval '1 hour' from objectives`)
	r.exec(`insert into sync_asks (workspace_id, person_id, person_kind, channel_id, ready_at, created_at)
		select 'T1', 'U' || n, 'member', '', now() + interval '1 hour', now() from generate_series(1, $1::int) n`, open)
	r.exec("analyze")
	looks := func() (found, rows int) {
		t.Helper()
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
			read := func() (n int, err error) {
				err = tx.Pgx().QueryRow(ctx, "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables").Scan(&n)
				return n, err
			}
			before, err := read()
			r.check(err)
			requests, err := tx.HoldRequests(ctx, heldAtOnce)
			r.check(err)
			exports, err := tx.HoldExports(ctx, heldAtOnce)
			r.check(err)
			posts, err := tx.HoldCloseOutPosts(ctx, heldAtOnce)
			r.check(err)
			asks, err := tx.HoldAsks(ctx, heldAtOnce)
			r.check(err)
			after, err := read()
			r.check(err)
			found, rows = len(requests)+len(exports)+len(posts)+len(asks), after-before
			return nil
		}))
		return found, rows
	}
	if found, rows := looks(); found != 0 || rows > 20 {
		t.Errorf("%d found where nothing is ready, and %d rows read", found, rows)
	}
	// One of each is ready: news, a wait that is over, a process that died, something new.
	r.exec("update sync_requests set touched = true where id = (select max(id) from sync_requests where held_until is null)")
	r.exec("insert into exports (workspace_id, person_id, person_kind, created_at) values ('T1', 'UNEW', 'member', now())")
	r.exec("update close_out_posts set held_until = now() where objective_id = (select max(objective_id) from close_out_posts)")
	r.exec("update sync_asks set ready_at = now() where id = (select min(id) from sync_asks)")
	if found, rows := looks(); found != 4 || rows > 60 {
		t.Errorf("%d found of the four that are ready, and %d rows read", found, rows)
	}
	if found, _ := looks(); found != 0 {
		t.Errorf("%d are taken twice", found)
	}
	r.advance(2 * time.Minute)
	if found, _ := looks(); found != 4 {
		t.Errorf("%d of the four are found when their holds end", found)
	}
	r.exec("update sync_requests set finished_at = now()")
	r.exec("update exports set finished_at = now()")
	r.exec("update close_out_posts set finished_at = now()")
	r.exec("delete from sync_asks")
	r.advance(24 * time.Hour)
	if found, _ := looks(); found != 0 {
		t.Errorf("%d are found that are finished", found)
	}
}
