package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolMode is what a pooler between us and the database does with sessions.
type PoolMode int

// The modes, by the names that poolers have for them.
const (
	Direct          PoolMode = iota // there is no pooler: a session is ours as long as it lasts
	SessionPool                     // a pooler, which has left each session to its client as far as was seen
	TransactionPool                 // a pooler that gives a session to another client after each transaction
)

// FindPoolMode finds it out by what each session says of itself. It changes nothing and leaves nothing behind.
func FindPoolMode(ctx context.Context, dsn string) (PoolMode, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	one, err := plainly(ctx, dsn)
	if err != nil {
		return Direct, err
	}
	defer one.Close(context.WithoutCancel(ctx))
	first, err := session(ctx, one)
	switch {
	case err != nil:
		return Direct, fmt.Errorf("asking the database for its session: %w", err)
	case first == one.PgConn().PID():
		return Direct, nil // a pooler invents a number
	}
	other, err := plainly(ctx, dsn)
	if err != nil {
		return SessionPool, nil
	}
	defer other.Close(context.WithoutCancel(ctx))
	// The last session that was given back is given away first, or all of them in turn: either shows.
	for range 5 {
		before, err := session(ctx, one)
		if err != nil {
			return Direct, fmt.Errorf("asking the database for its session: %w", err)
		}
		shared, err := given(ctx, one, other, before)
		if err != nil {
			return SessionPool, nil // where each client keeps its session, there may be no other one left
		}
		if shared || before != first {
			return TransactionPool, nil
		}
	}
	return SessionPool, nil
}

// given says whether two clients meet the same session, or one client another one than before.
func given(ctx context.Context, one, other *pgx.Conn, before uint32) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	tx, err := other.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	held, err := session(ctx, tx.Conn())
	if err != nil || held == before {
		return err == nil, err
	}
	after, err := session(ctx, one)
	return after != before, err
}

// plainly connects without preparing or setting anything.
func plainly(ctx context.Context, dsn string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("it is not an address of a Postgres database") // pgx prints it
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.ConnectTimeout = 5 * time.Second
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return conn, nil
}

func session(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	err = conn.QueryRow(ctx, "select pg_backend_pid()").Scan(&pid)
	return pid, err
}

// SameDatabase says whether two addresses lead to one database. Where the server does not tell it is
// taken to be.
func SameDatabase(ctx context.Context, a, b string) (bool, error) {
	var told [2]string
	for n, dsn := range []string{a, b} {
		conn, err := plainly(ctx, dsn)
		if err != nil {
			return false, err
		}
		err = conn.QueryRow(ctx, "select format('%s %s %s', (pg_control_system()).system_identifier, oid, datname) from pg_database where datname = current_database()").Scan(&told[n])
		conn.Close(context.WithoutCancel(ctx))
		if isCode(err, "42501") {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("asking the database which one it is: %w", err)
		}
	}
	return told[0] == told[1], nil
}

// Writable says whether the database takes what we write, by writing as little as there is.
func Writable(ctx context.Context, pool *pgxpool.Pool) error {
	// One that another process is at just now is not waited for.
	_, err := pool.Exec(ctx, "update canary set sealed = sealed where id = (select id from canary for update skip locked)")
	if err != nil {
		return fmt.Errorf("writing to the database: %w", err)
	}
	return nil
}

// Server is what a database says of itself.
type Server struct {
	Version  int       // 150012 is 15.12
	ReadOnly bool      // a new session may not write
	Now      time.Time // its clock
}

// AskServer asks a database what it is.
func AskServer(ctx context.Context, pool *pgxpool.Pool) (Server, error) {
	var s Server
	err := pool.QueryRow(ctx, "select current_setting('server_version_num')::int, pg_is_in_recovery() or current_setting('transaction_read_only')::bool, clock_timestamp()").Scan(&s.Version, &s.ReadOnly, &s.Now)
	if err != nil {
		return s, fmt.Errorf("asking the database what it is: %w", err)
	}
	return s, nil
}

// UnknownZones are those of some time zones, and of all that are used in the database, that Postgres
// has no data of.
func UnknownZones(ctx context.Context, pool *pgxpool.Pool, more ...string) ([]string, error) {
	rows, err := pool.Query(ctx, `
select distinct z
from (select unnest($1::text[]) union select zone from objectives union select time_zone from people) as used (z)
where z <> '' and lower(z) not in (select lower(name) from pg_timezone_names)
order by z`, more)
	if err != nil {
		return nil, fmt.Errorf("asking the database for its time zones: %w", err)
	}
	unknown, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("asking the database for its time zones: %w", err)
	}
	return unknown, nil
}
