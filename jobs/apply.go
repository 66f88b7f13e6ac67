package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/shopspring/decimal"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// apply makes a fetch's answers true in one transaction: readings, results, failures, runs, what
// is announced, which cards are drawn again, and how the connection stands. A key result whose
// epoch has been passed, that was removed, or that reads elsewhere by now, is left as it is.
func (c *Client) apply(ctx context.Context, tx *store.Tx, b batch, ending map[int64]integrations.Reading) error {
	ids := make([]int64, 0, len(b.runs))
	for _, r := range b.runs {
		ids = append(ids, r.KeyResult)
	}
	slices.Sort(ids)
	locked, err := tx.LockForApply(ctx, ids)
	if err != nil {
		return err
	}
	present, err := tx.KeyResults(ctx, b.connection.Workspace, store.Filter{IDs: ids})
	if err != nil {
		return err
	}
	now := map[int64]store.KeyResult{}
	for _, k := range present {
		now[k.ID] = k
	}
	readings, err := tx.ReadingsOf(ctx, ids)
	if err != nil {
		return err
	}

	var a applying
	refused, succeeded := false, false
	runs := make([]int64, 0, len(b.runs))
	for _, r := range b.runs {
		k, there := now[r.KeyResult]
		old, _ := locked[r.KeyResult]
		answer, ended := ending[r.KeyResult]
		read := there && k.Source.Connection == b.connection.ID && k.Source.Reference == b.before[r.KeyResult].Source.Reference
		switch {
		case !read || r.Epoch <= old.AppliedEpoch:
			a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Superseded, Epoch: r.Epoch})
			runs = append(runs, r.ID)
			continue
		case !ended:
			continue // it is tried again
		}
		runs = append(runs, r.ID)
		failure := failureOf(answer, k)
		if failure == nil {
			succeeded = true
			a.score(r, k, old, answer.Scorecard, readings[k.ID], tx.Now)
			continue
		}
		refused = refused || failure.Class == integrations.Unauthorized && b.asked
		succeeded = succeeded || failure.Class == integrations.NoData || failure.Class == integrations.NotFound
		a.fail(r, k, old, failure)
	}
	if err := a.write(ctx, tx); err != nil {
		return err
	}
	switch {
	case succeeded:
		err = tx.ConnectionSucceeded(ctx, b.connection.ID)
	case refused:
		_, err = tx.ConnectionRefused(ctx, b.connection.ID)
	}
	if err != nil {
		return err
	}
	return c.report(ctx, tx, runs)
}

// failureOf is why an answer cannot be applied: its own error, no score at all, or a unit that
// nobody has agreed to.
func failureOf(answer integrations.Reading, k store.KeyResult) *integrations.Error {
	var failure *integrations.Error
	if errors.As(answer.Err, &failure) {
		return failure
	}
	s := answer.Scorecard
	if s.Unit != "" && s.Unit != k.Source.Unit {
		return &integrations.Error{Class: integrations.Misread, Cause: "unit_changed",
			Says: fmt.Sprintf("The scorecard's unit changed from %s to %s, so its value is held.", unitName(k.Source.Unit), unitName(s.Unit)),
			Next: "Check it with `/okr edit " + k.Key() + "` and save to accept the new unit."}
	}
	if len(s.Scores) == 0 && !k.Result.Value.Valid {
		return &integrations.Error{Class: integrations.NoData, Cause: "no_score",
			Says: "The scorecard has no score in this period yet.",
			Next: "Ask for its data collection in ServiceNow, or wait for the first score."}
	}
	return nil
}

// unitName writes a unit that the other side chose: short, and quoted so that it stays a word.
func unitName(unit string) string {
	if unit == "" {
		return "none"
	}
	runes := []rune(unit)
	return "“" + string(runes[:min(len(runes), 20)]) + "”"
}

// applying gathers what a batch writes, so that each table is written once.
type applying struct {
	scores        []store.Score
	results       []store.AppliedResult
	failures      []store.AppliedFailure
	announcements []store.Announcement
	runs          []store.FinishedRun
	cards         []int64
}

// score takes a scorecard's scores over: new days, restated ones, and the result they make. The
// newest day's value never gives way to an older day's.
func (a *applying) score(r store.BegunRun, k store.KeyResult, old store.Applying, s integrations.Scorecard, had []okr.Reading, now time.Time) {
	period := k.Objective.Period
	byDay := make(map[okr.Day]int, len(had))
	for i, reading := range had {
		byDay[reading.Day] = i
	}
	restated, fresh := false, false
	for _, score := range s.Scores {
		day := okr.DayOf(score.End)
		i, known := byDay[day]
		switch {
		case !known:
			byDay[day] = len(had)
			had = append(had, okr.Reading{Day: day, Value: score.Value})
			fresh = true
		case had[i].CheckIn || had[i].Value.Equal(score.Value):
			continue
		default:
			had[i].Value = score.Value
			restated = true
		}
		a.scores = append(a.scores, store.Score{KeyResult: k.ID, Workspace: k.Workspace, Day: day, Value: score.Value})
	}
	before := k.Result
	after := k
	after.Result = k.ResultOf(period, had)
	today := okr.DayOf(now)
	if zone, err := time.LoadLocation(k.Objective.Zone); err == nil {
		today = okr.DayOf(now.In(zone))
	}
	was, is := k.Standing(period, today), after.Standing(period, today)

	outcome := store.Unchanged
	moved := before.Value.Valid != after.Result.Value.Valid || !before.Value.Decimal.Equal(after.Result.Value.Decimal)
	switch {
	case moved && restated && !fresh:
		outcome = store.Restated
	case moved || fresh && before.AsOf != after.Result.AsOf:
		outcome = store.Changed
	case restated:
		outcome = store.Restated
	}
	a.results = append(a.results, store.AppliedResult{KeyResult: k.ID, Epoch: r.Epoch, Result: after.Result, Status: is.Status, Name: s.Name})
	a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: outcome, Epoch: r.Epoch, Old: before.Value, New: after.Result.Value, AsOf: after.Result.AsOf})
	a.cards = append(a.cards, k.ID)
	// The first import is what the new card shows; it is no news.
	if moved && k.Channel != "" && before.Value.Valid {
		kind := "changed"
		if outcome == store.Restated {
			kind = "restated"
		}
		a.announcements = append(a.announcements, store.Announcement{
			Workspace: k.Workspace, Channel: k.Channel, KeyResult: k.ID, Kind: kind,
			Old: before.Value, New: after.Result.Value, OldDay: before.AsOf, NewDay: after.Result.AsOf,
			OldStatus: was.Status, NewStatus: is.Status,
		})
	}
	if old.Told {
		a.announcements = append(a.announcements, store.Announcement{
			Workspace: k.Workspace, Channel: k.Owner, KeyResult: k.ID, Kind: "recovered",
			Old: before.Value, New: after.Result.Value, OldDay: before.AsOf, NewDay: after.Result.AsOf,
		})
	}
}

// fail notes a failure. The last good value stays. The owner is told once an episode.
func (a *applying) fail(r store.BegunRun, k store.KeyResult, old store.Applying, f *integrations.Error) {
	failure := okr.Failure{Class: string(f.Class), Cause: f.Cause, Says: f.Sentence()}
	a.failures = append(a.failures, store.AppliedFailure{KeyResult: k.ID, Epoch: r.Epoch, Failure: failure})
	a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Failed, Epoch: r.Epoch, Old: k.Result.Value, New: decimal.NullDecimal{}, AsOf: k.Result.AsOf, Failure: failure})
	if !old.Failing || k.Failure.Cause != f.Cause {
		a.cards = append(a.cards, k.ID)
	}
	if !old.Told {
		a.announcements = append(a.announcements, store.Announcement{
			Workspace: k.Workspace, Channel: k.Owner, KeyResult: k.ID, Kind: "failed", Note: failure.Says,
		})
	}
}

func (a *applying) write(ctx context.Context, tx *store.Tx) error {
	if err := tx.ApplyScores(ctx, a.scores); err != nil {
		return err
	}
	if err := tx.ApplyResults(ctx, a.results); err != nil {
		return err
	}
	if err := tx.ApplyFailures(ctx, a.failures); err != nil {
		return err
	}
	if err := tx.FinishRuns(ctx, a.runs); err != nil {
		return err
	}
	if err := tx.Announce(ctx, a.announcements); err != nil {
		return err
	}
	if len(a.cards) == 0 {
		return nil
	}
	return tx.MarkCards(ctx, a.cards...)
}

// report leaves a job for each request that waits for one of these runs.
func (c *Client) report(ctx context.Context, tx *store.Tx, runs []int64) error {
	requests, err := tx.RequestsOf(ctx, runs)
	if err != nil || len(requests) == 0 {
		return err
	}
	jobs := make([]river.InsertManyParams, len(requests))
	for i, id := range requests {
		jobs[i] = river.InsertManyParams{Args: ReportOutcome{Request: id}}
	}
	_, err = c.river.InsertManyFastTx(ctx, tx.Pgx(), jobs)
	return err
}
