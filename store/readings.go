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

// Readings are all of a key result's readings, oldest first.
func (r Reads) Readings(ctx context.Context, workspace string, keyResult int64) ([]okr.Reading, error) {
	rows, err := r.q.Readings(ctx, queries.ReadingsParams{WorkspaceID: workspace, KeyResultID: keyResult})
	if err != nil {
		return nil, fmt.Errorf("reading readings: %w", err)
	}
	list := make([]okr.Reading, len(rows))
	for i, row := range rows {
		list[i] = okr.Reading{
			Day: okr.DayOf(row.Day), Counts: dayOrZero(row.CountsFrom), Value: row.Value, Previous: row.Previous,
			Restated: row.RestatedAt != nil, CheckIn: row.Origin == "check_in", RecordedAt: row.RecordedAt, AsRead: row.AsRead,
		}
	}
	return list, nil
}

// NewestReadings are a key result's newest readings of a period that count today, newest last.
func (r Reads) NewestReadings(ctx context.Context, workspace string, keyResult int64, period okr.Period, today okr.Day, most int) ([]okr.Reading, error) {
	rows, err := r.q.NewestReadings(ctx, queries.NewestReadingsParams{
		WorkspaceID: workspace, KeyResultID: keyResult, FirstDay: period.First.Time(), LastDay: period.Last.Time(), Today: today.Time(), Most: int32(most),
	})
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
			Day: okr.DayOf(row.Day), Counts: dayOrZero(row.CountsFrom), Value: row.Value, AsRead: row.AsRead, CheckIn: row.Origin == "check_in",
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
	Day    okr.Day
	Counts okr.Day // the first day on which it counts
	Value  decimal.Decimal
	AsRead string // what the source wrote, where Value was rounded

	// As applied.
	Fresh    bool // of a day that had none
	Restated bool // the day had another value before, and was over
	Previous decimal.NullDecimal
}

// Reading is the score as a reading.
func (s Score) Reading() okr.Reading {
	return okr.Reading{Day: s.Day, Counts: s.Counts, Value: s.Value, AsRead: s.AsRead}
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
			p.CountsFrom = append(p.CountsFrom, s.Reading().CountsFrom().Time())
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
		taken[row.KeyResultID] = append(taken[row.KeyResultID], Score{
			Day: okr.DayOf(row.Day), Counts: dayOrZero(row.CountsFrom), Value: row.Value, Fresh: row.Fresh, Restated: row.Restated, Previous: row.Previous,
		})
	}
	return taken, nil
}

// Held are the days of scores that a key result's source holds for after today.
type Held struct {
	KeyResult int64
	Today     okr.Day
	Days      []okr.Day
}

// ForgetAhead drops scores of days to come that their sources do not hold any more.
func (tx *Tx) ForgetAhead(ctx context.Context, list []Held) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.ForgetAheadParams
	for _, h := range list {
		p.KeyResultIds = append(p.KeyResultIds, h.KeyResult)
		p.Todays = append(p.Todays, h.Today.Time())
		for _, day := range h.Days {
			p.HeldBy = append(p.HeldBy, h.KeyResult)
			p.HeldDays = append(p.HeldDays, day.Time())
		}
	}
	if err := tx.q.ForgetAhead(ctx, p); err != nil {
		return fmt.Errorf("forgetting scores that were taken back: %w", err)
	}
	return nil
}

// CountComing has scores count whose day has come, also where nothing was read since, and announces
// what that changes. It answers with how many key results there were.
func (s *Store) CountComing(ctx context.Context, most int) (int, error) {
	rows, err := s.q.ScoresComing(ctx, int32(most))
	if err != nil {
		return 0, fmt.Errorf("looking for scores whose day has come: %w", err)
	}
	var failed error // one that does not go keeps no other from it
	for _, row := range rows {
		err := s.InTx(ctx, func(tx *Tx) error {
			before, err := tx.LockKeyResult(ctx, row.WorkspaceID, row.ID)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			today := before.Today(tx.Now)
			if err != nil || before.Ahead == 0 || before.Ahead > today {
				return err
			}
			readings, err := tx.Readings(ctx, row.WorkspaceID, row.ID)
			if err != nil {
				return err
			}
			after := before
			after.Result, after.Ahead = after.ResultOf(after.Objective.Period, readings, today), okr.NextAhead(readings, today)
			err = tx.q.CountScores(ctx, queries.CountScoresParams{
				ResultValue: after.Result.Value, ResultDay: dayOrNil(after.Result.AsOf, after.Result.Value.Valid), ResultCount: int32(after.Result.N),
				AheadOn: dayOrNil(after.Ahead, after.Ahead != 0), Status: string(after.Standing(after.Objective.Period, today).Status),
				WorkspaceID: row.WorkspaceID, ID: row.ID,
			})
			if err != nil {
				return fmt.Errorf("counting the scores of key result %d: %w", row.ID, err)
			}
			if before.Override.Value.Valid && !after.Overridden(today) {
				if err := tx.ClearOverrides(ctx, []int64{row.ID}); err != nil {
					return err
				}
			}
			return tx.AnnounceChange(ctx, before, after)
		})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("counting the scores of key result %d: %w", row.ID, err))
		}
	}
	return len(rows), failed
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
