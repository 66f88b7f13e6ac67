package bot_test

import (
	"context"
	"sync"
	"testing"

	"okrbot/store"
)

// All connections that work has are taken by a hundred questions that do not end: people are answered, and
// what they enter is saved. What needs work comes when they end, and the jobs' leader is the same.
func TestAHundredStuckQueriesKeepNobodyWaiting(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr add-kr Interviews held").Sees("Key Result: Interviews held").Chooses("Objective", "Run a calm service desk").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "12").Submits("Save").Sees("is added").Closes()
	r.settles()
	r.until("a leader", func() bool {
		// The clock was moved, which ends its time.
		r.do("update river_leader set expires_at = now() + interval '1 hour'")
		return r.number("select count(*) from river_leader where expires_at > now()") == 1
	})
	leader := "select extract(epoch from max(elected_at))::bigint from river_leader"
	elected := r.number(leader)

	r.do("select pg_advisory_lock(4711)")
	var stuck sync.WaitGroup
	defer stuck.Wait()
	waits, enough := context.WithCancel(context.Background())
	defer enough()
	for n := range 100 {
		stuck.Go(func() {
			if n%4 == 0 {
				_, _ = r.river.Exec(waits, "select pg_advisory_lock(4711), pg_advisory_unlock(4711)")
				return
			}
			_ = r.working.InTx(waits, func(tx *store.Tx) error {
				_, err := tx.Pgx().Exec(waits, "select pg_advisory_xact_lock(4711)")
				return err
			})
		})
	}
	r.until("all of work's connections being taken", func() bool {
		return r.number("select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and not granted and database = (select oid from pg_database where datname = current_database())") == 16
	})
	due, _ := r.work.Looks()
	r.collects(77)
	r.alice.Types("/okr check-in KR-2 4").Sees("Saved.")
	r.alice.Types("/okr show KR-2").Sees("== KR-2 ==", "Interviews held").Closes()
	r.alice.Types("/okr list").Sees("*KR-1*", "*KR-2*")
	r.alice.Types("/okr sync KR-1")
	r.bob.GoesHome().SeesHome("My Objectives")
	if n := r.number("select count(*) from check_ins where value = 4"); n != 1 {
		t.Errorf("%d check-ins are saved", n)
	}
	if now, _ := r.work.Looks(); now > due+1 {
		t.Errorf("work looked %d times meanwhile: it was not stuck", now-due)
	}
	r.bob.DoesNotSee("→ 77")
	r.do("select pg_advisory_unlock(4711)")
	stuck.Wait()
	r.settles()
	r.bob.In("#it-okrs").Sees("→ 77")
	if again := r.number(leader); again != elected {
		t.Errorf("a leader was elected again: at %d, and at %d before", again, elected)
	}
}
