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
			Restated: row.RestatedAt != nil, CheckIn: row.Origin == "check_in", RecordedAt: row.RecordedAt, AsRead: row.AsRead,
		}
	}
	return list, nil
}

// NewestReadings are a key result's newest readings, newest last.
func (r Reads) NewestReadings(ctx context.Context, workspace string, keyResult int64, most int) ([]okr.Reading, error) {
	rows, err := r.q.NewestReadings(ctx, queries.NewestReadingsParams{WorkspaceID: workspace, KeyResultID: keyResult, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("reading the newest readings: %w", err)
	}
	list := make([]okr.Reading, len(rows))
	for i, row := range rows {
		list[len(rows)-1-i] = okr.Reading{Day: okr.DayOf(row.Day), Value: row.Value, AsRead: row.AsRead, CheckIn: row.Origin == "check_in"}
	}
	return list, nil
}

// ReadingsOf are the readings of many key results, by key result, oldest first.
func (r Reads) ReadingsOf(ctx context.Context, ids []int64) (map[int64][]okr.Reading, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := r.q.ReadingsOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading readings: %w", err)
	}
	all := make(map[int64][]okr.Reading, len(ids))
	for _, row := range rows {
		all[row.KeyResultID] = append(all[row.KeyResultID], okr.Reading{
			Day: okr.DayOf(row.Day), Value: row.Value, AsRead: row.AsRead, CheckIn: row.Origin == "check_in",
		})
	}
	return all, nil
}

// Scores are what a source had, and who follows it.
type Scores struct {
	List      []Score
	Followers []Follower
}

// Score is a value for a day.
type Score struct {
	Day      okr.Day
	Value    decimal.Decimal
	AsRead   string // what the source wrote, where Value was rounded
	Restated bool   // the day had another value before
}

// Follower is a key result that takes a source's scores over from a day on.
type Follower struct {
	KeyResult int64
	Workspace string
	Since     okr.Day
}

// ApplyScores adds scores of new days and restates those that changed, apart from days for which a
// person entered a value, and answers with both by key result. The same score again changes nothing.
func (tx *Tx) ApplyScores(ctx context.Context, list []Scores) (map[int64][]Score, error) {
	var p queries.ApplyReadingsParams
	for n, scores := range list {
		for _, s := range scores.List {
			p.Series = append(p.Series, int32(n))
			p.Days = append(p.Days, s.Day.Time())
			p.Scores = append(p.Scores, s.Value)
			p.AsReads = append(p.AsReads, s.AsRead)
		}
		for _, f := range scores.Followers {
			p.KeyResultIds = append(p.KeyResultIds, f.KeyResult)
			p.WorkspaceIds = append(p.WorkspaceIds, f.Workspace)
			p.Follows = append(p.Follows, int32(n))
			p.Sinces = append(p.Sinces, f.Since.Time())
		}
	}
	if len(p.Days) == 0 {
		return nil, nil
	}
	rows, err := tx.q.ApplyReadings(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("recording scores: %w", err)
	}
	taken := make(map[int64][]Score, len(p.KeyResultIds))
	for _, row := range rows {
		taken[row.KeyResultID] = append(taken[row.KeyResultID], Score{Day: okr.DayOf(row.Day), Value: row.Value, Restated: row.Restated})
	}
	return taken, nil
}

// dayText and numberText are how a value that may be missing travels in an array. A number keeps its
// zeros: 4.10 that was entered is shown as entered.
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
	return n.Decimal.StringFixed(max(-n.Decimal.Exponent(), 0))
}

func dayOrNil(d okr.Day, there bool) *time.Time {
	if !there {
		return nil
	}
	t := d.Time()
	return &t
}

func momentOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func dayOrZero(t *time.Time) okr.Day {
	if t == nil {
		return 0
	}
	return okr.DayOf(*t)
}
