package desk

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// actAtOnce is how many gestures are acted on at once: twice as many as have a connection to
	// Postgres, since some wait for Slack meanwhile.
	actAtOnce = 16
	// waitAtOnce is how many wait for their turn. Whoever comes then is told so at once, and has not
	// waited in vain.
	waitAtOnce = 256
)

// turns are whose gestures are acted on, first come, first served. More at once would end no sooner:
// all would share the same processor and the same connections to Postgres, and be late together.
type turns struct {
	within  time.Duration // how long one waits for a turn: half the time that there is for an answer
	acting  chan struct{}
	waiting atomic.Int64
}

func newTurns(within time.Duration) *turns {
	return &turns{within: within, acting: make(chan struct{}, actAtOnce)}
}

// take waits for a turn. Without one, nothing may be done; with one, leave gives it back.
func (t *turns) take(ctx context.Context) (leave func(), ok bool) {
	leave = func() { <-t.acting }
	select {
	case t.acting <- struct{}{}:
		return leave, true
	default:
	}
	if t.waiting.Add(1) > waitAtOnce {
		t.waiting.Add(-1)
		return nil, false
	}
	waitingTurns.Inc()
	defer func() {
		waitingTurns.Dec()
		t.waiting.Add(-1)
	}()
	late := time.NewTimer(t.within)
	defer late.Stop()
	select {
	case t.acting <- struct{}{}:
		return leave, true
	case <-late.C:
	case <-ctx.Done():
	}
	return nil, false
}
