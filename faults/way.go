package main

import (
	"context"
	"sync/atomic"
	"time"
)

// way is the network in front of Slack, or of a system.
type way struct {
	slow atomic.Int64 // up to how long a call takes to arrive, in nanoseconds
	shut atomic.Bool  // nothing arrives
}

// arrives waits as long as a call is under way, and is false where its caller has given it up: what did
// not arrive was not done.
func (w *way) arrives(ctx context.Context, o *office) bool {
	if most := w.slow.Load(); most > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(o.moment(time.Duration(most))):
		}
	}
	for w.shut.Load() && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return ctx.Err() == nil
}

const (
	slowBy = 2 * time.Second
	// silentFor is longer than okrbot waits for Slack.
	silentFor = 11 * time.Second
)

// outerWays are what becomes of the network between okrbot and whom it calls.
func outerWays(ctx context.Context, o *office, times int) (int, error) {
	happened := 0
	return o.rounds(ctx, times, func() int { return happened }, func(int) error {
		n := o.pick(3)
		w, server := &o.chat.way, o.chat.server
		if n > 0 {
			w, server = &o.systems[n-1].way, o.systems[n-1].server
		}
		time.Sleep(o.moment(time.Second))
		happened++
		switch o.pick(3) {
		case 0:
			w.shut.Store(true)
			time.Sleep(silentFor)
			w.shut.Store(false)
		case 1:
			w.slow.Store(int64(slowBy))
			time.Sleep(5 * time.Second)
			w.slow.Store(0)
		default:
			o.note("cut", "what is called")
			server.CloseClientConnections()
		}
		return ctx.Err()
	})
}
