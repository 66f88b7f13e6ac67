package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// oneByOneWorkers is as many as the jobs' tables can use.
const oneByOneWorkers = 100

// syncOne reads one key result.
type syncOne struct {
	Workspace string `json:"workspace"`
	KeyResult int64  `json:"key_result"`
	Run       int64  `json:"run"`
}

// Kind is the job's name in River's table.
func (syncOne) Kind() string { return "sync_one" }

// oneByOne is the plain design: a job for each key result, which makes one call and records in one
// transaction what okrbot records. It sends nothing to Slack.
func oneByOne(ctx context.Context, c *company) (func(), error) {
	// One pool for all, large enough that no worker waits for a connection.
	pool, err := store.Open(ctx, c.dsn, oneByOneWorkers)
	if err != nil {
		return nil, err
	}
	worker := &oneWorker{store: store.New(pool, c.keys), connector: c.connectors[0]}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: slog.Default(), Workers: workers,
		FetchCooldown: time.Millisecond,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: oneByOneWorkers}},
	})
	if err == nil {
		err = leaveOneByOne(ctx, pool, worker.store, client)
	}
	if err == nil {
		err = client.Start(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("starting one by one: %w", err)
	}
	return func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		if err := client.Stop(stopping); err != nil {
			slog.Warn("jobs did not end", "error", err)
		}
		pool.Close()
	}, nil
}

// leaveOneByOne claims all that is due as okrbot does, and inserts the jobs the fastest way River
// has. They are mixed, so that no instance is asked by all workers at once.
func leaveOneByOne(ctx context.Context, pool *pgxpool.Pool, s *store.Store, client *river.Client[pgx.Tx]) error {
	due, err := s.DueConnections(ctx, connections)
	if err != nil {
		return err
	}
	for _, id := range due {
		err := s.InTx(ctx, func(tx *store.Tx) error {
			_, err := tx.ClaimDue(ctx, id, large.perInstance)
			return err
		})
		if err != nil {
			return err
		}
	}
	rows, err := pool.Query(ctx, "select workspace_id, key_result_id, id from sync_runs where state = 'queued'")
	if err != nil {
		return fmt.Errorf("listing runs: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[syncOne])
	if err != nil {
		return fmt.Errorf("listing runs: %w", err)
	}
	rand.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	many := make([]river.InsertManyParams, len(list))
	for i, one := range list {
		many[i] = river.InsertManyParams{Args: one}
	}
	_, err = client.InsertManyFast(ctx, many)
	return err
}

type oneWorker struct {
	river.WorkerDefaults[syncOne]
	store     *store.Store
	connector integrations.Connector
}

// Work reads the scorecard since 30 days before the newest reading, as okrbot does, and records
// reading, result, run, what changed, what is to be said, and that the card is to be drawn again.
func (w *oneWorker) Work(ctx context.Context, job *river.Job[syncOne]) error {
	k, err := w.store.KeyResultByID(ctx, job.Args.Workspace, job.Args.KeyResult)
	if err != nil {
		return err
	}
	connection, err := w.store.ConnectionByID(ctx, k.Source.Connection)
	if err != nil {
		return err
	}
	fields, err := w.store.Unseal(connection)
	if err != nil {
		return err
	}
	account := integrations.Account{Origin: connection.Origin, SignIn: connection.SignIn, Fields: fields}
	from := max(k.Result.AsOf-30, k.Objective.Period.First)
	answer := w.connector.Read(ctx, account, []integrations.Request{{Ref: k.Source.Reference, From: from.Time()}})[0]
	if answer.Err != nil {
		return answer.Err
	}
	return w.store.InTx(ctx, func(tx *store.Tx) error { return record(ctx, tx, k, job.Args.Run, from, answer.Scorecard) })
}

func record(ctx context.Context, tx *store.Tx, k store.KeyResult, run int64, from okr.Day, s integrations.Scorecard) error {
	if _, err := tx.LockForApply(ctx, []int64{k.ID}); err != nil {
		return err
	}
	scores := store.Scores{Followers: []store.Follower{{KeyResult: k.ID, Workspace: k.Workspace, Since: from}}}
	for _, score := range s.Scores {
		scores.List = append(scores.List, store.Score{Day: okr.DayOf(score.End), Value: score.Value})
	}
	taken, err := tx.ApplyScores(ctx, []store.Scores{scores})
	if err != nil {
		return err
	}
	readings := []okr.Reading{{Day: k.Result.AsOf, Value: k.Result.Value.Decimal}}
	for _, score := range taken[k.ID] {
		readings = append(readings, okr.Reading{Day: score.Day, Value: score.Value})
	}
	before := k.Result
	k.Result = k.ResultOf(k.Objective.Period, readings)
	k.Result.N = before.N + len(taken[k.ID])
	status := k.Standing(k.Objective.Period, okr.DayOf(tx.Now.UTC())).Status
	if err := tx.ApplyResults(ctx, []store.AppliedResult{{KeyResult: k.ID, Epoch: 1, Result: k.Result, Status: status}}); err != nil {
		return err
	}
	if err := tx.FinishRuns(ctx, []store.FinishedRun{{
		ID: run, Outcome: store.Changed, Epoch: 1, Old: before.Value, New: k.Result.Value, AsOf: k.Result.AsOf,
	}}); err != nil {
		return err
	}
	if err := tx.RecordResults(ctx, []store.Recorded{{
		KeyResult: k.ID, Workspace: k.Workspace, Action: "synced", Field: "result", Before: before.Value.Decimal.String(), After: k.Result.Value.Decimal.String(),
	}}); err != nil {
		return err
	}
	if err := tx.Announce(ctx, []store.Announcement{{
		Workspace: k.Workspace, Channel: k.Channel, KeyResult: k.ID, Kind: "changed",
		Old: before.Value, New: k.Result.Value, OldDay: before.AsOf, NewDay: k.Result.AsOf, OldStatus: status, NewStatus: status,
	}}); err != nil {
		return err
	}
	if err := tx.MarkCards(ctx, k.ID); err != nil {
		return err
	}
	return tx.ConnectionSucceeded(ctx, k.Source.Connection)
}
