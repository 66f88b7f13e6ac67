// Package storetest gives each test a migrated Postgres database of its own.
package storetest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

// AtOnce lets more tests of a package go on at once than there are processors, where nobody said how
// many: those that talk to Postgres, Slack and processes wait for answers most of the time. A TestMain
// calls it.
func AtOnce() {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "6") // it is a number
	}
}

// server is the one Postgres of a test binary. It ends with the process: the kernel tells it.
var server = sync.OnceValues(func() (*embedded.Server, error) {
	dir, err := os.MkdirTemp("", "okrbot-test-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the test database: %w", err)
	}
	sweep(dir)
	// The account that Postgres runs as, when we are root, must reach it: else the data would be in
	// a folder of the system's that sweep does not know.
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, fmt.Errorf("opening the folder of the test database: %w", err)
	}
	s, err := embedded.Start(context.Background(), embedded.Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		return nil, fmt.Errorf("starting Postgres for tests: %w", err)
	}
	return s, template(s)
})

// sweep removes what earlier test runs left: a server that ends with its process cannot clean up. How
// old a folder is, is told by ours, not by the clock: a test's clock can be years ahead of the disk's.
func sweep(ours string) {
	made, err := os.Stat(ours)
	if err != nil {
		return // the next run tries again
	}
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), "okrbot-test-*")) // the pattern is well formed
	for _, dir := range old {
		info, err := os.Stat(dir)
		if _, running := os.Stat(filepath.Join(dir, "data", "postmaster.pid")); err == nil && running != nil && made.ModTime().Sub(info.ModTime()) > time.Minute {
			os.RemoveAll(dir)
		}
	}
}

// template is the database that tests get copies of: migrated, with a clock that can be moved.
func template(s *embedded.Server) error {
	ctx := context.Background()
	if err := exec(ctx, s.DSN(), "create database template_okrbot"); err != nil {
		return err
	}
	dsn := in(s, "template_okrbot")
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connecting to the template: %w", err)
	}
	err = embedded.InstallClock(ctx, conn)
	conn.Close(ctx)
	if err != nil {
		return err
	}
	return store.Migrate(ctx, dsn, nil)
}

// WithoutKyiv is a statement after which a database that New made does not know the time zone Europe/Kyiv, as one
// with an older list of them. It is to come before a session first asks for a time zone.
const WithoutKyiv = `
create function public.timezone(zone text, at timestamptz) returns timestamp language plpgsql as $$
begin
  if zone = 'Europe/Kyiv' then
    raise exception 'time zone "%" not recognized', zone using errcode = '22023';
  end if;
  return pg_catalog.timezone(zone, at);
end $$`

var counter atomic.Int64

// New is the address of a fresh database at this version, dropped when the test ends. Its clock can
// be advanced.
func New(t testing.TB) string {
	t.Helper()
	// Settings of a database are not copied with its template.
	return database(t, "create database %[1]s template template_okrbot",
		`alter database %[1]s set search_path = "$user", public, shifted, pg_catalog`)
}

// Empty is the address of a database without a schema, dropped when the test ends.
func Empty(t testing.TB) string {
	t.Helper()
	return database(t, "create database %[1]s")
}

func database(t testing.TB, statements ...string) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", counter.Add(1))
	ctx := context.Background()
	for _, statement := range statements {
		if err := exec(ctx, s.DSN(), fmt.Sprintf(statement, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := exec(ctx, s.DSN(), "drop database "+name+" with (force)"); err != nil {
			t.Log(err)
		}
	})
	return in(s, name)
}

// Store opens a store on a fresh database, with keys of its own.
func Store(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, New(t))
}

// Open opens a store on a database that New made.
func Open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	pool, err := store.Open(context.Background(), dsn, 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return store.New(pool, Keys())
}

// Keys are the keys of every test in this process.
var Keys = sync.OnceValue(func() *secret.Keyset {
	written, err := secret.NewKeyset()
	if err != nil {
		panic(err)
	}
	keys, err := secret.Parse(written)
	if err != nil {
		panic(err)
	}
	return keys
})

// Advance moves the database's clock: for our queries, for River's, on every connection.
func Advance(t testing.TB, dsn string, d time.Duration) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := embedded.AdvanceClock(ctx, conn, d); err != nil {
		t.Fatal(err)
	}
}

func in(s *embedded.Server, database string) string { return s.DSN() + " dbname=" + database }

func exec(ctx context.Context, dsn string, statements ...string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connecting to the test database: %w", err)
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("running %q: %w", sql, err)
		}
	}
	return nil
}

// StatusesAreTrue fails where a status is stored, and said to hold, that is another one than the key
// result has.
func StatusesAreTrue(t testing.TB, s *store.Store) {
	t.Helper()
	ctx := context.Background()
	err := s.Snapshot(ctx, func(r store.Statements, now time.Time) error {
		workspaces, err := r.Workspaces(ctx)
		if err != nil {
			return err
		}
		for _, w := range workspaces {
			pressing, _, err := r.Stand(ctx, w.ID, store.Filter{}, store.States{Pressing: true})
			if err != nil {
				return err
			}
			list, err := r.KeyResults(ctx, w.ID, pressing)
			if err != nil {
				return err
			}
			for _, k := range list {
				if is := k.Need(k.Objective.Period, k.Today(now)); !is.Pressing() {
					t.Errorf("%s is stored as pressing, and it needs %d", k.Key(), is)
				}
			}
			for _, status := range okr.Statuses() {
				known, _, err := r.Stand(ctx, w.ID, store.Filter{}, store.States{Statuses: []okr.Status{status}})
				if err != nil {
					return err
				}
				list, err := r.KeyResults(ctx, w.ID, known)
				if err != nil {
					return err
				}
				for _, k := range list {
					if is := k.Judged(k.Objective, now).Status; is != status {
						t.Errorf("%s is stored as %s, and it is %s", k.Key(), status.Word(), is.Word())
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
