package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/storetest"
)

// schema is everything that migrations make, as text.
func schema(t *testing.T, dsn string) string {
	t.Helper()
	conn := look(t, dsn)
	defer conn.Close(context.Background())
	rows, err := conn.Query(context.Background(), `
		select format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
		from information_schema.columns where table_schema = 'public'
		union all select indexdef from pg_indexes where schemaname = 'public'
		union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
		union all select 'function ' || pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f'
		union all select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid where not tgisinternal and relnamespace = 'public'::regnamespace
		union all select 'enum ' || enumtypid::regtype || ' ' || string_agg(enumlabel, ',' order by enumsortorder) from pg_enum group by enumtypid
		union all select 'relation ' || relkind::text || ' ' || relname from pg_class where relnamespace = 'public'::regnamespace
		union all select 'version ' || version_id from goose_db_version group by version_id
		union all select 'river ' || line || ' ' || version from river_migration
		order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func look(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestManyMigrateAtOnce(t *testing.T) {
	want := schema(t, storetest.New(t))
	for range 3 {
		dsn := storetest.Empty(t)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := store.Migrate(context.Background(), dsn, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := schema(t, dsn); got != want {
			t.Fatalf("the schema differs from one migration's:\n%s", got)
		}
	}
}

func TestAKilledMigrationIsFinishedByTheNext(t *testing.T) {
	if dsn := os.Getenv("MIGRATE"); dsn != "" {
		fmt.Println("begun")
		if err := store.Migrate(context.Background(), dsn, nil); err != nil {
			t.Fatal(err)
		}
		return
	}
	straight := storetest.Empty(t)
	began := time.Now()
	if err := store.Migrate(context.Background(), straight, nil); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	want := schema(t, straight)
	conn := look(t, straight)
	defer conn.Close(context.Background())
	whole := tables(t, conn)
	midway := 0
	for i := range 10 {
		dsn := storetest.Empty(t)
		conn := look(t, dsn)
		defer conn.Close(context.Background())
		cmd := exec.Command(os.Args[0], "-test.run", "^TestAKilledMigrationIsFinishedByTheNext$")
		cmd.Env = append(os.Environ(), "MIGRATE="+dsn)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, len("begun"))); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			time.Sleep(rand.N(took))
		} else {
			// At a stage that others can see: of all tables one, then a few, then many.
			for limit := time.Now().Add(time.Minute); tables(t, conn) < 1+i*whole/12; {
				if time.Now().After(limit) {
					t.Fatal("the migration does not get on")
				}
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if n := tables(t, conn); n > 0 && n < whole {
			midway++
		}
		alone(t, conn)
		if err := store.Migrate(context.Background(), dsn, nil); err != nil {
			t.Fatal(err)
		}
		if got := schema(t, dsn); got != want {
			t.Fatalf("the schema differs from an undisturbed migration's:\n%s", got)
		}
	}
	t.Logf("%d of 10 were killed with some of %d tables made; undisturbed it takes %v", midway, whole, took)
	if midway == 0 {
		t.Error("none was killed midway: this proves nothing")
	}
}

// alone waits for the lock of migrations, and fails where a session of one that was killed is still
// in a transaction then: the next migration would meet it.
func alone(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), "select pg_advisory_lock($1)", int64(0x6f6b72626f74)); err != nil {
		t.Fatal(err)
	}
	var others string
	if err := conn.QueryRow(context.Background(), `
select coalesce(string_agg(distinct left(a.query, 60), '; '), '')
from pg_locks l
join pg_stat_activity a using (pid)
where a.datname = current_database()
  and l.pid <> pg_backend_pid()
  and l.locktype = 'transactionid'`).Scan(&others); err != nil {
		t.Fatal(err)
	}
	if others != "" {
		t.Errorf("the lock is free, and a killed migration is still at work: %s", others)
	}
	if _, err := conn.Exec(context.Background(), "select pg_advisory_unlock($1)", int64(0x6f6b72626f74)); err != nil {
		t.Fatal(err)
	}
}

// tables counts what a migration has made so far, as other sessions see it.
func tables(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(context.Background(), "select count(*) from pg_tables where schemaname = 'public'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestANewerSchemaIsRefused(t *testing.T) {
	dsn := storetest.New(t)
	conn := look(t, dsn)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), "insert into goose_db_version (version_id, is_applied) values (99999, true)"); err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(context.Background(), dsn, nil); err == nil || !strings.Contains(err.Error(), "run a newer okrbot") {
		t.Errorf("got %v", err)
	}
}

// The newest migrations are taken back and made again, and what they do not touch stays.
func TestTheNewestMigrationsGoBackAndForth(t *testing.T) {
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	objective, _, err := create(s)
	if err != nil {
		t.Fatal(err)
	}
	want := schema(t, dsn)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	const from = 32 // since which a down can be taken in one piece
	if _, err := provider.DownTo(t.Context(), from-1); err != nil {
		t.Fatal(err)
	}
	if schema(t, dsn) == want {
		t.Error("nothing was taken back")
	}
	if err := store.Migrate(t.Context(), dsn, nil); err != nil {
		t.Fatal(err)
	}
	if got := schema(t, dsn); got != want {
		t.Errorf("another schema than before:\n%s", got)
	}
	if back, err := s.Objective(t.Context(), "T1", objective.ID); err != nil || back.Title != objective.Title {
		t.Errorf("the objective is %+v: %v", back, err)
	}
}

// A replica of the version before is in the middle of something: what it needs next is free, and a migration
// that did not get its locks in time is made in another try.
func TestAMigrationWaitsForReplicasThatWorkOn(t *testing.T) {
	dsn := storetest.New(t)
	storetest.NeedsTimers(t, dsn)
	want := schema(t, dsn)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 43); err != nil {
		t.Fatal(err)
	}
	replica, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Rollback()
	if _, err := replica.Exec("set local application_name = 'nightly'; lock table objectives in row exclusive mode"); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	said := make(chan string, 100)
	go func() {
		migrated <- store.Migrate(context.Background(), dsn, func(doing string) { said <- doing })
	}()
	waiting := map[string]bool{} // transactions
	for limit := time.Now().Add(time.Minute); len(waiting) < 2; {
		var tx string
		err := db.QueryRow("select coalesce(max(virtualtransaction), '') from pg_locks where relation = 'objectives'::regclass and not granted").Scan(&tx)
		if err != nil {
			t.Fatal(err)
		}
		if tx != "" {
			waiting[tx] = true
		}
		select {
		case err := <-migrated:
			t.Fatal("it went past the replica, or gave up: ", err)
		default:
		}
		if time.Now().After(limit) {
			t.Fatalf("it was tried %d times", len(waiting))
		}
	}
	if _, err := replica.Exec("lock table key_results in row exclusive mode nowait"); err != nil {
		t.Error("what comes second for a replica is taken before what comes first: ", err)
	}
	// Another one comes later, and stands behind the migration until that gives way.
	within, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := db.ExecContext(within, "select from objectives limit 1"); err != nil {
		t.Error("nobody reads while the migration waits: ", err)
	}
	if doing := <-said; !strings.Contains(doing, "nightly") {
		t.Error("whom it waits for is not said: ", doing)
	}
	if err := replica.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	if got := schema(t, dsn); got != want {
		t.Errorf("another schema than before:\n%s", got)
	}
}

// Who comes second waits, and says for whom.
func TestAMigrationSaysWhichOtherItWaitsFor(t *testing.T) {
	dsn := storetest.New(t)
	other := look(t, dsn)
	defer other.Close(context.Background())
	for _, sql := range []string{"set application_name = 'the first replica'", "select pg_advisory_lock(122507271237492)"} {
		if _, err := other.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	migrated := make(chan error, 1)
	said := make(chan string, 100)
	go func() {
		migrated <- store.Migrate(context.Background(), dsn, func(doing string) { said <- doing })
	}()
	select {
	case doing := <-said:
		if !strings.Contains(doing, "the first replica (process ") {
			t.Error("whom it waits for is not said: ", doing)
		}
	case err := <-migrated:
		t.Fatal("it said nothing: ", err)
	}
	if _, err := other.Exec(t.Context(), "select pg_advisory_unlock_all()"); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
}

// Where the question who holds a table is not answered in time, the session that holds the lock stays.
func TestAMigrationKeepsItsLockBetweenItsTries(t *testing.T) {
	dsn := storetest.New(t)
	storetest.NeedsTimers(t, dsn)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 43); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`
create schema slow;
create view slow.pg_stat_activity as select a.* from pg_catalog.pg_stat_activity a, pg_sleep(3600);
do $$ begin execute format('alter database %I set search_path = public, slow, pg_catalog', current_database()); end $$`); err != nil {
		t.Fatal(err)
	}
	replica, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Rollback()
	if _, err := replica.Exec("lock table objectives in row exclusive mode"); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	said := make(chan string, 100)
	go func() {
		migrated <- store.Migrate(context.Background(), dsn, func(doing string) { said <- doing })
	}()
	for range 2 {
		select {
		case doing := <-said:
			if !strings.Contains(doing, "this step changed nothing") || strings.Contains(doing, "In use by") {
				t.Error("it said: ", doing)
			}
		case err := <-migrated:
			t.Fatal("it went past the replica, or gave up: ", err)
		}
		var held int
		if err := db.QueryRow("select count(*) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())").Scan(&held); err != nil {
			t.Fatal(err)
		}
		if held != 1 {
			t.Errorf("%d sessions hold the lock of migrations", held)
		}
	}
	if err := replica.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
}

func create(s *store.Store) (made okr.Objective, fresh bool, err error) {
	first := okr.DayOf(time.Now())
	err = s.InTx(context.Background(), func(tx *store.Tx) error {
		made, fresh, err = tx.CreateObjective(context.Background(), alice, okr.Objective{Title: "Stay", Owner: "U1", Zone: "UTC", Period: okr.Period{First: first, Last: first + 90}}, "")
		return err
	})
	return made, fresh, err
}
