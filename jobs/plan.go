package jobs

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"okrbot/store"
)

const (
	lookEvery       = 2 * time.Second // where no other is wished
	tidyEvery       = 10 * time.Minute
	overridesAtOnce = 1000
	retriesAtOnce   = 5000
	heldAtOnce      = 500 // of each kind
	judgedAtOnce    = 500
	foldedAtOnce    = 500
)

// plan looks for what is due until ctx ends. Every worker replica does: rows that one takes are
// skipped by the others, so there is no leader. The process's clock only says when to look again.
func (c *Client) plan(ctx context.Context) {
	for ctx.Err() == nil {
		c.attempt(ctx, "planning syncs", c.planDue)
		c.attempt(ctx, "finding directories to read", c.planDirectories)
		c.attempt(ctx, "finding sign-ins that end", c.store.SignInsEnding)
		c.attempt(ctx, "ending overrides", c.endOverrides)
		c.attempt(ctx, "counting scores whose day has come", c.countComing)
		c.planned.end()
		pause(ctx, c.lookEvery)
	}
}

// beside has done until ctx ends what may take minutes, and what is due must not wait for.
func (c *Client) beside(ctx context.Context, every time.Duration, what string, do func(context.Context) error) {
	for ctx.Err() == nil {
		c.attempt(ctx, what, do)
		pause(ctx, every)
	}
}

// tidy deletes what is too old. Of the scores it looks at some each time.
func (c *Client) tidy(ctx context.Context) error {
	if err := c.store.Tidy(ctx); err != nil {
		return err
	}
	if c.auditDays > 0 {
		if err := c.store.TidyAudit(ctx, c.auditDays); err != nil {
			return err
		}
	}
	after, err := c.store.TidyScores(ctx, c.tidiedFeed)
	if err == nil {
		c.tidiedFeed = after
	}
	return err
}

// sweeps looks for what is to be said until ctx ends. What syncs leave is looked for at once.
func (c *Client) sweeps(ctx context.Context) {
	for ctx.Err() == nil {
		c.attempt(ctx, "finding Homes that changed", c.store.GatherHomeChanges)
		c.attempt(ctx, "finding what is to be said", c.sweep)
		c.swept.end()
		select {
		case <-ctx.Done():
		case <-c.wake:
			pause(ctx, 150*time.Millisecond) // gathers what ends together
		case <-time.After(c.lookEvery/2 + rand.N(c.lookEvery/2)):
		}
	}
}

// pause waits about as long as told. The jitter keeps replicas that were started together from
// asking together.
func pause(ctx context.Context, about time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(about - about/8 + rand.N(about/4)):
	}
}

func (c *Client) attempt(ctx context.Context, what string, do func(context.Context) error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error(what, "error", panicked(p))
		}
	}()
	if err := do(ctx); err != nil && ctx.Err() == nil {
		c.looking.Error(what, "error", err)
	}
}

// SweepSoon has what was just noted looked for at once instead of in a moment. It is only for speed.
func (c *Client) SweepSoon() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// planDue leaves a job for each connection that there is something to read from: what fell due, what
// was asked for, what is to be tried again, and what was left behind by a process that died.
func (c *Client) planDue(ctx context.Context) error {
	if err := c.store.TakeRetries(ctx, retriesAtOnce); err != nil {
		return err
	}
	return c.store.InTx(ctx, func(tx *store.Tx) error { return c.leaveSyncs(ctx, tx, 0) })
}

// leaveSyncs leaves the jobs of one connection, or of all where it is 0.
func (c *Client) leaveSyncs(ctx context.Context, tx *store.Tx, connection int64) error {
	held, err := tx.HoldLanes(ctx, connection)
	if err != nil {
		return err
	}
	jobs := make([]river.InsertManyParams, len(held))
	for i, h := range held {
		opts := &river.InsertOpts{Queue: queueSync}
		if h.Lane == store.RunsLane {
			opts.Queue = queueForced
		}
		jobs[i] = river.InsertManyParams{Args: SyncConnection{Connection: h.Connection, Lane: h.Lane, Hold: h.Hold}, InsertOpts: opts}
	}
	return c.insert(ctx, tx, jobs)
}

// sweep leaves a job for all that waits to be done for people, and that nobody is at.
func (c *Client) sweep(ctx context.Context) error {
	return c.store.InTx(ctx, func(tx *store.Tx) error { return c.leaveWaiting(ctx, tx) })
}

// leaveWaiting leaves these jobs in a transaction.
func (c *Client) leaveWaiting(ctx context.Context, tx *store.Tx) error {
	var jobs []river.InsertManyParams
	for _, waiting := range []outbox{
		holding(tx.HoldAsks, func(a store.HeldAsk) river.JobArgs { return BeginSync{Ask: a.ID, Hold: a.Hold} }),
		holding(tx.HoldCloseOutPosts, func(h store.HeldCloseOut) river.JobArgs {
			return PostCloseOut{Workspace: h.Workspace, Objective: h.Objective, Hold: h.Hold}
		}),
		holding(tx.HoldExports, func(h store.HeldExport) river.JobArgs { return ExportWorkspace{Export: h.ID, Hold: h.Hold} }),
		holding(tx.HoldRequests, func(h store.HeldRequest) river.JobArgs { return ReportOutcome{Request: h.ID, Hold: h.Hold} }),
		holding(tx.HoldDigests, func(s store.Subscription) river.JobArgs {
			return PostDigest{Workspace: s.Workspace, Channel: s.Channel, Hold: s.Hold}
		}),
		holding(tx.HoldNotices, func(h store.HeldNotice) river.JobArgs { return TellNotice{Connection: h.Connection, Hold: h.Hold} }),
		holding(tx.HoldHomes, func(h store.HeldHome) river.JobArgs {
			return ShowHome{Workspace: h.Workspace, Person: h.Person, Hold: h.Hold}
		}),
		holding(tx.HoldPlaces, func(h store.HeldPlace) river.JobArgs {
			return Announce{Workspace: h.Workspace, Channel: h.Channel, Hold: h.Hold}
		}),
	} {
		held, err := waiting(ctx)
		if err != nil {
			return err
		}
		jobs = append(jobs, held...)
	}
	return c.insert(ctx, tx, jobs)
}

// outbox holds what waits to be done, a job for each.
type outbox func(context.Context) ([]river.InsertManyParams, error)

// holding is the outbox of one kind of job.
func holding[T any](hold func(context.Context, int) ([]T, error), args func(T) river.JobArgs) outbox {
	return func(ctx context.Context) ([]river.InsertManyParams, error) {
		held, err := hold(ctx, heldAtOnce)
		if err != nil {
			return nil, err
		}
		jobs := make([]river.InsertManyParams, len(held))
		for i, h := range held {
			jobs[i] = river.InsertManyParams{Args: args(h)}
		}
		return jobs, nil
	}
}

// endOverrides has key results follow their scores again whose override's time is over by the calendar.
func (c *Client) endOverrides(ctx context.Context) error {
	ended, err := c.store.EndOverrides(ctx, overridesAtOnce)
	if ended > 0 {
		c.SweepSoon()
	}
	return err
}

// countComing has scores count whose day has come.
func (c *Client) countComing(ctx context.Context) error {
	came, err := c.store.CountComing(ctx, overridesAtOnce)
	if came > 0 {
		c.SweepSoon()
	}
	return err
}

// judge stores how key results stand of which that is not known, or not any more, until none is left that
// nobody else is at, a portion at a time, out of the way of people's commands.
func (c *Client) judge(ctx context.Context) error {
	for {
		if some, err := c.store.Unjudged(ctx); err != nil || !some {
			return err
		}
		n := 0
		err := c.budget.draw(ctx, func() (err error) {
			n, err = c.store.Judge(ctx, judgedAtOnce)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// fold has names of an earlier version found by what people type, until none is left that nobody else is
// at, a portion at a time, out of the way of people's commands.
func (c *Client) fold(ctx context.Context) error {
	for {
		if some, err := c.store.Unfolded(ctx); err != nil || !some {
			return err
		}
		n := 0
		err := c.budget.draw(ctx, func() (err error) {
			n, err = c.store.Fold(ctx, foldedAtOnce)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// planDirectories leaves a job for each list of scorecards that is a day old.
func (c *Client) planDirectories(ctx context.Context) error {
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		due, err := tx.DueDirectories(ctx, 100)
		if err != nil {
			return err
		}
		jobs := make([]river.InsertManyParams, len(due))
		for i, id := range due {
			jobs[i] = river.InsertManyParams{Args: RefreshDirectory{Connection: id}}
		}
		return c.insert(ctx, tx, jobs)
	})
}
