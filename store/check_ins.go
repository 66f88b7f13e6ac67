package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// CheckIn is what a person said about a key result on a day.
type CheckIn struct {
	Person     string
	Day        okr.Day
	Value      decimal.NullDecimal
	Until      okr.Day // of a value that stands in for scores: through this day; 0: until there is a newer one
	Confidence string
	Note       string
	Reason     string // of a value that stands in for scores
	At         time.Time
}

// CheckIn records a check-in. Its value moves the result of a key result that people update, and
// stands in for the scores of an integrated one; its confidence stands beside the status, but where there is one of a later day. The same
// draft submitted twice records one, and returns false.
func (tx *Tx) CheckIn(ctx context.Context, actor okr.Actor, k KeyResult, c CheckIn, draft string) (KeyResult, bool, error) {
	n, err := tx.q.RecordCheckIn(ctx, queries.RecordCheckInParams{
		WorkspaceID: actor.Workspace, KeyResultID: k.ID, PersonID: actor.ID, Day: c.Day.Time(),
		Value: c.Value, Confidence: c.Confidence, Note: c.Note, Reason: c.Reason, DraftID: orNil(draft),
	})
	if err != nil {
		return k, false, fmt.Errorf("recording a check-in: %w", err)
	}
	if n == 0 {
		return k, false, nil
	}
	if c.Confidence != "" && k.Confidence.Follows(c.Day) {
		k.Confidence = okr.Confidence{Level: okr.Level(c.Confidence), By: actor.ID, Day: c.Day}
	}
	action := "checked in"
	switch {
	case c.Value.Valid && k.Integrated:
		action = "entered a value by hand"
		k.Override = okr.Override{Value: c.Value, Day: c.Day, Until: c.Until, Reason: c.Reason, By: actor.ID, At: tx.Now}
	case c.Value.Valid:
		err := tx.q.SaveCheckInReading(ctx, queries.SaveCheckInReadingParams{
			KeyResultID: k.ID, Day: c.Day.Time(), WorkspaceID: actor.Workspace, Value: c.Value.Decimal,
		})
		if err != nil {
			return k, false, fmt.Errorf("recording a reading: %w", err)
		}
	}
	k, err = tx.EditKeyResult(ctx, actor, k, action)
	return k, true, err
}

// Resume has a key result follow its scores again.
func (tx *Tx) Resume(ctx context.Context, actor okr.Actor, k KeyResult) (KeyResult, error) {
	k.Override = okr.Override{}
	return tx.EditKeyResult(ctx, actor, k, "resumed automatic")
}

// EndOverrides has key results follow their scores again whose override's time is over by the calendar, and
// announces what that changes. It returns how many there were.
func (s *Store) EndOverrides(ctx context.Context, most int) (int, error) {
	rows, err := s.q.EndedOverrides(ctx, int32(most))
	if err != nil {
		return 0, fmt.Errorf("looking for overrides that are over: %w", err)
	}
	var failed error // one that does not end keeps no other from it
	for _, row := range rows {
		err := s.InTx(ctx, func(tx *Tx) error {
			k, err := tx.LockKeyResult(ctx, row.WorkspaceID, row.ID)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil || !k.Override.Value.Valid || k.Overridden(k.Today(tx.Now)) {
				return err
			}
			before := k
			after, err := tx.Resume(ctx, okr.Actor{Workspace: k.Workspace, ID: "okrbot"}, k)
			if err != nil {
				return err
			}
			return tx.AnnounceChange(ctx, before, after)
		})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("ending the override of key result %d: %w", row.ID, err))
		}
	}
	return len(rows), failed
}

// Today is the calendar day where the key result is.
func (k KeyResult) Today(now time.Time) okr.Day {
	return okr.DayIn(k.Objective.Zone, now)
}

// CheckIns lists the newest check-ins of a key result, newest first.
func (r Statements) CheckIns(ctx context.Context, workspace string, keyResult int64, most int) ([]CheckIn, error) {
	rows, err := r.q.CheckIns(ctx, queries.CheckInsParams{WorkspaceID: workspace, KeyResultID: keyResult, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing check-ins: %w", err)
	}
	list := make([]CheckIn, len(rows))
	for i, row := range rows {
		list[i] = CheckIn{
			Person: row.PersonID, Day: okr.DayOf(row.Day), Value: row.Value,
			Confidence: row.Confidence, Note: row.Note, Reason: row.Reason, At: row.CreatedAt,
		}
	}
	return list, nil
}
