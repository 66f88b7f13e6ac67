package jobs

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

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
	mine, err := tx.KeepLane(ctx, p.held)
	if err == nil && !mine {
		err = errLost
	}
	if err != nil {
		return err
	}
	a := &applying{now: tx.Now, system: t.connectors.Name(p.connection.Kind), part: p, batch: &store.Batch{
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
	p.done, p.works = a.tally(s), a.works
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
	a.known, a.news, a.fresh, a.still = locked, map[int64]bool{}, map[int64][]store.Score{}, map[int64]bool{}
	var brought, ahead []store.Scores
	today := okr.DayOf(a.part.began.UTC())
	for _, id := range ids {
		answer := s.ending[id]
		whole := slices.Contains(a.part.whole, id) && !a.part.forced()
		if answer.Err != nil || locked[id].Epoch >= a.part.epoch {
			// Nothing was read, or a newer fetch was applied meanwhile: what it brought is known. Or an
			// earlier part has kept it, and knows whether it is news.
			if answer.Err == nil && locked[id].Epoch == a.part.epoch {
				a.news[id], a.fresh[id] = a.part.kept[id].news, a.part.kept[id].fresh
			}
			if whole {
				a.tried = append(a.tried, id)
			}
			continue
		}
		read := a.readFeed(a.part.feeds[id], locked[id], answer.Scorecard)
		read.Slot = whole
		if read.Changed {
			a.news[id] = true
			list := scoresOf(id, answer.Scorecard)
			brought = append(brought, list)
			if a.part.feeds[id].Newest >= today {
				ahead = append(ahead, list)
			}
		}
		a.read = append(a.read, read)
	}
	if err := tx.ForgetAhead(ctx, today, ahead); err != nil {
		return err
	}
	return a.keepScores(ctx, tx, brought)
}

// readFeed is what a feed is once it was read: from when and until when it is known, and whether it
// says something else than before.
func (a *applying) readFeed(feed, locked store.Feed, s integrations.Scorecard) store.ReadFeed {
	began := a.part.began
	read := store.ReadFeed{ID: feed.ID, Epoch: a.part.epoch, Since: from(feed, began)}
	if feed.Newest <= okr.DayOf(began.UTC()) { // one of a day to come can be taken back
		read.Newest = feed.Newest
	}
	for _, score := range s.Scores {
		read.Newest = max(read.Newest, okr.DayOf(score.End))
	}
	feed.Newest = read.Newest
	further := feed.Since != 0 && read.Since < feed.Since // days that no digest was of
	if feed.Since == 0 || read.Since < feed.Since {
		feed.Since = read.Since
	}
	read.Digest = digest(feed, s, began)
	read.Changed = further || locked.Epoch != feed.Epoch || !bytes.Equal(read.Digest, feed.Digest)
	return read
}

// scoresOf are a scorecard's scores as a feed keeps them.
func scoresOf(feed int64, s integrations.Scorecard) store.Scores {
	list := store.Scores{Feed: feed}
	for _, score := range s.Scores {
		list.List = append(list.List, scoreOf(score, s.Frequency))
	}
	return list
}

// keepScores writes scores, and notes for the parts after this one which of them are new.
func (a *applying) keepScores(ctx context.Context, tx *store.Tx, scores []store.Scores) error {
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

// follows finds out what the answers mean for each key result. One that was removed, paused or disconnected
// meanwhile, or that reads elsewhere by now, is left as it is.
func (a *applying) follows(ctx context.Context, tx *store.Tx, s sorted) error {
	look := a.lookAt(s)
	if len(a.again) > 0 && !a.part.forced() {
		a.batch.Note(store.Again, a.again...)
	}
	if a.part.ends {
		for _, r := range a.part.withoutFeed() {
			a.supersede(r.KeyResult, []store.TakenRun{r})
		}
	}
	if len(look) == 0 {
		return nil
	}
	var ids []int64
	for _, f := range look {
		ids = append(ids, f.KeyResult)
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
		if !there || k.Source.Feed != f.Feed || k.Closed || k.Paused && !askedFor(runs) || a.disconnected(k) {
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
			if err := tx.SaveRead(ctx, a.part.connection, Listed([]integrations.Scorecard{seen})); err != nil {
				return err
			}
		}
		a.works = a.works || failure.Class == integrations.NoData || failure.Class == integrations.NotFound || failure.Cause == scorecardChanged
		a.fail(runs, k, locked[f.KeyResult], failure)
	}
	return a.scores(ctx, tx, reads, now, locked, s)
}

// disconnected says whether a key result's connection was removed since the reading began: its owner was told.
func (a *applying) disconnected(k store.KeyResult) bool {
	return k.Source.ConnectionState == store.Removed && a.part.connection.State != store.Removed
}

// lookAt are those for whom the answers may mean something. It notes the others: those whose feed
// says what it said, and those that are to be read again.
func (a *applying) lookAt(s sorted) (look []store.Follow) {
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
		}
	}
	return look
}

// askedFor says whether somebody asked for one of some runs.
func askedFor(runs []store.TakenRun) bool {
	return slices.ContainsFunc(runs, func(r store.TakenRun) bool { return r.Forced })
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
	still         map[int64]bool // of these, what has failed in its slot before
	announcements []store.Announcement
	recorded      []store.ResultChange
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
