package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/store/queries"
)

// A connection has two takers at most, so that what somebody waits for is not behind what fell due.
const (
	DueLane  = 1 // what fell due
	RunsLane = 2 // what was asked for, and what is tried again
)

// HeldLane is a connection's lane with its taker: one job at a time has it. A job that carries an older hold
// comes too late.
type HeldLane struct {
	Connection int64
	Lane       int16 // DueLane, RunsLane
	Hold       int64
}

// HoldLanes takes connections that there is something to read from, or one of them where it is not
// 0, each for a minute: a job that has not begun by then is replaced.
func (tx *Tx) HoldLanes(ctx context.Context, connection int64) ([]HeldLane, error) {
	rows, err := tx.q.HoldLanes(ctx, connection)
	if err != nil {
		return nil, fmt.Errorf("taking connections: %w", err)
	}
	list := make([]HeldLane, len(rows))
	for i, row := range rows {
		list[i] = HeldLane{Connection: row.ConnectionID, Lane: row.Slot, Hold: row.Hold}
	}
	return list, nil
}

// TakeLane begins a taker's work, for 105 seconds at first, and says which feeds the one before was
// reading when it died, if it did; false when another job has it.
func (r Statements) TakeLane(ctx context.Context, h HeldLane) (died []int64, mine bool, err error) {
	rows, err := r.q.TakeLane(ctx, queries.TakeLaneParams{ConnectionID: h.Connection, Slot: h.Lane, Hold: h.Hold})
	if err != nil {
		return nil, false, fmt.Errorf("taking connection %d: %w", h.Connection, err)
	}
	if len(rows) == 0 {
		return nil, false, nil
	}
	return rows[0], true, nil
}

// BeginReading puts on record which feeds a taker reads now, and gives the fetch its epoch: once it is
// applied to a feed, an older one is refused there. False when another job has the place.
func (r Statements) BeginReading(ctx context.Context, h HeldLane, feeds []int64) (epoch int64, began time.Time, mine bool, err error) {
	if feeds == nil { // all who waited here are read elsewhere by now
		feeds = []int64{}
	}
	rows, err := r.q.BeginReading(ctx, queries.BeginReadingParams{ConnectionID: h.Connection, Slot: h.Lane, Hold: h.Hold, Reading: feeds})
	if err != nil {
		return 0, began, false, fmt.Errorf("noting what is read through connection %d: %w", h.Connection, err)
	}
	if len(rows) == 0 {
		return 0, began, false, nil
	}
	return rows[0].Epoch, rows[0].Began, true, nil
}

// KeepLane prolongs a lease to 105 seconds; false when another job has the lane.
func (r Statements) KeepLane(ctx context.Context, h HeldLane) (bool, error) {
	n, err := r.q.KeepLane(ctx, queries.KeepLaneParams{ConnectionID: h.Connection, Slot: h.Lane, Hold: h.Hold})
	if err != nil {
		return false, fmt.Errorf("holding a place on connection %d: %w", h.Connection, err)
	}
	return n == 1, nil
}

// ReleaseLane ends a lease, and says whether there is something for the next taker.
func (r Statements) ReleaseLane(ctx context.Context, h HeldLane) (more bool, err error) {
	rows, err := r.q.ReleaseLane(ctx, queries.ReleaseLaneParams{ConnectionID: h.Connection, Slot: h.Lane, Hold: h.Hold})
	if err != nil {
		return false, fmt.Errorf("leaving a place on connection %d: %w", h.Connection, err)
	}
	return len(rows) > 0 && rows[0], nil
}
