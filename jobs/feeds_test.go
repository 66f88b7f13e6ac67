package jobs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/integrations"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
	"okrbot/store/storetest"
)

// Key results fall due by themselves, at the hour of their cadence and within ten minutes of it,
// while replicas look every now and then: what is read through one connection is read together.
func TestWhatFallsDueInItsHourIsReadOnce(t *testing.T) {
	for name, together := range map[string]bool{"WithTheBatchAPI": true, "WithoutIt": false} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			if !together {
				r.now.Break(vendor.Fault{Kind: vendor.NoResource, API: vendor.BatchAPI})
			}
			const scorecards, keyResults = 30, 300
			refs := make([]string, scorecards)
			for i := range refs {
				refs[i] = r.scorecard(i, 41, 5)
			}
			var list []store.KeyResult
			for i := range keyResults {
				list = append(list, r.keyResult(refs[i%scorecards]))
			}
			r.imports(list...)
			if spread := r.count("select count(distinct next_sync_at) from rhythms"); spread != 1 {
				t.Errorf("one connection's key results fall due at %d moments", spread)
			}
			due := r.load(list[0]).NextSyncAt
			if first := list[0].Cadence; due.Minute() > 10 || due.UTC().Hour() != first.Hour {
				t.Errorf("at %02d:00 and within ten minutes: the card says %s", first.Hour, due)
			}
			for i, ref := range refs {
				if i%20 == 0 {
					r.check(r.now.Collect(ref, r.today().Time(), 30))
				}
			}
			r.now.ForgetCalls()
			r.advance(due.Sub(r.clock()) - time.Minute)
			for range 60 { // the twenty minutes around it, in steps of twenty seconds
				r.tick()
				r.advance(20 * time.Second)
			}
			most := 4
			if !together {
				most = scorecards + 3
			}
			if calls := len(r.now.Calls()); calls > most {
				t.Errorf("%d calls for %d key results on %d scorecards, want %d at most", calls, keyResults, scorecards, most)
			}
			r.everySlotHasItsOutcome()
			r.wants("changed", r.count("select count(*) from sync_outcomes where not forced and outcome = 'restated'"), 20)
			r.wants("unchanged", r.count("select count(*) from sync_outcomes where not forced and outcome = 'unchanged'"), keyResults-20)
		})
	}
}

// everySlotHasItsOutcome proves by SQL that every key result that fell due was read or visibly
// failed, once for each slot.
func (r *room) everySlotHasItsOutcome() {
	r.t.Helper()
	r.wants("key results that fell due and have no outcome", r.count(`
		select count(*)
		from follows f
		join rhythms r on r.id = f.rhythm_id
		where r.done_at is not null
		  and f.joined_at < r.done_at - interval '1 hour'
		  and not exists (
		    select from sync_outcomes o
		    where o.key_result_id = f.key_result_id
		      and not o.forced
		      and o.outcome <> 'superseded'
		      and o.applied_at <= r.done_at
		      and o.applied_at > r.done_at - interval '1 hour'
		  )`), 0)
	r.wants("outcomes of one slot twice", r.count(`
		select count(*) from (
		  select from sync_outcomes o, unnest(o.slots) slot
		  where not o.forced and o.outcome <> 'superseded'
		  group by o.key_result_id, slot having count(distinct o.batch_id) > 1
		) twice`), 0)
}

func TestWhatIsUnchangedIsNotWritten(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 40 {
		list = append(list, r.keyResult(r.scorecard(i%4, 41, 5)))
	}
	r.imports(list...)
	tables := []string{"key_results", "follows", "sources", "scores", "cards"}
	for _, table := range tables {
		r.exec("create table seen_" + table + " as select ctid as place, xmin::text as version from " + table)
	}
	r.nextDay()
	r.tick()
	for _, table := range tables {
		r.wants("rows of "+table+" written", r.count("select count(*) from "+table+" t left join seen_"+table+" s on s.place = t.ctid and s.version = t.xmin::text where s.place is null"), 0)
	}
	for _, table := range []string{"sync_runs", "announcements"} {
		r.wants("rows of "+table+" of the slot", r.count("select count(*) from "+table+" where "+map[string]string{"sync_runs": "not forced", "announcements": "true"}[table]), 0)
	}
	r.wants("batches", r.count("select count(*) from sync_batches where not forced"), 1)
	r.wants("outcomes", r.count("select count(*) from sync_outcomes where not forced and outcome = 'unchanged'"), len(list))
	// And yet everybody sees that it was read today.
	for _, k := range list {
		if ago := r.clock().Sub(r.load(k).SyncedAt); ago > time.Minute {
			t.Fatalf("%s was synced %s ago", k.Key(), ago)
		}
	}
}

// A second key result on a scorecard has its history from the first one's.
func TestASecondFollowersHistoryIsNotReadAgain(t *testing.T) {
	r := newRoom(t)
	w := &watched{}
	r.client = r.replica(func(c integrations.Connector) integrations.Connector { w.Connector = c; return w })
	ref := r.scorecard(1, 41, 50)
	first := r.keyResult(ref)
	r.imports(first)
	second := r.keyResult(ref)
	r.imports(second)
	readings, err := r.store.Readings(ctx, "T1", second.ID)
	r.check(err)
	r.wants("readings", len(readings), 50)
	r.wants("counted", r.load(second).Result.N, 50)
	r.wants("scores kept", r.count("select count(*) from scores"), 50)
	r.wants("first days asked for", w.first, []okr.Day{r.objective.Period.First - first.Lookback(), r.today() - window})
}

// watched notes from when on scores were asked for.
type watched struct {
	integrations.Connector
	first []okr.Day
}

func (w *watched) Read(ctx context.Context, a integrations.Account, requests []integrations.Request) []integrations.Reading {
	for _, q := range requests {
		w.first = append(w.first, okr.DayOf(q.From))
	}
	return w.Connector.Read(ctx, a, requests)
}

// Of two who follow one scorecard, each moves at its own cadence.
func TestEachFollowerKeepsItsCadence(t *testing.T) {
	r := newRoom(t)
	ref := r.scorecard(1, 41, 5)
	daily, weekly := r.keyResult(ref), r.keyResult(ref, weekly)
	r.imports(daily, weekly)
	due := r.load(weekly).NextSyncAt
	if soon := due.Sub(r.clock()); soon < 49*time.Hour { // too soon for the daily one to move before it
		r.advance(soon + time.Hour)
		r.tick()
		due = r.load(weekly).NextSyncAt
	}
	value := 41
	for r.clock().Before(due.Add(-25 * time.Hour)) {
		r.nextDay()
		value--
		r.check(r.now.Collect(ref, r.today().Time(), float64(value)))
		r.tick()
		r.wants("the daily one", r.value(daily), fmt.Sprint(value))
		r.wants("the weekly one", r.value(weekly), "41")
		r.wants("readings of the weekly one", r.readingsOf(weekly, fmt.Sprint(value)), 0)
	}
	r.advance(due.Sub(r.clock()) + time.Hour)
	r.tick()
	r.wants("the weekly one at its slot", r.value(weekly), fmt.Sprint(value))
	readings, err := r.store.Readings(ctx, "T1", weekly.ID)
	r.check(err)
	r.wants("what it counts", r.load(weekly).Result.N, len(readings))
}

// A replica stops in the midst of a transaction and holds what it holds: the connection goes on
// within two minutes, and what the replica would have written is refused.
func TestAReplicaFrozenInATransactionStopsNobody(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.nextDay()
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	// The frozen one: its session idles within a transaction that holds the taker's row and the feed's.
	frozen, err := r.pool.Acquire(ctx)
	r.check(err)
	defer frozen.Release()
	_, err = frozen.Exec(ctx, "set idle_in_transaction_session_timeout = '2s'") // thirty seconds in earnest
	r.check(err)
	tx, err := frozen.Begin(ctx)
	r.check(err)
	_, err = tx.Exec(ctx, "update connection_slots set hold = hold + 1, leased_until = now() + interval '105 seconds', reading = array(select id from feeds) where slot = 1")
	r.check(err)
	_, err = tx.Exec(ctx, "select from feeds for no key update")
	r.check(err)
	// Others look, and are not held up by it: the other connections go on.
	other := r.connect()
	elsewhere := r.keyResult(r.scorecard(2, 51, 5), func(k *store.KeyResult) { k.Source.Connection = other.ID })
	r.imports(elsewhere)
	r.wants("another connection meanwhile", r.value(elsewhere), "51")
	if !r.timesOut() {
		t.Log("this Postgres has no timers, as under another clock: the frozen session is ended by hand")
		_, err := r.pool.Exec(ctx, "select pg_terminate_backend($1)", int32(frozen.Conn().PgConn().PID()))
		r.check(err)
	}
	until(t, "the connection goes on", func() bool {
		r.tick()
		return r.value(k) == "40"
	})
	if _, err := tx.Exec(ctx, "select 1"); err == nil {
		t.Error("the frozen session lives on")
	}
}

// timesOut says whether Postgres keeps the limits of its sessions: its timers do not work where its
// clock is another program's.
func (r *room) timesOut() bool {
	r.t.Helper()
	conn, err := r.pool.Acquire(ctx)
	r.check(err)
	defer conn.Release()
	_, err = conn.Exec(ctx, "set statement_timeout = '100ms'; select pg_sleep(1)")
	_, reset := conn.Exec(ctx, "reset statement_timeout")
	r.check(reset)
	return err != nil
}

func TestEverySessionHasItsLimits(t *testing.T) {
	r := newRoom(t)
	for setting, want := range map[string]string{
		"idle_in_transaction_session_timeout": "30s", "lock_timeout": "20s", "statement_timeout": "90s",
	} {
		var got string
		r.check(r.pool.QueryRow(ctx, "select current_setting($1)", setting).Scan(&got))
		wanted, err := time.ParseDuration(want)
		r.check(err)
		if d, err := time.ParseDuration(got); err != nil && got != "90s" && got != "1min30s" || err == nil && d != wanted {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
	// and compiles nothing: a list of thousands would wait for that and not for its rows
	var jit string
	r.check(r.pool.QueryRow(ctx, "select current_setting('jit')").Scan(&jit))
	r.wants("jit", jit, "off")
}

// What was read is applied once Postgres lets it, and not read again.
func TestWhatWasReadIsKeptThroughTroubleOfTheDatabase(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 12 {
		list = append(list, r.keyResult(r.scorecard(i, 41, 5)))
	}
	r.imports(list...)
	h := &held{arrived: make(chan struct{}, 1), release: make(chan struct{})}
	c := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })
	r.nextDay()
	for _, k := range list {
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	}
	r.now.ForgetCalls()
	r.check(c.planDue(ctx))
	done := make(chan struct{})
	go func() { defer close(done); r.workOn(c, SyncConnection{}.Kind()) }()
	<-h.arrived
	// One key result is locked for longer than a statement waits.
	blocker, err := pgx.Connect(ctx, r.dsn)
	r.check(err)
	defer blocker.Close(ctx)
	_, err = blocker.Exec(ctx, "alter table key_results rename to key_results_away")
	r.check(err)
	close(h.release)
	until(t, "a try that failed", func() bool { return r.rolledBack() > 0 })
	_, err = blocker.Exec(ctx, "alter table key_results_away rename to key_results")
	r.check(err)
	<-done
	for _, k := range list {
		r.wants(k.Key(), r.value(k), "40")
	}
	r.wants("scorecards asked for", r.asked(), len(list))
	r.wants("crashes", r.count("select count(*) from feeds where crashes > 0"), 0)
	r.everySlotHasItsOutcome()
}

func (r *room) rolledBack() int {
	return r.count("select coalesce(sum(xact_rollback), 0)::int from pg_stat_database where datname = current_database()")
}

// Only what a process died of is suspected; it is read alone, and given up in the end.
func TestWhatProcessesDieOfIsReadAlone(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 5 {
		list = append(list, r.keyResult(r.scorecard(i, 41, 5)))
	}
	r.imports(list...)
	r.nextDay()
	for _, k := range list {
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	}
	d := dying{ref: list[2].Source.Reference, arrived: make(chan struct{}), release: make(chan struct{})}
	var dead sync.WaitGroup
	for range crashesAtMost {
		c := r.replica(func(c integrations.Connector) integrations.Connector { d.Connector = c; return d })
		r.check(c.planDue(ctx))
		dead.Go(func() { r.workOn(c, SyncConnection{}.Kind()) })
		<-d.arrived // here it dies
		r.advance(3 * time.Minute)
	}
	defer dead.Wait()
	defer close(d.release)
	r.tick()
	for i, k := range list {
		want := integrations.Class("")
		if i == 2 {
			want = integrations.Unavailable
		}
		r.wants("class of "+k.Key(), r.load(k).Failure.Class, want)
		if i != 2 {
			r.wants(k.Key(), r.value(k), "40")
		}
	}
	r.wants("its cause", r.load(list[2]).Failure.Cause, "given_up")
}

// dying is a connector that never comes back once it is asked for one scorecard.
type dying struct {
	integrations.Connector
	ref     string
	arrived chan struct{}
	release chan struct{}
}

func (d dying) Read(ctx context.Context, a integrations.Account, requests []integrations.Request) []integrations.Reading {
	if slices.ContainsFunc(requests, func(q integrations.Request) bool { return q.Ref == d.ref }) {
		d.arrived <- struct{}{}
		<-d.release
	}
	return d.Connector.Read(ctx, a, requests)
}

// Several connections are read and applied at once, and what they share is said in one order.
func TestManyConnectionsAtOnce(t *testing.T) {
	r := newRoom(t)
	connections := []store.Connection{r.connection}
	for range 5 {
		connections = append(connections, r.connect())
	}
	var list []store.KeyResult
	for i := range 120 {
		list = append(list, r.keyResult(r.scorecard(i%10, 41, 5), func(k *store.KeyResult) { k.Source.Connection = connections[i%6].ID }))
	}
	r.imports(list...)
	r.nextDay()
	for i := range 10 {
		r.check(r.now.Collect(fmt.Sprintf("%032x", i), r.today().Time(), 40))
	}
	replicas := []*Client{r.client, r.replica(nil)}
	var all sync.WaitGroup
	for _, c := range replicas {
		all.Go(func() { r.start(c) })
	}
	all.Wait()
	until(t, "all are read", func() bool {
		return r.count("select count(*) from key_results where result_value = 40") == len(list)
	})
	r.everySlotHasItsOutcome()
}

// Scores are kept for as long as somebody counts them, and 400 days; the audit for as long as it is told.
func TestScoresOutliveTheirObjectiveByFourHundredDays(t *testing.T) {
	r := newRoom(t)
	ended, removed := r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 41, 7))
	r.imports(ended, removed)
	tidy := func() {
		t.Helper()
		after, err := r.store.TidyScores(ctx, 0)
		r.check(err)
		r.wants("feeds that are left to be looked at", after, 0)
	}
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.RemoveKeyResult(ctx, alice, removed) }))
	r.check(r.store.TidyAudit(ctx, 1))
	r.wants("what was done today", r.count("select count(*) from audit_events where action = 'removed'"), 1)
	tidy()
	r.wants("scores", r.count("select count(*) from scores"), 12)
	r.advance(390 * 24 * time.Hour)
	tidy()
	r.wants("scores of a feed that nobody follows", r.count("select count(*) from scores"), 12)
	r.advance(11 * 24 * time.Hour)
	tidy()
	r.wants("feeds that somebody follows", r.count("select count(*) from feeds"), 1)
	r.wants("their scores", r.count("select count(*) from scores"), 5)
	r.exec("update objectives set closed_at = now()")
	r.advance(298 * 24 * time.Hour) // the objective ended 399 days ago
	tidy()
	r.wants("scores after 399 days", r.count("select count(*) from scores"), 5)
	r.advance(2 * 24 * time.Hour)
	tidy()
	r.wants("scores after 401 days", r.count("select count(*) from scores"), 0)
	r.check(r.store.TidyAudit(ctx, 1))
	r.wants("audit", r.count("select count(*) from audit_events"), 0)
}

// An objective that nobody closes out keeps what its key results come to, however long that takes.
func TestWhatNobodyHasClosedOutKeepsItsScores(t *testing.T) {
	r := newRoom(t)
	average, latest := r.keyResult(r.scorecard(1, 41, 5), func(k *store.KeyResult) { k.Method = okr.Average }), r.keyResult(r.scorecard(2, 41, 5))
	r.imports(average, latest)
	was := []string{r.value(average), r.value(latest)}
	r.advance(time.Duration(r.objective.Period.Last-r.today()+402) * 24 * time.Hour)
	_, err := r.store.TidyScores(ctx, 0)
	r.check(err)
	for _, k := range []store.KeyResult{average, latest} {
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 33))
	}
	r.force(average.ID, latest.ID)
	r.tick()
	r.wants("the average", r.value(average), was[0])
	edited := r.load(latest)
	edited.Title = "Renamed"
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.EditKeyResult(ctx, alice, edited, "edited")
		return err
	}))
	r.wants("the latest value", r.value(latest), was[1])
}

// While a slot's scores are read, somebody has one of them synced by hand: that fetch is the newer one
// of its scorecard, and hides nothing that the slot's brings to the others.
func TestASyncByHandMeanwhileHidesNoNews(t *testing.T) {
	r := newRoom(t)
	first, second := r.keyResult(r.scorecard(1, 40, 5)), r.keyResult(r.scorecard(2, 40, 5))
	r.imports(first, second)
	r.nextDay()
	for _, k := range []store.KeyResult{first, second} {
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 33))
	}
	meanwhile := 0
	slot := r.replica(func(c integrations.Connector) integrations.Connector {
		return &hasty{c, func() {
			if meanwhile++; meanwhile == 1 {
				r.force(second.ID)
				r.tick()
			}
		}}
	})
	r.tickOf(slot)
	for _, k := range []store.KeyResult{first, second} {
		r.wants("the value of "+k.Key(), r.value(k), "33")
		r.wants("how often "+k.Key()+" is told", r.count("select count(*) from announcements where key_result_id = $1 and new_value = 33", k.ID), 1)
	}
}

// What was read is applied once, also where the answer to its commit is lost.
func TestALostCommitIsNotAppliedAgain(t *testing.T) {
	r := newRoom(t)
	list := []store.KeyResult{r.keyResult(r.scorecard(1, 40, 5)), r.keyResult(r.scorecard(2, 40, 5))}
	r.imports(list...)
	r.nextDay()
	for _, k := range list {
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 33))
	}
	deaf := storetest.NewDeaf(t, r.dsn)
	c := r.replica(func(c integrations.Connector) integrations.Connector {
		return &hasty{c, func() { deaf.Next.Store(true) }}
	})
	c.store = storetest.Open(t, deaf.DSN)
	before := r.count("select count(*) from sync_batches")
	r.check(c.planDue(ctx))
	r.work(c)
	r.wants("commits whose answer is still to be lost", deaf.Next.Load(), false)
	r.wants("batches", r.count("select count(*) from sync_batches")-before, 1)
	for _, k := range list {
		r.wants("the value of "+k.Key(), r.value(k), "33")
		r.wants("how often "+k.Key()+" is told", r.count("select count(*) from announcements where key_result_id = $1 and new_value = 33", k.ID), 1)
	}
}

// Where the commit of a part happened all the same, its halves find that out one after the other.
func TestWhatAPartDidIsCountedOnce(t *testing.T) {
	scores, synced := 0, 0
	parts := []*part{{portion: &portion{}, follows: make([]store.Follow, 5), unclear: true, done: tally{
		outcomes: map[outcome]int{{store.Changed, unclassed}: 5}, scores: 7,
	}}}
	for len(parts) > 0 {
		halves := parts[0].halves()
		parts = parts[1:]
		if len(halves) > 1 {
			parts = append(parts, halves...)
			continue
		}
		scores += halves[0].done.scores
		for _, n := range halves[0].done.outcomes {
			synced += n
		}
	}
	if scores != 7 || synced != 5 {
		t.Errorf("%d scores and %d key results are counted, want 7 and 5", scores, synced)
	}
}
