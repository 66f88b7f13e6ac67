package jobs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

func TestWhoFollowsOneScorecardIsAskedOnce(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 250 {
		list = append(list, r.keyResult(r.scorecard(i%10, float64(40+i%10), 5)))
	}
	r.imports(list...)
	r.wants("scorecards asked for", r.asked(), 10)
	for i, k := range list {
		if got, want := r.value(k), fmt.Sprint(40+i%10); got != want {
			t.Fatalf("%s has %s, want %s", k.Key(), got, want)
		}
	}
}

func TestOneFailingScorecardDoesNotFailItsBatch(t *testing.T) {
	r := newRoom(t)
	good, bad := r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 42, 5))
	r.imports(good, bad)
	r.now.Break(vendor.Fault{Kind: vendor.LocalText, Ref: bad.Source.Reference})
	r.nextDay()
	r.check(r.now.Collect(good.Source.Reference, r.today().Time(), 39))
	r.tick()
	r.wants("the good one", r.value(good), "39")
	r.wants("the bad one keeps its value", r.value(bad), "42")
	failed := r.load(bad)
	r.wants("the failure's class", failed.Failure.Class, integrations.Misread)
	if failed.Failure.Says == "" || failed.Failure.Since.IsZero() {
		t.Errorf("the failure says %+v", failed.Failure)
	}
	r.wants("the good one's failure", r.load(good).Failure.Class, "")
}

func TestHistoryIsImportedFromThePeriodsStart(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 120))
	r.imports(k)
	readings, err := r.store.Readings(ctx, "T1", k.ID)
	r.check(err)
	r.wants("readings", len(readings), 61) // the period began 60 days ago
	loaded := r.load(k)
	r.wants("readings counted", loaded.Result.N, 61)
	r.wants("as of", loaded.Result.AsOf, r.today())
	// The first import is what the card shows, and no news.
	r.wants("said", r.slack.in("CDESK"), []string{})
	// Reading it again changes nothing.
	r.imports(k)
	again, err := r.store.Readings(ctx, "T1", k.ID)
	r.check(err)
	r.wants("readings after another import", len(again), 61)
	r.wants("runs", r.count("select count(*) from sync_runs where outcome = 'unchanged'"), 1)
	r.wants("recorded", r.count("select count(*) from audit_events where action = 'synced'"), 1)
}

func TestAChangedPastIsARestatement(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 40))
	r.imports(k)
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 39))       // today's, again
	r.check(r.now.Collect(k.Source.Reference, (r.today() - 10).Time(), 7)) // within the window
	r.check(r.now.Collect(k.Source.Reference, (r.today() - 35).Time(), 8)) // before it
	r.advance(time.Minute)
	r.force(k.ID)
	r.tick()
	r.wants("value", r.value(k), "39")
	r.wants("said", r.slack.in("CDESK"), []string{"KR-1 restated 41→39"})
	readings, err := r.store.Readings(ctx, "T1", k.ID)
	r.check(err)
	restated := map[okr.Day]string{}
	for _, reading := range readings {
		if reading.Restated {
			restated[reading.Day] = words(reading.Previous) + "→" + reading.Value.String()
		}
	}
	r.wants("restated", restated, map[okr.Day]string{r.today(): "41→39", r.today() - 10: "51→7"})
	r.wants("readings counted", r.load(k).Result.N, 40)
}

// The scores come in any order, some late, some restated: the value is always the newest day's.
func TestTheHeadNeverGoesBackInTime(t *testing.T) {
	r := newRoom(t)
	random := rand.New(rand.NewPCG(7, 1))
	var list []store.KeyResult
	newest := map[int64]okr.Day{}
	for n := range 20 {
		k := r.keyResult(r.scorecard(n, 0, 0), func(k *store.KeyResult) {
			k.Method = []okr.Method{okr.Latest, okr.Sum, okr.Average, okr.Minimum}[n%4]
		})
		list = append(list, k)
	}
	for range 25 {
		for _, k := range list {
			day := r.today() - okr.Day(random.IntN(25))
			value := float64(random.IntN(100))
			r.check(r.now.Collect(k.Source.Reference, day.Time(), value))
			newest[k.ID] = max(newest[k.ID], day)
		}
		if random.IntN(4) == 0 {
			// A replica of theirs that lags: it has not seen the newest day.
			for _, k := range list {
				lag := newest[k.ID]
				r.check(r.now.Change(k.Source.Reference, func(s *vendor.Scorecard) {
					if len(s.Scores) > 1 && okr.DayOf(s.Scores[len(s.Scores)-1].Day) == lag {
						s.Scores = s.Scores[:len(s.Scores)-1]
					}
				}))
			}
		}
		before := map[int64]okr.Day{}
		for _, k := range list {
			before[k.ID] = r.load(k).Result.AsOf
		}
		r.imports(list...)
		for _, k := range list {
			after := r.load(k)
			if after.Result.AsOf < before[k.ID] {
				t.Fatalf("%s went back from %s to %s", k.Key(), before[k.ID], after.Result.AsOf)
			}
			readings, err := r.store.Readings(ctx, "T1", k.ID)
			r.check(err)
			if want := after.ResultOf(r.objective.Period, readings, r.today()); after.Result.AsOf != want.AsOf || after.Result.N != want.N || !okr.Same(after.Result.Value, want.Value) {
				t.Fatalf("%s (%s) stands at %+v, its readings say %+v", k.Key(), k.Method, after.Result, want)
			}
		}
	}
}

func TestAChangedUnitHoldsTheValue(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.check(r.now.Change(k.Source.Reference, func(s *vendor.Scorecard) { s.Unit = "<!channel> per hour" }))
	r.nextDay()
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 3))
	r.tick()
	r.wants("value", r.value(k), "41")
	failure := r.load(k).Failure
	r.wants("cause", failure.Cause, "scorecard_changed")
	r.wants("says", failure.Says, "The scorecard's unit changed from “#” to “&lt;!channel&gt; per hour”, so its value is held. Check it with `/okr edit KR-1` and save to accept the new unit.")
	r.wants("readings of the new unit", r.readingsOf(k, "3"), 0)
}

// A direction, frequency or precision that changed holds the value like a unit, until somebody saves.
func TestAChangedScorecardHoldsTheValue(t *testing.T) {
	for says, change := range map[string]func(*vendor.Scorecard){
		"direction changed from less is better to more is better, so": func(s *vendor.Scorecard) { s.Direction = 3 },
		"direction changed from less is better to none, so":           func(s *vendor.Scorecard) { s.Direction = 1 },
		"frequency changed from daily to weekly, so":                  func(s *vendor.Scorecard) { s.Frequency = 20 },
		"number of decimals changed from 0 to 2, so":                  func(s *vendor.Scorecard) { s.Precision = 2 },
		"unit changed from “#” to “Days”, its direction from less is better to more is better, its frequency from daily to monthly, its number of decimals from 0 to 1, so": func(s *vendor.Scorecard) {
			s.Unit, s.Direction, s.Frequency, s.Precision = "Days", 3, 30, 1
		},
	} {
		t.Run(says, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 41, 5))
			r.imports(k) // and learns what was not known of the scorecard
			r.check(r.now.Change(k.Source.Reference, change))
			r.nextDay()
			r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 3))
			r.tick()
			r.wants("value", r.value(k), "41")
			failure := r.load(k).Failure
			r.wants("cause", failure.Cause, "scorecard_changed")
			if !strings.Contains(failure.Says, "The scorecard's "+says+" its value is held. Check it with `/okr edit KR-1` and save to accept the new ") {
				t.Error(failure.Says)
			}
			r.wants("readings of the changed one", r.readingsOf(k, "3"), 0)
			r.check(r.now.Change(k.Source.Reference, func(s *vendor.Scorecard) { s.Unit, s.Direction, s.Frequency, s.Precision = "#", 2, 10, 0 }))
			r.nextDay()
			r.tick()
			r.wants("value when it is as it was", r.value(k), "3")
		})
	}
}

func TestTransientFailuresAreTriedAgainWithinTheSlot(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.now.ForgetCalls()
	r.now.Break(vendor.Fault{Kind: vendor.ServiceDown, Times: 2})
	r.nextDay()
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	for range 5 {
		r.tick()
		r.advance(30 * time.Second)
	}
	r.wants("value", r.value(k), "40")
	r.wants("calls", len(r.now.Calls()), 3)
	r.wants("said to the owner", r.slack.in(alice.ID), []string{})

	// An outage that outlasts these is told, and the last good value stays.
	r.now.ForgetCalls()
	r.now.Break(vendor.Fault{Kind: vendor.ServiceDown})
	r.nextDay()
	for range 4 {
		r.tick()
		r.advance(46 * time.Second)
	}
	r.wants("value in an outage", r.value(k), "40")
	r.wants("calls in an outage", len(r.now.Calls()), 1+okr.QuickTries)
	r.wants("said to the owner in an outage", r.slack.in(alice.ID), []string{"KR-1 failed"})
	r.wants("runs without an end", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
}

// weekly is a key result that is read once a week.
func weekly(k *store.KeyResult) { k.Cadence.Every, k.Cadence.Weekday = okr.Weekly, time.Monday }

// slot moves the clock to a little after a key result's next slot.
func (r *room) slot(k store.KeyResult) { r.advance(r.load(k).NextSyncAt.Sub(r.clock()) + time.Second) }

// Ten minutes at the slot are not to cost a week.
func TestAnOutageAtTheSlotIsMadeUpForWithinAQuarterOfAnHour(t *testing.T) {
	for name, fault := range map[string]vendor.Fault{
		"Down":   {Kind: vendor.ServiceDown},
		"Asleep": {Kind: vendor.Hibernating},
		"Text":   {Kind: vendor.LocalText},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 41, 5), weekly)
			r.imports(k)
			fix := r.now.Break(fault)
			r.slot(k)
			next := time.Time{}
			for range 10 {
				r.tick()
				if at := r.load(k).RetryAt; next.IsZero() && !at.IsZero() {
					next = at
					if wait := at.Sub(r.clock()); wait <= 0 || wait > 15*time.Minute {
						t.Errorf("it is tried again in %s", wait)
					}
				}
				r.advance(time.Minute)
			}
			r.wants("said in the outage", r.slack.in(alice.ID), []string{"KR-1 failed"})
			slots := r.load(k).NextSyncAt
			fix()
			r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
			for range 15 {
				r.tick()
				r.advance(time.Minute)
			}
			r.wants("value", r.value(k), "40")
			r.wants("said", r.slack.in(alice.ID), []string{"KR-1 failed", "KR-1 recovered"})
			loaded := r.load(k)
			r.wants("the next slot", loaded.NextSyncAt, slots)
			r.wants("another try", loaded.RetryAt.IsZero(), true)
			r.now.ForgetCalls()
			r.advance(3 * time.Hour)
			r.tick()
			r.wants("calls when it is over", len(r.now.Calls()), 0)
		})
	}
}

// A failing instance is asked once for all that reads through a connection, slower and slower, and
// each person hears of it once.
func TestAFailingInstanceIsNotHammered(t *testing.T) {
	r := newRoom(t)
	connections := []store.Connection{r.connection}
	for range 19 {
		connections = append(connections, r.connect())
	}
	var list []store.KeyResult
	for i := range 100 {
		list = append(list, r.keyResult(r.scorecard(i%10, 41, 5), weekly, func(k *store.KeyResult) {
			k.Source.Connection = connections[i%20].ID
		}))
	}
	r.imports(list...)
	r.slot(list[0])
	r.now.Break(vendor.Fault{Kind: vendor.Hibernating})
	r.advance(10 * time.Minute) // all are due, whatever their jitter
	r.tick()
	r.advance(15 * time.Minute)
	r.tick() // from here on the slow tries fall together
	for _, span := range []struct {
		hours, tries int
	}{{2, 4}, {6, 3}} { // tries an hour, at most; the second span begins with quarters of an hour
		r.now.ForgetCalls()
		for range span.hours * 6 {
			r.advance(10 * time.Minute)
			r.tick()
		}
		// One scorecard is asked for alone before a batch is given up: a few calls for each try.
		if calls, most := len(r.now.Calls()), 20*span.tries*span.hours*2; calls > most {
			t.Errorf("%d calls in %d hours, want %d at most", calls, span.hours, most)
		}
	}
	said := 0
	for _, message := range r.slack.in(alice.ID) {
		if strings.Contains(message, "recovered") {
			t.Errorf("said: %s", message)
		}
		said += strings.Count(message, "failed")
	}
	r.wants("told", said, len(list))
	r.wants("runs without an end", r.count("select count(*) from sync_runs where state <> 'done'"), 0)
}

// What only a person can fix waits for one, and for the next slot.
func TestWhatAPersonMustFixIsNotTriedAgain(t *testing.T) {
	for name, break_ := range map[string]func(*room, store.KeyResult){
		"Rights": func(r *room, _ store.KeyResult) { r.now.Break(vendor.Fault{Kind: vendor.RoleMissing}) },
		"SignIn": func(r *room, _ store.KeyResult) { r.now.SetPassword("okr.reader", "changed") },
		"Unit": func(r *room, k store.KeyResult) {
			r.check(r.now.Change(k.Source.Reference, func(s *vendor.Scorecard) { s.Unit = "Hours" }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 41, 5), weekly)
			r.imports(k)
			break_(r, k)
			r.slot(k)
			for range 4 {
				r.tick()
				r.advance(time.Minute)
			}
			r.wants("failing", r.load(k).Failure.Class != "", true)
			r.wants("another try", r.load(k).RetryAt.IsZero(), true)
			r.now.ForgetCalls()
			for range 20 {
				r.advance(30 * time.Minute)
				r.tick()
			}
			r.wants("calls", len(r.now.Calls()), 0)
		})
	}
}

// Who asks in the meantime moves neither the next try nor the cadence.
func TestASyncByHandInAnOutageMovesNothing(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5), weekly)
	r.imports(k)
	r.now.Break(vendor.Fault{Kind: vendor.Hibernating})
	r.slot(k)
	r.tick()
	before := r.load(k)
	r.advance(31 * time.Second)
	r.force(k.ID)
	r.tick()
	after := r.load(k)
	r.wants("tries that failed", after.Failure.Count, before.Failure.Count+1)
	r.wants("the next try", after.RetryAt, before.RetryAt)
	r.wants("the next slot", after.NextSyncAt, before.NextSyncAt)
	r.wants("said", r.slack.in(alice.ID), []string{"KR-1 failed"})
}

func TestAFailureIsToldOnceAnEpisodeAndARecoveryOnce(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	for range 2 {
		fix := r.now.Break(vendor.Fault{Kind: vendor.RoleMissing})
		for range 5 {
			r.nextDay()
			r.tick()
		}
		fix()
		for range 3 {
			r.nextDay()
			r.tick()
		}
	}
	r.wants("said to the owner", r.slack.in(alice.ID), []string{"KR-1 failed", "KR-1 recovered", "KR-1 failed", "KR-1 recovered"})
	r.wants("said in the channel", r.slack.in("CDESK"), []string{})
	r.wants("visible failures", r.count("select count(*) from sync_outcomes where outcome = 'failed'"), 10)
}

func TestARefusedSignInIsNotTriedAgain(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 20 {
		list = append(list, r.keyResult(r.scorecard(i, 41, 5)))
	}
	r.imports(list...)
	r.now.ForgetCalls()
	r.now.SetPassword("okr.reader", "changed")
	for range 40 {
		r.nextDay()
		for range 5 {
			r.tick()
			r.advance(time.Minute)
		}
	}
	if calls := len(r.now.Calls()); calls > 3 {
		t.Errorf("%d calls with a refused password: the account could be locked", calls)
	}
	r.wants("messages to its maker", r.slack.notices, []string{accounts.NoticeRefused})
	r.wants("messages about each key result", len(r.slack.in(alice.ID)), 0)
	loaded, err := r.store.Connection(ctx, "T1", r.connection.ID)
	r.check(err)
	r.wants("state", loaded.State, store.Rejected)
	for _, k := range list {
		r.wants("class of "+k.Key(), r.load(k).Failure.Class, integrations.Unauthorized)
	}
	r.wants("value", r.value(list[0]), "41")
	// Somebody who asks is answered, without a call.
	r.now.ForgetCalls()
	r.force(list[0].ID)
	r.tick()
	r.wants("calls of a forced sync", len(r.now.Calls()), 0)
	r.wants("outcomes", len(r.slack.told), 1)
	r.wants("outcome", r.slack.told[0].Done[0].Failure.Cause, "rejected")
}

func TestAScorecardIsGoneWhenItIsMissingTwice(t *testing.T) {
	r := newRoom(t)
	back, lost := r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 41, 5))
	r.imports(back, lost)
	fix := r.now.Break(vendor.Fault{Kind: vendor.NotThere, Ref: back.Source.Reference})
	r.now.Remove(lost.Source.Reference)
	r.nextDay()
	r.tick()
	for _, k := range []store.KeyResult{back, lost} {
		r.wants("class of "+k.Key(), r.load(k).Failure.Class, integrations.NotFound)
	}
	r.wants("said after the first time", r.slack.in(alice.ID), []string{})
	r.advance(20 * time.Minute) // asked by hand in between, it is missing no longer than it is
	r.force(lost.ID)
	r.tick()
	r.wants("said after twenty minutes", r.slack.in(alice.ID), []string{})
	fix()
	r.advance(41 * time.Minute)
	r.tick()
	r.wants("class of the one that came back", r.load(back).Failure.Class, integrations.Class(""))
	r.wants("cause of the other", r.load(lost).Failure.Cause, "gone")
	r.wants("said after an hour", len(r.slack.in(alice.ID)), 1)
	for range 3 {
		r.nextDay()
		r.tick()
	}
	r.wants("said after days", len(r.slack.in(alice.ID)), 1)
	r.wants("value", r.value(lost), "41")
}

func TestOneRefusalCanBeASlip(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	r.now.Break(vendor.Fault{Kind: vendor.WrongPassword, Times: 1})
	r.nextDay()
	r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
	r.tick()
	r.advance(time.Minute)
	r.tick()
	r.wants("value", r.value(k), "40")
	r.wants("said to the owner", r.slack.in(alice.ID), []string{})
	r.wants("refusals", r.count("select refusals from connections"), 0)
}

func TestARequestToWaitPausesTheWholeSystem(t *testing.T) {
	r := newRoom(t)
	var list []store.KeyResult
	for i := range 150 {
		list = append(list, r.keyResult(r.scorecard(i, 41, 5)))
	}
	other := r.connect() // a second connection to the same system
	elsewhere := r.keyResult(r.scorecard(200, 41, 5), func(k *store.KeyResult) { k.Source.Connection = other.ID })
	r.imports(append(list, elsewhere)...)
	r.nextDay()
	r.now.ForgetCalls()
	fix := r.now.Break(vendor.Fault{Kind: vendor.RateLimit, After: 3600})
	r.tick()
	asked := len(r.now.Calls())
	if asked > 2 {
		t.Errorf("%d calls before the pause, want one for each place at most", asked)
	}
	fix()
	for range 11 {
		r.advance(5 * time.Minute)
		r.tick()
	}
	r.wants("calls during the pause", len(r.now.Calls())-asked, 0)
	if r.load(list[0]).Source.Waiting.IsZero() {
		t.Error("nothing shows that it waits")
	}
	r.wants("failures during the pause", r.count("select count(*) from key_results where failure_class <> ''"), 0)
	r.advance(6 * time.Minute)
	r.tick()
	r.wants("synced after the pause", r.count("select count(*) from sync_outcomes where not forced and outcome = 'unchanged'"), 151)
	r.wants("tries", r.count("select count(*) from sync_outcomes where outcome = 'again'"), 0)
}

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
