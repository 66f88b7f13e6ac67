// Package store keeps everything the bot knows, in Postgres.
package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	pgxdecimal "github.com/jackc/pgx-shopspring-decimal"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/secret"
	"okrbot/store/queries"
)

// ErrNotFound says that there is no such thing in this workspace, or none that this person may
// see: the two are told apart by nobody.
var ErrNotFound = errors.New("not found")

// ErrChanged says that the row was changed by somebody else since it was read.
var ErrChanged = errors.New("changed elsewhere")

// Store is a pool of connections with the keys to its secrets. Web, River and the workers each
// have their own, so that a stuck sync never delays an answer.
type Store struct {
	Reads
	pool *pgxpool.Pool
}

// Reads are the questions that can be asked of a Store and inside a transaction alike.
type Reads struct {
	db   queries.DBTX
	q    *queries.Queries
	keys *secret.Keyset
}

// New wraps a pool opened with Open.
func New(pool *pgxpool.Pool, keys *secret.Keyset) *Store {
	return &Store{Reads: Reads{db: pool, q: queries.New(pool), keys: keys}, pool: pool}
}

// sessions are the limits of every session. A process that is frozen or cut off holds nothing for
// long: Postgres ends what idles within a transaction, gives up on who does not take an answer, and
// finds out who is gone. One that lives does not wait for ever.
const sessions = `
set idle_in_transaction_session_timeout = '30s';
set lock_timeout = '20s';
set statement_timeout = '90s';` + reachable

// reachable has Postgres look after an idle connection, and give up one that takes nothing. Over a
// socket in the file system they change nothing.
const reachable = `
set tcp_keepalives_idle = 30;
set tcp_keepalives_interval = 10;
set tcp_keepalives_count = 3;
set tcp_user_timeout = '45s';`

// Open makes a pool of at most size connections that reads numeric columns as decimals.
func Open(ctx context.Context, dsn string, size int32) (*pgxpool.Pool, error) {
	return open(ctx, dsn, size, sessions)
}

// plannedOnce has Postgres plan a statement once in a session, whatever it is asked about. Work asks for
// rows by their ids, some hundreds at once: with a plan for just these each one would be planned again,
// which takes as long as it runs, and Postgres would read whole tables for a twentieth of their rows.
const plannedOnce = `
set plan_cache_mode = force_generic_plan;`

// OpenForWork makes a pool like Open for what happens in the background: portions, by ids.
func OpenForWork(ctx context.Context, dsn string, size int32) (*pgxpool.Pool, error) {
	return open(ctx, dsn, size, sessions+plannedOnce)
}

func open(ctx context.Context, dsn string, size int32, settings string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// pgx prints the address it could not parse, password and all.
		return nil, errors.New("DATABASE_URL is not an address of a Postgres database")
	}
	config.MaxConns = size
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.DialFunc = (&net.Dialer{
		Timeout: config.ConnConfig.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3},
	}).DialContext
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		pgxdecimal.Register(conn.TypeMap())
		if _, err := conn.PgConn().Exec(ctx, settings).ReadAll(); err != nil {
			return fmt.Errorf("setting a session's limits: %w", err)
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return pool, nil
}

// Tx is one transaction. Now is the database's time at its start: the only time by which
// anything is due, leased or expired.
type Tx struct {
	Reads
	tx  pgx.Tx
	Now time.Time
}

// Pgx is the transaction itself, for River's InsertTx and JobCompleteTx.
func (tx *Tx) Pgx() pgx.Tx { return tx.tx }

// InTx does what must happen together. Nothing inside may use the network. It is tried up to
// three times when the database asks for it (a deadlock or a serialization failure).
func (s *Store) InTx(ctx context.Context, do func(tx *Tx) error) error {
	var err error
	for range 3 {
		if err = s.once(ctx, do); !retriable(err) {
			return err
		}
	}
	return err
}

func (s *Store) once(ctx context.Context, do func(tx *Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(pgxTx pgx.Tx) error {
		q := queries.New(pgxTx)
		now, err := q.Now(ctx)
		if err != nil {
			return fmt.Errorf("asking the database for the time: %w", err)
		}
		return do(&Tx{Reads: Reads{db: pgxTx, q: q, keys: s.keys}, tx: pgxTx, Now: now})
	})
}

// Snapshot asks several questions of one moment. Nothing inside may use the network.
func (s *Store) Snapshot(ctx context.Context, do func(r Reads, now time.Time) error) error {
	moment := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, moment, func(tx pgx.Tx) error {
		r := Reads{db: tx, q: queries.New(tx), keys: s.keys}
		now, err := r.Now(ctx)
		if err != nil {
			return err
		}
		return do(r, now)
	})
}

func retriable(err error) bool {
	return isCode(err, "40001") || isCode(err, "40P01")
}

func isCode(err error, code string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Now is the database's time.
func (r Reads) Now(ctx context.Context) (time.Time, error) {
	now, err := r.q.Now(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("asking the database for the time: %w", err)
	}
	return now, nil
}

// found turns the driver's word for nothing into ours.
func found(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
