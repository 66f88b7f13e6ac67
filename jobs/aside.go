package jobs

import (
	"context"
	"sync"
	"time"
)

const (
	// slowAfter is how long a taker waits for its system before its place in the queue goes to others.
	slowAfter = 3 * time.Second
	// asideAtMost is how many go on beside their queues; where there are more, they keep their places.
	asideAtMost = 100
)

// aside are takers whose systems are slow: they have given their places to others, and go on.
type aside struct {
	seats  chan struct{}
	all    sync.WaitGroup
	ctx    context.Context // ends what goes on
	cancel context.CancelFunc
}

func newAside() *aside {
	a := &aside{seats: make(chan struct{}, asideAtMost)}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// wait is for all of them, or for the end of ctx, whose error it is then. No job of a queue may run any more.
func (a *aside) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		a.all.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// place is the key under which a job's context has what gives its place in the queue to others.
type place struct{}

// whileSlow asks a system, and has the place of whoever waits for the answer go to others when it is slow.
func whileSlow(ctx context.Context, ask func() error) error {
	if give, ok := ctx.Value(place{}).(func()); ok {
		slow := time.AfterFunc(slowAfter, give)
		defer slow.Stop()
	}
	return ask()
}

// givesPlace does a job's work, and returns when it is done, or when its system is slow: then it goes on
// beside the queue. A job without a limit alone may do so, and only where its lease and not River says who
// is at it.
func (c *Client) givesPlace(ctx context.Context, work func(context.Context) error) error {
	slow, done := make(chan struct{}), make(chan error, 1)
	going, stop := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), place{}, sync.OnceFunc(func() { close(slow) })))
	follows := context.AfterFunc(ctx, stop)
	go func() {
		defer stop()
		defer func() {
			if p := recover(); p != nil {
				done <- panicked(p)
			}
		}()
		done <- work(going)
	}()
	select {
	case err := <-done:
		return err
	case <-slow:
	}
	select {
	case c.aside.seats <- struct{}{}:
	default:
		return <-done
	}
	follows() // River ends a job's context with the job
	unfollow := context.AfterFunc(c.aside.ctx, stop)
	c.aside.all.Go(func() {
		defer func() { <-c.aside.seats }()
		defer unfollow()
		if err := <-done; err != nil && c.stopping.Err() == nil {
			c.log.Error("a sync of a slow system failed", "error", err)
		}
	})
	return nil
}
