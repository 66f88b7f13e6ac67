package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// newestDecides says whether the newest value alone makes the result, so that the readings that made
// the result before are not needed to compute it again: not where there are scores of days to come.
func newestDecides(k store.KeyResult, taken []store.Score, today okr.Day) bool {
	return k.Method == okr.Latest && k.Result.Value.Valid && k.Result.AsOf <= today && k.Ahead == 0 &&
		!slices.ContainsFunc(taken, func(s store.Score) bool { return !s.Reading().CountsOn(today) })
}

// scores takes over what the feeds brought, for each key result since it last did. A day for which a
// person entered a value is theirs.
func (a *applying) scores(ctx context.Context, tx *store.Tx, reads []store.Follow, now map[int64]store.KeyResult, locked map[int64]store.Applying, s sorted) error {
	if len(reads) == 0 {
		return nil
	}
	var ids []int64
	behind, since := false, a.part.epoch-1 // what came before this fetch is news to somebody, and what it brought
	for _, f := range reads {
		ids = append(ids, f.KeyResult)
		old, known := locked[f.KeyResult].Epoch, a.known[f.Feed]
		if old >= 0 && (old < known.Changed || known.Epoch > a.part.epoch) {
			behind, since = true, min(since, old)
		}
	}
	news := a.fresh
	var err error
	if behind {
		if news, err = tx.NewsOf(ctx, a.part.feedsOf(), since); err != nil {
			return err
		}
	}
	entered, err := tx.EnteredDays(ctx, ids)
	if err != nil {
		return err
	}
	taken := map[int64][]store.Score{}
	var whole []int64
	for _, f := range reads {
		k, old := now[f.KeyResult], locked[f.KeyResult].Epoch
		for _, score := range news[f.Feed] {
			had := entered[k.ID][score.Day]
			if old < 0 || score.Epoch <= old || had.ByHand {
				continue
			}
			known := score.Born <= old || had.Imported
			score.Was = score.AsOf(old)
			score.Fresh, score.Restated = !known, known && score.Restated && !score.Was.Equal(score.Value)
			taken[k.ID] = append(taken[k.ID], score)
		}
		if old < 0 || !newestDecides(k, taken[k.ID], k.Today(a.now)) {
			whole = append(whole, k.ID)
		}
	}
	readings, err := tx.ReadingsOf(ctx, whole)
	if err != nil {
		return err
	}
	for _, f := range reads {
		k, old := now[f.KeyResult], locked[f.KeyResult]
		if old.Epoch < 0 { // all of it is new
			for _, r := range readings[k.ID] {
				if !r.CheckIn {
					taken[k.ID] = append(taken[k.ID], store.Score{Day: r.Day, Counts: r.Counts, Value: r.Value, AsRead: r.AsRead, Fresh: true})
				}
			}
		}
		a.score(a.part.runs[k.ID], k, old, s.ending[f.Feed].Scorecard, taken[k.ID], readings[k.ID])
	}
	return nil
}

// score notes what a scorecard's scores did: new days, restated ones, and the result they make. The
// newest day's value never gives way to an older day's. Readings are all that the key result has
// now, where newestDecides says that they are needed.
func (a *applying) score(runs []store.TakenRun, k store.KeyResult, old store.Applying, s integrations.Scorecard, taken []store.Score, readings []okr.Reading) {
	period, today := k.Objective.Period, k.Today(a.now)
	before := k.Result
	restated, fresh := newsOf(taken, period, today)
	after := k
	after.SyncedAt = a.now
	if old.Epoch >= 0 && newestDecides(k, taken, today) {
		readings = []okr.Reading{{Day: before.AsOf, Value: before.Value.Decimal}}
		for _, score := range taken { // a restated day comes after what it was
			readings = append(readings, score.Reading())
		}
		after.Result = k.ResultOf(period, readings, today)
		after.Result.N = before.N + fresh
	} else {
		after.Result = k.ResultOf(period, readings, today)
	}
	after.Ahead = okr.NextAhead(readings, today)
	was := old.Status
	if was == "" {
		was = k.Standing(period, today).Status
	}
	status := after.Standing(period, today).Settled(was)
	seen, shown := k.Told(), after.Counted(today) // what people saw, and what they see
	if k.Override.Value.Valid && !after.Overridden(today) {
		a.resumed = append(a.resumed, k.ID)
		a.recorded = append(a.recorded, store.ResultChange{
			KeyResult: k.ID, Workspace: k.Workspace, Action: "resumed automatic", Field: "override", Before: words(k.Override.Value),
		})
	}

	outcome := outcomeOf(before, after.Result, restated, fresh)
	note := k.RestatedWords(restated, today)
	epoch := max(a.part.epoch, a.known[k.Source.Feed].Epoch)
	a.batch.Note(outcome, k.ID)
	applied := store.AppliedResult{KeyResult: k.ID, Epoch: epoch, Result: after.Result, Ahead: after.Ahead, Status: status, Judged: after.Judged(k.Objective, a.now)}
	if known := k.Source; s.Name != known.Name || known.Direction == "" || known.Frequency == "" || !known.Precision.Known {
		applied.Name, applied.Seen = s.Name, traits(s)
	}
	a.results = append(a.results, applied)
	a.followed = append(a.followed, store.Followed{KeyResult: k.ID, Epoch: epoch, Look: !after.Result.Value.Valid})
	ended := store.FinishedRun{Outcome: outcome, Epoch: epoch, Old: before.Value, New: after.Result.Value, AsOf: after.Result.AsOf, Note: note}
	switch {
	case len(s.Scores) > 0:
	case s.Left.IsZero():
		ended.Note = k.UndatedWords(s.Value, a.system)
	default:
		ended.Note = okr.EarlierWords(okr.DayOf(s.Left), today)
	}
	for _, r := range runs {
		ended.ID = r.ID
		a.runs = append(a.runs, ended)
	}
	a.cards = append(a.cards, k.ID)
	a.record(k, before, after.Result, outcome, restated)
	a.announce(store.Announcement{
		Workspace: k.Workspace, KeyResult: k.ID, Note: note,
		Old: seen.Value, New: shown.Value, OldWords: k.MeasuredWords(seen.Value), NewWords: after.MeasuredWords(shown.Value), OldDay: seen.AsOf, NewDay: shown.AsOf,
		OldStatus: was, NewStatus: status,
	}, k, old.Told, seen.ByHand, shown.ByHand, outcome)
}

// newsOf are the days that count and were restated, and how many that count are new.
func newsOf(taken []store.Score, period okr.Period, today okr.Day) (restated []okr.Restatement, fresh int) {
	for _, score := range taken {
		switch {
		case !period.Contains(score.Day) || !score.Reading().CountsOn(today):
		case score.Restated:
			restated = append(restated, okr.Restatement{Day: score.Day, From: score.Was, To: score.Value})
		case score.Fresh:
			fresh++
		}
	}
	return restated, fresh
}

// outcomeOf says what a read did to a result: a new day's value changes it, also where that is the
// same number; days that were restated alone restate it.
func outcomeOf(before, after okr.Result, restated []okr.Restatement, fresh int) string {
	switch {
	case len(restated) > 0 && fresh == 0:
		return store.Restated
	case !okr.Same(before.Value, after.Value), fresh > 0 && before.AsOf != after.AsOf:
		return store.Changed
	case len(restated) > 0:
		return store.Restated
	}
	return store.Unchanged
}

// record writes the audit of a result that moved, and of the days that were restated.
func (a *applying) record(k store.KeyResult, before, after okr.Result, outcome string, restated []okr.Restatement) {
	if !okr.Same(before.Value, after.Value) {
		action := "synced"
		if outcome == store.Restated {
			action = "restated"
		}
		a.recorded = append(a.recorded, store.ResultChange{
			KeyResult: k.ID, Workspace: k.Workspace, Action: action, Field: "result", Before: words(before.Value), After: words(after.Value),
		})
	}
	for _, r := range okr.NamedRestatements(restated) {
		a.recorded = append(a.recorded, store.ResultChange{
			KeyResult: k.ID, Workspace: k.Workspace, Action: "restated", Field: "score of " + r.Day.Words(), Before: r.From.String(), After: r.To.String(),
		})
	}
}

// announce leaves what is to be said of a move from what people saw to what they see, by hand or not.
func (a *applying) announce(move store.Announcement, k store.KeyResult, failureTold, sawByHand, seesByHand bool, outcome string) {
	stays := okr.Same(move.Old, move.New)
	move.Kind = store.NewsChanged
	if move.Note != "" && !sawByHand && (outcome == store.Restated || stays) {
		move.Kind = store.NewsRestated
	}
	// The first import is what the new card shows; it is no news. Neither is a score while another
	// value stands in for it. A past that was changed is told once, also where the result stays.
	news := !stays || move.Note != "" && !seesByHand
	if k.Channel != "" && move.Old.Valid && news {
		move.Channel = k.Channel
		a.announcements = append(a.announcements, move)
	}
	if failureTold {
		move.Kind, move.Channel = store.NewsRecovered, k.Owner
		a.announcements = append(a.announcements, move)
	}
}

func words(v decimal.NullDecimal) string {
	if !v.Valid {
		return ""
	}
	return v.Decimal.String()
}

// missingFor is how long a scorecard must be missing before it counts as gone.
const missingFor = 55 * time.Minute // an hour, but for the seconds that a look takes

// fail notes a failure. The last good value stays. The owner is told once an episode. What time can
// fix is tried again before the next slot; a try by hand in between does not move that.
func (a *applying) fail(runs []store.TakenRun, k store.KeyResult, old store.Applying, f *integrations.Error) {
	told := true
	if f.Class == integrations.NotFound {
		// Once is no proof: an answer can leave out what is there. Twice an hour apart it is gone.
		before := !old.Missing.IsZero()
		if told = before && a.now.Sub(old.Missing) >= missingFor; told {
			f = gone(f)
		} else if !before {
			a.missing = append(a.missing, store.AppliedFailure{KeyResult: k.ID, Epoch: a.part.epoch})
		}
	}
	connection := a.part.connection.ID
	tries, retry := old.Tries, old.RetryAt
	if !a.part.forced() { // another slot counts again
		tries, retry = 0, time.Time{}
	}
	switch {
	case !passes(f):
		retry = time.Time{}
	case retry.IsZero():
		for _, r := range runs {
			tries = max(tries, r.Tries)
		}
		tries = max(tries, okr.QuickTries) + 1
		retry = okr.NextTry(tries, a.now, connection)
	}
	if next, ok := k.NextDue(a.now); !ok || !retry.Before(next) {
		retry = time.Time{} // that is the next slot's
	}
	failure := accounts.AsFailure(f)
	epoch := a.part.epoch
	a.still[k.ID] = a.part.forced() && old.Failing && (old.Tries > 0 || !passes(f))
	a.batch.NoteFailed(k.ID, failure)
	a.failures = append(a.failures, store.AppliedFailure{KeyResult: k.ID, Epoch: epoch, Failure: failure, Told: told, Tries: tries, RetryAt: retry})
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Failed, Epoch: epoch, Old: k.Result.Value, AsOf: k.Result.AsOf, Failure: failure})
	}
	if !old.Failing || k.Failure.Cause != f.Cause || retry.IsZero() != old.RetryAt.IsZero() { // a card names no time of it
		a.cards = append(a.cards, k.ID)
	}
	if told && !old.Told {
		a.announcements = append(a.announcements, store.Announcement{
			Workspace: k.Workspace, Channel: k.Owner, KeyResult: k.ID, Kind: store.NewsFailed, Note: failure.Says,
		})
	}
}
