// Package jobs is what happens in the background: finding what is due, reading it, telling it.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"okrbot/integrations"
	"okrbot/store"
)

// The queues, so that none waits for another.
const (
	queueSync      = "sync"      // what is due by cadence
	queueForced    = "forced"    // what somebody waits for
	queueAnnounce  = "announce"  // posts and cards
	queueDirectory = "directory" // lists of scorecards
)

// Options are what the jobs stand on.
type Options struct {
	Pool       *pgxpool.Pool // River's own connections
	Store      *store.Store  // the workers' connections
	Connectors integrations.Registry
	Messenger  Messenger
	Log        *slog.Logger
	// Work is false for a process that only leaves jobs for others: serve --no-work.
	Work bool
}

// Client leaves jobs, and works on them where it was told to.
type Client struct {
	river      *river.Client[pgx.Tx]
	store      *store.Store
	connectors integrations.Registry
	messenger  Messenger
	log        *slog.Logger
	work       bool

	stop    context.CancelFunc
	planner sync.WaitGroup
	wake    chan struct{}
}

// New prepares the jobs. Nothing runs before Start.
func New(o Options) (*Client, error) {
	c := &Client{
		store: o.Store, connectors: o.Connectors, messenger: o.Messenger, log: o.Log, work: o.Work,
		wake: make(chan struct{}, 1),
	}
	config := &river.Config{
		// River is heard only when something is wrong with River: our edges log what happens.
		Logger: slog.New(atLeast{slog.LevelWarn, o.Log.Handler()}),
		// An hour by default; people look after two minutes.
		RescueStuckJobsAfter: 2 * time.Minute,
		JobTimeout:           90 * time.Second,
		MaxAttempts:          attempts,
		RetryPolicy:          soon{},
	}
	if o.Work {
		workers := river.NewWorkers()
		river.AddWorker(workers, &syncWorker{client: c})
		river.AddWorker(workers, &announceWorker{client: c})
		river.AddWorker(workers, &outcomeWorker{client: c})
		river.AddWorker(workers, &directoryWorker{client: c})
		config.Workers = workers
		// A queue's throughput is MaxWorkers / FetchCooldown.
		config.FetchCooldown = 20 * time.Millisecond
		config.FetchPollInterval = 500 * time.Millisecond
		config.Queues = map[string]river.QueueConfig{
			queueSync:      {MaxWorkers: 16},
			queueForced:    {MaxWorkers: 8},
			queueAnnounce:  {MaxWorkers: 8},
			queueDirectory: {MaxWorkers: 2},
		}
	}
	var err error
	if c.river, err = river.NewClient(riverpgxv5.New(o.Pool), config); err != nil {
		return nil, fmt.Errorf("preparing the jobs: %w", err)
	}
	return c, nil
}

// SetMessenger says through whom the workers speak: the bot, which itself needs this client.
func (c *Client) SetMessenger(m Messenger) { c.messenger = m }

// Start begins to work and to look for what is due. It does nothing in a process that only
// leaves jobs.
func (c *Client) Start(ctx context.Context) error {
	if !c.work {
		return nil
	}
	if err := c.river.Start(ctx); err != nil {
		return fmt.Errorf("starting the jobs: %w", err)
	}
	ctx, c.stop = context.WithCancel(ctx)
	c.planner.Go(func() { c.plan(ctx) })
	return nil
}

// Stop takes no new jobs, gives running ones until ctx ends, then hands them back.
func (c *Client) Stop(ctx context.Context) {
	if c.stop == nil {
		return
	}
	c.stop()
	c.planner.Wait()
	if err := c.river.Stop(ctx); err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if err := c.river.StopAndCancel(hard); err != nil {
			c.log.Warn("jobs did not end in time; another worker takes them", "error", err)
		}
	}
}

// attempts is how often a batch is tried within one slot; the next slot tries again anyway.
const attempts = 4

// soon tries a batch again after 5, 20 and 45 seconds: within the slot, while people look.
type soon struct{}

func (soon) NextRetry(job *rivertype.JobRow) time.Time {
	n := len(job.Errors) + 1
	return time.Now().Add(time.Duration(5*n*n) * time.Second)
}

// unique are the states in which a second job of the same arguments is one too many. Completed is
// not among them: with it, a job would be swallowed until the finished one is cleaned away.
var unique = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}

// told turns any error into our own words before River stores it: error texts of others can hold
// addresses, answers, secrets. The text itself goes to the log, under a reference.
func (c *Client) told(job *rivertype.JobRow, err error) error {
	var snooze *rivertype.JobSnoozeError
	var cancel *rivertype.JobCancelError
	if err == nil || errors.As(err, &snooze) || errors.As(err, &cancel) {
		return err
	}
	ref := fmt.Sprintf("%04x", job.ID&0xffff)
	c.log.Error("a job failed", "job", job.ID, "kind", job.Kind, "attempt", job.Attempt, "ref", ref, "error", err)
	return classified("failed, see the log for ref " + ref)
}

type classified string

func (c classified) Error() string { return string(c) }

// guard runs a job's work so that a panic is a failed attempt, and neither its text nor its stack
// reaches River's table.
func (c *Client) guard(job *rivertype.JobRow, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.told(job, fmt.Errorf("panic: %v", p))
		}
	}()
	return c.told(job, work())
}

// atLeast drops log records below a level.
type atLeast struct {
	level slog.Level
	slog.Handler
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}
