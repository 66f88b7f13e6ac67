// Package jobs is what happens in the background: finding what is due, reading it, telling it.
//
// River runs the jobs, but decides nothing about time: it snoozes, retries and rescues by the
// process's clock. What is due, held, lost or to be tried again stands in our own rows, by the
// database's clock, and every replica looks there. A job is tried once; a row that is not done
// when its hold ends gets another job.
package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/store"
)

// The queues, so that none waits for another.
const (
	queueSync      = "sync"      // what is due by cadence
	queueForced    = "forced"    // what somebody waits for
	queueBegin     = "begin"     // what somebody waits for, before it is known what that is
	queueAnnounce  = "announce"  // posts, cards and outcomes
	queueDirectory = "directory" // lists of scorecards
	queueExport    = "export"    // files of everything
)

// Queues are all queues, for metrics of those that have no job yet.
var Queues = []string{queueSync, queueForced, queueBegin, queueAnnounce, queueDirectory, queueExport}

// Options are what the jobs stand on.
type Options struct {
	Pool       *pgxpool.Pool // River's own connections
	Listen     *pgxpool.Pool // where River listens; nil: in Pool
	Store      *store.Store  // the workers' connections
	Connectors integrations.Registry
	Messenger  Messenger
	Log        *slog.Logger
	LookEvery  time.Duration // between two looks for what is due; 0: two seconds
	AuditDays  int           // how long the audit is kept; 0: for ever
	// Work is false for a process that only leaves jobs for others: serve --no-work.
	Work bool

	within time.Duration // what jobs may take, in tests; 0: each kind its own time
}

// Client leaves jobs, and works on them where it was told to.
type Client struct {
	accounts   *accounts.Accounts
	river      *river.Client[pgx.Tx]
	store      *store.Store
	connectors integrations.Registry
	messenger  Messenger
	log        *slog.Logger
	looking    *slog.Logger // of looks that fail
	work       bool
	lookEvery  time.Duration

	stop     context.CancelFunc
	stopping context.Context // ended as soon as no new work may begin
	planners sync.WaitGroup
	wake     chan struct{}
	budget   *budget
	aside    *aside
	together int // feeds of a portion at most
	applied  int // key results of a transaction, about
	// The rounds that ended: of looking for what is due, and for what is to be said.
	planned, swept rounds
	auditDays      int
	within         time.Duration
	tidiedFeed     int64 // the last of which old scores were looked for
}

// New prepares the jobs. Nothing runs before Start.
func New(o Options) (*Client, error) {
	c := &Client{
		accounts: accounts.New(o.Store, o.Connectors, o.Log),
		store:    o.Store, connectors: o.Connectors, messenger: o.Messenger, log: o.Log, looking: slog.New(newSeldom(o.Log.Handler(), lookSaidAgain)), work: o.Work, lookEvery: cmp.Or(o.LookEvery, lookEvery),
		wake: make(chan struct{}, 1), budget: newBudget(), aside: newAside(), stopping: context.Background(),
		together: feedsTogether, applied: appliedTogether, auditDays: o.AuditDays, within: o.within,
	}
	config := &river.Config{
		// River is heard only when something is wrong with River: our edges log what happens.
		Logger: slog.New(atLeast{slog.LevelWarn, calledOff{c, newSeldom(o.Log.Handler(), riverSaidAgain)}}),
		// An hour by default. Only River's own record waits for it: what a dead process was at is
		// taken over when its hold ends.
		RescueStuckJobsAfter: 2 * time.Minute,
		JobTimeout:           cmp.Or(o.within, 100*time.Second),
		JobStuckHandler:      c.stuck,
		JobStuckThreshold:    o.within,
		MaxAttempts:          1,
		Middleware:           []rivertype.Middleware{&databaseClock{}, river.WorkerMiddlewareFunc(c.guard)},
	}
	if o.Work {
		config.Workers = c.workers()
		// A queue's throughput is MaxWorkers / FetchCooldown.
		config.FetchCooldown = 20 * time.Millisecond
		config.FetchPollInterval = 500 * time.Millisecond
		config.Queues = map[string]river.QueueConfig{
			queueSync:      {MaxWorkers: 12}, // the replica that comes first leaves some to the others
			queueForced:    {MaxWorkers: 8},
			queueBegin:     {MaxWorkers: 2},
			queueAnnounce:  {MaxWorkers: 8},
			queueDirectory: {MaxWorkers: 2},
			queueExport:    {MaxWorkers: 1},
		}
	}
	var err error
	if c.river, err = river.NewClient(newDriver(o.Pool, o.Listen), config); err != nil {
		return nil, fmt.Errorf("preparing the jobs: %w", err)
	}
	return c, nil
}

// databaseClock leaves a job's time to Postgres. River's insert writes the process's clock into
// it, and a process that is an hour ahead would leave jobs that nobody takes for an hour.
type databaseClock struct {
	river.JobInsertMiddlewareDefaults
}

func (*databaseClock) InsertMany(ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	for _, job := range jobs {
		if job.ScheduledAt == nil {
			job.ScheduledAt = &time.Time{} // River's SQL reads the zero time as now()
		}
	}
	return insert(ctx)
}

// SetMessenger says through whom the workers speak: the bot, which itself needs this client. It
// belongs before Start.
func (c *Client) SetMessenger(m Messenger) { c.messenger = m }

// Start begins to work and to look for what is due. It does nothing in a process that only
// leaves jobs.
func (c *Client) Start(ctx context.Context) error {
	if !c.work {
		return nil
	}
	if c.messenger == nil {
		return errors.New("starting the jobs: nobody to speak through")
	}
	// River's context is not ours to end: Stop lets running jobs finish.
	ctx, c.stop = context.WithCancel(ctx)
	c.stopping = ctx
	c.planned.begin()
	c.swept.begin()
	if err := c.river.Start(context.WithoutCancel(ctx)); err != nil {
		c.stop()
		return fmt.Errorf("starting the jobs: %w", err)
	}
	c.planners.Go(func() { c.plan(ctx) })
	c.planners.Go(func() { c.sweeps(ctx) })
	c.planners.Go(func() { c.beside(ctx, c.lookEvery, "judging how key results stand", c.judge) })
	c.planners.Go(func() { c.beside(ctx, c.lookEvery, "folding names", c.fold) })
	c.planners.Go(func() { c.beside(ctx, refreshEvery, "looking for cards to refresh", c.store.RefreshCards) })
	c.planners.Go(func() { c.beside(ctx, tidyEvery, "tidying up", c.tidy) })
	c.planners.Go(func() { c.budget.watch(ctx, c.store.Ping) })
	return nil
}

// Looks is how often this process has looked for what is due, and for what is to be said. Both rise
// every few seconds while it works; where they stand still, nothing is synced or posted.
func (c *Client) Looks() (due, said int64) { return c.planned.n.Load(), c.swept.n.Load() }

// Still is how long ago this process last ended a look for what is due, or for what is to be said, whichever is
// longer; 0 where it does not work.
func (c *Client) Still() time.Duration { return max(c.planned.still(), c.swept.still()) }

// rounds counts looks that ended, and knows when the last one did.
type rounds struct {
	n    atomic.Int64
	last atomic.Pointer[time.Time] // of this process's clock, for its age alone; nil: none has begun
}

func (r *rounds) begin() {
	now := time.Now()
	r.last.Store(&now)
}

func (r *rounds) end() {
	r.begin()
	r.n.Add(1)
}

func (r *rounds) still() time.Duration {
	if last := r.last.Load(); last != nil {
		return time.Since(*last)
	}
	return 0
}

// cancelWithin is what jobs get to end that were told to. With what they had before it, and what renewals of sign-ins
// get after it, it stays below the ten seconds that containers have to stop.
const cancelWithin = 3 * time.Second

// Stop takes no new work, gives what runs until ctx ends, then hands it back: another replica
// finds it at once.
func (c *Client) Stop(ctx context.Context) {
	if c.stop == nil {
		return
	}
	c.stop()
	c.planners.Wait()
	err := c.river.Stop(ctx)
	if err == nil {
		err = c.aside.wait(ctx)
	}
	if err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
		defer cancel()
		c.aside.cancel()
		if err = c.river.StopAndCancel(hard); err == nil {
			err = c.aside.wait(hard)
		}
		if err != nil {
			c.log.Warn("jobs did not end in time; others take them over", "error", err)
		}
	}
	c.accounts.Close()
}

// insert leaves jobs in a transaction.
func (c *Client) insert(ctx context.Context, tx *store.Tx, jobs []river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	if _, err := c.river.InsertManyTx(ctx, tx.Pgx(), jobs); err != nil {
		return fmt.Errorf("leaving jobs: %w", err)
	}
	return nil
}

// stuck gives the place of a job to others that did not end with its time: it heeds nothing, and may never
// end. What it was at is taken over when its hold ends.
func (c *Client) stuck(_ context.Context, job river.JobStuckHandlerParams) river.JobStuckHandlerResult {
	stuckJobs.Inc()
	c.log.Error("a job does not end with its time; its place is given to others", "job", job.ID, "kind", job.Kind, "queue", job.Queue, "stuck", job.TotalStuckJobs)
	return river.JobStuckHandlerResult{AddWorkerSlot: true}
}

// guard runs a job's work so that a panic is an error, and neither its text nor its stack reaches
// River's table.
func (c *Client) guard(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.told(job, panicked(p))
		}
	}()
	err = work(ctx)
	if later := new(rivertype.JobSnoozeError); errors.As(err, &later) {
		return err
	}
	return c.told(job, err)
}

// panicked makes an error of a panic. Its value can hold anything, so only its type is told.
func panicked(p any) error { return fmt.Errorf("panic with a %T at %s", p, debug.Stack()) }

// told turns any error into our own words before River stores it: error texts of others can hold
// addresses, answers, secrets. The text itself goes to the log, under a reference.
func (c *Client) told(job *rivertype.JobRow, err error) error {
	if err == nil || c.stopping.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	ref := fmt.Sprintf("%04x", job.ID&0xffff)
	c.log.Error("a job failed", "job", job.ID, "kind", job.Kind, "ref", ref, "error", err)
	return classified("failed, see the log for ref " + ref)
}

type classified string

func (c classified) Error() string { return string(c) }
