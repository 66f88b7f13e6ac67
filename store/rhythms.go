package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Rhythm is when what reads through a connection at one cadence falls due, all of it together.
type Rhythm struct {
	ID         int64
	Connection int64
	Cadence    okr.Cadence
	Slot       time.Time // the slot of the cadence, before jitter
	Due        time.Time // when it falls due
}

// DueRhythms are those of a connection that have fallen due by the database's clock.
func (r Statements) DueRhythms(ctx context.Context, connection int64) ([]Rhythm, error) {
	rows, err := r.q.DueRhythms(ctx, connection)
	if err != nil {
		return nil, fmt.Errorf("looking for rhythms: %w", err)
	}
	list := make([]Rhythm, len(rows))
	for i, row := range rows {
		list[i] = Rhythm{
			ID: row.ID, Connection: row.ConnectionID, Slot: row.SlotAt, Due: row.NextSyncAt,
			Cadence: okr.Cadence{
				Every: okr.Frequency(row.Cadence), Weekday: time.Weekday(row.Weekday), Hour: int(row.Hour),
				Minute: int(row.Minute), Offset: int(row.OffsetDays), Zone: row.Zone,
			},
		}
	}
	return list, nil
}

// MoveRhythms moves rhythms to their next slots after the database's now, as far as all that fell
// due by them was asked for: slots that were missed become the one that was just read.
func (tx *Tx) MoveRhythms(ctx context.Context, list []Rhythm) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.MoveRhythmsParams
	for _, r := range list {
		slot, due, err := next(r.Cadence, r.Connection, tx.Now)
		if err != nil {
			// A zone that this build no longer knows must not stop the others: a day's pause.
			slot = tx.Now.Add(24 * time.Hour)
			due = slot
		}
		p.Ids = append(p.Ids, r.ID)
		p.Was = append(p.Was, r.Due)
		p.Slots = append(p.Slots, slot)
		p.Dues = append(p.Dues, due)
	}
	if err := tx.q.MoveRhythms(ctx, p); err != nil {
		return fmt.Errorf("moving rhythms to their next slots: %w", err)
	}
	return nil
}

// next is a cadence's next slot on a connection and when it falls due, jittered.
func next(c okr.Cadence, connection int64, now time.Time) (slot, due time.Time, err error) {
	// A slot whose jittered moment is still to come is not over: an edit must not lose it.
	jitter := c.Jitter(connection)
	slot, err = c.Next(now.Add(-jitter))
	if err != nil {
		return slot, due, fmt.Errorf("computing the next sync: %w", err)
	}
	return slot, slot.Add(jitter), nil
}

// NextDue is when the next slot after a moment falls due, by the cadence; false where people update
// it, or its connection was disconnected.
func (k KeyResult) NextDue(now time.Time) (time.Time, bool) {
	_, due, err := schedule(k, now)
	if err != nil || due == nil {
		return time.Time{}, false
	}
	return *due, true
}

// schedule is the next slot of a key result's cadence and when it falls due; nothing where people
// update it, or its connection was disconnected.
func schedule(k KeyResult, now time.Time) (slot, due *time.Time, err error) {
	if !k.Integrated || k.Cadence.Every == "" || k.Source.ConnectionState == Removed {
		return nil, nil, nil
	}
	s, d, err := next(k.Cadence, k.Source.Connection, now)
	if err != nil {
		return nil, nil, err
	}
	return &s, &d, nil
}
