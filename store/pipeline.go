package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"okrbot/store/queries"
)

// Together sends statements that nobody reads the answers of in one round trip: with a distant
// Postgres each of its own would cost its distance. The statements of do run when it returns, in its
// order; what it asks about runs at once, after those before it.
func (tx *Tx) Together(ctx context.Context, do func(tx *Tx) error) error {
	p := &pipeline{tx: tx.tx, batch: &pgx.Batch{}}
	piped := *tx
	piped.db, piped.q = p, queries.New(p)
	if err := do(&piped); err != nil {
		return err
	}
	return p.flush(ctx)
}

// pipeline is a transaction that keeps statements until they are sent together.
type pipeline struct {
	tx    pgx.Tx
	batch *pgx.Batch
}

func (p *pipeline) flush(ctx context.Context) error {
	if p.batch.Len() == 0 {
		return nil
	}
	batch := p.batch
	p.batch = &pgx.Batch{}
	return p.tx.SendBatch(ctx, batch).Close()
}

// Exec keeps a statement. How many rows it changes is not known.
func (p *pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	p.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query runs at once.
func (p *pipeline) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := p.flush(ctx); err != nil {
		return nil, err
	}
	return p.tx.Query(ctx, sql, args...)
}

// QueryRow runs at once.
func (p *pipeline) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := p.flush(ctx); err != nil {
		return failedRow{err}
	}
	return p.tx.QueryRow(ctx, sql, args...)
}

// failedRow is the answer to a question that was not asked.
type failedRow struct{ err error }

// Scan returns the reason.
func (r failedRow) Scan(...any) error { return r.err }
