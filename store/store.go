// Package store keeps everything the bot knows, in Postgres.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
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
	Statements
	pool   *pgxpool.Pool
	limits string // set for each transaction, where no session is ours to set them in
}

// Statements are what a Store and a transaction do alike, each with one statement: questions, and notes that need no
// other beside it.
type Statements struct {
	db   queries.DBTX
	q    *queries.Queries
	keys *secret.Keyset
}

// New wraps a pool opened with Open or OpenPooled.
func New(pool *pgxpool.Pool, keys *secret.Keyset) *Store {
	s := &Store{Statements: Statements{db: steady{pool}, q: queries.New(steady{pool}), keys: keys}, pool: pool}
	if pool != nil && pool.Config().ConnConfig.DefaultQueryExecMode == stateless {
		s.limits = "; " + strings.ReplaceAll(strings.TrimSpace(limits+interpreted), "set ", "set local ")
	}
	return s
}

// sessions are the limits of every session. A process that is frozen or cut off holds nothing for
// long: Postgres ends what idles within a transaction, gives up on who does not take an answer, and
// finds out who is gone. One that lives does not wait for ever.
const sessions = limits + interpreted + reachable

const limits = `
set idle_in_transaction_session_timeout = '30s';
set lock_timeout = '20s';
set statement_timeout = '90s';`

// interpreted keeps Postgres from compiling a statement that looks expensive: nothing of ours runs long
// enough for that. Ten thousand key results are read in a sixth of a second, and compiling took nine.
const interpreted = `
set jit = off;`

// reachable has Postgres look after an idle connection, and give up one that takes nothing. Over a
// socket in the file system they change nothing.
const reachable = `
set tcp_keepalives_idle = 30;
set tcp_keepalives_interval = 10;
set tcp_keepalives_count = 3;
set tcp_user_timeout = '45s';`

// stateless is how statements are sent where the next one may meet another session: nothing is
// prepared by name.
const stateless = pgx.QueryExecModeCacheDescribe

// A session ends within half an hour, so that none stays with a server that is no longer the right
// one; not all of them at once.
const (
	sessionLife   = 25 * time.Minute
	sessionJitter = 5 * time.Minute
)

// Open makes a pool of at most size connections that reads numeric columns as decimals.
func Open(ctx context.Context, dsn string, size int32) (*pgxpool.Pool, error) {
	return open(ctx, dsn, size, manner{settings: sessions, life: sessionLife})
}

// plannedOnce has Postgres plan a statement once in a session, whatever it is asked about. Work asks for
// rows by their ids, some hundreds at once: with a plan for just these each one would be planned again,
// which takes as long as it runs, and Postgres would read whole tables for a twentieth of their rows.
const plannedOnce = `
set plan_cache_mode = force_generic_plan;`

// OpenForWork makes a pool like Open for what happens in the background: portions, by ids.
func OpenForWork(ctx context.Context, dsn string, size int32) (*pgxpool.Pool, error) {
	return open(ctx, dsn, size, manner{settings: sessions + plannedOnce, life: sessionLife})
}

// OpenPooled is Open through a pooler that gives sessions away between transactions: it leaves
// nothing in them.
func OpenPooled(ctx context.Context, dsn string, size int32) (*pgxpool.Pool, error) {
	return open(ctx, dsn, size, manner{mode: stateless, life: sessionLife})
}

// steady is a pool that sends a statement again where it met a session that could not have done it: one
// of a server that became read-only, or one that had ended.
type steady struct{ *pgxpool.Pool }

func (p steady) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := p.Pool.Exec(ctx, sql, args...)
	if undone(ctx, err) {
		return p.Pool.Exec(ctx, sql, args...)
	}
	return tag, err
}

func (p steady) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return steadyRow{p.Pool.QueryRow(ctx, sql, args...), func(err error) pgx.Row {
		if undone(ctx, err) {
			return p.Pool.QueryRow(ctx, sql, args...)
		}
		return nil
	}}
}

type steadyRow struct {
	pgx.Row
	again func(err error) pgx.Row
}

func (r steadyRow) Scan(into ...any) error {
	err := r.Row.Scan(into...)
	if again := r.again(err); again != nil {
		return again.Scan(into...)
	}
	return err
}

func undone(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && (isCode(err, readOnly) || pgconn.SafeToRetry(err))
}

// manner is how a pool's sessions are used.
type manner struct {
	settings string // made in each session
	mode     pgx.QueryExecMode
	life     time.Duration
}

func open(ctx context.Context, dsn string, size int32, how manner) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// pgx prints the address it could not parse, password and all.
		return nil, errors.New("DATABASE_URL is not an address of a Postgres database")
	}
	config.MaxConns = size
	config.MaxConnLifetime, config.MaxConnLifetimeJitter = how.life, sessionJitter
	config.PingTimeout = 5 * time.Second
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.DialFunc = (&net.Dialer{
		Timeout: config.ConnConfig.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3},
	}).DialContext
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		pgxdecimal.Register(conn.TypeMap())
		if how.settings == "" {
			return nil
		}
		if _, err := conn.PgConn().Exec(ctx, how.settings).ReadAll(); err != nil {
			return fmt.Errorf("setting a session's limits: %w", err)
		}
		return nil
	}
	if how.mode != 0 {
		config.ConnConfig.DefaultQueryExecMode = how.mode
	}
	// A server that became read-only, or ended one of its sessions, is to be dialled again: the other
	// sessions are of the same server.
	var opened atomic.Pointer[pgxpool.Pool]
	config.ConnConfig.OnPgError = func(_ *pgconn.PgConn, e *pgconn.PgError) bool {
		if pool := opened.Load(); pool != nil && moved(e) {
			pool.Reset()
		}
		return !moved(e) && !strings.EqualFold(e.Severity, "FATAL")
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	opened.Store(pool)
	return pool, nil
}

// moved says whether a server tells that the database is elsewhere now, or soon: it is read-only, or
// ends sessions.
func moved(e *pgconn.PgError) bool {
	return e.Code == readOnly || strings.HasPrefix(e.Code, "57P0")
}

const readOnly = "25006"

// Tx is one transaction. Now is the database's time at its start: the only time by which
// anything is due, leased or expired.
type Tx struct {
	Statements
	tx  pgx.Tx
	Now time.Time
}

// Pgx is the transaction itself, for River's InsertTx and InsertManyTx.
func (tx *Tx) Pgx() pgx.Tx { return tx.tx }

// InTx does what must happen together. Nothing inside may use the network. It is tried up to
// three times when the database asks for it (a deadlock or a serialization failure), or when it met
// a session of a server that is no longer the right one.
func (s *Store) InTx(ctx context.Context, do func(tx *Tx) error) error {
	for tries := 1; ; tries++ {
		committing, err := s.once(ctx, do)
		if committing && unclear(err) {
			return fmt.Errorf("%w: %w", ErrUnclear, err)
		}
		if committing && err != nil {
			noteCommit(ctx, -1)
		}
		if tries == 3 || ctx.Err() != nil || !retriable(err) && (committing || !lost(err)) {
			return err
		}
	}
}

type committed struct{}

// NotingCommits is a context that remembers whether InTx has committed something with it, or may have.
func NotingCommits(ctx context.Context) context.Context {
	return context.WithValue(ctx, committed{}, new(atomic.Int64))
}

// Committed says whether InTx has committed something with a context that remembers it, or may have: the
// answer to a commit is not there yet, or was lost.
func Committed(ctx context.Context) bool {
	noted, ok := ctx.Value(committed{}).(*atomic.Int64)
	return ok && noted.Load() > 0
}

// noteCommit counts commits before they are asked for, and takes back those that surely did not happen.
func noteCommit(ctx context.Context, n int64) {
	if noted, ok := ctx.Value(committed{}).(*atomic.Int64); ok {
		noted.Add(n)
	}
}

// ErrUnclear says that the answer to a commit was lost: it may have been carried out.
var ErrUnclear = errors.New("nobody knows whether this was saved")

// unclear says whether what a commit came to leaves open if it was carried out. Where the server says
// no, and goes on with the session, it was not.
func unclear(err error) bool {
	var said *pgconn.PgError
	switch {
	case err == nil || errors.Is(err, pgx.ErrTxCommitRollback):
		return false
	case errors.As(err, &said):
		return strings.EqualFold(said.Severity, "FATAL") || strings.EqualFold(said.Severity, "PANIC")
	}
	return true
}

// once says also whether it came as far as to commit: what was lost then may have been done.
func (s *Store) once(ctx context.Context, do func(tx *Tx) error) (committing bool, err error) {
	options := pgx.TxOptions{}
	if s.limits != "" {
		options.BeginQuery = "begin" + s.limits
	}
	err = pgx.BeginTxFunc(ctx, s.pool, options, func(pgxTx pgx.Tx) error {
		q := queries.New(pgxTx)
		now, err := q.Now(ctx)
		if err != nil {
			return fmt.Errorf("asking the database for the time: %w", err)
		}
		if err = do(&Tx{Statements: Statements{db: pgxTx, q: q, keys: s.keys}, tx: pgxTx, Now: now}); err == nil {
			err = finishEvent(ctx, q)
		}
		if committing = err == nil; committing {
			noteCommit(ctx, 1)
		}
		return err
	})
	if e, ok := ctx.Value(finishing{}).(*event); ok && err == nil {
		e.done.Store(true)
	}
	return committing, err
}

// moment is a transaction that sees everything as it was at one moment, and changes nothing.
func (s *Store) moment(ctx context.Context, do func(tx pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if s.limits != "" {
		options.BeginQuery = "begin isolation level repeatable read read only" + s.limits
	}
	return pgx.BeginTxFunc(ctx, s.pool, options, do)
}

// Snapshot asks several questions of one moment. Nothing inside may use the network.
func (s *Store) Snapshot(ctx context.Context, do func(r Statements, now time.Time) error) error {
	return s.moment(ctx, func(tx pgx.Tx) error {
		r := Statements{db: tx, q: queries.New(tx), keys: s.keys}
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

// lost says whether a session ended under a transaction that was not committed, or had ended before.
// A server that cannot be dialled is another thing: that takes longer than another try.
func lost(err error) bool {
	var undialled *pgconn.ConnectError
	var said *pgconn.PgError
	switch {
	case err == nil || errors.As(err, &undialled):
		return false
	case errors.As(err, &said):
		return moved(said)
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isCode(err error, code string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Now is the database's time.
func (r Statements) Now(ctx context.Context) (time.Time, error) {
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
