package store

import (
	"context"
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
	Confidence string
	Note       string
	At         time.Time
}

// CheckIn records a check-in and, when it has a value, moves the key result's result. The same
// draft submitted twice records one, and answers false.
func (tx *Tx) CheckIn(ctx context.Context, actor okr.Actor, k KeyResult, c CheckIn, draft string) (KeyResult, bool, error) {
	n, err := tx.q.RecordCheckIn(ctx, queries.RecordCheckInParams{
		WorkspaceID: actor.Workspace, KeyResultID: k.ID, PersonID: actor.ID, Day: c.Day.Time(),
		Value: c.Value, Confidence: c.Confidence, Note: c.Note, DraftID: orNil(draft),
	})
	if err != nil {
		return k, false, fmt.Errorf("recording a check-in: %w", err)
	}
	if n == 0 {
		return k, false, nil
	}
	if c.Value.Valid {
		err := tx.q.SaveCheckInReading(ctx, queries.SaveCheckInReadingParams{
			KeyResultID: k.ID, Day: c.Day.Time(), WorkspaceID: actor.Workspace, Value: c.Value.Decimal,
		})
		if err != nil {
			return k, false, fmt.Errorf("recording a reading: %w", err)
		}
	}
	k, err = tx.EditKeyResult(ctx, actor, k, "checked in")
	return k, true, err
}

// CheckIns lists the newest check-ins of a key result, newest first.
func (r Reads) CheckIns(ctx context.Context, workspace string, keyResult int64, most int) ([]CheckIn, error) {
	rows, err := r.q.CheckIns(ctx, queries.CheckInsParams{WorkspaceID: workspace, KeyResultID: keyResult, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing check-ins: %w", err)
	}
	list := make([]CheckIn, len(rows))
	for i, row := range rows {
		list[i] = CheckIn{
			Person: row.PersonID, Day: okr.DayOf(row.Day), Value: row.Value,
			Confidence: row.Confidence, Note: row.Note, At: row.CreatedAt,
		}
	}
	return list, nil
}
