package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"okrbot/store/queries"
)

// Consume notes that a delivery from Slack is being acted on. It returns false when that same
// delivery was consumed within the last ten minutes, on whichever replica.
func (s *Store) Consume(ctx context.Context, key []byte) (bool, error) {
	n, err := s.q.ConsumeDelivery(ctx, key)
	if err != nil {
		return false, fmt.Errorf("noting a delivery: %w", err)
	}
	return n == 1, nil
}

// ErrUnderWay says that somebody else is acting on the same event, or died over it a moment ago.
var ErrUnderWay = errors.New("under way elsewhere")

// BeginEvent notes for five seconds that an event is being acted on. It returns false when it was
// finished within the last ten minutes. Slack sends an event again when nobody took it, so one
// that was begun and never finished, by a process or a connection that died, is taken again.
func (s *Store) BeginEvent(ctx context.Context, key []byte) (bool, error) {
	n, err := s.q.BeginEvent(ctx, key)
	if err != nil {
		return false, fmt.Errorf("noting an event: %w", err)
	}
	if n == 1 {
		return true, nil
	}
	finished, err := s.q.EventFinished(ctx, key)
	switch {
	case err != nil:
		return false, fmt.Errorf("looking for an event: %w", err)
	case !finished:
		return false, ErrUnderWay
	}
	return false, nil
}

// FinishEvent notes that an event has been acted on: for ten minutes it is not acted on again.
func (s *Store) FinishEvent(ctx context.Context, key []byte) error {
	if err := s.q.FinishEvent(ctx, key); err != nil {
		return fmt.Errorf("finishing an event: %w", err)
	}
	return nil
}

// ErrFinished says that somebody else has acted on the same event meanwhile: what was begun is taken back.
var ErrFinished = errors.New("acted on elsewhere")

type finishing struct{}

// event is one that is finished with the first transaction that InTx commits for it.
type event struct {
	key  []byte
	done atomic.Bool
}

// FinishingEvent is a context for acting on an event: the first transaction that InTx commits with it
// finishes the event as well, so that a process which dies after that has not left it to be acted on
// again. Where somebody else has finished it, InTx returns ErrFinished, and nothing was done.
func FinishingEvent(ctx context.Context, key []byte) context.Context {
	return context.WithValue(ctx, finishing{}, &event{key: key})
}

// EventFinished says whether a transaction has finished the event that a context is for.
func EventFinished(ctx context.Context) bool {
	e, ok := ctx.Value(finishing{}).(*event)
	return ok && e.done.Load()
}

// finishEvent is the last statement of a transaction.
func finishEvent(ctx context.Context, q *queries.Queries) error {
	e, ok := ctx.Value(finishing{}).(*event)
	if !ok || e.done.Load() {
		return nil
	}
	n, err := q.FinishEventOnce(ctx, e.key)
	if err != nil {
		return fmt.Errorf("finishing an event: %w", err)
	}
	if n == 0 {
		return ErrFinished
	}
	return nil
}

// Release forgets a delivery that could not be acted on, so that Slack's retry is taken.
func (s *Store) Release(ctx context.Context, key []byte) error {
	if err := s.q.ReleaseDelivery(ctx, key); err != nil {
		return fmt.Errorf("releasing a delivery: %w", err)
	}
	return nil
}

// ReleaseEvent is Release for an event that was begun. One that somebody else has finished meanwhile stays so.
func (s *Store) ReleaseEvent(ctx context.Context, key []byte) error {
	if err := s.q.ReleaseEvent(ctx, key); err != nil {
		return fmt.Errorf("releasing an event: %w", err)
	}
	return nil
}
