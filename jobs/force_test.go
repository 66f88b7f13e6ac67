package jobs

import (
	"errors"
	"sync"
	"testing"
	"time"

	"okrbot/integrations"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/secret"
	"okrbot/store"
)

func TestEveryClickIsAnsweredByAFetchThatBeganAfterIt(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	h := &held{arrived: make(chan struct{}), release: make(chan struct{})}
	c := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })

	r.force(k.ID)
	done := make(chan struct{})
	go func() { defer close(done); r.work(c) }()
	<-h.arrived // the fetch of the first click has its scores
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 39))
	r.exec("update key_results set forced_at = null")
	r.force(k.ID)
	r.exec("update key_results set forced_at = null")
	r.force(k.ID) // joins the second
	h.release <- struct{}{}
	<-h.arrived
	h.release <- struct{}{}
	<-done
	r.wants("forced runs", r.count("select count(*) from sync_runs where trigger_key like 'force:%'"), 2)
	r.tick()
	r.wants("value", r.value(k), "39")
	r.wants("outcomes", len(r.slack.told), 3)
	for i, want := range []string{store.Unchanged, store.Restated, store.Restated} {
		r.wants("outcome", r.slack.told[i].Done[0].Outcome, want)
		r.wants("final", r.slack.told[i].Final, true)
	}
	// Nothing is reported twice.
	r.advance(time.Hour)
	r.tick()
	r.wants("outcomes later", len(r.slack.told), 3)
	r.wants("slots moved", r.count("select count(*) from sync_outcomes where not forced"), 0)
}

func TestLimitsOfSyncsByHand(t *testing.T) {
	r := newRoom(t)
	k, other := r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 41, 5))
	r.imports(k, other)
	if f := r.force(k.ID); f.Total != 1 || f.Wait != 0 {
		t.Errorf("right after the import: %+v", f)
	}
	r.advance(10 * time.Second)
	left := func() time.Duration {
		return time.Duration(r.count("select floor(1000 * extract(epoch from forced_at + interval '30 seconds' - now()))::int from key_results where id = $1", k.ID)) * time.Millisecond
	}
	before := left()
	f := r.force(k.ID)
	if f.Total != 0 || f.Wait < left() || f.Wait > before+time.Second || before > 20*time.Second {
		t.Errorf("ten seconds later, with %s left: %+v", before, f)
	}
	if f := r.force(k.ID, other.ID); f.Total != 1 || f.Wait == 0 {
		t.Errorf("with another one: %+v", f)
	}
	for range 8 {
		r.advance(10 * time.Second)
		r.exec("update key_results set forced_at = null")
		if f := r.force(k.ID); f.Total != 1 || f.TooMany {
			t.Fatalf("one of ten: %+v", f)
		}
	}
	r.exec("update key_results set forced_at = null")
	f = r.force(k.ID)
	if !f.TooMany || f.Wait <= 0 || f.Wait > 5*time.Minute {
		t.Errorf("the eleventh: %+v", f)
	}
	r.advance(f.Wait + time.Second)
	if f := r.force(k.ID); f.TooMany || f.Total != 1 {
		t.Errorf("after the wait: %+v", f)
	}
}

func TestTwoClicksAtOnceAreOneFetch(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.now.ForgetCalls()
	var clicks sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for range 5 {
		clicks.Go(func() {
			err := r.store.InTx(ctx, func(tx *store.Tx) error {
				f, err := r.client.Force(ctx, tx, ForceRequest{Workspace: "T1", Person: alice.ID, KeyResults: []int64{k.ID}})
				mu.Lock()
				defer mu.Unlock()
				total += f.Total
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	clicks.Wait()
	r.tick()
	r.wants("read", total, 1)
	r.wants("calls", len(r.now.Calls()), 1)
	r.wants("outcomes", len(r.slack.told), 1)
}

func TestAllCountsUpInOneMessage(t *testing.T) {
	r := newRoom(t)
	var ids []int64
	for i := range 390 {
		ids = append(ids, r.keyResult(r.scorecard(i, 41, 2)).ID)
	}
	address := secret.New("https://hooks.slack.example/canary-7f3a")
	var f Forced
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		f, err = r.client.Force(ctx, tx, ForceRequest{Workspace: "T1", Person: alice.ID, KeyResults: ids, Every: true, Response: address})
		return err
	}))
	r.wants("total", f.Total, 390)
	// Somebody removes one meanwhile: the count still ends.
	k, err := r.store.KeyResultByID(ctx, "T1", ids[389])
	r.check(err)
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.RemoveKeyResult(ctx, alice, k) }))
	h := &held{arrived: make(chan struct{}), release: make(chan struct{})}
	c := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })
	done := make(chan struct{})
	go func() { defer close(done); r.workOn(c, SyncConnection{}.Kind()) }()
	for working := true; working; {
		select {
		case <-h.arrived:
		case <-done:
			working = false
		}
		r.check(r.client.sweep(ctx)) // what was applied before is told while the next is read
		r.workOn(r.client, ReportOutcome{}.Kind())
		if working {
			h.release <- struct{}{}
		}
	}
	var counts []int
	for _, o := range r.slack.told {
		counts = append(counts, len(o.Done))
		r.wants("response", o.Request.Response.Reveal(), address.Reveal())
	}
	if n := len(counts); n < 2 || n > 4 || counts[n-1] != 389 || !r.slack.told[n-1].Final {
		t.Errorf("it counted %v", counts)
	}
	r.wants("kept in the clear", r.count("select count(*) from sync_requests where position('canary' in encode(sealed_response, 'escape')) > 0"), 0)
}

// What was waited for last is removed: the outcome of the others is told, and that of none as well.
func TestAnOutcomeIsToldWhenTheLastOneIsRemoved(t *testing.T) {
	r := newRoom(t)
	read, removed, alone := r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 41, 5)), r.keyResult(r.scorecard(3, 41, 5))
	r.imports(read, removed, alone)
	r.force(read.ID, removed.ID)
	r.force(alone.ID)
	r.exec("update sync_runs set state = 'done', outcome = 'unchanged', finished_at = now() where key_result_id = $1", read.ID)
	report := func() {
		r.check(r.client.sweep(ctx))
		r.workOn(r.client, ReportOutcome{}.Kind())
	}
	report()
	r.wants("outcomes while one is waited for", len(r.slack.told), 0)
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.RemoveKeyResult(ctx, alice, r.load(removed)); err != nil {
			return err
		}
		return tx.RemoveKeyResult(ctx, alice, r.load(alone))
	}))
	report()
	if len(r.slack.told) != 2 {
		t.Fatalf("%d outcomes were told, want 2", len(r.slack.told))
	}
	for i, want := range []int{1, 0} {
		r.wants("told", len(r.slack.told[i].Done), want)
		r.wants("final", r.slack.told[i].Final, true)
	}
}

// A card of which nobody knows whether it arrived is not posted again by who syncs by hand; one that was refused is.
func TestASyncByHandPostsNoCardThatMayStandThere(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.card(k, "CDESK")
	r.tick()
	for parked, want := range map[string]int{"ambiguous": 1, "is_archived": 0} {
		r.exec("update cards set parked = $1", parked)
		r.advance(time.Minute)
		r.force(k.ID)
		r.wants("cards that stay: "+parked, r.count("select count(*) from cards where parked <> ''"), want)
		r.tick()
	}
}

func TestAnOutcomeThatDoesNotArriveIsTriedAgain(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	fail := 2
	r.slack.refuseIt = func() error {
		if fail--; fail >= 0 {
			return errors.New("the line broke")
		}
		return nil
	}
	r.force(k.ID)
	for range 5 {
		r.tick()
		r.advance(2 * time.Minute)
	}
	r.wants("outcomes", len(r.slack.told), 1)

	// One that never arrives is given up.
	r.slack.refuseIt = func() error { fail++; return errors.New("the line broke") }
	fail = 0
	r.force(k.ID)
	for range 30 {
		r.tick()
		r.advance(5 * time.Minute)
	}
	r.wants("tries", fail, reportsAtMost)
	r.wants("open requests", r.count("select count(*) from sync_requests where finished_at is null"), 0)

	// One that may have arrived is sent once more.
	r.slack.refuseIt = func() error { fail++; return &Undelivered{Kind: Ambiguous, Code: "no_answer"} }
	fail = 0
	r.force(k.ID)
	for range 10 {
		r.tick()
		r.advance(5 * time.Minute)
	}
	r.wants("tries of one whose answer is lost", fail, 2)
}

// Who was frozen while it told an outcome wakes to a refusal from long ago, while another one still tries.
func TestALateReportEndsNoRequest(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	tries := 0
	r.slack.refuseIt = func() error {
		if tries++; tries > 1 {
			return &Undelivered{Kind: NotSent, Code: "ratelimited", After: time.Hour}
		}
		r.slack.mu.Unlock()
		defer r.slack.mu.Lock()
		r.advance(3 * time.Minute)
		r.tick()
		return &Undelivered{Kind: Permanent, Code: "user_disabled"}
	}
	r.force(k.ID)
	r.tick()
	r.wants("tries", tries, 2)
	r.slack.refuseIt = nil
	r.advance(61 * time.Minute)
	r.tick()
	r.wants("outcomes", len(r.slack.told), 1)
}

// Whoever changes the scorecard twice in a minute gets the second one's history.
func TestAnImportFollowsItsSource(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	other := r.connect()
	change := func(connection int64, ref string) {
		t.Helper()
		k = r.load(k)
		k.Source.Connection, k.Source.Reference = connection, ref
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
			if _, err := tx.EditKeyResult(ctx, alice, k, "edited"); err != nil {
				return err
			}
			return r.client.Import(ctx, tx, "T1", k.ID)
		}))
	}
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return r.client.Import(ctx, tx, "T1", k.ID) }))
	change(other.ID, r.scorecard(2, 51, 5))
	change(r.connection.ID, r.scorecard(3, 61, 5))
	r.tick()
	r.wants("value", r.value(k), "61")
	readings, err := r.store.Readings(ctx, "T1", k.ID)
	r.check(err)
	r.wants("readings", len(readings), 5)
	change(r.connection.ID, r.scorecard(4, 71, 5))
	r.tick()
	r.wants("value after another change", r.value(k), "71")
	r.wants("runs without an end", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
}

// A taker that was taken for dead while it rested hands back what it has just taken: whoever has the
// connection now reads it at once.
func TestWhatALateTakerTookIsReadByTheNext(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.force(k.ID)
	hold := func() store.HeldLane {
		r.advance(2 * time.Minute) // whoever held it before is late
		var held []store.HeldLane
		r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
			held, err = tx.HoldLanes(ctx, k.Source.Connection)
			return err
		}))
		if len(held) != 1 {
			t.Fatalf("holds %+v", held)
		}
		return held[0]
	}
	late := &taker{Client: r.client, held: hold(), gathered: map[store.Place]bool{}, most: 200}
	next := hold()
	if _, err := late.readAsked(ctx); !errors.Is(err, errLost) {
		t.Errorf("the late one: %v", err)
	}
	r.wants("runs that wait", r.count("select count(*) from sync_runs where state = 'queued' and due_at <= now() and crashes = 0 and tries = 0"), 1)
	r.check(r.client.sync(ctx, next))
	r.wants("runs that are open", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
}

// A key result is asked for while its first read is under way. That read has to be tried again: both wait,
// and one read serves both.
func TestARunThatIsTriedAgainWaitsBesideANewOne(t *testing.T) {
	r := newRoom(t)
	k, other := r.keyResult(r.scorecard(1, 40, 5)), r.keyResult(r.scorecard(2, 50, 5))
	fix := r.now.Break(vendor.Fault{Kind: vendor.BadGateway})
	asked := false
	busy := r.replica(func(c integrations.Connector) integrations.Connector {
		return &hasty{c, func() {
			if !asked {
				asked = true
				r.wants("read beside the import", r.force(k.ID).Total, 1)
			}
		}}
	})
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		return errors.Join(r.client.Import(ctx, tx, "T1", k.ID), r.client.Import(ctx, tx, "T1", other.ID))
	}))
	r.tickOf(busy)
	r.wants("waiting runs", r.count("select count(*) from sync_runs where state = 'queued'"), 3)
	r.wants("crashes", r.count("select coalesce(sum(crashes), 0) from sync_runs"), 0)
	fix()
	for range 3 {
		r.advance(time.Minute)
		r.tick()
	}
	r.wants("open runs", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
	r.wants("failed runs", r.count("select count(*) from sync_runs where failure_class <> ''"), 0)
	r.wants("the values", r.value(k)+" "+r.value(other), "40 50")
}

// A run whose key result reads elsewhere by now is over, also where the system asks to wait with the others.
func TestARunWithoutASourceEndsWhileOthersWait(t *testing.T) {
	r := newRoom(t)
	k, gone := r.keyResult(r.scorecard(1, 40, 5)), r.keyResult(r.scorecard(2, 50, 5))
	r.imports(k, gone)
	r.force(k.ID, gone.ID)
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		by := r.load(gone)
		by.Integrated, by.Source = false, store.Source{}
		_, err := tx.EditKeyResult(ctx, alice, by, "updated by people")
		return err
	}))
	defer r.now.Break(vendor.Fault{Kind: vendor.RateLimit, After: 30})()
	r.tick()
	open := func(k store.KeyResult) int {
		return r.count("select count(*) from sync_runs where state <> 'done' and key_result_id = $1", k.ID)
	}
	r.wants("open runs of the one that waits", open(k), 1)
	r.wants("open runs of the other", open(gone), 0)
}
