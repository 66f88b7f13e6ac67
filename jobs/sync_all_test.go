package jobs

import (
	"errors"
	"sync"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store"
)

// asks has somebody want all of theirs read, as the command does, a moment ago.
func (r *room) asks(a okr.Actor) (f Forced) {
	r.t.Helper()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		f, err = r.client.ForceAll(ctx, tx, store.SyncAsk{Actor: a, Channel: "CDESK", Response: secret.New("https://hooks.slack.example/canary-7f3a")})
		return err
	}))
	r.advance(time.Second)
	return f
}

// begins has what was asked for begin, and what it left be read and told.
func (r *room) begins() {
	r.t.Helper()
	r.check(r.client.sweep(ctx))
	r.workOn(r.client, BeginSync{}.Kind())
	r.tick()
	r.tick()
}

// What is done before the person is answered is the same however much is theirs.
func TestAskingForAllIsOneRow(t *testing.T) {
	r := newRoom(t)
	cost := func() (written, read int) {
		t.Helper()
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
			count := func(sign int) {
				t.Helper()
				var w, n int // of this session so far
				r.check(tx.Pgx().QueryRow(ctx, "select sum(n_tup_ins), sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables").Scan(&w, &n))
				written, read = written+sign*w, read+sign*n
			}
			count(-1)
			defer count(1)
			_, err := r.client.ForceAll(ctx, tx, store.SyncAsk{Actor: alice, Response: secret.New("https://hooks.slack.example/x")})
			return err
		}))
		return written, read
	}
	written, read := cost()
	for i := range 100 {
		r.keyResult(r.scorecard(i%5, 41, 2))
	}
	again, readAgain := cost()
	if written != 1 || again != 1 || readAgain > read+1 {
		t.Errorf("%d rows written and %d read for nothing, %d and %d for a hundred", written, read, again, readAgain)
	}
	r.wants("kept in the clear", r.count("select count(*) from sync_asks where position('hooks' in encode(sealed_response, 'escape')) > 0"), 0)
}

func TestAllOfTheirsAreRead(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 5 {
		list = append(list, r.keyResult(r.scorecard(i, 41, 2)))
	}
	r.exec("update key_results set paused = true where id = $1", list[4].ID)
	r.asks(alice)
	r.begins()
	r.wants("begun", len(r.slack.begun), 1)
	b := r.slack.begun[0]
	r.wants("total", b.Total, 4)
	r.wants("theirs", b.Theirs, 4)
	r.wants("left out", b.LeftOut.Paused, list[4].Number)
	r.wants("response", b.Ask.Response.Reveal(), "https://hooks.slack.example/canary-7f3a")
	r.wants("asks", r.count("select count(*) from sync_asks"), 0)
	if n := len(r.slack.told); n == 0 || !r.slack.told[n-1].Final || len(r.slack.told[n-1].Done) != 4 || r.slack.told[n-1].Request.Responses == 0 {
		t.Errorf("told %d times", n)
	}
	// At once again, nothing is read, and why is said.
	r.asks(alice)
	r.begins()
	r.wants("begun", len(r.slack.begun), 2)
	if b := r.slack.begun[1]; b.Total != 0 || b.Theirs != 4 || b.Wait <= 0 {
		t.Errorf("at once again: %+v", b)
	}
	r.wants("asks", r.count("select count(*) from sync_asks"), 0)
	r.wants("open requests", r.count("select count(*) from sync_requests where finished_at is null"), 0)
	// Somebody who has none hears so.
	r.asks(okr.Actor{Workspace: "T1", ID: "UNOBODY", Kind: okr.Member})
	r.begins()
	r.wants("begun", len(r.slack.begun), 3)
	r.wants("theirs", r.slack.begun[2].Theirs, 0)
}

// A job whose process dies leaves the ask to the next one; what comes too late does nothing.
func TestAnAskIsWorkedOutOnce(t *testing.T) {
	r := newRoom(t)
	r.keyResult(r.scorecard(1, 41, 2))
	r.asks(alice)
	r.check(r.client.sweep(ctx))
	r.exec("delete from river_job") // it died
	r.check(r.client.sweep(ctx))
	r.wants("jobs while it is held", r.count("select count(*) from river_job where kind = 'begin_sync'"), 0)
	r.advance(3 * time.Minute)
	r.check(r.client.sweep(ctx))
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { r.check(r.client.begin(ctx, store.HeldAsk{ID: 1, Hold: 2})) })
	}
	r.check(r.client.begin(ctx, store.HeldAsk{ID: 1, Hold: 1}))
	both.Wait()
	r.wants("requests", r.count("select count(*) from sync_requests"), 1)
	r.wants("begun", len(r.slack.begun), 1)
	r.begins()
	r.wants("calls", r.asked(), 1)
}

// Where it cannot be said what is read, it is read all the same; where nothing is, it is said later.
func TestAnAskWhoseAnswerDoesNotArrive(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 2))
	r.slack.refuseIt = func() error { return &Undelivered{Kind: NotSent, Code: "ratelimited", After: time.Minute} }
	r.asks(alice)
	r.begins()
	r.slack.refuseIt = nil
	r.advance(2 * time.Minute)
	r.tick()
	r.wants("begun", len(r.slack.begun), 0)
	r.wants("told", len(r.slack.told), 1)
	r.wants("value", r.value(k), "41")

	r.exec("update key_results set forced_at = now() + interval '1 hour'") // nothing may be read
	tries := 0
	r.slack.refuseIt = func() error { tries++; return &Undelivered{Kind: NotSent, Code: "ratelimited", After: time.Minute} }
	r.asks(alice)
	r.begins()
	r.slack.refuseIt = func() error { tries++; return errors.New("the line broke") }
	for range 10 {
		r.advance(10 * time.Minute)
		r.begins()
	}
	r.wants("tries", tries, 1+reportsAtMost)
	r.wants("asks", r.count("select count(*) from sync_asks"), 0)
}

func TestAskingForAllTooOftenIsRefused(t *testing.T) {
	r := newRoom(t)
	for range forceInSpan {
		if f := r.asks(alice); f.TooMany {
			t.Fatal("refused too early")
		}
	}
	if f := r.asks(alice); !f.TooMany || f.Wait <= 0 {
		t.Errorf("%+v", f)
	}
	r.wants("asks", r.count("select count(*) from sync_asks"), forceInSpan)
}
