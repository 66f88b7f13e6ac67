package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the advisory lock under which our schema and River's are brought up to date:
// an arbitrary number that every version of okrbot shares.
const migrationLock = 0x6f6b72626f74

// migrateWithin bounds the wait for another replica that migrates: it may pause for as long as pausesFor, and
// works besides.
const migrateWithin = pausesFor + 5*time.Minute

// queues is how long a migration stands in the queue for a table. Whatever asks for the table after it, be it
// to read, waits behind it, and so every replica that works on.
const queues = 3 * time.Second

// hurried has a migration's session leave the queue in time. What it does once it has its locks has no limit:
// it takes as long as the data is large.
var hurried = fmt.Sprintf("\nset lock_timeout = '%dms';", queues.Milliseconds())

// Migrate brings our schema and River's to this version. Any number of processes may call it at
// once: one works, the others wait. A schema that is newer than this version is refused. Tell hears
// for whom it waits; nil: nobody does.
func Migrate(ctx context.Context, dsn string, tell func(doing string)) error {
	// One session holds the lock and does the work. When this process goes, however it does, Postgres
	// ends what the session was at before it gives the lock to the next: of two sessions the one with
	// the lock could go first, and the next migration would meet the other.
	pool, err := open(ctx, dsn, 1, manner{settings: reachable + hurried, life: 24 * time.Hour})
	if err != nil {
		return err
	}
	defer pool.Close()
	if tell == nil {
		tell = func(string) {}
	}
	if err := lock(ctx, pool, tell); err != nil {
		return err
	}

	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := ours(db)
	if err != nil {
		return err
	}
	if err := notNewer(ctx, provider); err != nil {
		return err
	}
	err = patiently(ctx, pool, tell, func() error {
		_, err := provider.Up(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrating our schema: %w", err)
	}
	rivers, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("preparing River's migrations: %w", err)
	}
	err = patiently(ctx, pool, tell, func() error {
		_, err := rivers.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrating River's schema: %w", err)
	}
	return nil
}

// lock has the pool's one session hold the lock of migrations, which it may do already. While another process
// has it, whom it waits for is told each minute.
func lock(ctx context.Context, pool *pgxpool.Pool, tell func(doing string)) error {
	within, cancel := context.WithTimeout(ctx, migrateWithin)
	defer cancel()
	session, err := pool.Acquire(within)
	if err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	defer session.Release()
	var told time.Time
	for {
		var held bool
		if err := session.QueryRow(within, "select pg_try_advisory_lock($1)", int64(migrationLock)).Scan(&held); err != nil {
			return fmt.Errorf("waiting for another process that migrates: %w", err)
		}
		if held {
			return nil
		}
		if time.Since(told) >= time.Minute {
			told = time.Now()
			tell("another process migrates this database, and is waited for" + sessionsThat(within, pool, "It is", migrates, int64(migrationLock)))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for another process that migrates: %w", ctx.Err())
		case <-within.Done():
			return fmt.Errorf("another process has been migrating this database for %s", migrateWithin)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func ours(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading our migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return nil, fmt.Errorf("preparing our migrations: %w", err)
	}
	return provider, nil
}

// A migration that does not get its locks is tried again, after longer and longer pauses, for as long as a
// backup of much data may hold them.
const (
	pausesAtMost = 30 * time.Second
	pausesFor    = 15 * time.Minute // all of them together
)

// patiently does what migrates. A migration that meets what others are at, in another order than theirs or for
// longer than it may queue, was taken back as a whole and is tried again; those before it stay.
func patiently(ctx context.Context, pool *pgxpool.Pool, tell func(doing string), migrate func() error) error {
	pause, paused := time.Second, time.Duration(0)
	for {
		err := migrate()
		if err == nil || paused >= pausesFor || !isCode(err, "40P01") && !isCode(err, "55P03") {
			return err
		}
		tell(fmt.Sprintf("the migration cannot have a table that is in use, and is tried again in %s; this step changed nothing%s",
			pause, sessionsThat(ctx, pool, "In use by", holdsTables, queues.Seconds())))
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		paused += pause
		pause = min(2*pause, pausesAtMost)
		// The session may have broken meanwhile, and the lock gone with it.
		if err := lock(ctx, pool, tell); err != nil {
			return err
		}
	}
}

// Which sessions of this database, each of pg_stat_activity a: those that have held tables for longer than a
// migration queues ($1, in seconds), and the one with the lock of migrations ($1).
const (
	holdsTables = `
(a.xact_start is null or a.xact_start < now() - make_interval(secs => $1))
  and exists (
    select from pg_locks l
    where l.pid = a.pid
      and l.database = a.datid
      and l.locktype = 'relation'
      and l.granted
  )`
	migrates = `
exists (
    select from pg_locks l
    where l.pid = a.pid
      and l.database = a.datid
      and l.locktype = 'advisory'
      and l.objsubid = 1
      and l.classid::bigint << 32 | l.objid::bigint = $1
      and l.granted
  )`
)

// sessionsThat names such sessions, the oldest first, as what follows a sentence; "" where they are gone, or
// nobody knows. It asks on a connection of its own: one whose question is broken off is closed, and the pool's
// holds the lock.
func sessionsThat(ctx context.Context, pool *pgxpool.Pool, said, which string, arg any) string {
	ctx, cancel := context.WithTimeout(ctx, queues)
	defer cancel()
	config := pool.Config().ConnConfig
	config.OnPgError = nil // it ends the pool's sessions
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return ""
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `
select format('%s (process %s, %s)', coalesce(nullif(a.application_name, ''), 'a session'), a.pid, a.usename)
from pg_stat_activity a
where a.datname = current_database()
  and a.pid <> pg_backend_pid()
  and `+which+`
order by a.xact_start nulls last, a.pid
limit 5`, arg)
	if err != nil {
		return ""
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) == 0 {
		return ""
	}
	return ". " + said + ": " + strings.Join(names, ", ")
}

func notNewer(ctx context.Context, provider *goose.Provider) error {
	at, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; at > newest {
		return NewerSchema{At: at, Known: newest}
	}
	return nil
}

// NewerSchema says that a newer okrbot has migrated the database.
type NewerSchema struct{ At, Known int64 }

func (n NewerSchema) Error() string {
	return fmt.Sprintf("the database is at version %d, this okrbot knows up to %d: run a newer okrbot, or restore the backup from before the upgrade. Nothing was changed", n.At, n.Known)
}

// NotNewer returns NewerSchema where a newer okrbot has migrated the database, before anything
// of it is touched.
func NotNewer(ctx context.Context, pool *pgxpool.Pool) error {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("reading our migrations: %w", err)
	}
	var known int64
	for _, f := range files {
		n, _, _ := strings.Cut(f.Name(), "_")
		version, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return fmt.Errorf("reading our migrations: %w", err)
		}
		known = max(known, version)
	}
	var at int64
	err = pool.QueryRow(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&at)
	switch {
	case isCode(err, "42P01"):
		return nil // it is empty
	case err != nil:
		return fmt.Errorf("reading the schema's version: %w", err)
	case at > known:
		return NewerSchema{At: at, Known: known}
	}
	return nil
}

// ErrNotMigrated says that the database is not at this version.
var ErrNotMigrated = errors.New("the database is not migrated")

// Migrated says whether the database is at this version, for /readyz.
func Migrated(ctx context.Context, pool *pgxpool.Pool) error {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("reading our migrations: %w", err)
	}
	var applied int
	err = pool.QueryRow(ctx, "select count(distinct version_id) from goose_db_version where is_applied and version_id > 0").Scan(&applied)
	if isCode(err, "42P01") || err == nil && applied < len(files) {
		return ErrNotMigrated
	}
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	return nil
}
