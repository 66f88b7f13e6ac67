package jobs

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"okrbot/store"
)

const (
	planEvery    = 2 * time.Second
	upkeepEvery  = 10 * time.Minute
	claimAtOnce  = 1000 // key results of one connection
	batchAtMost  = 100  // key results of one job
	placesAtOnce = 500
)

// plan looks for what is to be done until ctx ends. Every worker replica does: rows that one
// takes are skipped by the others, so there is no leader. The process's clock only says when to
// look again.
func (c *Client) plan(ctx context.Context) {
	var upkeep time.Time
	for {
		// What the sweep finds was left by jobs, so it runs after them and soon again.
		if err := c.planDue(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("planning syncs", "error", err)
		}
		if err := c.sweep(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("looking for what is to be said", "error", err)
		}
		if time.Since(upkeep) > upkeepEvery {
			upkeep = time.Now()
			if err := c.upkeep(ctx); err != nil && ctx.Err() == nil {
				c.log.Error("tidying up", "error", err)
			}
		}
		// Jitter keeps replicas that were started together from asking together.
		pause := planEvery - planEvery/8 + rand.N(planEvery/4)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		case <-c.wake:
			// Something was just left to be said: a short wait gathers what belongs together.
			select {
			case <-ctx.Done():
				return
			case <-time.After(300 * time.Millisecond):
			}
		}
	}
}

// nudge has the planner look soon instead of in a moment. It is only for speed.
func (c *Client) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// planDue claims what is due, connection by connection so that batches are full, until nothing is.
func (c *Client) planDue(ctx context.Context) error {
	for {
		connections, err := c.store.DueConnections(ctx, 100)
		if err != nil {
			return err
		}
		claimed := 0
		for _, id := range connections {
			n, err := c.claim(ctx, id)
			if err != nil {
				return err
			}
			claimed += n
		}
		if claimed == 0 {
			return nil
		}
	}
}

// claim moves due key results of a connection to their next slots and leaves their batches, in
// one transaction.
func (c *Client) claim(ctx context.Context, connection int64) (claimed int, err error) {
	err = c.store.InTx(ctx, func(tx *store.Tx) error {
		runs, err := tx.ClaimDue(ctx, connection, claimAtOnce)
		if err != nil {
			return err
		}
		claimed = len(runs)
		return c.leave(ctx, tx, connection, runs, queueSync)
	})
	return claimed, err
}

// leave inserts the batches of a connection's runs.
func (c *Client) leave(ctx context.Context, tx *store.Tx, connection int64, runs []store.QueuedRun, queue string) error {
	var jobs []river.InsertManyParams
	priority := 3
	if queue == queueForced {
		priority = 1
	}
	for _, batch := range batches(runs) {
		jobs = append(jobs, river.InsertManyParams{
			Args:       SyncBatch{Connection: connection, Runs: batch},
			InsertOpts: &river.InsertOpts{Queue: queue, Priority: priority},
		})
	}
	if len(jobs) == 0 {
		return nil
	}
	_, err := c.river.InsertManyFastTx(ctx, tx.Pgx(), jobs)
	return err
}

// batches cuts runs, which are ordered by scorecard, into lists of at most batchAtMost. Those who
// follow one scorecard stay together, unless they alone are too many, so that it is asked once.
func batches(runs []store.QueuedRun) [][]int64 {
	var all [][]int64
	var batch []int64
	for i := 0; i < len(runs); {
		end := i + 1
		for end < len(runs) && runs[end].Reference != "" && runs[end].Reference == runs[i].Reference && end-i < batchAtMost {
			end++
		}
		if len(batch) > 0 && len(batch)+end-i > batchAtMost {
			all = append(all, batch)
			batch = nil
		}
		for ; i < end; i++ {
			batch = append(batch, runs[i].ID)
		}
	}
	if len(batch) > 0 {
		all = append(all, batch)
	}
	return all
}
