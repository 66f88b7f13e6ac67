package jobs

import (
	"context"
	"testing"
	"time"

	"okrbot/integrations"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

// held is a connector that stops before it hands over what it read, as often as it is told to.
type held struct {
	integrations.Connector
	arrived chan struct{}
	release chan struct{}
}

func (h *held) Read(ctx context.Context, a integrations.Account, requests []integrations.Request) []integrations.Reading {
	readings := h.Connector.Read(ctx, a, requests)
	h.arrived <- struct{}{}
	<-h.release
	return readings
}

// A process reads, is stopped before it applies, and wakes after another took over.
func TestAZombieCannotWrite(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	h := &held{arrived: make(chan struct{}), release: make(chan struct{})}
	zombie := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })
	r.nextDay()
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	r.check(zombie.planDue(ctx))
	done := make(chan struct{})
	go func() { defer close(done); r.work(zombie) }()
	<-h.arrived

	r.tick()
	r.wants("value while it is held", r.value(k), "41")
	r.advance(3 * time.Minute)
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 39))
	r.tick()
	r.wants("value after the take-over", r.value(k), "39")

	close(h.release)
	<-done
	r.tick()
	r.wants("value after the zombie woke", r.value(k), "39")
	r.wants("runs of the slot", r.count("select count(*) from sync_outcomes where not forced"), 1)
	r.wants("readings of the day", r.count("select count(*) from scores where day = $1", r.today().Time()), 1)
	r.wants("restatements", r.count("select count(*) from scores where restated_at is not null"), 0)
	r.wants("said", r.slack.in("CDESK"), []string{"KR-1 changed 41→39"})
}

// poison is a connector that takes its job down when it is asked for one scorecard.
type poison struct {
	integrations.Connector
	ref string
}

func (p poison) Read(ctx context.Context, a integrations.Account, requests []integrations.Request) []integrations.Reading {
	for _, q := range requests {
		if q.Ref == p.ref {
			panic("canary-7f3a: " + q.Ref)
		}
	}
	return p.Connector.Read(ctx, a, requests)
}

func TestAPoisonedScorecardBlocksNobody(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 30 {
		list = append(list, r.keyResult(r.scorecard(i, 41, 5)))
	}
	r.imports(list...)
	bad := list[17]
	c := r.replica(func(c integrations.Connector) integrations.Connector { return poison{c, bad.Source.Reference} })
	r.nextDay()
	for _, k := range list {
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	}
	for range 10 {
		r.tickOf(c)
		r.advance(10 * time.Second)
	}
	for _, k := range list {
		want := "40"
		if k.ID == bad.ID {
			want = "41"
		}
		r.wants(k.Key(), r.value(k), want)
	}
	r.wants("its cause", r.load(bad).Failure.Cause, "given_up")
	r.wants("said to the owner", r.slack.in(alice.ID), []string{bad.Key() + " failed"})
	r.wants("runs without an end", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
	// The next slot tries again.
	r.nextDay()
	r.tick()
	r.wants("after it was fixed", r.value(bad), "40")
}

func TestWhatChangedMeanwhileIsLeftAlone(t *testing.T) {
	for name, change := range map[string]func(r *room, k store.KeyResult){
		"Removed": func(r *room, k store.KeyResult) {
			r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.RemoveKeyResult(ctx, alice, k) }))
		},
		"Paused": func(r *room, k store.KeyResult) {
			k = r.load(k)
			k.Paused = true
			r.check(r.store.InTx(ctx, func(tx *store.Tx) error { _, err := tx.EditKeyResult(ctx, alice, k, "paused"); return err }))
		},
		"AnotherScorecard": func(r *room, k store.KeyResult) {
			k = r.load(k)
			k.Source.Reference = r.scorecard(9, 90, 5)
			r.check(r.store.InTx(ctx, func(tx *store.Tx) error { _, err := tx.EditKeyResult(ctx, alice, k, "edited"); return err }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 41, 5))
			other := r.keyResult(r.scorecard(2, 51, 5))
			r.imports(k, other)
			h := &held{arrived: make(chan struct{}), release: make(chan struct{})}
			c := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })
			r.nextDay()
			r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
			r.check(r.now.Collect(other.Source.Reference, r.today().Time(), 50))
			r.check(c.planDue(ctx))
			done := make(chan struct{})
			go func() { defer close(done); r.work(c) }()
			<-h.arrived
			change(r, k)
			close(h.release)
			<-done
			r.wants("readings of what changed", r.readingsOf(k, "40"), 0)
			r.wants("its batch's other one", r.value(other), "50")
			r.wants("runs without an end", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
		})
	}
}

// What was to be tried again through a connection is over once its key result is read through another one, though
// nothing else waits there.
func TestNobodyIsLeftToBeReadThroughAConnection(t *testing.T) {
	for name, edit := range map[string]func(*room, *store.KeyResult){
		"AnotherConnection": func(r *room, k *store.KeyResult) { k.Source.Connection = r.connect().ID },
		"ByPeople":          func(_ *room, k *store.KeyResult) { k.Integrated, k.Source = false, store.Source{} },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 41, 5))
			r.imports(k)
			fix := r.now.Break(vendor.Fault{Kind: vendor.ServiceDown})
			r.nextDay()
			r.tick()
			r.wants("to be tried again", r.count("select count(*) from sync_runs where state = 'queued'"), 1)
			fix()
			k = r.moves(k, func(k *store.KeyResult) { edit(r, k) })
			r.now.ForgetCalls()
			for range 5 {
				r.advance(10 * time.Minute)
				r.tick()
			}
			r.wants("runs without an end", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
			if !k.Integrated {
				r.wants("calls", len(r.now.Calls()), 0)
			}
			r.wants("jobs that failed", r.count("select count(*) from river_job where coalesce(array_length(errors, 1), 0) > 0"), 0)
		})
	}
}
