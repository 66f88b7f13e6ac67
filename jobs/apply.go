package jobs

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// apply makes a fetch's answers true in one transaction: scores once for each feed, then the key
// results that follow: results, failures, what is announced, which cards are drawn again, and one row
// that says what became of each. Where a feed brings nothing new, those who follow it cost nothing
// but their number in that row.
func (t *taker) apply(ctx context.Context, tx *store.Tx, p *part, s sorted) error {
	// While this row is ours nobody takes the connection over; and whoever was taken for dead is
	// stopped here.
	mine, err := tx.KeepSlot(ctx, p.held)
	if err == nil && !mine {
		err = errLost
	}
	if err != nil {
		return err
	}
	a := &applying{now: tx.Now, system: t.systemName(p.connection.Kind), part: p, batch: &store.Batch{
		Connection: p.connection, Epoch: p.epoch, Forced: p.forced(), Began: p.began, Feeds: len(p.feedsOf()),
	}}
	if !p.forced() {
		for _, r := range p.rhythms {
			a.batch.Slots = append(a.batch.Slots, r.Slot)
		}
	}
	if err := a.feeds(ctx, tx, s); err != nil {
		return err
	}
	if err := a.follows(ctx, tx, s); err != nil {
		return err
	}
	for place := range a.places() {
		t.gathered[place] = true
	}
	wait, also := gatherFor, []store.Place(nil)
	if p.last {
		wait, also = 0, t.places() // what was held back is said with it
	}
	p.done = a.tally(s)
	return tx.Together(ctx, func(tx *store.Tx) error {
		if err := a.write(ctx, tx, wait, also); err != nil || !p.last || p.forced() {
			return err
		}
		return tx.MoveRhythms(ctx, p.rhythms)
	})
}

// feedsOf are the feeds of the part, in the order of their ids.
func (p *part) feedsOf() []int64 {
	var ids []int64
	for _, f := range p.follows {
		ids = append(ids, f.Feed)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// feeds keeps what the feeds brought, and finds out whether that is news.
func (a *applying) feeds(ctx context.Context, tx *store.Tx, s sorted) error {
	ids := a.part.feedsOf()
	locked, err := tx.LockFeeds(ctx, ids)
	if err != nil {
		return err
	}
	a.known, a.news, a.fresh = locked, map[int64]bool{}, map[int64][]store.Score{}
	var scores, ahead []store.Scores
	today := okr.DayOf(a.part.began.UTC())
	for _, id := range ids {
		answer, feed := s.ending[id], a.part.feeds[id]
		whole := slices.Contains(a.part.whole, id) && !a.part.forced()
		switch {
		case answer.Err != nil || locked[id].Epoch > a.part.epoch:
			// Nothing was read, or a newer fetch was applied meanwhile: what it brought is known.
			if whole {
				a.tried = append(a.tried, id)
			}
			continue
		case locked[id].Epoch == a.part.epoch:
			// An earlier part has kept it.
			a.news[id], a.fresh[id] = a.part.kept[id].news, a.part.kept[id].fresh
			if whole {
				a.tried = append(a.tried, id)
			}
			continue
		}
		read := store.ReadFeed{ID: id, Epoch: a.part.epoch, Slot: whole, Since: from(feed, a.part.began)}
		if feed.Newest <= today { // one of a day to come can be taken back
			read.Newest = feed.Newest
		}
		for _, score := range answer.Scorecard.Scores {
			read.Newest = max(read.Newest, okr.DayOf(score.End))
		}
		feed.Newest = read.Newest
		if feed.Since == 0 || read.Since < feed.Since {
			feed.Since = read.Since
		}
		read.Digest = digest(feed, answer.Scorecard, a.part.began)
		if locked[id].Epoch != a.part.feeds[id].Epoch || !bytes.Equal(read.Digest, feed.Digest) {
			read.Changed, a.news[id] = true, true
			list := store.Scores{Feed: id}
			for _, score := range answer.Scorecard.Scores {
				list.List = append(list.List, scoreOf(score, answer.Scorecard.Frequency))
			}
			scores = append(scores, list)
			if a.part.feeds[id].Newest >= today {
				ahead = append(ahead, list)
			}
		}
		a.read = append(a.read, read)
	}
	if err := tx.ForgetAhead(ctx, today, ahead); err != nil {
		return err
	}
	fresh, err := tx.ApplyScores(ctx, a.part.epoch, scores)
	for _, list := range fresh {
		a.stored += len(list)
	}
	maps.Copy(a.fresh, fresh)
	if a.part.kept == nil {
		a.part.kept = map[int64]kept{}
	}
	for _, f := range a.read {
		a.part.kept[f.ID] = kept{a.news[f.ID], a.fresh[f.ID]}
	}
	return err
}

// kept is what a part has kept of a feed, for the parts after it.
type kept struct {
	news  bool
	fresh []store.Score
}

// follows finds out what the answers mean for each key result. One that was removed or paused
// meanwhile, or that reads elsewhere by now, is left as it is.
func (a *applying) follows(ctx context.Context, tx *store.Tx, s sorted) error {
	var look []store.Follow
	var ids []int64
	for _, f := range a.part.follows {
		known := a.known[f.Feed].Epoch
		as := known == a.part.feeds[f.Feed].Epoch || known == a.part.epoch // nobody else has read it meanwhile
		switch {
		case s.again[f.KeyResult]:
			a.again = append(a.again, f.KeyResult)
		case s.ending[f.Feed].Err == nil && as && !f.Look && !a.news[f.Feed]:
			a.works = true
			a.batch.Note(store.Unchanged, f.KeyResult)
		default:
			look = append(look, f)
			ids = append(ids, f.KeyResult)
		}
	}
	if len(a.again) > 0 && !a.part.forced() {
		a.batch.Note(store.Again, a.again...)
	}
	if a.part.last {
		for _, r := range a.part.astray() {
			a.supersede(r.KeyResult, []store.TakenRun{r})
		}
	}
	if len(look) == 0 {
		return nil
	}
	locked, err := tx.LockForApply(ctx, ids)
	if err != nil {
		return err
	}
	now, err := tx.ToApply(ctx, a.part.connection.Workspace, ids)
	if err != nil {
		return err
	}
	var reads []store.Follow
	for _, f := range look {
		k, there := now[f.KeyResult]
		answer, runs := s.ending[f.Feed], a.part.runs[f.KeyResult]
		if !there || k.Source.Feed != f.Feed || k.Closed || k.Paused && !asked(runs) {
			a.supersede(f.KeyResult, runs)
			continue
		}
		failure := failureOf(answer, k)
		if failure == nil {
			reads = append(reads, f)
			a.works = true
			continue
		}
		if failure.Cause == scorecardChanged { // whoever saves the key result next agrees to what it is now
			seen := answer.Scorecard
			seen.Unit = cmp.Or(seen.Unit, k.Source.Unit)
			if err := tx.SaveScorecards(ctx, a.part.connection, listed([]integrations.Scorecard{seen})); err != nil {
				return err
			}
		}
		a.works = a.works || failure.Class == integrations.NoData || failure.Class == integrations.NotFound || failure.Cause == scorecardChanged
		a.fail(runs, k, locked[f.KeyResult], failure)
	}
	return a.scores(ctx, tx, reads, now, locked, s)
}

// asked says whether somebody asked for one of some runs.
func asked(runs []store.TakenRun) bool {
	return slices.ContainsFunc(runs, func(r store.TakenRun) bool { return r.Forced })
}

// newestDecides says whether the newest value alone makes the result, so that the readings that made
// the result before are not needed to compute it again: not where there are scores of days to come.
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

// applying gathers what a part writes, so that each table is written once.
type applying struct {
	now           time.Time
	system        string // that it was read from, as people call it
	part          *part
	batch         *store.Batch
	known         map[int64]store.Feed    // as they were when they were locked
	news          map[int64]bool          // feeds that brought something
	fresh         map[int64][]store.Score // what they brought
	read          []store.ReadFeed
	tried         []int64
	works         bool // the sign-in does
	stored        int  // scores that were kept
	results       []store.AppliedResult
	followed      []store.Followed
	failures      []store.AppliedFailure
	announcements []store.Announcement
	recorded      []store.Recorded
	runs          []store.FinishedRun
	cards         []int64
	again         []int64
	resumed       []int64                // overrides that a newer score ended
	missing       []store.AppliedFailure // not there for the first time: looked at again in an hour
}

func (a *applying) supersede(keyResult int64, runs []store.TakenRun) {
	a.batch.Note(store.Superseded, keyResult)
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Superseded, Epoch: r.Epoch})
	}
}

// scores takes over what the feeds brought, for each key result since it last did. A day for which a
// person entered a value is theirs.
func (a *applying) scores(ctx context.Context, tx *store.Tx, reads []store.Follow, now map[int64]store.KeyResult, locked map[int64]store.Applying, s sorted) error {
	if len(reads) == 0 {
		return nil
	}
	var ids []int64
	behind, since := false, a.part.epoch // what came before this fetch is news to somebody
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
	var restated []okr.Restatement
	fresh := 0
	for _, score := range taken {
		switch {
		case !period.Contains(score.Day) || !score.Reading().CountsOn(today):
		case score.Restated:
			restated = append(restated, okr.Restatement{Day: score.Day, From: score.Was, To: score.Value})
		case score.Fresh:
			fresh++
		}
	}
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
	epoch := max(a.part.epoch, a.known[k.Source.Feed].Epoch)
	a.batch.Note(outcome, k.ID)
	applied := store.AppliedResult{KeyResult: k.ID, Epoch: epoch, Result: after.Result, Ahead: after.Ahead, Status: status, Judged: after.Judged(k.Objective, a.now)}
	if known := k.Source; s.Name != known.Name || known.Direction == "" || known.Frequency == "" || !known.Precision.Known {
		applied.Name, applied.Seen = s.Name, traits(s)
	}
	a.results = append(a.results, applied)
	a.followed = append(a.followed, store.Followed{KeyResult: k.ID, Epoch: epoch, Look: !after.Result.Value.Valid})
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
		Old: seen.Value, New: shown.Value, OldWords: k.MeasuredWords(seen.Value), NewWords: after.MeasuredWords(shown.Value), OldDay: seen.AsOf, NewDay: shown.AsOf,
		OldStatus: was, NewStatus: status,
	}
	action := "synced"
	moving.Kind = store.NewsChanged
	if outcome == store.Restated {
		action = "restated"
	}
	if note != "" && !seen.ByHand && (outcome == store.Restated || same(seen.Value, shown.Value)) {
		moving.Kind = store.NewsRestated
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
		moving.Kind, moving.Channel = store.NewsRecovered, k.Owner
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
func (a *applying) fail(runs []store.TakenRun, k store.KeyResult, old store.Applying, f *integrations.Error) {
	told := true
	if f.Class == integrations.NotFound {
		// Once is no proof: an answer can leave out what is there. Twice an hour apart it is gone.
		before := k.Failure.Class == string(integrations.NotFound)
		if told = before && a.now.Sub(k.Failure.Since) >= missingFor; told {
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
	failure := accounts.Failed(f)
	epoch := a.part.epoch
	a.batch.NoteFailed(k.ID, failure)
	a.failures = append(a.failures, store.AppliedFailure{KeyResult: k.ID, Epoch: epoch, Failure: failure, Told: told, Tries: tries, RetryAt: retry})
	for _, r := range runs {
		a.runs = append(a.runs, store.FinishedRun{ID: r.ID, Outcome: store.Failed, Epoch: epoch, Old: k.Result.Value, AsOf: k.Result.AsOf, Failure: failure})
	}
	if !old.Failing || k.Failure.Cause != f.Cause || !retry.Equal(old.RetryAt) {
		a.cards = append(a.cards, k.ID)
	}
	if told && !old.Told {
		a.announcements = append(a.announcements, store.Announcement{
			Workspace: k.Workspace, Channel: k.Owner, KeyResult: k.ID, Kind: store.NewsFailed, Note: failure.Says,
		})
	}
}

// write writes all of it, in one round trip. What is said leaves after a wait, and what waits in other
// places with it.
func (a *applying) write(ctx context.Context, tx *store.Tx, wait time.Duration, also []store.Place) error {
	connection := a.part.connection
	steps := []func() error{
		func() error { return tx.ApplyFailures(ctx, a.failures) }, // before the feeds say that they were read
		func() error { return tx.ApplyFeeds(ctx, a.part.began, a.read) },
		func() error { return tx.FeedsTried(ctx, a.part.began, a.tried) },
		func() error { return tx.ApplyResults(ctx, a.results) },
		func() error { return tx.ApplyFollows(ctx, a.followed) },
		func() error { return tx.ClearOverrides(ctx, a.resumed) },
		func() error { return tx.QueueChecks(ctx, connection, a.missing) },
		func() error { return a.leave(ctx, tx) },
		func() error { return tx.FinishRuns(ctx, a.runs) },
		func() error { return tx.RecordResults(ctx, a.recorded) },
		func() error { return tx.RecordBatch(ctx, a.batch) },
		func() error { return tx.TouchRequests(ctx, a.ended()) },
		func() error { return tx.Say(ctx, wait, a.announcements, a.cards, also) },
	}
	if a.works && a.part.asked {
		steps = append(steps, func() error { return tx.ConnectionSucceeded(ctx, connection.ID) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// leave leaves what deserves another try within the slot.
func (a *applying) leave(ctx context.Context, tx *store.Tx) error {
	quickly := func(r store.TakenRun) time.Duration {
		return okr.NextTry(min(r.Tries+1, okr.QuickTries), a.now, a.part.connection.ID).Sub(a.now)
	}
	if !a.part.forced() {
		return tx.QueueRetries(ctx, a.part.connection, a.part.rhythms[0].Slot, quickly(store.TakenRun{}), a.again)
	}
	var runs []store.TakenRun
	for _, id := range a.again {
		runs = append(runs, a.part.runs[id]...)
	}
	return tx.PutBack(ctx, runs, 1, 0, quickly)
}

// ended are the runs that are over: whoever waits for them is told.
func (a *applying) ended() []int64 {
	ids := make([]int64, len(a.runs))
	for i, r := range a.runs {
		ids[i] = r.ID
	}
	return ids
}

// places are those in which something is to be said.
func (a *applying) places() map[store.Place]bool {
	places := map[store.Place]bool{}
	for _, n := range a.announcements {
		places[store.Place{Workspace: n.Workspace, Channel: n.Channel}] = true
	}
	return places
}
