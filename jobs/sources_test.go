package jobs

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"okrbot/integrations"
	"okrbot/integrations/servicenow"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

// moves has a key result read elsewhere, as the form does, and returns it as it is until it is read there.
func (r *room) moves(k store.KeyResult, edit func(*store.KeyResult)) store.KeyResult {
	r.t.Helper()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		before, err := tx.KeyResultByID(ctx, "T1", k.ID)
		if err != nil {
			return err
		}
		k = before
		edit(&k)
		if k, err = tx.EditKeyResult(ctx, alice, k, "edited"); err != nil {
			return err
		}
		return tx.AnnounceChange(ctx, before, k)
	}))
	return r.load(k)
}

// told is how often something was said of a key result's number.
func (r *room) told(k store.KeyResult) int {
	return r.count("select count(*) from announcements where key_result_id = $1 and kind in ('changed', 'restated')", k.ID)
}

// A clone of an instance has the same scorecards under the same ids. What is known of the one's is not of the
// other's.
func TestAnotherInstancesScoresAreNotTakenAlong(t *testing.T) {
	r := newRoom(t)
	clone := vendor.New(vendor.Options{Now: r.clock})
	clone.AddUser("okr.reader", "canary-7f3a", "pa_viewer")
	server := httptest.NewServer(clone)
	t.Cleanup(server.Close)
	r.client = r.replica(func(integrations.Connector) integrations.Connector {
		return servicenow.New(servicenow.Options{ExtraOrigins: []string{r.origin, server.URL}})
	})
	k := r.keyResult(r.scorecard(1, 41, 50), func(k *store.KeyResult) { k.Method = okr.Average })
	r.imports(k)
	r.wants("readings of the one", len(r.readings(k)), 50)
	first := r.now
	r.now, r.origin = clone, server.URL
	other := r.connect()
	ref := r.scorecard(1, 71, 0)
	for day := range 40 {
		r.check(clone.Collect(ref, (r.today() - okr.Day(day)).Time(), 71))
	}
	r.now = first

	moved := r.moves(k, func(k *store.KeyResult) { k.Source.Connection = other.ID })
	r.wants("value before the other one is read", words(moved.Result.Value), "")
	r.wants("readings before the other one is read", len(r.readings(k)), 0)
	r.imports(k)
	r.wants("value", r.value(k), "71")
	r.wants("readings", len(r.readings(k)), 40)
	r.wants("what was restated", r.count("select count(*) from scores where restated_at is not null"), 0)
}

// Whoever reads the same scorecard through another connection loses nothing on the way, whatever was read
// through that one before.
func TestTheSameScorecardThroughAnotherConnectionLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		read    bool // through the other connection, before
		newer   bool // a score that was not read through it
		earlier bool // counted days that were not asked for through it
		paused  bool
	}{
		"NeverRead": {}, "Read": {read: true}, "ReadBeforeTheNewest": {read: true, newer: true},
		"ReadFromLaterOn": {read: true, earlier: true}, "Paused": {read: true, newer: true, earlier: true, paused: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			ref, other := r.scorecard(1, 41, 350), r.connect()
			there := r.keyResult(ref, func(k *store.KeyResult) { k.Source.Connection = other.ID })
			if c.read {
				r.imports(there)
			}
			if c.earlier {
				r.objective = r.objectiveFrom(r.today() - 200)
			}
			k := r.keyResult(ref, func(k *store.KeyResult) { k.Method = okr.Average })
			r.imports(k)
			if c.newer {
				r.nextDay()
				r.check(r.now.Collect(ref, r.today().Time(), 30))
				r.advance(time.Minute)
				r.force(k.ID)
				r.tickOnly(k)
			}
			if c.paused {
				r.moves(k, func(k *store.KeyResult) { k.Paused = true })
			}
			before, readings, told := r.load(k), len(r.readings(k)), r.told(k)
			moved := r.moves(k, func(k *store.KeyResult) { k.Source.Connection = other.ID })
			r.wants("value at once", words(moved.Result.Value), words(before.Result.Value))
			r.wants("counted at once", moved.Result.N, before.Result.N)
			r.wants("readings at once", len(r.readings(k)), readings)
			r.imports(k)
			r.wants("value", r.value(k), words(before.Result.Value))
			r.wants("readings", len(r.readings(k)), readings)
			r.wants("what was told of it", r.told(k)-told, 0)
			if !c.read {
				return
			}
			// Whoever was there before hears of what is new to them.
			r.nextDay()
			r.tick()
			want, news := "41", 0
			if c.newer {
				want, news = "30", 1
			}
			r.wants("value of the one that was there", r.value(there), want)
			r.wants("what was told of it", r.told(there), news)
			r.wants("what it counts", r.load(there).Result.N, len(r.readings(there)))
		})
	}
}

// objectiveFrom is an objective that begins on a day.
func (r *room) objectiveFrom(first okr.Day) okr.Objective {
	r.t.Helper()
	o := r.objective
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		o.ID, o.Number, o.Period.First = 0, 0, first
		o, _, err = tx.CreateObjective(ctx, alice, o, "")
		return err
	}))
	return o
}

// tickOnly has what one connection is asked for read, and leaves what is due through others.
func (r *room) tickOnly(k store.KeyResult) {
	r.t.Helper()
	r.exec("update rhythms set next_sync_at = next_sync_at + interval '1000 years' where connection_id <> $1", k.Source.Connection)
	r.tick()
	r.exec("update rhythms set next_sync_at = next_sync_at - interval '1000 years' where connection_id <> $1", k.Source.Connection)
}

// Days that somebody counts who came later, or whose objective begins earlier now, are read and kept, also
// where the days that are read each time say what they said.
func TestEarlierDaysAreKeptWhereNothingElseIsNew(t *testing.T) {
	average := func(k *store.KeyResult) { k.Method = okr.Average }
	t.Run("AnotherKeyResult", func(t *testing.T) {
		r := newRoom(t)
		ref := r.scorecard(1, 41, 350)
		first := r.keyResult(ref, average)
		r.imports(first)
		r.objective = r.objectiveFrom(r.today() - 200)
		second := r.keyResult(ref, average)
		r.imports(second)
		r.wants("counted", r.load(second).Result.N, 201)
		r.wants("value", r.value(second), "141")
		r.nextDay()
		r.tick()
		r.wants("counted by the first one", r.load(first).Result.N, 61)
		r.wants("what was told of it", r.told(first), 0)
	})
	t.Run("AnotherFirstDay", func(t *testing.T) {
		r := newRoom(t)
		k := r.keyResult(r.scorecard(1, 41, 350), average)
		r.imports(k)
		o := r.objective
		o.Period.First = r.today() - 200
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
			now, err := tx.Objective(ctx, "T1", o.ID)
			if err != nil {
				return err
			}
			now.Period = o.Period
			_, _, err = tx.EditObjective(ctx, alice, now)
			return err
		}))
		r.nextDay()
		r.tick()
		r.wants("counted", r.load(k).Result.N, 201)
		r.wants("value", r.value(k), "141")
	})
}

// Where earlier days were read and not kept, they are read again after an upgrade.
func TestEarlierDaysThatWereNotKeptAreReadAgain(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 50), func(k *store.KeyResult) { k.Method = okr.Average })
	r.imports(k)
	r.exec("delete from scores where day < (now() at time zone 'UTC')::date - 39")
	counts := func(when string, want int) {
		t.Helper()
		r.nextDay()
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 41))
		r.tick()
		r.wants("counted "+when, r.load(k).Result.N, want)
		r.wants("readings "+when, len(r.readings(k)), want)
	}
	counts("by the version before", 41)
	migrations(t, r.pool, func(p *goose.Provider) error { _, err := p.DownTo(ctx, 41); return err })
	r.check(store.Migrate(ctx, r.dsn, nil))
	r.pool.Reset() // its sessions know the old tables
	counts("after the upgrade", 52)
	counts("a day later", 53)
}

// Under an objective that began earlier, all counts at once that is known of its period.
func TestAKeyResultThatMovesCountsByItsNewObjective(t *testing.T) {
	for name, paused := range map[string]bool{"Read": false, "Paused": true} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			ref := r.scorecard(1, 41, 350)
			average := func(k *store.KeyResult) { k.Method, k.Paused = okr.Average, false }
			k, year := r.keyResult(ref, average), r.objectiveFrom(r.today()-200)
			r.objective = year
			r.imports(k, r.keyResult(ref, average))
			r.wants("counted before", r.load(k).Result.N, 61)
			if paused {
				r.moves(k, func(k *store.KeyResult) { k.Paused = true })
			}
			moved := r.moves(k, func(k *store.KeyResult) { k.Objective.ID = year.ID })
			r.wants("counted at once", moved.Result.N, 201)
			r.wants("value at once", words(moved.Result.Value), "141")
			r.imports(k)
			r.wants("value", r.value(k), "141")
			r.wants("what was told of it", r.told(k), 1)
		})
	}
}

// checksIn has a person enter a value, as the form does.
func (r *room) checksIn(k store.KeyResult, value string) {
	r.t.Helper()
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
		before, err := tx.LockKeyResult(ctx, "T1", k.ID)
		if err != nil {
			return err
		}
		c := store.CheckIn{Person: alice.ID, Day: before.Today(tx.Now), Value: number(value)}
		if before.Integrated {
			c.Reason = "counted by hand"
		}
		after, _, err := tx.CheckIn(ctx, alice, before, c, "")
		if err != nil {
			return err
		}
		return tx.AnnounceChange(ctx, before, after)
	}))
}

// statuses are those that the newest announcement of a key result is of.
func (r *room) statuses(k store.KeyResult) string {
	r.t.Helper()
	var from, to string
	r.check(r.pool.QueryRow(ctx, "select old_status, new_status from announcements where key_result_id = $1 order by id desc limit 1", k.ID).Scan(&from, &to))
	return from + " → " + to
}

// A value on a bound is not news at every check-in either.
func TestAStatusByHandChangesBeyondTheBoundAlone(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult("", func(k *store.KeyResult) { k.Integrated, k.Source, k.Cadence.Every = false, store.Source{}, "" })
	for _, one := range []struct{ value, want string }{ // a sixth of the way is over: 85 is expected
		{"93", "no_data → on_track"}, {"95", "on_track → on_track"}, {"94", "on_track → on_track"}, // 11.1 points behind, and 10
		{"98", "on_track → behind"}, {"93.5", "behind → behind"}, {"91", "behind → on_track"},
	} {
		r.checksIn(k, one.value)
		r.wants("after "+one.value, r.statuses(k), one.want)
	}
}

// What a value by hand was told to be is what the next score changes.
func TestAfterAValueByHandAScoreIsToldFromItsStatus(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 20, 5))
	r.imports(k)
	r.checksIn(k, "130")
	r.wants("by hand", r.statuses(k), "on_track → at_risk")
	for _, one := range []struct {
		value float64
		want  string
	}{{20, "at_risk → on_track"}, {21, "on_track → on_track"}} {
		r.nextDay()
		r.check(r.now.Collect(k.Source.Reference, r.today().Time(), one.value))
		r.tick()
		r.wants("by its score", r.statuses(k), one.want)
	}
}

// The latest score of before a period is kept for as long as it is shown.
func TestTheLatestScoreOfBeforeThePeriodStays(t *testing.T) {
	for name, first := range map[string]okr.Day{"BeforeItBegins": 10, "InItsFirstDays": -1} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			ref := r.scorecard(1, 41, 0)
			for _, ago := range []okr.Day{90, 60, 30, 3} {
				r.check(r.now.Collect(ref, (r.today() - ago).Time(), 50.7))
			}
			r.objective = r.objectiveFrom(r.today() + first)
			k := r.keyResult(ref)
			r.imports(k)
			r.tidies()
			if before := r.load(k).Before; !before.Value.Valid || before.AsOf != r.today()-3 {
				t.Errorf("the score of before is %+v", before)
			}
			r.nextDay()
			r.tidies()
			r.wants("scores that are kept", r.count("select count(*) from scores where day > (now() at time zone 'UTC')::date - 92"), 4)
		})
	}
}

func (r *room) tidies() {
	r.t.Helper()
	_, err := r.store.TidyScores(ctx, 0)
	r.check(err)
}

// What nobody counts any more is forgotten, not asked for at each sync, and read again where somebody comes
// who counts it.
func TestWhatWasForgottenIsReadAgainForWhoComes(t *testing.T) {
	r := newRoom(t)
	w := &watched{}
	r.client = r.replica(func(c integrations.Connector) integrations.Connector { w.Connector = c; return w })
	ref, later := r.scorecard(1, 41, 350), r.objective
	r.objective = r.objectiveFrom(r.today() - 200)
	year := r.keyResult(ref)
	r.objective = later
	quarter := r.keyResult(ref)
	r.imports(year, quarter)
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.RemoveKeyResult(ctx, alice, year) }))
	r.tidies()
	r.wants("scores that are kept", r.count("select count(*) from scores"), 60+92+1)
	r.nextDay()
	r.check(r.now.Collect(ref, r.today().Time(), 40))
	w.first = nil
	r.tick()
	r.wants("first days asked for", w.first, []okr.Day{r.today() - 1 - window})
	r.objective = r.objectiveFrom(r.today() - 200)
	again := r.keyResult(ref, func(k *store.KeyResult) { k.Method = okr.Average })
	r.imports(again)
	r.wants("counted", r.load(again).Result.N, 201)
}
