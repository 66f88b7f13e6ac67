package jobs

import (
	"context"
	"errors"
	"time"

	"okrbot/store"
)

// SyncConnection is a connection's taker: it reads what fell due there, or what was asked for, portion
// after portion.
type SyncConnection struct {
	Connection int64 `json:"connection"`
	Lane       int16 `json:"slot"` // as jobs that wait have it
	Hold       int64 `json:"hold"`
}

func (SyncConnection) Kind() string { return "sync_connection" }

const (
	// window is how many days back scores are read again at each sync, to find restatements.
	window = 30
	// keepEvery is how often a taker says that it lives. Its lease is 105 seconds, so that what a dead
	// process was at is done again within two minutes.
	keepEvery = 30 * time.Second
	// stayFor is how long a job goes on with portion after portion, so that others get their turn.
	stayFor = 20 * time.Second
	// crashesAtMost is how often a feed may take its process down before it is given up.
	crashesAtMost = 4
)

// errLost says that a taker was taken for dead, and that another one has its connection.
var errLost = errors.New("another job has the connection")

// taker is a job that reads a connection.
type taker struct {
	*Client
	held   store.HeldLane
	worked bool
	// gathered are the places in which something waits for the rest of what is read now.
	gathered map[store.Place]bool
	// most is how many feeds are read together; fewer after a portion that timed out.
	most  int
	began time.Time
}

func (c *Client) sync(ctx context.Context, held store.HeldLane) error {
	died, mine, err := c.store.TakeLane(ctx, held)
	if err != nil || !mine {
		return err
	}
	t := &taker{Client: c, held: held, gathered: map[store.Place]bool{}, most: c.together, began: time.Now()}
	defer t.giveBack(ctx)
	if len(died) > 0 {
		c.log.Warn("a process died while it read", "connection", held.Connection, "feeds", len(died))
		if err := c.store.FeedsCrashed(ctx, died); err != nil {
			return err
		}
	}
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go t.keepLease(working, stop)
	pass := t.readDue
	if held.Lane == store.RunsLane {
		pass = t.readAsked
	}
	for t.stays() {
		more, err := pass(working)
		if errors.Is(err, errLost) || context.Cause(working) == errLost {
			c.log.Warn("a job was taken for dead", "connection", held.Connection)
			return nil
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// stays says whether the taker goes on, or leaves its place to others.
func (t *taker) stays() bool { return time.Since(t.began) < stayFor && t.stopping.Err() == nil }

// keepLease says every now and then that the taker lives, and ends its work once another has its place.
func (t *taker) keepLease(ctx context.Context, stop context.CancelCauseFunc) {
	for {
		pause(ctx, keepEvery)
		if ctx.Err() != nil {
			return
		}
		mine, err := t.store.KeepLane(ctx, t.held)
		if err == nil && !mine {
			stop(errLost)
			return
		}
	}
}

// giveBack ends the lease, also when ctx has ended: a connection must not stay taken until its lease ends.
// What was held back is said now.
func (t *taker) giveBack(ctx context.Context) {
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	more, err := t.store.ReleaseLane(leaving, t.held)
	if err == nil && len(t.gathered) > 0 {
		err = t.store.InTx(leaving, func(tx *store.Tx) error { return tx.PlacesReady(leaving, t.places()) })
	}
	if err == nil && more && t.worked && t.stopping.Err() == nil {
		err = t.store.InTx(leaving, func(tx *store.Tx) error { return t.leaveSyncs(leaving, tx, t.held.Connection) })
	}
	if err != nil {
		t.log.Warn("a connection stays taken until its lease ends", "connection", t.held.Connection, "error", err)
	}
}

// load loads the connection as it is now; false where it is gone, or was asked to wait: the planner
// comes back when the wait is over.
func (t *taker) load(ctx context.Context) (store.Connection, bool, error) {
	connection, ready, err := t.store.ConnectionToRead(ctx, t.held.Connection)
	if errors.Is(err, store.ErrNotFound) {
		return connection, false, nil
	}
	return connection, ready, err
}

// readDue reads what fell due, portion after portion, and moves the rhythms on. It returns whether
// there may be more.
func (t *taker) readDue(ctx context.Context) (more bool, err error) {
	connection, ready, err := t.load(ctx)
	if err != nil || !ready {
		return false, err
	}
	rhythms, err := t.store.DueRhythms(ctx, connection.ID)
	if err != nil || len(rhythms) == 0 {
		return false, err
	}
	after := int64(0)
	for {
		due, err := t.store.DueFeeds(ctx, connection.ID, after, t.most+1) // one more shows whether this is all
		if err != nil {
			return false, err
		}
		if len(due) == 0 && after == 0 { // whoever was due has left, or the process before died right here
			return false, t.store.InTx(ctx, func(tx *store.Tx) error { return tx.MoveRhythms(ctx, rhythms) })
		}
		if len(due) == 0 {
			return true, nil
		}
		together := split(due, t.most)
		p := slotPortion(connection, t.held, rhythms, together)
		p.last = len(together) == len(due)
		goOn, err := t.readPortion(ctx, p)
		switch {
		case err != nil || !goOn || p.ended:
			return false, err
		case p.last || !t.stays():
			return true, nil
		}
		after = together[len(together)-1].ID
	}
}

// split takes the next feeds that are read together. One that took its process down twice comes alone.
func split(due []store.DueFeed, most int) []store.DueFeed {
	n := 0
	for n < len(due) && n < most && due[n].Crashes <= 1 {
		n++
	}
	return due[:max(n, 1)]
}

// slotPortion is what is read for feeds that fell due.
func slotPortion(connection store.Connection, held store.HeldLane, rhythms []store.Rhythm, due []store.DueFeed) *portion {
	p := &portion{connection: connection, held: held, rhythms: rhythms, feeds: make(map[int64]store.Feed, len(due))}
	for _, d := range due {
		p.order = append(p.order, d.ID)
		p.feeds[d.ID] = d.Feed
		p.follows = append(p.follows, d.Follows...)
	}
	return p
}

// readAsked reads the next of what was asked for, or is tried again.
func (t *taker) readAsked(ctx context.Context) (more bool, err error) {
	connection, ready, err := t.load(ctx)
	if err != nil || !ready {
		return false, err
	}
	p := &portion{connection: connection, held: t.held, runs: map[int64][]store.TakenRun{}, last: true}
	err = t.store.InTx(ctx, func(tx *store.Tx) error {
		p.taken, err = tx.TakeRuns(ctx, connection.ID)
		return err
	})
	if err != nil || len(p.taken) == 0 {
		return false, err
	}
	for _, r := range p.taken {
		p.runs[r.KeyResult] = append(p.runs[r.KeyResult], r)
	}
	p.follows, err = t.store.FollowsOf(ctx, connection.ID, keyResultsOf(p.taken))
	if err == nil {
		p.byFeed()
		p.feeds, err = t.store.Feeds(ctx, p.order)
	}
	if err != nil {
		return false, errors.Join(err, t.putBack(ctx, p.taken, 0))
	}
	more, err = t.readPortion(ctx, p)
	return more, err
}

// readPortion reads a portion and applies what was read. It returns whether to go on.
func (t *taker) readPortion(ctx context.Context, p *portion) (goOn bool, err error) {
	if err := t.beginReading(ctx, p); err != nil {
		return false, errors.Join(err, t.putBack(ctx, p.taken, 0))
	}
	answers, failed := t.read(ctx, p)
	if ctx.Err() != nil && t.stopping.Err() != nil {
		// We are asked to stop: another replica takes it at once, and nothing counts as a try.
		return false, t.putBack(ctx, p.taken, 0)
	}
	s := t.sort(p, answers)
	if err := t.finish(ctx, p, s); err != nil {
		return false, errors.Join(failed, err, t.putBack(ctx, p.taken, 5*time.Second))
	}
	t.worked = true
	t.SweepSoon()
	return failed == nil && len(s.waiting) == 0, failed
}

// beginReading puts on record that a portion is read from now on. It is errLost where another job
// has the connection.
func (t *taker) beginReading(ctx context.Context, p *portion) (err error) {
	var mine bool
	p.epoch, p.began, mine, err = t.store.BeginReading(ctx, p.held, p.order)
	if err == nil && !mine {
		return errLost
	}
	return err
}

// putBack hands runs back; what fell due is due until it is applied.
func (t *taker) putBack(ctx context.Context, runs []store.TakenRun, wait time.Duration) error {
	if len(runs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return t.store.InTx(ctx, func(tx *store.Tx) error {
		return tx.PutBack(ctx, runs, 0, 0, func(store.TakenRun) time.Duration { return wait })
	})
}

// places are those in which something waits.
func (t *taker) places() []store.Place {
	var list []store.Place
	for p := range t.gathered {
		list = append(list, p)
	}
	return list
}
