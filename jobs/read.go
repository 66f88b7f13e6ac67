package jobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

const (
	// feedsTogether is how many feeds are read together: some calls of the Batch API, or some dozens
	// of a call each.
	feedsTogether = 200
	// readWithin bounds a portion's calls.
	readWithin = 70 * time.Second
)

// portion is a fetch under way: what is read together.
type portion struct {
	connection store.Connection
	held       store.HeldLane
	rhythms    []store.Rhythm // that fell due; they move on when the last portion is applied
	last       bool           // nothing else of what fell due waits behind it
	ended      bool           // all that fell due was asked for, and applied

	epoch   int64
	began   time.Time // by the database's clock
	order   []int64   // the feeds
	feeds   map[int64]store.Feed
	follows []store.Follow             // who is answered, by feed
	runs    map[int64][]store.TakenRun // what was asked for, by key result; nothing in a slot's portion
	taken   []store.TakenRun           // the same in their order
	called  bool                       // whether the system was called, if only for new access
	worked  bool                       // and took the sign-in, as far as it is applied
	kept    map[int64]kept             // what is kept of the feeds already
}

// forced says whether somebody asked for it, or it is tried again; else it fell due.
func (p *portion) forced() bool { return p.held.Lane == store.RunsLane }

// byFeed puts who is answered into the order of feeds.
func (p *portion) byFeed() {
	slices.SortFunc(p.follows, func(a, b store.Follow) int {
		return compare(a.Feed, b.Feed, a.KeyResult, b.KeyResult)
	})
	p.order = nil
	for _, f := range p.follows {
		if n := len(p.order); n == 0 || p.order[n-1] != f.Feed {
			p.order = append(p.order, f.Feed)
		}
	}
}

func keyResultsOf(runs []store.TakenRun) []int64 {
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.KeyResult
	}
	return ids
}

// read asks the system once for each feed. No transaction is open. The error is a mistake of ours,
// of which the answers tell what people need.
func (c *Client) read(ctx context.Context, p *portion) (map[int64]integrations.Reading, error) {
	answers := map[int64]integrations.Reading{}
	all := func(err *integrations.Error) map[int64]integrations.Reading {
		for _, id := range p.order {
			answers[id] = integrations.Reading{Err: err}
		}
		return answers
	}
	connector, err := c.connectors.ByKind(p.connection.Kind)
	if err != nil {
		return all(accounts.NoConnector(p.connection.Kind)), nil
	}
	switch p.connection.State {
	case store.Rejected:
		return all(accounts.Rejected(connector.Name(), p.connection.Refusal)), nil
	case store.Removed:
		return all(accounts.Disconnected()), nil
	}
	if len(p.order) == 0 {
		return answers, nil
	}
	if len(p.order) == 1 && p.crashes() >= crashesAtMost {
		return all(givenUp()), nil
	}
	requests := make([]integrations.Request, len(p.order))
	for i, id := range p.order {
		requests[i] = integrations.Request{Ref: p.feeds[id].Reference, From: from(p.feeds[id], p.began).Time()}
	}
	var readings []integrations.Reading
	var mistake error
	err = whileSlow(ctx, func() error {
		return c.accounts.With(ctx, p.connection, func(account integrations.Account) error {
			p.called = true
			readings, mistake = readAll(ctx, connector, account, requests)
			return refusal(readings)
		})
	})
	var failure *integrations.Error
	switch {
	case err != nil && !errors.As(err, &failure):
		return all(unforeseen(ctx, err)), err
	case readings == nil:
		p.called = !accounts.Uncalled(failure)
		return all(failure), mistake
	}
	for i, reading := range readings {
		if failure != nil && refusal(readings[i:i+1]) != nil {
			reading.Err = failure // the refusal, or why new access could not be had
		}
		answers[p.order[i]] = reading
	}
	return answers, mistake
}

// crashes is how often a feed of the portion, or a run of it, took its process down.
func (p *portion) crashes() int {
	n := 0
	for _, f := range p.feeds {
		n = max(n, f.Crashes)
	}
	for _, r := range p.taken {
		n = max(n, r.Crashes)
	}
	return n
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

// readAll has a connector read, and halves what takes the connector down, until what does it is
// alone: one poisoned scorecard keeps no other from being read.
func readAll(ctx context.Context, connector integrations.Connector, account integrations.Account, requests []integrations.Request) ([]integrations.Reading, error) {
	readings, err := readOnce(ctx, connector, account, requests)
	var fell panicError
	switch {
	case err == nil:
		return readings, nil
	case !errors.As(err, &fell):
		readings = make([]integrations.Reading, len(requests))
		for i := range readings {
			readings[i].Err = unforeseen(ctx, err)
		}
		return readings, err
	case len(requests) == 1:
		return []integrations.Reading{{Err: givenUp()}}, err
	}
	half := len(requests) / 2
	first, err := readAll(ctx, connector, account, requests[:half])
	second, also := readAll(ctx, connector, account, requests[half:])
	return append(first, second...), errors.Join(err, also)
}

// panicError is a panic of a connector.
type panicError struct{ error }

// readOnce has a connector read, and waits no longer for it than it was given: one that ignores its
// context must not hold the worker's place.
func readOnce(ctx context.Context, connector integrations.Connector, account integrations.Account, requests []integrations.Request) ([]integrations.Reading, error) {
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
				done <- answer{err: panicError{panicked(p)}}
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

// sorted is what becomes of a portion's answers.
type sorted struct {
	ending  map[int64]integrations.Reading // by feed: applied, or failed for this slot
	again   map[int64]bool                 // by key result: deserves another try within this slot
	waiting map[int64]bool                 // by feed: asked to wait
	unread  map[int64]bool                 // by feed: there was no time for it
	pause   time.Duration
	refusal *integrations.Error
}

// sort decides what each answer means for those who follow.
func (t *taker) sort(p *portion, answers map[int64]integrations.Reading) sorted {
	s := sorted{ending: map[int64]integrations.Reading{}, again: map[int64]bool{}, waiting: map[int64]bool{}, unread: map[int64]bool{}}
	read := slices.ContainsFunc(p.order, func(id int64) bool { return answers[id].Err == nil })
	late := false
	for _, id := range p.order {
		answer := answers[id]
		var failure *integrations.Error
		if answer.Err != nil && !errors.As(answer.Err, &failure) {
			// Its time was up. Where others were read in it, this one is just one too many.
			late = true
			if read && !p.forced() {
				s.unread[id] = true
				continue
			}
			failure = unforeseen(context.Background(), answer.Err)
			answer.Err = failure
		}
		switch {
		case failure == nil:
			s.ending[id] = answer
		case failure.Class == integrations.RateLimited:
			s.waiting[id] = true
			s.pause = max(s.pause, failure.After)
		default:
			s.ending[id] = answer
			if failure.Class == integrations.Unauthorized && p.called && !failure.Brief {
				s.refusal = failure
			}
		}
	}
	for _, f := range p.follows {
		var failure *integrations.Error
		if errors.As(s.ending[f.Feed].Err, &failure) && failure.Brief && tries(p.runs[f.KeyResult])+1 <= okr.QuickTries {
			s.again[f.KeyResult] = true
		}
	}
	s.pause = accounts.WaitOf(s.pause)
	if t.most = min(t.together, t.most*2); late {
		t.most = max(1, len(p.order)/2)
	}
	return s
}

// tries is how often a key result could not be read for its runs.
func tries(runs []store.TakenRun) int {
	n := 0
	for _, r := range runs {
		n = max(n, r.Tries)
	}
	return n
}
