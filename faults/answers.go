package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// perSecond is how often people ask for something while the way to Postgres is as it is for a minute.
	perSecond = 50
	// inTime is until when Slack has its answer: it waits for half a second more.
	inTime = 2500 * time.Millisecond
)

// trouble is what the way to Postgres is like, for all replicas.
type trouble struct {
	name  string
	delay time.Duration // of each answer of the server's
	shut  bool
	cut   bool // again and again
}

var troubles = []trouble{
	{name: "as it is"}, {name: "1 s slower", delay: time.Second}, {name: "3 s slower", delay: 3 * time.Second},
	{name: "10 s slower", delay: 10 * time.Second}, {name: "silent", shut: true}, {name: "cut twice a second", cut: true},
}

// crowdTrouble is an equal share of what is asked with each trouble, and begins with any of them: where time is
// short, not all have their turn.
func crowdTrouble(ctx context.Context, o *office, times int) (int, error) {
	asked, each, first := 0, times/len(troubles), o.pick(len(troubles))
	for n := range troubles {
		if n > 0 && o.enough() || ctx.Err() != nil {
			break
		}
		if err := o.isAsked(ctx, troubles[(first+n)%len(troubles)], each); err != nil {
			return asked, err
		}
		asked += each
	}
	return asked, ctx.Err()
}

// isAsked has people ask so many times while the way to Postgres is as it is and everything is due. Each must be
// answered in time; events that were not taken come again when it is over.
func (o *office) isAsked(ctx context.Context, is trouble, times int) error {
	o.collect(0.6)
	if err := o.nextDay(ctx); err != nil {
		return err
	}
	over, late := o.suffersFrom(is), lateness()
	r := o.rush(ctx, times)
	over()
	// An answer goes through three processes, each of which the machine may wake late.
	if by := 3 * late(); r.slowest > inTime+by {
		o.sawAtOnce = append(o.sawAtOnce, finding{lost, fmt.Sprintf("with the way to Postgres %s an answer took %v, on a machine that is %v late", is.name, r.slowest, by)})
	}
	if r.unanswered > 0 {
		o.sawAtOnce = append(o.sawAtOnce, finding{lost, fmt.Sprintf("with the way to Postgres %s %d of %d had no answer", is.name, r.unanswered, times)})
	}
	tell("the way to Postgres %s: the slowest of %d answers took %v, %d of %d events were not taken", is.name, times, r.slowest.Round(time.Millisecond), len(untaken(r.events)), len(r.events))
	if err := o.revive(ctx); err != nil {
		return err
	}
	if err := o.comeAgain(ctx, r.events); err != nil {
		return err
	}
	return o.settle(ctx, false)
}

// rushed is what came of what many people asked for.
type rushed struct {
	events     []*event
	slowest    time.Duration
	unanswered int
}

// rush has people ask so many times, without waiting for answers.
func (o *office) rush(ctx context.Context, times int) (r rushed) {
	var mu sync.Mutex
	var all sync.WaitGroup
	defer all.Wait()
	next := time.NewTicker(time.Second / perSecond)
	defer next.Stop()
	for n := range times {
		select {
		case <-ctx.Done():
			return r
		case <-next.C:
		}
		all.Go(func() {
			began := time.Now()
			event, told := o.staff.demands(n)
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			r.slowest = max(r.slowest, took)
			if event != nil {
				r.events = append(r.events, event)
			} else if told == silence {
				r.unanswered++
			}
		})
	}
	return r
}

// demands is the nth thing that is asked for: an event, or what was said to somebody who typed a command.
func (s *staff) demands(n int) (*event, verdict) {
	who := n % persons
	switch n % 10 {
	case 0, 1:
		return nil, s.checksIn(who)
	case 2, 3:
		e := s.happens(1)[0]
		e.taken = s.tells(s.office.alive(), e)
		return e, silence
	default:
		_, told := s.types(who, []string{"list", "list all", "help", "show KR-1"}[n%4])
		return nil, told
	}
}

// comeAgain has Slack bring what was not taken three times more.
func (o *office) comeAgain(ctx context.Context, events []*event) error {
	for range 3 {
		left := untaken(events)
		if len(left) == 0 {
			return nil
		}
		if err := o.advance(ctx, time.Minute); err != nil {
			return err
		}
		for ; len(left) > 0; left = left[min(batch, len(left)):] {
			o.delivers(left[:min(batch, len(left))], o.alive)
		}
	}
	for _, e := range untaken(events) {
		o.sawAtOnce = append(o.sawAtOnce, finding{lost, "an event was not taken in four deliveries: " + e.body})
	}
	return nil
}

// suffersFrom has the way to Postgres be like that for every replica, until it is over.
func (o *office) suffersFrom(is trouble) (over func()) {
	each := func(do func(*gate)) {
		for _, r := range o.replicas {
			do(r.gate)
		}
	}
	o.note("way", "Postgres")
	each(func(g *gate) {
		g.delay.Store(int64(is.delay))
		g.shut.set(is.shut)
	})
	ended := make(chan struct{})
	var cutting sync.WaitGroup
	if is.cut {
		cutting.Go(func() {
			for {
				select {
				case <-ended:
					return
				case <-time.After(500 * time.Millisecond):
					o.note("cut", "Postgres")
					each((*gate).cut)
				}
			}
		})
	}
	return func() {
		close(ended)
		cutting.Wait()
		each(func(g *gate) {
			g.delay.Store(0)
			g.shut.set(false)
		})
	}
}

// lateness looks, until it is asked, by how much this machine wakes somebody late.
func lateness() (most func() time.Duration) {
	const nap = 20 * time.Millisecond
	ended, is := make(chan struct{}), make(chan time.Duration)
	go func() {
		worst := time.Duration(0)
		for {
			began := time.Now()
			select {
			case <-ended:
				is <- worst
				return
			case <-time.After(nap):
				worst = max(worst, time.Since(began)-nap)
			}
		}
	}()
	return func() time.Duration { close(ended); return <-is }
}
