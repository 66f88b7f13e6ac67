package jobs

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// River's leader changes again and again: it stops, its row is taken away, or stands for a process that is
// gone. Each day's slot is read all the same, with the day's score.
func TestCadencesGoOnWhileLeadersChange(t *testing.T) {
	rounds := 4
	if os.Getenv("SOAK") != "" {
		rounds = 120
	}
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	replicas := map[string]*Client{}
	joins := func() {
		c := r.replicaWith(func(o *Options) { o.LookEvery = 100 * time.Millisecond })
		r.check(c.Start(ctx))
		replicas[c.river.ID()] = c
	}
	defer func() {
		for _, c := range replicas {
			c.Stop(ctx)
		}
	}()
	leader := func() (id string) {
		until(t, "a leader", func() bool {
			r.check(r.pool.QueryRow(ctx, "select coalesce(max(leader_id), '') from river_leader").Scan(&id))
			return replicas[id] != nil
		})
		return id
	}
	joins()
	led := map[string]bool{}
	for round := range rounds {
		joins()
		id := leader()
		led[id] = true
		switch round % 3 {
		case 0:
			replicas[id].Stop(ctx)
			delete(replicas, id)
		case 1:
			r.exec("delete from river_leader")
		case 2: // nobody leads for as long as this lasts
			r.exec("update river_leader set leader_id = 'dead', expires_at = now() + interval '10 days'")
		}
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), float64(100+round)))
		r.nextDay()
		until(t, "the next slot", func() bool { return r.value(k) == strconv.Itoa(100+round) })
		r.exec("delete from river_leader where leader_id = 'dead'")
	}
	if len(led) < 2 {
		t.Errorf("%d led: this proves nothing", len(led))
	}
	r.wants("slots that are due", r.count("select count(*) from rhythms where next_sync_at <= now()"), 0)
	r.wants("failures", r.count("select count(*) from sync_outcomes where outcome = 'failed'"), 0)
}
