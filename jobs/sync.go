package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// SyncBatch reads key results of one connection, at most a hundred.
type SyncBatch struct {
	Connection int64   `json:"connection"`
	Runs       []int64 `json:"runs"`
}

// Kind is stored data.
func (SyncBatch) Kind() string { return "sync_batch" }

const (
	// window is how far back scores are read again at each sync, to find restatements.
	window = 30
	// placeTaken is the pause of a batch whose connection is busy with others.
	placeTaken = 200 * time.Millisecond
	// unsaid is the wait when a system asks to wait and does not say how long.
	unsaid = time.Minute
	// longest is the longest wait that is believed.
	longest = 24 * time.Hour
)

type syncWorker struct {
	river.WorkerDefaults[SyncBatch]
	client *Client
}

func (w *syncWorker) Work(ctx context.Context, job *river.Job[SyncBatch]) error {
	return w.client.guard(job.JobRow, func() error { return w.client.sync(ctx, job) })
}

func (c *Client) sync(ctx context.Context, job *river.Job[SyncBatch]) error {
	free, err := c.store.TakeSlot(ctx, job.Args.Connection, job.ID)
	if err != nil {
		return err
	}
	if !free {
		return river.JobSnooze(placeTaken)
	}
	defer func() {
		// Also when ctx has ended: the place must not stay taken for two minutes.
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := c.store.LeaveSlot(leaving, job.Args.Connection, job.ID); err != nil {
			c.log.Warn("a place stays taken until its lease ends", "connection", job.Args.Connection, "error", err)
		}
	}()

	connection, err := c.store.ConnectionByID(ctx, job.Args.Connection)
	if errors.Is(err, store.ErrNotFound) {
		return river.JobCancel(classified("the connection is gone"))
	}
	if err != nil {
		return err
	}
	now, err := c.store.Now(ctx)
	if err != nil {
		return err
	}
	if connection.Waiting.After(now) {
		return river.JobSnooze(connection.Waiting.Sub(now))
	}
	batch, err := c.begin(ctx, connection, job.Args.Runs)
	if err != nil || len(batch.runs) == 0 {
		return err
	}
	batch.answers = c.read(ctx, &batch, now)
	return c.finish(ctx, job, batch)
}

// batch is a fetch under way.
type batch struct {
	connection store.Connection
	runs       []store.BegunRun
	before     map[int64]store.KeyResult // as loaded when the fetch began
	answers    map[int64]integrations.Reading
	// asked is false when the system was not called at all.
	asked bool
}

// begin raises the epochs of the batch's key results and loads what they are to read.
func (c *Client) begin(ctx context.Context, connection store.Connection, ids []int64) (batch, error) {
	b := batch{connection: connection, before: map[int64]store.KeyResult{}}
	err := c.store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if b.runs, err = tx.BeginRuns(ctx, ids); err != nil {
			return err
		}
		keyResults := make([]int64, len(b.runs))
		for i, r := range b.runs {
			keyResults[i] = r.KeyResult
		}
		list, err := tx.KeyResults(ctx, connection.Workspace, store.Filter{IDs: keyResults})
		for _, k := range list {
			b.before[k.ID] = k
		}
		return err
	})
	return b, err
}

// read asks the system once for each scorecard. No transaction is open.
func (c *Client) read(ctx context.Context, b *batch, now time.Time) map[int64]integrations.Reading {
	answers := map[int64]integrations.Reading{}
	all := func(err *integrations.Error) map[int64]integrations.Reading {
		for _, r := range b.runs {
			answers[r.KeyResult] = integrations.Reading{Err: err}
		}
		return answers
	}
	connector, err := c.connectors.ByKind(b.connection.Kind)
	if err != nil {
		return all(&integrations.Error{Class: integrations.Unavailable, Cause: "no_connector",
			Says: "This okrbot does not read from " + b.connection.Kind + ".", Next: "Ask its administrator for a version that does."})
	}
	if b.connection.State == store.Rejected {
		return all(rejected(connector.Name()))
	}
	fields, err := c.store.Unseal(b.connection)
	if err != nil {
		c.log.Error("a connection's secret does not open", "connection", b.connection.ID)
		return all(broken())
	}
	account := integrations.Account{Origin: b.connection.Origin, SignIn: b.connection.SignIn, Fields: fields}
	var requests []integrations.Request
	var whose []int64
	for _, r := range b.runs {
		k, ok := b.before[r.KeyResult]
		if !ok || k.Source.Connection != b.connection.ID {
			continue // removed, or it reads elsewhere by now
		}
		requests = append(requests, integrations.Request{Ref: k.Source.Reference, From: from(k, now).Time()})
		whose = append(whose, k.ID)
	}
	if len(requests) == 0 {
		return answers
	}
	b.asked = true
	for i, reading := range connector.Read(ctx, account, requests) {
		answers[whose[i]] = reading
	}
	return answers
}

// from is the first day whose score is read: the trailing window before the newest reading, or
// the whole period when there is none yet.
func from(k store.KeyResult, now time.Time) okr.Day {
	if k.SyncedAt.IsZero() || !k.Result.Value.Valid {
		return k.Objective.Period.First
	}
	newest := min(k.Result.AsOf, okr.DayOf(now))
	return max(newest-window, k.Objective.Period.First)
}

func rejected(system string) *integrations.Error {
	return &integrations.Error{Class: integrations.Unauthorized, Cause: "rejected",
		Says: system + " refused our sign-in twice, so we stopped trying: more tries could lock the account.",
		Next: "Connect it again with `/okr connect`, then choose that connection with `/okr edit`."}
}

func broken() *integrations.Error {
	return &integrations.Error{Class: integrations.Unauthorized, Cause: "broken",
		Says: "The stored sign-in of this connection cannot be opened.",
		Next: "Connect again with `/okr connect`, and tell okrbot's administrator."}
}

// finish applies what was read. What deserves another try within this slot is left running for it,
// unless this was the last.
func (c *Client) finish(ctx context.Context, job *river.Job[SyncBatch], b batch) error {
	var pause time.Duration
	limited, again := false, false
	last := job.Attempt >= job.MaxAttempts
	ending := map[int64]integrations.Reading{}
	for id, answer := range b.answers {
		var failure *integrations.Error
		if !errors.As(answer.Err, &failure) && answer.Err != nil {
			failure = unforeseen(ctx, answer.Err)
			answer.Err = failure
		}
		switch {
		case failure == nil:
			ending[id] = answer
		case failure.Class == integrations.RateLimited:
			limited = true
			pause = max(pause, failure.After)
		case failure.Brief && !last:
			again = true
		default:
			ending[id] = answer
		}
	}
	if limited && pause == 0 {
		pause = unsaid
	}
	pause = min(pause, longest)
	done := !limited && !again
	applied := false
	err := c.store.InTx(ctx, func(tx *store.Tx) error {
		applied = false
		if limited {
			if err := tx.MakeWait(ctx, b.connection, pause); err != nil {
				return err
			}
		}
		if err := c.apply(ctx, tx, b, ending); err != nil {
			return err
		}
		applied = true
		if !done {
			return nil
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx.Pgx(), job)
		return err
	})
	if err != nil {
		return err
	}
	if applied {
		c.nudge()
	}
	switch {
	case limited:
		return river.JobSnooze(pause) // does not count as an attempt
	case again:
		return fmt.Errorf("reading %d of %d scorecards: they answer again later", len(b.answers)-len(ending), len(b.answers))
	}
	return nil
}

// unforeseen is an error that a connector did not type: its context ended, or it has a mistake.
func unforeseen(ctx context.Context, err error) *integrations.Error {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return &integrations.Error{Class: integrations.Unavailable, Cause: "too_slow", Brief: true,
			Says: "The answer took too long.", Next: "We try again by ourselves."}
	}
	return &integrations.Error{Class: integrations.Unavailable, Cause: "unforeseen", Brief: true,
		Says: "Something went wrong while reading the scorecard.", Next: "We try again by ourselves; if it stays, tell okrbot's administrator."}
}
