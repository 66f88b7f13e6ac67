package jobs

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// apply makes a fetch's answers true in one transaction: readings, results, failures, runs, what
// is announced, which cards are drawn again, and how the connection stands. A key result whose
// epoch has been passed, that was removed or paused meanwhile, or that reads elsewhere by now, is
// left as it is.
func (c *Client) apply(ctx context.Context, tx *store.Tx, b batch, ending map[int64]integrations.Reading) error {
	ids := keyResultsOf(b.runs)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	locked, err := tx.LockForApply(ctx, ids)
	if err != nil {
		return err
	}
	present, err := tx.KeyResults(ctx, b.connection.Workspace, store.Filter{IDs: ids})
	if err != nil {
		return err
	}
	now := map[int64]store.KeyResult{}
	since := map[int64]okr.Day{}
	for _, k := range present {
		now[k.ID] = k
		since[k.ID] = needed(k, b.before[k.ID], b.began)
	}
	readings, err := tx.ReadingsOf(ctx, since)
	if err != nil {
		return err
	}

	a := applying{now: tx.Now}
	works := false
	var done []int64
	byKeyResult := map[int64][]store.TakenRun{}
	for _, r := range b.runs {
		byKeyResult[r.KeyResult] = append(byKeyResult[r.KeyResult], r)
	}
	for _, id := range ids {
		runs := byKeyResult[id]
		k, there := now[id]
		if !there || !sameSource(b, k, runs) || runs[0].Epoch <= locked[id].AppliedEpoch {
			a.supersede(runs)
			done = append(done, runIDs(runs)...)
			continue
		}
		answer, ended := ending[id]
		if !ended {
			continue // it is tried again
		}
		done = append(done, runIDs(runs)...)
		if failure := failureOf(answer, k); failure != nil {
			works = works || failure.Class == integrations.NoData || failure.Class == integrations.NotFound || failure.Cause == "unit_changed"
			a.fail(runs, k, locked[id], failure)
			continue
		}
		works = true
		a.score(runs, k, locked[id], answer.Scorecard, readings[id])
	}
	if err := a.write(ctx, tx); err != nil {
		return err
	}
	if works && b.asked {
		if err := tx.ConnectionSucceeded(ctx, b.connection.ID); err != nil {
			return err
		}
	}
	return tx.TouchRequests(ctx, done)
}

// sameSource says whether what was read is what the key result still reads.
func sameSource(b batch, k store.KeyResult, runs []store.TakenRun) bool {
	before, loaded := b.before[k.ID]
	paused := k.Paused && !slices.ContainsFunc(runs, func(r store.TakenRun) bool { return r.Forced })
	return loaded && !paused && k.Source.Connection == b.connection.ID &&
		before.Source.Connection == b.connection.ID && k.Source.Reference == before.Source.Reference
}

func runIDs(runs []store.TakenRun) []int64 {
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	return ids
}

// needed is the first day whose readings are needed to compute a result: the newest value needs
// those that were read again, any other method all of them.
func needed(now, before store.KeyResult, began time.Time) okr.Day {
	if now.Method != okr.Latest || !now.Result.Value.Valid || before.ID == 0 {
		return 0
	}
	return min(from(before, began), now.Result.AsOf)
}

// applying gathers what a batch writes, so that each table is written once.
type applying struct {
	now           time.Time
	scores        []store.Score
	results       []store.AppliedResult
	failures      []store.AppliedFailure
	announcements []store.Announcement
	recorded      []store.Recorded
	runs          []store.FinishedRun
	cards         []int64
}

func (a *applying) supersede(runs []store.TakenRun) {
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Superseded, Epoch: r.Epoch})
	}
}

// score takes a scorecard's scores over: new days, restated ones, and the result they make. The
// newest day's value never gives way to an older day's. What a person entered for a day stays.
func (a *applying) score(runs []store.TakenRun, k store.KeyResult, old store.Applying, s integrations.Scorecard, had []okr.Reading) {
	period := k.Objective.Period
	byDay := make(map[okr.Day]int, len(had))
	for i, reading := range had {
		byDay[reading.Day] = i
	}
	restated, fresh := false, 0
	for _, score := range s.Scores {
		day := okr.DayOf(score.End)
		i, known := byDay[day]
		switch {
		case !known:
			byDay[day] = len(had)
			had = append(had, okr.Reading{Day: day, Value: score.Value})
			if period.Contains(day) {
				fresh++
			}
		case had[i].CheckIn || had[i].Value.Equal(score.Value):
			continue
		default:
			had[i].Value = score.Value
			restated = restated || period.Contains(day)
		}
		a.scores = append(a.scores, store.Score{KeyResult: k.ID, Workspace: k.Workspace, Day: day, Value: score.Value})
	}
	before := k.Result
	after := k
	after.Result = k.ResultOf(period, had)
	if k.Method == okr.Latest && before.Value.Valid {
		after.Result.N = before.N + fresh // the older readings were not loaded
	}
	today := okr.DayOf(a.now.UTC())
	if zone, err := time.LoadLocation(k.Objective.Zone); err == nil {
		today = okr.DayOf(a.now.In(zone))
	}
	was := cmp.Or(old.Status, k.Standing(period, today).Status)
	status := after.Standing(period, today).Settled(was)

	outcome := store.Unchanged
	moved := !same(before.Value, after.Result.Value)
	switch {
	case restated && fresh == 0:
		outcome = store.Restated
	case moved || fresh > 0 && before.AsOf != after.Result.AsOf:
		outcome = store.Changed
	case restated:
		outcome = store.Restated
	}
	epoch := runs[0].Epoch
	a.results = append(a.results, store.AppliedResult{KeyResult: k.ID, Epoch: epoch, Result: after.Result, Status: status, Name: s.Name})
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: outcome, Epoch: epoch, Old: before.Value, New: after.Result.Value, AsOf: after.Result.AsOf})
	}
	a.cards = append(a.cards, k.ID)
	moving := store.Announcement{
		Workspace: k.Workspace, KeyResult: k.ID,
		Old: before.Value, New: after.Result.Value, OldDay: before.AsOf, NewDay: after.Result.AsOf,
		OldStatus: was, NewStatus: status,
	}
	if moved {
		moving.Kind = "changed"
		action := "synced"
		if outcome == store.Restated {
			moving.Kind, action = "restated", "restated"
		}
		a.recorded = append(a.recorded, store.Recorded{
			KeyResult: k.ID, Workspace: k.Workspace, Action: action, Before: words(before.Value), After: words(after.Result.Value),
		})
		// The first import is what the new card shows; it is no news.
		if k.Channel != "" && before.Value.Valid {
			moving.Channel = k.Channel
			a.announcements = append(a.announcements, moving)
		}
	}
	if old.Told {
		moving.Kind, moving.Channel = "recovered", k.Owner
		a.announcements = append(a.announcements, moving)
	}
}

func same(a, b decimal.NullDecimal) bool {
	return a.Valid == b.Valid && a.Decimal.Equal(b.Decimal)
}

func words(v decimal.NullDecimal) string {
	if !v.Valid {
		return ""
	}
	return v.Decimal.String()
}

// fail notes a failure. The last good value stays. The owner is told once an episode.
func (a *applying) fail(runs []store.TakenRun, k store.KeyResult, old store.Applying, f *integrations.Error) {
	failure := failed(f)
	epoch := runs[0].Epoch
	a.failures = append(a.failures, store.AppliedFailure{KeyResult: k.ID, Epoch: epoch, Failure: failure})
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Failed, Epoch: epoch, Old: k.Result.Value, AsOf: k.Result.AsOf, Failure: failure})
	}
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
	if err := tx.RecordResults(ctx, a.recorded); err != nil {
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
