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

// oneByOne is the plain design: a job for each key result, which makes one call and records the
// answer in one transaction. It neither announces anything nor draws cards.
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
			_, err := tx.ClaimDue(ctx, id, perInstance)
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
// reading, result and run.
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
	readings, err := tx.ReadingsOf(ctx, map[int64]okr.Day{k.ID: from})
	if err != nil {
		return err
	}
	had := readings[k.ID]
	known := make(map[okr.Day]okr.Reading, len(had))
	for _, r := range had {
		known[r.Day] = r
	}
	var scores []store.Score
	for _, score := range s.Scores {
		day := okr.DayOf(score.End)
		if r, ok := known[day]; ok && r.Value.Equal(score.Value) {
			continue
		}
		had = append(had, okr.Reading{Day: day, Value: score.Value})
		scores = append(scores, store.Score{KeyResult: k.ID, Workspace: k.Workspace, Day: day, Value: score.Value})
	}
	before := k.Result
	k.Result = k.ResultOf(k.Objective.Period, had)
	k.Result.N = before.N + len(scores)
	status := k.Standing(k.Objective.Period, okr.DayOf(tx.Now.UTC())).Status
	if err := tx.ApplyScores(ctx, scores); err != nil {
		return err
	}
	if err := tx.ApplyResults(ctx, []store.AppliedResult{{KeyResult: k.ID, Epoch: 1, Result: k.Result, Status: status}}); err != nil {
		return err
	}
	return tx.FinishRuns(ctx, []store.FinishedRun{{
		ID: run, Outcome: store.Changed, Epoch: 1, Old: before.Value, New: k.Result.Value, AsOf: k.Result.AsOf,
	}})
}
