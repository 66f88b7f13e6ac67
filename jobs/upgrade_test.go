package jobs

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/embedded"
	"okrbot/store/storetest"
)

// before is the schema of the version whose data is brought over.
const before = 7

// at makes a database at an older schema, with a clock that can be moved.
func at(t *testing.T, version int64) string {
	t.Helper()
	dsn := storetest.Empty(t)
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := embedded.InstallClock(ctx, conn); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := conn.QueryRow(ctx, "select current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf(`alter database %s set search_path = "$user", public, shifted, pg_catalog`, name)); err != nil {
		t.Fatal(err)
	}
	pool, err := store.Open(ctx, dsn, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	migrations(t, pool, func(p *goose.Provider) error { _, err := p.UpTo(ctx, version); return err })
	return dsn
}

// migrations does something with the migrations of a database.
func migrations(t *testing.T, pool *pgxpool.Pool, do func(*goose.Provider) error) {
	t.Helper()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("../store/migrations"))
	if err == nil {
		err = do(provider)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A database of the version before, filled as that one filled it, is migrated: everything is there,
// and the syncs go on.
func TestTheDataOfTheVersionBeforeIsBroughtOver(t *testing.T) {
	t.Parallel()
	r := roomIn(t, at(t, before), func(r *room) {
		r.exec("insert into workspaces (id, name, bot_user_id, created_at) values ('T1', 'Acme', 'UBOT', now())")
		r.check(r.pool.QueryRow(ctx, `
			insert into objectives (workspace_id, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at)
			values ('T1', 'Run a calm service desk', 'UALICE', (now() at time zone 'UTC')::date - 60, (now() at time zone 'UTC')::date + 300, 'UTC', 'CDESK', 'UALICE', now())
			returning id`).Scan(&r.objective.ID))
		r.check(r.pool.QueryRow(ctx, `
			insert into connections (workspace_id, kind, name, origin, sign_in, sealed, owner_id, state, directory_due_at, created_at)
			values ('T1', 'servicenow', 'acme', $1, 'basic', '', 'UALICE', 'active', now() + interval '1000 years', now())
			returning id`, r.origin).Scan(&r.connection.ID))
		r.exec("insert into connection_slots (connection_id, slot) select $1::bigint, generate_series(1, 2)", r.connection.ID)
	})
	shared, single, other := r.scorecard(1, 41, 20), r.scorecard(2, 60, 20), r.scorecard(3, 80, 20)
	hour := (r.clock().UTC().Hour() + 12) % 24
	// old is a key result as the version before left it: synced some days ago, with its readings.
	old := func(number int, ref, cadence, method string, days int, more string) int64 {
		t.Helper()
		var id int64
		r.check(r.pool.QueryRow(ctx, `
			insert into key_results (workspace_id, number, objective_id, title, owner_id, kind, start_value, target_value, unit, precision,
			  method, weight, channel_id, integrated, cadence, weekday, hour, zone, slot_at, next_sync_at, synced_at, applied_epoch, announced_status, created_by, created_at)
			values ('T1', $1::int, $2, 'Fewer open incidents', 'UALICE', 'decrease', 100, 10, '#', 0,
			  $3, 1, 'CDESK', $4, $5, extract(dow from now() + interval '1 day')::smallint, $6, 'UTC',
			  date_trunc('hour', now()) + interval '12 hours', date_trunc('hour', now()) + interval '12 hours' + $1::int * interval '1 minute',
			  now() - $7::int * interval '1 day', nextval('sync_epochs'), 'on track', 'UALICE', now() - interval '60 days')
			returning id`, number, r.objective.ID, method, ref != "", cadence, hour, days).Scan(&id))
		if ref != "" {
			r.exec(`insert into sources (key_result_id, workspace_id, connection_id, reference, name, unit, frequency, direction)
				values ($1, 'T1', $2, $3, 'Open incidents', '#', 'daily', 'minimize')`, id, r.connection.ID, ref)
		}
		first := map[string]int{shared: 41, single: 60, other: 80}[ref]
		r.exec(`insert into readings (key_result_id, day, workspace_id, value, origin, recorded_at)
			select $1, (now() at time zone 'UTC')::date - n, 'T1', $2 + n, $3, now() from generate_series($4::int, 19) n`,
			id, first, map[bool]string{true: "score", false: "check_in"}[ref != ""], days)
		r.exec(`update key_results k set result_day = n.day, result_count = n.count,
			  result_value = case k.method when 'sum' then n.sum else n.value end
			from (select distinct on (key_result_id) key_result_id, day, value, count(*) over (partition by key_result_id) as count, sum(value) over (partition by key_result_id) as sum
			      from readings where key_result_id = $1 order by key_result_id, day desc) n
			where k.id = n.key_result_id`, id)
		if more != "" {
			r.exec("update key_results set "+more+" where id = $1", id)
		}
		return id
	}
	ids := []int64{
		old(1, shared, "daily", "latest", 1, ""),
		old(2, shared, "weekly", "latest", 5, ""),
		old(3, shared, "daily", "sum", 1, ""),
		old(4, single, "daily", "latest", 1, "paused = true"),
		old(5, other, "daily", "latest", 1, "failure_class = 'unavailable', failure_cause = 'asleep', failure_says = 'ServiceNow is asleep.', failing_since = now(), failure_count = 1, failure_told_at = now()"),
		old(6, "", "", "latest", 1, "slot_at = null, next_sync_at = null, synced_at = null"),
		old(7, single, "daily", "latest", 1, "slot_at = null, next_sync_at = null"), // closed out
	}
	r.exec("update readings set previous = 99, restated_at = now() where day = (now() at time zone 'UTC')::date - 7 and origin = 'score'")
	r.exec(`insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, due_at, queued_at)
		values ('T1', $1, $2, 'force:1', true, 'queued', now(), now()), ('T1', $3, $2, 'slot:x', false, 'running', now(), now())`, ids[0], r.connection.ID, ids[4])
	r.exec(`insert into cards (key_result_id, channel_id, workspace_id, message_ts, dirty_at) values ($1, 'CDESK', 'T1', '1700000000.000001', now())`, ids[0])
	type reading struct {
		KeyResult int64
		Day       time.Time
		Value     string
		Restated  bool
	}
	rows, err := r.pool.Query(ctx, "select key_result_id, day, value::text, restated_at is not null from readings order by 1, 2")
	r.check(err)
	were, err := pgx.CollectRows(rows, pgx.RowToStructByPos[reading])
	r.check(err)

	r.check(store.Migrate(ctx, r.dsn, nil))
	r.pool.Reset()                                       // its sessions know the old tables
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { // the secret is sealed to the keys of this test
		_, err := tx.ReplaceSignIn(ctx, alice, r.connection.ID, store.SignIn{Kind: "basic", Origin: r.origin, Fields: map[string]string{"username": "okr.reader", "password": "canary-7f3a"}})
		return err
	}))

	var are []reading
	loaded := map[int64]store.KeyResult{}
	for _, id := range ids {
		k, err := r.store.KeyResultByID(ctx, "T1", id)
		r.check(err)
		loaded[id] = k
		list, err := r.store.Readings(ctx, "T1", id)
		r.check(err)
		for _, one := range list {
			if one.Day > k.Result.AsOf {
				continue // another one who follows the scorecard was read later
			}
			are = append(are, reading{id, one.Day.Time(), one.Value.String(), one.Restated})
		}
	}
	if !slices.Equal(were, are) {
		t.Errorf("%d readings before, %d after:\n%v\n%v", len(were), len(are), were, are)
	}
	for i, id := range ids {
		k := loaded[id]
		want := r.count("select result_count from key_results where id = $1", id)
		r.wants(k.Key()+" counts", k.Result.N, want)
		if due := i != 3 && i < 5; due != !k.NextSyncAt.IsZero() {
			t.Errorf("%s is next due at %s", k.Key(), k.NextSyncAt)
		}
		if i != 5 && r.clock().Sub(k.SyncedAt) > 6*24*time.Hour {
			t.Errorf("%s was synced at %s", k.Key(), k.SyncedAt)
		}
	}
	r.wants("feeds", r.count("select count(*) from feeds"), 3)
	r.wants("scores", r.count("select count(*) from scores"), 3*19)

	// How they stand is stored of all, before and after.
	stored := func() {
		t.Helper()
		r.check(r.client.judge(ctx))
		r.wants("not judged", r.count("select count(*) from key_results where status = '' or status_until <= now()"), 0)
		storetest.StatusesAreTrue(t, r.store)
	}
	stored()

	// What was under way is finished, and the next day comes.
	r.tick()
	r.wants("runs without an end", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
	r.wants("forced", r.value(loaded[ids[0]]), "41")
	r.wants("the failing one", r.value(loaded[ids[4]]), "80")
	r.nextDay()
	for _, ref := range []string{shared, single, other} {
		r.check(r.now.Collect(ref, r.today().Time(), 30))
	}
	r.tick()
	sum := 30
	for n := range 20 {
		sum += 41 + n
	}
	for i, want := range []string{"30", "30", fmt.Sprint(sum), "61", "30", "1", "61"} {
		r.wants(loaded[ids[i]].Key(), r.value(loaded[ids[i]]), want)
	}
	r.everySlotHasItsOutcome()

	stored()

	// The version before goes on for a while, and leaves a key result as it always did.
	fresh := old(8, single, "daily", "latest", 19, "result_value = null, result_day = null, result_count = 0, synced_at = null")
	r.exec("delete from readings where key_result_id = $1", fresh)
	r.nextDay()
	r.tick()
	r.wants("what the version before added", r.value(store.KeyResult{KeyResult: okr.KeyResult{ID: fresh}}), "30")
}
