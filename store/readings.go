package store

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Readings are all of a key result's readings, oldest first.
func (r Reads) Readings(ctx context.Context, workspace string, keyResult int64) ([]okr.Reading, error) {
	rows, err := r.q.Readings(ctx, queries.ReadingsParams{WorkspaceID: workspace, KeyResultID: keyResult})
	if err != nil {
		return nil, fmt.Errorf("reading readings: %w", err)
	}
	list := make([]okr.Reading, len(rows))
	for i, row := range rows {
		list[i] = okr.Reading{
			Day: okr.DayOf(row.Day), Value: row.Value, Previous: row.Previous,
			Restated: row.RestatedAt != nil, CheckIn: row.Origin == "check_in", RecordedAt: row.RecordedAt,
		}
	}
	return list, nil
}

// ReadingsOf are the readings of many key results, each from a day on, by key result, oldest first.
func (r Reads) ReadingsOf(ctx context.Context, since map[int64]okr.Day) (map[int64][]okr.Reading, error) {
	var p queries.ReadingsOfParams
	for id, day := range since {
		p.KeyResultIds = append(p.KeyResultIds, id)
		p.Sinces = append(p.Sinces, day.Time())
	}
	rows, err := r.q.ReadingsOf(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("reading readings: %w", err)
	}
	all := make(map[int64][]okr.Reading, len(since))
	for _, row := range rows {
		all[row.KeyResultID] = append(all[row.KeyResultID], okr.Reading{
			Day: okr.DayOf(row.Day), Value: row.Value, CheckIn: row.Origin == "check_in",
		})
	}
	return all, nil
}

// Score is a value that a source had for a key result on a day.
type Score struct {
	KeyResult int64
	Workspace string
	Day       okr.Day
	Value     decimal.Decimal
}

// ApplyScores adds scores of new days and restates those that changed. The same score again
// changes nothing.
func (tx *Tx) ApplyScores(ctx context.Context, scores []Score) error {
	if len(scores) == 0 {
		return nil
	}
	var p queries.ApplyReadingsParams
	for _, s := range scores {
		p.KeyResultIds = append(p.KeyResultIds, s.KeyResult)
		p.Days = append(p.Days, s.Day.Time())
		p.WorkspaceIds = append(p.WorkspaceIds, s.Workspace)
		p.Scores = append(p.Scores, s.Value)
	}
	if err := tx.q.ApplyReadings(ctx, p); err != nil {
		return fmt.Errorf("recording scores: %w", err)
	}
	return nil
}

// dayText and numberText are how a value that may be missing travels in an array.
func dayText(d okr.Day, there bool) string {
	if !there {
		return ""
	}
	return d.String()
}

func numberText(n decimal.NullDecimal) string {
	if !n.Valid {
		return ""
	}
	return n.Decimal.String()
}

func dayOrZero(t *time.Time) okr.Day {
	if t == nil {
		return 0
	}
	return okr.DayOf(*t)
}
