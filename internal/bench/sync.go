package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/sandbox/servicenow"
	"okrbot/store"
	"okrbot/store/embedded"
)

// Connections to Postgres, as `okrbot serve` has them.
const (
	webConnections   = 8
	riverConnections = 7
	workConnections  = 10
)

const (
	fasterAtLeast = 8.0 // times
	callsAtMost   = 0.1 // for each key result
	together      = 5   // calls for a thousand key results on three hundred scorecards, with the Batch API
	apart         = 300 // and without
)

// medium is a company on one instance, whose key results mostly share a scorecard with others.
var medium = size{connections: 1, scorecards: 300, perInstance: 1000}

// measured is one way of syncing the company.
type measured struct {
	took  time.Duration
	calls int
}

// measureSync syncs two equal companies, one as okrbot does and one with a job and a call for each
// key result.
func measureSync(ctx context.Context, server *embedded.Server) ([]row, error) {
	ours, err := timed(ctx, server, "ours", large, true, batched)
	if err != nil {
		return nil, err
	}
	theirs, err := timed(ctx, server, "one_by_one", large, true, oneByOne)
	if err != nil {
		return nil, err
	}
	with, err := timed(ctx, server, "with_batch", medium, true, batched)
	if err != nil {
		return nil, err
	}
	without, err := timed(ctx, server, "without_batch", medium, false, batched)
	if err != nil {
		return nil, err
	}
	ratio := theirs.took.Seconds() / ours.took.Seconds()
	setting := fmt.Sprintf("%d due key results, %d connections, %v latency", keyResults, connections, latency)
	each := func(m measured) float64 { return float64(m.calls) / keyResults }
	few := func(what string, m measured, most int) row {
		return row{
			what:     fmt.Sprintf("Calls for %d key results on %d scorecards, %s", medium.keyResults(), medium.scorecards, what),
			measured: fmt.Sprintf("%d, %.3f for each", m.calls, float64(m.calls)/float64(medium.keyResults())),
			target:   fmt.Sprintf("at most %d", most), missed: m.calls > most,
		}
	}
	return []row{
		{what: "Sync of " + setting, measured: fmt.Sprintf("%.2f s, %.0f a second", ours.took.Seconds(), keyResults/ours.took.Seconds())},
		{what: "The same with a job and a call for each", measured: fmt.Sprintf("%.2f s, %.0f a second", theirs.took.Seconds(), keyResults/theirs.took.Seconds())},
		{what: "Faster by", measured: fmt.Sprintf("%.1f ×", ratio), target: fmt.Sprintf("at least %.0f ×", fasterAtLeast), missed: ratio < fasterAtLeast},
		{what: "Calls for each key result", measured: fmt.Sprintf("%.3f (one by one: %.3f)", each(ours), each(theirs)), target: fmt.Sprintf("at most %.1f", callsAtMost), missed: each(ours) > callsAtMost},
		few("with the Batch API", with, together),
		few("without it", without, apart),
	}, nil
}

// way starts to sync a company, and answers how to stop.
type way func(ctx context.Context, c *company) (stop func(), err error)

// timed syncs a company and measures it. What a process learns about an instance it has learned
// the day before: whether the Batch API is there.
func timed(ctx context.Context, server *embedded.Server, name string, of size, batchAPI bool, start way) (measured, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	c, err := newCompany(ctx, server, name, of, true)
	if err != nil {
		return measured{}, err
	}
	defer c.close()
	for _, i := range c.instances {
		if !batchAPI {
			i.Break(servicenow.Fault{Kind: servicenow.NoResource, API: servicenow.BatchAPI})
		}
	}
	if err := c.yesterday(ctx); err != nil {
		return measured{}, err
	}
	c.slow()
	began := time.Now()
	stop, err := start(ctx, c)
	if err != nil {
		return measured{}, err
	}
	defer stop()
	if err := c.synced(ctx); err != nil {
		return measured{}, err
	}
	m := measured{took: time.Since(began), calls: c.calls()}
	return m, c.proved(ctx)
}

// yesterday syncs the company as okrbot did the day before, and then has all due with a newer score.
func (c *company) yesterday(ctx context.Context) error {
	stop, err := batched(ctx, c)
	if err != nil {
		return err
	}
	err = c.synced(ctx)
	stop()
	if err != nil {
		return err
	}
	for n := range c.instances {
		if err := c.dueAgain(ctx, n, 0); err != nil {
			return err
		}
	}
	return c.settle(ctx, "delete from announcements", "update cards set dirty_at = null")
}

// batched is okrbot's own way, planner, announcements and all.
func batched(ctx context.Context, c *company) (func(), error) {
	river, err := store.Open(ctx, c.dsn, riverConnections)
	if err != nil {
		return nil, err
	}
	working, err := store.Open(ctx, c.dsn, workConnections)
	if err != nil {
		river.Close()
		return nil, err
	}
	client, err := jobs.New(jobs.Options{
		Pool: river, Store: store.New(working, c.keys), Connectors: c.connectors, Messenger: &quiet{}, Log: slog.Default(), Work: true,
	})
	if err == nil {
		err = client.Start(ctx)
	}
	stop := func() {
		if client != nil {
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
			defer cancel()
			client.Stop(stopping)
		}
		for _, p := range []*pgxpool.Pool{river, working} {
			p.Close()
		}
	}
	if err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// quiet is a Slack that takes everything, in the time that Slack needs.
type quiet struct{ messages atomic.Int64 }

func (q *quiet) take(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(slackTakes):
		return nil
	}
}

// Announce takes a message.
func (q *quiet) Announce(ctx context.Context, _, _ string, _ []jobs.Announced, _ bool) (string, error) {
	return fmt.Sprintf("1700000001.%06d", q.messages.Add(1)), q.take(ctx)
}

// Card takes a card.
func (q *quiet) Card(ctx context.Context, _, _, ts string, _ store.KeyResult, _ time.Time) (string, error) {
	return ts, q.take(ctx)
}

// Outcome takes an outcome.
func (q *quiet) Outcome(ctx context.Context, _ jobs.Outcome) (jobs.Told, error) {
	return jobs.Told{Response: true}, q.take(ctx)
}

// Digest takes a message.
func (q *quiet) Farewell(context.Context, store.Farewell) error { return nil }

func (q *quiet) Digest(ctx context.Context, _ store.Subscription) error { return q.take(ctx) }

// DigestEnded takes a message.
func (q *quiet) DigestEnded(ctx context.Context, _ store.Subscription, _ string) error {
	return q.take(ctx)
}

func (q *quiet) Notice(ctx context.Context, _ store.Connection, _ time.Time) error {
	return q.take(ctx)
}

// Export takes files.
func (q *quiet) Export(ctx context.Context, _ okr.Actor, _ jobs.Counted, _ []*jobs.File) error {
	return q.take(ctx)
}

// ExportFailed takes a message.
func (q *quiet) ExportFailed(ctx context.Context, _ okr.Actor, _ string) error { return q.take(ctx) }

// CloseOut takes a message.
func (q *quiet) CloseOut(ctx context.Context, _ store.CloseOut, _ store.CloseOutPost) error {
	return q.take(ctx)
}

// CloseOutParked takes a message.
func (q *quiet) CloseOutParked(ctx context.Context, _ store.CloseOut, _, _ string) error {
	return q.take(ctx)
}
