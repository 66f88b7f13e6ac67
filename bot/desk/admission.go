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
	// waitAtOnce is how many wait for their turn. Whoever comes then is told so at once, without a wait.
	waitAtOnce = 256
)

// admission bounds how many gestures are acted on at once, first come, first served. More at once would
// end no sooner: all would share the same processor and the same connections to Postgres, and be late
// together.
type admission struct {
	within  time.Duration // how long one waits for a turn: half the time that there is for an answer
	acting  chan struct{}
	waiting atomic.Int64
}

func newAdmission(within time.Duration) *admission {
	return &admission{within: within, acting: make(chan struct{}, actAtOnce)}
}

// acquire waits for a turn. Without one, nothing may be done; with one, release gives it back.
func (a *admission) acquire(ctx context.Context) (release func(), ok bool) {
	release = func() { <-a.acting }
	select {
	case a.acting <- struct{}{}:
		return release, true
	default:
	}
	if a.waiting.Add(1) > waitAtOnce {
		a.waiting.Add(-1)
		return nil, false
	}
	waitingTurns.Inc()
	defer func() {
		waitingTurns.Dec()
		a.waiting.Add(-1)
	}()
	late := time.NewTimer(a.within)
	defer late.Stop()
	select {
	case a.acting <- struct{}{}:
		return release, true
	case <-late.C:
	case <-ctx.Done():
	}
	return nil, false
}
