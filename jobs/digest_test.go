package jobs

import (
	"strings"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// subscribes has a digest of the room's channel posted at a moment.
func (r *room) subscribes(at time.Time) {
	r.t.Helper()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Subscribe(ctx, alice, store.Subscription{Channel: "CDESK", Zone: "UTC", Next: at})
		return err
	}))
}

// TestADigestWaitsForWhatIsDueBeforeIt is posted once the sync is done, and half an hour late when it
// never is.
func TestADigestWaitsForWhatIsDueBeforeIt(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 40, 3))
	r.imports(k)
	digests := func() int { return len(r.slack.digests) }
	look := func() {
		r.t.Helper()
		r.check(r.client.sweep(ctx))
		r.work(r.client)
	}
	due := r.load(k).NextSyncAt
	r.subscribes(due.Add(time.Minute))
	r.advance(due.Add(2 * time.Minute).Sub(r.clock()))
	look()
	r.wants("digests before the sync", digests(), 0)
	r.tick() // the sync
	r.advance(10 * time.Second)
	look()
	r.wants("digests after the sync", digests(), 1)

	// From then on nothing is ever read. The next digest comes after the next sync was due, whatever
	// day of the week it is.
	next := r.load(k).NextSyncAt.Add(time.Minute)
	r.exec("update subscriptions set next_at = $1", next)
	r.advance(next.Add(time.Minute).Sub(r.clock()))
	for range 29 {
		look()
		r.advance(time.Minute)
	}
	r.wants("digests while it waits", digests(), 1)
	r.advance(2 * time.Minute)
	look()
	r.wants("digests after half an hour", digests(), 2)

	// What is paused, or fails, is not waited for.
	for _, change := range []string{"update key_results set paused = true", "update key_results set paused = false, failure_class = 'unavailable'"} {
		r.exec(change)
		s, err := r.store.Subscriptions(ctx, "T1")
		r.check(err)
		before := digests()
		r.advance(s[0].Next.Add(time.Minute).Sub(r.clock()))
		look()
		r.wants("digests after: "+change, digests(), before+1)
	}
}

// TestADigestKeepsWhatItTold is what the next one compares with.
func TestADigestKeepsWhatItTold(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 40, 3), func(k *store.KeyResult) { k.Paused = true })
	r.slack.tells = []store.DigestEntry{{KeyResult: k.ID, Value: number("40"), Status: okr.Behind}}
	r.subscribes(r.clock())
	r.check(r.client.sweep(ctx))
	r.work(r.client)
	s, err := r.store.Subscriptions(ctx, "T1")
	r.check(err)
	told, err := r.store.LastTold(ctx, s[0])
	r.check(err)
	if s[0].Posted.IsZero() || len(told) != 1 || told[k.ID].Status != okr.Behind || told[k.ID].Value.Decimal.String() != "40" {
		t.Errorf("posted %v, told %+v", s[0].Posted, told)
	}
}

// TestADigestThatTakesLongIsPostedOnce has its job begin when its hold is nearly over, and go on
// after that.
func TestADigestThatTakesLongIsPostedOnce(t *testing.T) {
	r := newRoom(t)
	r.subscribes(r.clock())
	r.check(r.client.sweep(ctx))
	r.advance(50 * time.Second)
	r.slack.posting = func() error {
		r.advance(75 * time.Second)
		r.check(r.client.sweep(ctx))
		r.wants("second jobs beside it", r.count("select count(*) from river_job where kind = 'post_digest'"), 0)
		return nil
	}
	r.work(r.client)
	r.wants("digests", len(r.slack.digests), 1)
	r.check(r.client.sweep(ctx))
	r.work(r.client)
	r.wants("digests after another look", len(r.slack.digests), 1)
}

// A digest that arrived, and of which that could not be noted, is looked for; where nobody may look it is sent once
// more, says so, and counts as posted after that.
func TestADigestOfWhichNobodyKnowsIsLookedFor(t *testing.T) {
	for name, row := range map[string]struct {
		found Found
		posts int
	}{
		"ItStandsThere": {Found{TS: "1700000000.000001", Looked: true}, 1},
		"ItDoesNot":     {Found{Looked: true}, 2},
		"NobodyMayLook": {Found{}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 40, 3), func(k *store.KeyResult) { k.Paused = true })
			r.slack.tells = []store.DigestEntry{{KeyResult: k.ID, Value: number("40"), Status: okr.Behind}}
			r.subscribes(r.clock())
			var looked []string
			r.slack.find = func(mark string) (Found, error) { looked = append(looked, mark); return row.found, nil }
			lost := true // what is noted after it has arrived
			r.slack.posting = func() error {
				if lost {
					_, err := r.pool.Exec(ctx, "update subscriptions set hold = hold + 1")
					return err
				}
				return nil
			}
			look := func() { r.t.Helper(); r.check(r.client.sweep(ctx)); r.work(r.client); r.advance(2 * time.Minute) }
			look()
			r.wants("digests", len(r.slack.digests), 1)
			lost = false
			if name == "NobodyMayLook" { // nor know of the second one
				r.slack.posting = func() error { return &Undelivered{Kind: Ambiguous, Code: "fatal_error"} }
			}
			look()
			r.slack.posting = nil
			look()
			look()
			posts := r.slack.digestPosts
			if name == "NobodyMayLook" {
				r.wants("posts that arrived", len(posts), 1)
			} else {
				r.wants("posts", len(posts), row.posts)
			}
			r.wants("looked for", looked[0], posts[0].Mark)
			s, err := r.store.Subscriptions(ctx, "T1")
			r.check(err)
			told, err := r.store.LastTold(ctx, s[0])
			r.check(err)
			if s[0].Posted.IsZero() || !s[0].Sending.IsZero() || s[0].Repeated || len(told) != 1 {
				t.Errorf("noted: %+v, told %+v", s[0], told)
			}
		})
	}
}

// A digest that was sent twice, and surely arrived neither time, begins as if it had never been sent: its next
// lost answer does not count for posted.
func TestADigestThatIsFoundNowhereBeginsAgain(t *testing.T) {
	r := newRoom(t)
	r.subscribes(r.clock())
	found := Found{}
	r.slack.find = func(string) (Found, error) { return found, nil }
	tries := 0
	r.slack.posting = func() error { tries++; return &Undelivered{Kind: Ambiguous, Code: "fatal_error"} }
	look := func() { r.t.Helper(); r.check(r.client.sweep(ctx)); r.work(r.client); r.advance(2 * time.Minute) }
	look()
	look()
	r.wants("tries", tries, 2)
	found.Looked = true
	look() // and its answer is lost as well
	r.wants("tries after a look that found nothing", tries, 3)
	found.Looked = false
	r.slack.posting = nil
	look()
	if posts := r.slack.digestPosts; len(posts) != 1 || !posts[0].Repeated {
		t.Errorf("posted: %+v", posts)
	}
}

// TestADigestIsTriedAgainWhenSlackWishes is one that surely did not arrive.
func TestADigestIsTriedAgainWhenSlackWishes(t *testing.T) {
	r := newRoom(t)
	r.subscribes(r.clock())
	tries := 0
	r.slack.posting = func() error {
		tries++
		return &Undelivered{Kind: NotSent, Code: "ratelimited", After: 10 * time.Minute}
	}
	look := func() { r.t.Helper(); r.check(r.client.sweep(ctx)); r.work(r.client) }
	look()
	r.advance(9 * time.Minute)
	look()
	r.wants("tries within the wait", tries, 1)
	r.slack.posting = nil
	r.advance(2 * time.Minute)
	look()
	r.wants("digests", len(r.slack.digests), 1)
}

// TestADigestEndsForWhatIsOfItsChannelAlone keeps it through refusals that are of the app or of the message.
func TestADigestEndsForWhatIsOfItsChannelAlone(t *testing.T) {
	r := newRoom(t)
	r.subscribes(r.clock())
	code := ""
	r.slack.posting = func() error { return &Undelivered{Kind: Permanent, Code: code} }
	look := func() { r.t.Helper(); r.check(r.client.sweep(ctx)); r.workOn(r.client, PostDigest{}.Kind()) }
	for _, code = range []string{"missing_scope", "token_expired", "msg_too_long"} {
		look()
		r.wants("digests after "+code, r.count("select count(*) from subscriptions where posted_at is null and next_at <= now()"), 1)
		r.advance(61 * time.Minute)
	}
	r.slack.posting = nil
	look()
	r.wants("digests once it is put right", len(r.slack.digests), 1)
	for _, code = range []string{"not_in_channel", "restricted_action_read_only_channel"} {
		r.exec("delete from subscriptions")
		r.subscribes(r.clock())
		r.slack.posting = func() error { return &Undelivered{Kind: Permanent, Code: code} }
		look()
		r.wants("digests after "+code, r.count("select count(*) from subscriptions"), 0)
		r.wants("left to be told", r.count("select count(*) from tellings"), 1) // whatever happens to this process
		r.work(r.client)
		r.wants("told", r.slack.heard, []string{"UALICE: CDESK takes no digest: " + code})
		r.slack.heard = nil
	}
}

// TestADigestWaitsForWhatItsReaderLooksAfter has a reader who is a co-owner of the objective alone.
func TestADigestWaitsForWhatItsReaderLooksAfter(t *testing.T) {
	r := newRoom(t)
	r.exec("update objectives set co_owner_ids = '{UABOVE}'")
	k := r.keyResult(r.scorecard(1, 40, 3))
	r.imports(k)
	due := r.load(k).NextSyncAt
	r.subscribes(due.Add(time.Minute))
	r.exec("update subscriptions set channel_id = 'UABOVE'")
	r.advance(due.Add(2 * time.Minute).Sub(r.clock()))
	r.check(r.client.sweep(ctx))
	r.work(r.client)
	r.wants("digests before the sync", len(r.slack.digests), 0)
	r.tick() // the sync
	r.advance(10 * time.Second)
	r.check(r.client.sweep(ctx))
	r.work(r.client)
	r.wants("digests after the sync", len(r.slack.digests), 1)
}

// Who waits for a channel hears of what is theirs: key results, the digest, or both.
func TestWhoWaitsHearsWhatIsTheirs(t *testing.T) {
	mine, theirs := store.KeyResult{}, store.KeyResult{}
	mine.Number, mine.Owner, theirs.Number, theirs.Owner = 1, "UALICE", 2, "UBOB"
	w := WaitingPosts{KeyResults: []store.KeyResult{mine, theirs}, Digest: "UALICE"}
	for _, c := range []struct {
		digest, who string
		want, not   string
	}{
		{"UALICE", "UALICE", "This is about KR-1. `/okr edit KR-1` chooses another channel. The weekly digest that you subscribed to waits too.", "KR-2"},
		{"UALICE", "UBOB", "This is about KR-2. `/okr edit KR-2` chooses another channel.", "digest"},
		{"UCAROL", "UCAROL", "This is about the weekly digest that you subscribed to.", "waits too"},
	} {
		w.Digest = c.digest
		got := waits(store.Audience{Place: store.Place{Workspace: "T1", Channel: "C1"}}, w, c.who)
		if !strings.HasSuffix(got, c.want) || strings.Contains(got, c.not) {
			t.Errorf("%s, where %s subscribed: %s", c.who, c.digest, got)
		}
	}
}
