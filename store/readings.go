package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Readings are all of a key result's readings, oldest first.
func (r Statements) Readings(ctx context.Context, workspace string, keyResult int64) ([]okr.Reading, error) {
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

// NewestReadings are the newest readings of key results, by key result, newest last: each of the days
// of its period, as far as they count at a moment.
func (r Statements) NewestReadings(ctx context.Context, workspace string, list []KeyResult, now time.Time, most int) (map[int64][]okr.Reading, error) {
	if len(list) == 0 {
		return nil, nil
	}
	p := queries.NewestReadingsParams{WorkspaceID: workspace, Most: int32(most)}
	for _, k := range list {
		p.KeyResultIds = append(p.KeyResultIds, k.ID)
		p.FirstDays = append(p.FirstDays, k.Objective.Period.First.Time())
		p.LastDays = append(p.LastDays, k.Objective.Period.Last.Time())
		p.Todays = append(p.Todays, k.Today(now).Time())
	}
	rows, err := r.q.NewestReadings(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("reading the newest readings: %w", err)
	}
	newest := make(map[int64][]okr.Reading, len(list))
	for _, row := range rows {
		newest[row.KeyResultID] = append(newest[row.KeyResultID], okr.Reading{
			Day: okr.DayOf(row.Day), Value: row.Value, AsRead: row.AsRead, CheckIn: row.Origin == "check_in",
		})
	}
	for _, readings := range newest {
		slices.Reverse(readings)
	}
	return newest, nil
}

// ReadingsOf are the readings of many key results, by key result, oldest first.
func (r Statements) ReadingsOf(ctx context.Context, ids []int64) (map[int64][]okr.Reading, error) {
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

// Entered says of a day that somebody entered a value for it, which scores do not write over, or that
// its score came with an import, which they do.
type Entered struct{ ByHand, Imported bool }

// EnteredDays are the days for which there are such values, by key result.
func (r Statements) EnteredDays(ctx context.Context, ids []int64) (map[int64]map[okr.Day]Entered, error) {
	rows, err := r.q.EnteredDays(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("looking for what people entered: %w", err)
	}
	days := map[int64]map[okr.Day]Entered{}
	for _, row := range rows {
		if days[row.KeyResultID] == nil {
			days[row.KeyResultID] = map[okr.Day]Entered{}
		}
		days[row.KeyResultID][okr.DayOf(row.Day)] = Entered{ByHand: row.Origin == "check_in", Imported: row.Origin == "imported"}
	}
	return days, nil
}

// CountComing has scores count whose day has come, also where nothing was read since, and announces
// what that changes. It returns how many key results there were.
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
				AheadOn: dayOrNil(after.Ahead, after.Ahead != 0), WorkspaceID: row.WorkspaceID, ID: row.ID,
			})
			if err != nil {
				return fmt.Errorf("counting the scores of key result %d: %w", row.ID, err)
			}
			if before.Override.Value.Valid && !after.Overridden(today) {
				if err := tx.ClearOverrides(ctx, []int64{row.ID}); err != nil {
					return err
				}
				after.Override = okr.Override{}
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
