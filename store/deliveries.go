package store

import (
	"context"
	"errors"
	"fmt"
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

// Release forgets a delivery that could not be acted on, so that Slack's retry is taken.
func (s *Store) Release(ctx context.Context, key []byte) error {
	if err := s.q.ReleaseDelivery(ctx, key); err != nil {
		return fmt.Errorf("releasing a delivery: %w", err)
	}
	return nil
}
