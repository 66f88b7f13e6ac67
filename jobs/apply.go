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
	now := make(map[int64]store.KeyResult, len(present))
	for _, k := range present {
		now[k.ID] = k
	}
	runs := map[int64][]store.TakenRun{}
	for _, r := range b.runs {
		runs[r.KeyResult] = append(runs[r.KeyResult], r)
	}

	a := applying{now: tx.Now, system: c.systemName(b.connection.Kind), digests: map[digestOf][]byte{}}
	var done, reads []int64
	works := false
	for _, id := range ids {
		k, there := now[id]
		answer, ended := ending[id]
		switch {
		case !there || !b.sameSource(k, runs[id]) || runs[id][0].Epoch <= locked[id].AppliedEpoch:
			a.supersede(runs[id])
		case !ended:
			continue // it is tried again
		default:
			failure := failureOf(answer, k)
			if failure == nil {
				reads = append(reads, id)
				works = true
				break
			}
			if failure.Cause == scorecardChanged { // whoever saves the key result next agrees to what it is now
				seen := answer.Scorecard
				seen.Unit = cmp.Or(seen.Unit, k.Source.Unit)
				if err := tx.SaveScorecards(ctx, b.connection, listed([]integrations.Scorecard{seen})); err != nil {
					return err
				}
			}
			works = works || failure.Class == integrations.NoData || failure.Class == integrations.NotFound || failure.Cause == scorecardChanged
			a.fail(b.connection.ID, runs[id], k, locked[id], failure)
		}
		done = append(done, runIDs(runs[id])...)
	}
	if err := tx.ForgetAhead(ctx, a.held(reads, now, ending)); err != nil {
		return err
	}
	taken, err := tx.ApplyScores(ctx, a.scores(b, reads, now, locked, ending))
	if err != nil {
		return err
	}
	var whole []int64
	for _, id := range reads {
		if !newestDecides(now[id], taken[id], now[id].Today(a.now)) {
			whole = append(whole, id)
		}
	}
	readings, err := tx.ReadingsOf(ctx, whole)
	if err != nil {
		return err
	}
	for _, id := range reads {
		a.score(runs[id], now[id], locked[id], ending[id].Scorecard, taken[id], readings[id])
	}
	if err := a.write(ctx, tx, b.connection); err != nil {
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
func (b batch) sameSource(k store.KeyResult, runs []store.TakenRun) bool {
	before, loaded := b.before[k.ID]
	paused := k.Paused && !slices.ContainsFunc(runs, func(r store.TakenRun) bool { return r.Forced })
	return loaded && !paused && !k.Closed && k.Source.Connection == b.connection.ID &&
		before.Source.Connection == b.connection.ID && k.Source.Reference == before.Source.Reference
}

func runIDs(runs []store.TakenRun) []int64 {
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	return ids
}

// newestDecides says whether the newest value alone makes the result, so that the readings that made
// the result before are not needed to compute it anew: not where there are scores of days to come.
func newestDecides(k store.KeyResult, taken []store.Score, today okr.Day) bool {
	return k.Method == okr.Latest && k.Result.Value.Valid && k.Result.AsOf <= today && k.Ahead == 0 &&
		!slices.ContainsFunc(taken, func(s store.Score) bool { return !s.Reading().CountsOn(today) })
}

// systemName is what people call a kind of system.
func (c *Client) systemName(kind string) string {
	connector, err := c.connectors.ByKind(kind)
	if err != nil {
		return kind
	}
	return connector.Name()
}

// applying gathers what a batch writes, so that each table is written once.
type applying struct {
	now           time.Time
	system        string // that the batch was read from, as people call it
	digests       map[digestOf][]byte
	results       []store.AppliedResult
	failures      []store.AppliedFailure
	announcements []store.Announcement
	recorded      []store.Recorded
	runs          []store.FinishedRun
	cards         []int64
	resumed       []int64                // overrides that a newer score ended
	missing       []store.AppliedFailure // not there for the first time: looked at again in an hour
}

func (a *applying) supersede(runs []store.TakenRun) {
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Superseded, Epoch: r.Epoch})
	}
}

// score notes what a scorecard's scores did: new days, restated ones, and the result they make. The
// newest day's value never gives way to an older day's. Readings are all that the key result has
// now, where newestDecides says that they are needed.
func (a *applying) score(runs []store.TakenRun, k store.KeyResult, old store.Applying, s integrations.Scorecard, taken []store.Score, readings []okr.Reading) {
	period, today := k.Objective.Period, k.Today(a.now)
	before := k.Result
	var restated []okr.Restatement
	fresh := 0
	for _, score := range taken {
		switch {
		case !period.Contains(score.Day) || !score.Reading().CountsOn(today):
		case score.Restated:
			restated = append(restated, okr.Restatement{Day: score.Day, From: score.Previous.Decimal, To: score.Value})
		case score.Fresh:
			fresh++
		}
	}
	after := k
	after.SyncedAt = a.now
	if newestDecides(k, taken, today) {
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
	was := cmp.Or(old.Status, k.Standing(period, today).Status)
	status := after.Standing(period, today).Settled(was)
	seen, shown := k.Told(today), after.Counted(today) // what people saw, and what they see
	if k.Override.Value.Valid && !after.Overridden(today) {
		a.resumed = append(a.resumed, k.ID)
		a.recorded = append(a.recorded, store.Recorded{
			KeyResult: k.ID, Workspace: k.Workspace, Action: "resumed automatic", Field: "override", Before: words(k.Override.Value),
		})
	}

	outcome := store.Unchanged
	moved := !same(before.Value, after.Result.Value)
	switch {
	case len(restated) > 0 && fresh == 0:
		outcome = store.Restated
	case moved || fresh > 0 && before.AsOf != after.Result.AsOf:
		outcome = store.Changed
	case len(restated) > 0:
		outcome = store.Restated
	}
	note := k.RestatedWords(restated, today)
	epoch := runs[0].Epoch
	a.results = append(a.results, store.AppliedResult{
		KeyResult: k.ID, Epoch: epoch, Result: after.Result, Ahead: after.Ahead, Status: status, Name: s.Name, Seen: traits(s), Digest: a.digest(after, s),
	})
	ended := store.FinishedRun{Outcome: outcome, Epoch: epoch, Old: before.Value, New: after.Result.Value, AsOf: after.Result.AsOf, Note: note}
	if len(s.Scores) == 0 {
		ended.Note = k.UndatedWords(s.Value, a.system)
	}
	for _, r := range runs {
		ended.ID = r.ID
		a.runs = append(a.runs, ended)
	}
	a.cards = append(a.cards, k.ID)
	moving := store.Announcement{
		Workspace: k.Workspace, KeyResult: k.ID, Note: note,
		Old: seen.Value, New: shown.Value, OldDay: seen.AsOf, NewDay: shown.AsOf,
		OldStatus: was, NewStatus: status,
	}
	action := "synced"
	moving.Kind = "changed"
	if outcome == store.Restated {
		action = "restated"
	}
	if note != "" && !seen.ByHand && (outcome == store.Restated || same(seen.Value, shown.Value)) {
		moving.Kind = "restated"
	}
	if moved {
		a.recorded = append(a.recorded, store.Recorded{
			KeyResult: k.ID, Workspace: k.Workspace, Action: action, Field: "result", Before: words(before.Value), After: words(after.Result.Value),
		})
	}
	for _, r := range okr.NamedRestatements(restated) {
		a.recorded = append(a.recorded, store.Recorded{
			KeyResult: k.ID, Workspace: k.Workspace, Action: "restated", Field: "score of " + r.Day.Words(), Before: r.From.String(), After: r.To.String(),
		})
	}
	// The first import is what the new card shows; it is no news. Neither is a score while another
	// value stands in for it. A past that was changed is told once, also where the result stays.
	news := !same(seen.Value, shown.Value) || note != "" && !shown.ByHand
	if k.Channel != "" && seen.Value.Valid && news {
		moving.Channel = k.Channel
		a.announcements = append(a.announcements, moving)
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

// missingFor is how long a scorecard must be missing before it counts as gone.
const missingFor = 55 * time.Minute // an hour, but for the seconds that a look takes

// fail notes a failure. The last good value stays. The owner is told once an episode. What time can
// fix is tried again before the next slot; a try by hand in between does not move that.
func (a *applying) fail(connection int64, runs []store.TakenRun, k store.KeyResult, old store.Applying, f *integrations.Error) {
	told := true
	if f.Class == integrations.NotFound {
		// Once is no proof: an answer can leave out what is there. Twice an hour apart it is gone.
		before := k.Failure.Class == string(integrations.NotFound)
		if told = before && a.now.Sub(k.Failure.Since) >= missingFor; told {
			f = gone(f)
		} else if !before {
			a.missing = append(a.missing, store.AppliedFailure{KeyResult: k.ID, Epoch: runs[0].Epoch})
		}
	}
	tries, retry := old.Tries, old.RetryAt
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
	failure := failed(f)
	epoch := runs[0].Epoch
	a.failures = append(a.failures, store.AppliedFailure{KeyResult: k.ID, Epoch: epoch, Failure: failure, Told: told, Tries: tries, RetryAt: retry})
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Failed, Epoch: epoch, Old: k.Result.Value, AsOf: k.Result.AsOf, Failure: failure})
	}
	if !old.Failing || k.Failure.Cause != f.Cause || !retry.Equal(old.RetryAt) {
		a.cards = append(a.cards, k.ID)
	}
	if told && !old.Told {
		a.announcements = append(a.announcements, store.Announcement{
			Workspace: k.Workspace, Channel: k.Owner, KeyResult: k.ID, Kind: "failed", Note: failure.Says,
		})
	}
}

func (a *applying) write(ctx context.Context, tx *store.Tx, connection store.Connection) error {
	if err := tx.ApplyResults(ctx, a.results); err != nil {
		return err
	}
	if err := tx.ClearOverrides(ctx, a.resumed); err != nil {
		return err
	}
	if err := tx.ApplyFailures(ctx, a.failures); err != nil {
		return err
	}
	if err := tx.QueueChecks(ctx, connection, a.missing); err != nil {
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
