package jobs

import (
	"context"
	"time"
)

// budget is what work may use of this process and of Postgres, so that people's commands, which ask
// the same two, are answered first. Applying and drawing go through it in portions of some tens of
// milliseconds: what is read over the network never waits in it.
type budget struct {
	places chan struct{} // a place for each portion that runs
	rest   int           // after a portion, Postgres is left in peace for this part of its time
}

const (
	portionsAtOnce = 1
	restAfter      = 4
)

func newBudget() *budget {
	return &budget{places: make(chan struct{}, portionsAtOnce), rest: restAfter}
}

// spend runs a portion when it is its turn. Its time begins then: a deadline that do needs is to be
// made within do. The error is do's, or that of a context that ended before the turn came.
func (b *budget) spend(ctx context.Context, do func() error) error {
	select {
	case b.places <- struct{}{}:
		defer func() { <-b.places }()
	case <-ctx.Done():
		return ctx.Err()
	}
	began := time.Now()
	err := do()
	pause(ctx, time.Since(began)/time.Duration(b.rest))
	return err
}
