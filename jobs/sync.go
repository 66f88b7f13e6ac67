package jobs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// SyncConnection takes a connection's runs, batch after batch, at one of the connection's places.
type SyncConnection struct {
	Connection int64 `json:"connection"`
	Slot       int16 `json:"slot"`
	Hold       int64 `json:"hold"`
}

// Kind is stored data.
func (SyncConnection) Kind() string { return "sync_connection" }

const (
	// window is how many days back scores are read again at each sync, to find restatements.
	window = 30
	// unsaid is the wait when a system asks to wait and does not say how long.
	unsaid = time.Minute
	// longest is the longest wait that is believed.
	longest = 24 * time.Hour
	// readWithin bounds a batch's calls. Its runs are held for 105 seconds, so that what a dead
	// process was at is done again within two minutes.
	readWithin = 70 * time.Second
	// appliedTogether is how many runs are applied in one transaction, so that people's commands
	// find Postgres free in between.
	appliedTogether = 100
	// stayFor is how long a job goes on with batch after batch, so that others get their turn.
	stayFor = 20 * time.Second
	// crashesAtMost is how often a run may take its job down before it is given up.
	crashesAtMost = 4
)

type syncWorker struct {
	river.WorkerDefaults[SyncConnection]
	client *Client
}

// Timeout leaves the last batch its time.
func (w *syncWorker) Timeout(*river.Job[SyncConnection]) time.Duration { return 2 * time.Minute }

func (w *syncWorker) Work(ctx context.Context, job *river.Job[SyncConnection]) error {
	held := store.HeldSlot{Connection: job.Args.Connection, Slot: job.Args.Slot, Hold: job.Args.Hold}
	return w.client.guard(job.JobRow, func() error { return w.client.sync(ctx, held) })
}

func (c *Client) sync(ctx context.Context, held store.HeldSlot) error {
	worked := false
	defer func() {
		// Also when ctx has ended: the place must not stay taken until its hold ends.
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := c.store.InTx(leaving, func(tx *store.Tx) error {
			if err := tx.ReleaseSlot(leaving, held); err != nil || !worked || c.stopping.Err() != nil {
				return err
			}
			return c.fill(leaving, tx, held.Connection) // what came while we left
		})
		if err != nil {
			c.log.Warn("a place stays taken until its hold ends", "connection", held.Connection, "error", err)
		}
	}()
	for began := time.Now(); time.Since(began) < stayFor && c.stopping.Err() == nil; {
		if mine, err := c.store.KeepSlot(ctx, held); err != nil || !mine {
			return err
		}
		more, err := c.syncBatch(ctx, held.Connection)
		if err != nil || !more {
			return err
		}
		worked = true
	}
	return nil
}

// batch is a fetch under way.
type batch struct {
	connection store.Connection
	runs       []store.TakenRun
	before     map[int64]store.KeyResult // as loaded when the fetch began
	began      time.Time                 // by the database's clock
	asked      bool                      // false when the system was not called at all
}

// syncBatch takes the connection's next runs, reads their scorecards and applies what was read.
// It answers whether there may be more.
func (c *Client) syncBatch(ctx context.Context, connection int64) (more bool, err error) {
	b, err := c.take(ctx, connection)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil // the connection is gone
	}
	if err != nil || len(b.runs) == 0 {
		return false, err
	}
	answers, err := c.read(ctx, &b)
	switch {
	case ctx.Err() != nil:
		// We are asked to stop: another replica takes the runs at once, and none counts as a try.
		return false, c.putBack(ctx, b, 0, 0)
	case err != nil:
		return false, errors.Join(err, c.putBack(ctx, b, 1, 5*time.Second))
	}
	if err := c.finish(ctx, b, answers); err != nil {
		return false, errors.Join(err, c.putBack(ctx, b, 1, 5*time.Second))
	}
	c.nudge()
	return true, nil
}

func (c *Client) putBack(ctx context.Context, b batch, crashes int, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		return tx.PutBack(ctx, b.runs, 0, crashes, func(store.TakenRun) time.Duration { return wait })
	})
}

// take begins the fetch of a connection's next runs and loads what they are to read.
func (c *Client) take(ctx context.Context, connection int64) (batch, error) {
	var b batch
	err := c.store.InTx(ctx, func(tx *store.Tx) error {
		b = batch{before: map[int64]store.KeyResult{}, began: tx.Now}
		var err error
		if b.connection, err = tx.ConnectionByID(ctx, connection); err != nil {
			return err
		}
		if b.connection.Waiting.After(tx.Now) {
			return nil // the planner comes back when the wait is over
		}
		if b.runs, err = tx.TakeRuns(ctx, connection); err != nil || len(b.runs) == 0 {
			return err
		}
		list, err := tx.KeyResults(ctx, b.connection.Workspace, store.Filter{IDs: keyResultsOf(b.runs)})
		for _, k := range list {
			b.before[k.ID] = k
		}
		return err
	})
	return b, err
}

func keyResultsOf(runs []store.TakenRun) []int64 {
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.KeyResult
	}
	return ids
}

// read asks the system once for each scorecard. No transaction is open.
func (c *Client) read(ctx context.Context, b *batch) (map[int64]integrations.Reading, error) {
	answers := map[int64]integrations.Reading{}
	all := func(err *integrations.Error) (map[int64]integrations.Reading, error) {
		for _, r := range b.runs {
			answers[r.KeyResult] = integrations.Reading{Err: err}
		}
		return answers, nil
	}
	connector, err := c.connectors.ByKind(b.connection.Kind)
	if err != nil {
		return all(noConnector(b.connection.Kind))
	}
	switch b.connection.State {
	case store.Rejected:
		return all(rejected(connector.Name(), b.connection.Refusal))
	case store.Removed:
		return all(disconnected())
	}
	if b.runs[0].Crashes >= crashesAtMost {
		return all(givenUp())
	}
	var requests []integrations.Request
	var whose []int64
	for _, r := range b.runs {
		k, ok := b.before[r.KeyResult]
		if _, twice := answers[r.KeyResult]; twice || !ok || k.Source.Connection != b.connection.ID || k.Paused && !r.Forced {
			continue // asked already; or removed, or it reads elsewhere by now, or was paused
		}
		answers[k.ID] = integrations.Reading{}
		requests = append(requests, integrations.Request{Ref: k.Source.Reference, From: from(k, b.began).Time()})
		whose = append(whose, k.ID)
	}
	if len(requests) == 0 {
		return answers, nil
	}
	var readings []integrations.Reading
	err = c.With(ctx, b.connection, func(account integrations.Account) error {
		b.asked = true
		var err error
		if readings, err = readAll(ctx, connector, account, requests); err != nil {
			return err
		}
		return refusal(readings)
	})
	var failure *integrations.Error
	if err != nil && !errors.As(err, &failure) {
		return nil, err
	}
	if readings == nil {
		b.asked = failure.Cause != broken().Cause
		return all(failure)
	}
	for i, reading := range readings {
		if failure != nil && refusal(readings[i:i+1]) != nil {
			reading.Err = failure // the refusal, or why new access could not be had
		}
		answers[whose[i]] = reading
	}
	return answers, nil
}

// refusal is the first refused sign-in among readings.
func refusal(readings []integrations.Reading) error {
	for _, r := range readings {
		var failure *integrations.Error
		if errors.As(r.Err, &failure) && failure.Class == integrations.Unauthorized {
			return failure
		}
	}
	return nil
}

// readAll has a connector read, and waits no longer for it than it was given: one that does not
// heed its context must not hold the worker's place.
func readAll(ctx context.Context, connector integrations.Connector, account integrations.Account, requests []integrations.Request) ([]integrations.Reading, error) {
	reading, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	type answer struct {
		readings []integrations.Reading
		err      error
	}
	done := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- answer{err: panicked(p)}
			}
		}()
		done <- answer{readings: connector.Read(reading, account, requests)}
	}()
	late := time.NewTimer(readWithin + 5*time.Second)
	defer late.Stop()
	stopped := ctx.Done()
	for {
		select {
		case a := <-done:
			if a.err == nil && len(a.readings) != len(requests) {
				a.err = errors.New("reading scorecards: the connector answered another number of requests")
			}
			return a.readings, a.err
		case <-stopped:
			late.Reset(2 * time.Second)
			stopped = nil
		case <-late.C:
			return nil, errors.New("reading scorecards: the connector did not end with its context")
		}
	}
}

// sorted is what becomes of a batch's answers.
type sorted struct {
	ending  map[int64]integrations.Reading // applied, or failed for this slot
	again   map[int64]bool                 // deserves another try within this slot
	waiting map[int64]bool                 // asked to wait
	pause   time.Duration
	refusal *integrations.Error
}

// sort decides what each answer means for its key result.
func (b batch) sort(ctx context.Context, answers map[int64]integrations.Reading) sorted {
	s := sorted{ending: map[int64]integrations.Reading{}, again: map[int64]bool{}, waiting: map[int64]bool{}}
	tries := map[int64]int{}
	for _, r := range b.runs {
		tries[r.KeyResult] = r.Tries + 1
	}
	for id, answer := range answers {
		var failure *integrations.Error
		if answer.Err != nil && !errors.As(answer.Err, &failure) {
			failure = unforeseen(ctx, answer.Err)
			answer.Err = failure
		}
		switch {
		case failure == nil:
			s.ending[id] = answer
		case failure.Class == integrations.RateLimited:
			s.waiting[id] = true
			s.pause = max(s.pause, failure.After)
		case failure.Brief && tries[id] <= okr.QuickTries:
			s.again[id] = true
		default:
			s.ending[id] = answer
			if failure.Class == integrations.Unauthorized && b.asked {
				s.refusal = failure
			}
		}
	}
	if s.pause == 0 {
		s.pause = unsaid
	}
	s.pause = min(s.pause, longest)
	return s
}

// finish applies what was read. What deserves another try or was asked to wait goes back.
func (c *Client) finish(ctx context.Context, b batch, answers map[int64]integrations.Reading) error {
	// What was read is applied even when we are being stopped meanwhile.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	s := b.sort(ctx, answers)
	if s.refusal != nil {
		rejected, err := c.refused(ctx, b.connection, s.refusal)
		if err != nil {
			return err
		}
		for id, answer := range s.ending {
			var failure *integrations.Error
			if !rejected && errors.As(answer.Err, &failure) && failure.Class == integrations.Unauthorized {
				// One refusal can be a slip of the other side: a second one decides.
				delete(s.ending, id)
				s.again[id] = true
			}
		}
	}
	var again, waiting []store.TakenRun
	for _, r := range b.runs {
		switch {
		case s.again[r.KeyResult]:
			again = append(again, r)
		case s.waiting[r.KeyResult]:
			waiting = append(waiting, r)
		}
	}
	err := c.store.InTx(ctx, func(tx *store.Tx) error {
		if len(waiting) > 0 {
			if err := tx.MakeWait(ctx, b.connection, s.pause); err != nil {
				return err
			}
			if err := tx.TellWait(ctx, waiting, s.pause); err != nil {
				return err
			}
			if err := tx.MarkCards(ctx, keyResultsOf(waiting)...); err != nil {
				return err // they show until when
			}
		}
		quickly := func(r store.TakenRun) time.Duration {
			return okr.NextTry(min(r.Tries+1, okr.QuickTries), tx.Now, b.connection.ID).Sub(tx.Now)
		}
		if err := tx.PutBack(ctx, again, 1, 0, quickly); err != nil {
			return err
		}
		// A wait does not count as a try.
		return tx.PutBack(ctx, waiting, 0, 0, func(store.TakenRun) time.Duration { return 0 })
	})
	for _, part := range b.parts() {
		if err != nil {
			break
		}
		err = c.applyPart(ctx, part, s.ending)
	}
	return err
}

// applyPart applies a part of a batch, when it is its turn.
func (c *Client) applyPart(ctx context.Context, part batch, ending map[int64]integrations.Reading) error {
	return c.budget.spend(ctx, func() error {
		return c.store.InTx(ctx, func(tx *store.Tx) error { return c.apply(ctx, tx, part, ending) })
	})
}

// parts are the batch in portions that are applied one after another: together with those who
// follow the same scorecards, and none of a key result's runs without the others.
func (b batch) parts() []batch {
	reference := func(r store.TakenRun) string { return b.before[r.KeyResult].Source.Reference }
	runs := slices.Clone(b.runs)
	slices.SortStableFunc(runs, func(x, y store.TakenRun) int {
		return cmp.Or(cmp.Compare(reference(x), reference(y)), cmp.Compare(x.KeyResult, y.KeyResult))
	})
	var list []batch
	for len(runs) > 0 {
		n := min(len(runs), appliedTogether)
		for n < len(runs) && runs[n].KeyResult == runs[n-1].KeyResult {
			n++
		}
		part := b
		part.runs = runs[:n]
		list, runs = append(list, part), runs[n:]
	}
	return list
}

// refused counts a refused sign-in. With the second in a row the connection is not used again
// until somebody connects anew, and all that reads through it fails at once. Its maker is told once,
// however many batches were under way.
func (c *Client) refused(ctx context.Context, connection store.Connection, failure *integrations.Error) (rejected bool, err error) {
	err = c.store.InTx(ctx, func(tx *store.Tx) error {
		state, counted, err := tx.ConnectionRefused(ctx, connection, failure.Says)
		rejected = state == store.Rejected || state == store.Broken
		if err != nil || !rejected || !counted {
			return err
		}
		said := failed(failure)
		failing, err := tx.FailConnection(ctx, connection.ID, said)
		if err != nil {
			return err
		}
		// Its maker hears of the connection and what hangs on it, in one message with the way out.
		if err := tx.Notice(ctx, connection.ID, NoticeRefused); err != nil {
			return err
		}
		return c.TellFailing(ctx, tx, failing, said.Says, connection.Owner)
	})
	return rejected, err
}

// TellFailing has the owners of key results that are not read any more told why, but for one who
// knows it already.
func (c *Client) TellFailing(ctx context.Context, tx *store.Tx, failing []store.Failing, says, knows string) error {
	var list []store.Announcement
	var cards []int64
	for _, f := range failing {
		cards = append(cards, f.KeyResult)
		if f.Owner != knows {
			list = append(list, store.Announcement{Workspace: f.Workspace, Channel: f.Owner, KeyResult: f.KeyResult, Kind: "failed", Note: says})
		}
	}
	if err := tx.Announce(ctx, list); err != nil || len(cards) == 0 {
		return err
	}
	return tx.MarkCards(ctx, cards...)
}

// Refused counts a sign-in that was refused outside a sync.
func (c *Client) Refused(ctx context.Context, connection store.Connection, failure *integrations.Error) error {
	_, err := c.refused(ctx, connection, failure)
	return err
}

func failed(f *integrations.Error) okr.Failure {
	return okr.Failure{Class: string(f.Class), Cause: f.Cause, Says: f.Sentence()}
}
