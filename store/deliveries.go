package store

import (
	"context"
	"fmt"
)

// Consume notes that a delivery from Slack is being acted on. It answers false when that same
// delivery was consumed within the last ten minutes, on whichever replica.
func (s *Store) Consume(ctx context.Context, key []byte) (bool, error) {
	n, err := s.q.ConsumeDelivery(ctx, key)
	if err != nil {
		return false, fmt.Errorf("noting a delivery: %w", err)
	}
	return n == 1, nil
}

// Release forgets a delivery that could not be acted on, so that Slack's retry is taken.
func (s *Store) Release(ctx context.Context, key []byte) error {
	if err := s.q.ReleaseDelivery(ctx, key); err != nil {
		return fmt.Errorf("releasing a delivery: %w", err)
	}
	return nil
}
