package jobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"okrbot/integrations"
	"okrbot/okr"
	"okrbot/store"
)

// patience is how long a test waits for what should come. A busy machine needs much of it; where
// all is well none of it is used up.
const patience = time.Minute

// until waits for something that other goroutines bring about.
func until(t *testing.T, what string, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > patience {
			t.Fatalf("%s: not within %s", what, patience)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}

func (r *room) start(c *Client) {
	r.t.Helper()
	r.check(c.Start(ctx))
	r.t.Cleanup(func() { c.Stop(ctx) })
}

func TestEverySlotIsClaimedOnceByThreeReplicas(t *testing.T) {
	r := newRoom(t)
	other := r.connect()
	var list []store.KeyResult
	for i := range 240 {
		list = append(list, r.keyResult(r.scorecard(i%24, 41, 5), func(k *store.KeyResult) {
			if i%2 == 0 {
				k.Source.Connection = other.ID
			}
		}))
	}
	r.nextDay()
	replicas := []*Client{r.client, r.replica(nil), r.replica(nil)}
	var all sync.WaitGroup
	for _, c := range replicas {
		all.Go(func() {
			if err := c.planDue(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r.wants("takers", r.count("select count(*) from river_job where kind = 'sync_connection'"), 2)
	all = sync.WaitGroup{}
	for _, c := range replicas {
		r.start(c)
	}
	until(t, "all synced", func() bool {
		return r.count("select count(*) from sync_outcomes") == len(list)
	})
	r.wants("scorecards asked for", r.asked(), 24)
	r.wants("changed", r.count("select count(distinct key_result_id) from sync_outcomes where outcome = 'changed'"), len(list))
	// What is done is not taken again.
	r.check(r.client.planDue(ctx))
	r.wants("due afterwards", r.count("select count(*) from rhythms where next_sync_at <= now()"), 0)
	r.wants("outcomes afterwards", r.count("select count(*) from sync_outcomes"), len(list))
}

func TestMissedSlotsAreOneRun(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.advance(9*24*time.Hour + time.Hour)
	r.tick()
	r.tick()
	r.wants("runs of slots", r.count("select count(*) from sync_outcomes where not forced"), 1)
	if next := r.load(k).NextSyncAt; !next.After(r.clock()) || next.Sub(r.clock()) > 25*time.Hour {
		t.Errorf("the next sync is at %s, now is %s", next, r.clock())
	}
	k = r.load(k)
	k.Paused = true
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { _, err := tx.EditKeyResult(ctx, alice, k, "paused"); return err }))
	r.advance(9 * 24 * time.Hour)
	r.tick()
	r.wants("runs while it is paused", r.count("select count(*) from sync_outcomes where not forced"), 1)
}

// The process's clock says today whatever Postgres says.
func TestTomorrowComesByTheDatabasesClockAlone(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.start(r.client)
	r.advance(24 * time.Hour)
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	took := until(t, "tomorrow's sync", func() bool { return r.value(k) == "40" })
	until(t, "its message", func() bool { return len(r.slack.in("CDESK")) == 1 })
	t.Logf("tomorrow's sync ran after %s", took.Round(time.Millisecond))

	// A process that is a day ahead of its database does no harm: what it leaves runs at once.
	r.advance(-48 * time.Hour)
	r.check(r.now.Collect(k.Source.Reference, (r.today() + 1).Time(), 39))
	r.exec("update key_results set forced_at = null")
	r.force(k.ID)
	until(t, "a forced sync", func() bool { return r.value(k) == "39" })
	until(t, "its outcome", func() bool { r.slack.mu.Lock(); defer r.slack.mu.Unlock(); return len(r.slack.told) == 1 })
}

func TestAStoppedReplicaHandsBack(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	h := &held{arrived: make(chan struct{}, 1), release: make(chan struct{})}
	defer close(h.release)
	leaving := r.replica(func(c integrations.Connector) integrations.Connector { h.Connector = c; return h })
	r.check(leaving.Start(ctx))
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return leaving.Import(ctx, tx, "T1", k.ID) }))
	<-h.arrived
	given, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	leaving.Stop(given)
	if took := time.Since(began); took > patience {
		t.Errorf("it took %s to stop", took)
	}
	r.wants("runs handed back", r.count("select count(*) from sync_runs where state = 'queued' and due_at <= now() and tries = 0 and crashes = 0"), 1)
	r.start(r.client)
	until(t, "another replica", func() bool { return r.value(k) == "41" })
}

// What is due is found by every replica: a leader of River's that is dead, and holds its office for an hour,
// delays nothing.
func TestCadencesNeedNoLeader(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.exec("insert into river_leader (elected_at, expires_at, leader_id, name) values (now(), now() + interval '10 days', 'dead', 'default')")
	r.start(r.client)
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 90))
	r.nextDay()
	until(t, "the next slot", func() bool { return r.value(k) == "90" })
	r.wants("the leader", r.count("select count(*) from river_leader where leader_id = 'dead'"), 1)
}

// Everything in a job's arguments is stored for days and shown in River's own pages.
func TestArgumentsAreIdsAlone(t *testing.T) {
	ids := map[string]bool{"Workspace": true, "Channel": true, "Person": true}
	for _, args := range []river.JobArgs{SyncConnection{}, Announce{}, ReportOutcome{}, RefreshDirectory{}, TellNotice{}, PostDigest{}, ExportWorkspace{}, PostCloseOut{}, BeginSync{}, TellPerson{}, AskConsent{}, ShowHome{}} {
		kind := reflect.TypeOf(args)
		for i := range kind.NumField() {
			field := kind.Field(i)
			switch field.Type.Kind() {
			case reflect.Int16, reflect.Int64:
			case reflect.String:
				if !ids[field.Name] {
					t.Errorf("%s.%s is text", kind.Name(), field.Name)
				}
			default:
				t.Errorf("%s.%s is a %s", kind.Name(), field.Name, field.Type)
			}
		}
	}
	r := newRoom(t)
	registered := reflect.ValueOf(r.client.river).Elem().FieldByName("config").Elem().FieldByName("Workers").Elem().FieldByName("workersMap").Len()
	r.wants("registered kinds", registered, 12)
}

func TestNoErrorTextReachesRiversTable(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	c := r.replica(func(c integrations.Connector) integrations.Connector { return poison{c, k.Source.Reference} })
	r.start(c)
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return c.Import(ctx, tx, "T1", k.ID) }))
	until(t, "a failed job", func() bool {
		return r.count("select count(*) from river_job where kind = 'sync_connection' and errors is not null") > 0
	})
	var text string
	r.check(r.pool.QueryRow(ctx, "select string_agg(j::text || array_to_string(j.errors, ' '), ' ') from river_job j").Scan(&text))
	if strings.Contains(text, "canary") || strings.Contains(text, "goroutine") || !strings.Contains(text, "see the log for ref") {
		t.Errorf("River keeps %s", text)
	}
}

func TestOldThingsAreForgotten(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.force(k.ID)
	r.tick()
	r.check(r.now.Collect(k.Source.Reference, (r.today() - 1).Time(), 90))
	r.asks(alice)
	// What waits for a channel where okrbot may not post is no news any more either.
	r.exec("insert into announcements (workspace_id, channel_id, kind, key_result_id, created_at, state) values ('T1', 'CSHARED', 'changed', $1, now(), 'pending')", k.ID)
	r.advance(91 * 24 * time.Hour)
	r.check(r.store.Tidy(ctx))
	for _, table := range []string{"sync_runs", "sync_requests", "sync_asks", "sync_batches", "announcements"} {
		r.wants(table, r.count("select count(*) from "+table), 0)
	}
	r.wants("scores stay", r.count("select count(*) from scores where day > $1", (okr.Day(0)).Time()), 5)
}

// While the database is away each look fails every few seconds: the log says it now and then, not each time.
func TestLooksThatFailAreSaidSeldom(t *testing.T) {
	r := newRoom(t)
	var said bytes.Buffer
	c := r.replicaWith(func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&said, nil)) })
	fails := func(context.Context) error { return errors.New("the database is away") }
	for range 40 {
		c.attempt(ctx, "planning syncs", fails)
		c.attempt(ctx, "ending overrides", fails)
	}
	c.attempt(ctx, "planning syncs", func(context.Context) error { panic("a slip") })
	for _, look := range []string{"planning syncs", "ending overrides"} {
		r.wants("how often the log says "+look, strings.Count(said.String(), `msg="`+look+`" error="the database is away"`), 1)
	}
	r.wants("what is no repetition", strings.Count(said.String(), "panic with a string"), 1)
}

// Tidying up after a long time, and looking for cards to refresh, can take minutes: what is due is looked for meanwhile.
func TestWhatTakesMinutesKeepsNoLookWaiting(t *testing.T) {
	for name, table := range map[string]string{"Tidying": "drafts", "Refreshing": "cards"} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			held, err := r.pool.Begin(ctx)
			r.check(err)
			t.Cleanup(func() { _ = held.Rollback(ctx) })
			_, err = held.Exec(ctx, "lock table "+table+" in access exclusive mode")
			r.check(err)
			waiting := func() int {
				return r.count(`select count(*) from pg_locks where relation = $1::regclass and not granted
					and database = (select oid from pg_database where datname = current_database())`, table)
			}
			r.start(r.client)
			until(t, "a wait for "+table, func() bool { return waiting() > 0 })
			due, _ := r.client.Looks()
			until(t, "two looks for what is due", func() bool {
				if waiting() == 0 {
					t.Fatal("what is due was looked for only after the wait")
				}
				now, _ := r.client.Looks()
				return now >= due+2
			})
			r.check(held.Rollback(ctx))
		})
	}
}
