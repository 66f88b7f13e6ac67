package store

import (
	"context"
	"fmt"

	"okrbot/store/queries"
)

// HeldSlot is one of a connection's places, held by a job: as many batches of the connection run
// at once as it has places. A job that carries an older hold comes too late.
type HeldSlot struct {
	Connection int64
	Slot       int16
	Hold       int64
	Forced     bool // somebody waits for one of the connection's runs
}

// HoldSlots takes free places for runs that wait, at most one for each hundred runs, on one
// connection, or on all of them where connection is 0. A place is held for a minute: a job that
// has not begun by then is replaced.
func (tx *Tx) HoldSlots(ctx context.Context, connection int64) ([]HeldSlot, error) {
	rows, err := tx.q.HoldSlots(ctx, connection)
	if err != nil {
		return nil, fmt.Errorf("taking places on connections: %w", err)
	}
	list := make([]HeldSlot, len(rows))
	for i, row := range rows {
		list[i] = HeldSlot{Connection: row.ConnectionID, Slot: row.Slot, Hold: row.Hold, Forced: row.Forced}
	}
	return list, nil
}

// KeepSlot prolongs a hold to 105 seconds; false when another job has the place.
func (r Reads) KeepSlot(ctx context.Context, h HeldSlot) (bool, error) {
	n, err := r.q.KeepSlot(ctx, queries.KeepSlotParams{ConnectionID: h.Connection, Slot: h.Slot, Hold: h.Hold})
	if err != nil {
		return false, fmt.Errorf("holding a place on connection %d: %w", h.Connection, err)
	}
	return n == 1, nil
}

// ReleaseSlot gives a place back.
func (r Reads) ReleaseSlot(ctx context.Context, h HeldSlot) error {
	err := r.q.ReleaseSlot(ctx, queries.ReleaseSlotParams{ConnectionID: h.Connection, Slot: h.Slot, Hold: h.Hold})
	if err != nil {
		return fmt.Errorf("leaving a place on connection %d: %w", h.Connection, err)
	}
	return nil
}
