package jobs

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"okrbot/integrations"
)

// gauge is how many reads of a connection are under way at once, at most.
type gauge struct {
	integrations.Connector
	mu    *sync.Mutex
	at    map[int64]int
	most  map[int64]int
	reads map[int64]int // scorecards that were asked for
}

func (g gauge) Read(ctx context.Context, a integrations.Account, requests []integrations.Request) []integrations.Reading {
	g.count(a.Connection, 1, len(requests))
	defer g.count(a.Connection, -1, 0)
	return g.Connector.Read(ctx, a, requests)
}

func (g gauge) count(connection int64, by, requests int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at[connection] += by
	g.most[connection] = max(g.most[connection], g.at[connection])
	g.reads[connection] += requests
}

// follows puts so many key results of each connection into the database, that read some scorecards between
// them, half of them daily and half weekly.
func (r *room) follows(connection int64, key, each, scorecards int) {
	r.t.Helper()
	r.exec(`
insert into key_results (workspace_id, number, objective_id, title, owner_id, kind, start_value, target_value, unit, precision, method, weight, channel_id, integrated, cadence, weekday, hour, zone, slot_at, next_sync_at, created_by, created_at)
select 'T1', $1::int + n, $2, 'Fewer open incidents', 'UALICE', 'decrease', 100, 10, '#', 0, 'latest', 1, '', true,
  case n % 2 when 0 then 'daily' else 'weekly' end, case n % 2 when 0 then 0 else extract(dow from now() + interval '1 day') end,
  extract(hour from now() at time zone 'UTC'), 'UTC', at, at, 'UALICE', now()
from (select n, date_trunc('hour', now()) + interval '24 hours 5 minutes' as at from generate_series(1, $3::int) n) v`, key, r.objective.ID, each)
	r.exec(`
insert into sources (key_result_id, workspace_id, connection_id, reference, name, unit, frequency, direction)
select k.id, 'T1', $1, lpad(to_hex(k.number % $2::int), 32, '0'), 'Open incidents', '#', 'daily', 'minimize'
from key_results k
where k.number > $3::int`, connection, scorecards, key)
}

// Nothing works for three days. Then each key result is read once for all the slots that it missed, each
// scorecard is asked for once, no system is read by two at once, and what comes next is spread.
func TestThreeDaysAreMadeUpForInOneRead(t *testing.T) {
	connections, each := 12, 80
	if os.Getenv("SOAK") != "" {
		connections, each = 100, 1000
	}
	const scorecards = 8
	r := newRoom(t)
	for i := range scorecards {
		r.scorecard(i, 41, 5)
	}
	g := gauge{mu: &sync.Mutex{}, at: map[int64]int{}, most: map[int64]int{}, reads: map[int64]int{}}
	for i := range connections {
		r.follows(r.connect().ID, i*each, each, scorecards)
	}
	all := connections * each
	r.advance(4 * 24 * time.Hour)
	for range 3 {
		r.start(r.replica(func(c integrations.Connector) integrations.Connector {
			g := g
			g.Connector = c
			return g
		}))
	}
	for read := 0; read < all; {
		before := read
		until(t, "more being read", func() bool {
			read = r.count("select count(distinct key_result_id) from sync_outcomes")
			return read > before
		})
	}
	r.wants("due afterwards", r.count("select count(*) from rhythms where next_sync_at <= now()"), 0)
	r.wants("outcomes of slots", r.count("select count(*) from sync_outcomes where not forced and outcome = 'changed'"), all)
	r.wants("outcomes", r.count("select count(*) from sync_outcomes"), all)
	g.mu.Lock()
	defer g.mu.Unlock()
	r.wants("connections", len(g.most), connections)
	for id, most := range g.most {
		if most != 1 || g.reads[id] != scorecards {
			t.Errorf("connection %d was read by %d at once, and asked for %d scorecards", id, most, g.reads[id])
		}
	}
	minutes := r.count("select count(distinct date_trunc('minute', next_sync_at)) from rhythms where cadence = 'daily'")
	if minutes < 5 {
		t.Errorf("the next slots are in %d minutes", minutes)
	}
}
