package jobs

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

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

// Whoever looks into the log finds the cause of docs/servicenow.md there: once in a slot for all that it holds for,
// and not for each try.
func TestTheLogNamesTheCauseOfAFailure(t *testing.T) {
	r := newRoom(t)
	var said bytes.Buffer
	c := r.replicaWith(func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&said, nil)) })
	list := []store.KeyResult{r.keyResult(r.scorecard(1, 41, 5)), r.keyResult(r.scorecard(2, 41, 5)), r.keyResult(r.scorecard(2, 41, 5))}
	r.imports(list...)
	fix := r.now.Break(vendor.Fault{Kind: vendor.Hibernating})
	r.nextDay()
	for range 3 {
		r.tickOf(c)
		r.advance(20 * time.Minute)
	}
	why := fmt.Sprintf(`msg="key results were not read" connection=%d class=unavailable cause=asleep key_results=3`, r.connection.ID)
	r.wants("how often the log says "+why, strings.Count(said.String(), why), 1)
	fix()
	r.now.Break(vendor.Fault{Kind: vendor.RateLimit, After: 90})
	r.nextDay()
	r.tickOf(c)
	wait := fmt.Sprintf(`msg="a system asked to wait" connection=%d wait=1m30s`, r.connection.ID)
	r.wants("how often the log says "+wait, strings.Count(said.String(), wait), 1)
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

// What failed in another way before is missing since it was not found, and not since it fails.
func TestAnOutageIsNoTimeOfBeingMissing(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 41, 5))
	r.imports(k)
	fix := r.now.Break(vendor.Fault{Kind: vendor.RoleMissing})
	r.nextDay()
	r.tick()
	r.wants("class in an outage", r.load(k).Failure.Class, integrations.Forbidden)
	r.advance(2 * time.Hour)
	fix()
	r.now.Remove(k.Source.Reference)
	for _, row := range []struct {
		after time.Duration
		gone  bool
	}{{0, false}, {5 * time.Minute, false}, {56 * time.Minute, true}} {
		r.advance(row.after)
		r.force(k.ID)
		r.tick()
		failure := r.load(k).Failure
		r.wants("class after "+row.after.String(), failure.Class, integrations.NotFound)
		r.wants("gone after "+row.after.String(), failure.Cause == "gone", row.gone)
	}
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

// What fails in a slot is counted once, however often it is tried again: else a handful of broken key results
// would look like many.
func TestAFailureIsCountedOnceInItsSlot(t *testing.T) {
	r := newRoomAlone(t)
	k := r.keyResult(r.scorecard(1, 41, 5), weekly)
	r.imports(k)
	fix := r.now.Break(vendor.Fault{Kind: vendor.ServiceDown})
	for range 2 {
		failed, again := syncsCounted(t, "failed"), syncsCounted(t, "failed_again")
		r.slot(k)
		for range 8 {
			r.tick()
			r.advance(time.Minute)
		}
		r.wants("failures", syncsCounted(t, "failed")-failed, 1.0)
		for range 4 {
			r.advance(15 * time.Minute)
			r.tick()
		}
		r.force(k.ID)
		r.tick()
		r.wants("failures after an hour", syncsCounted(t, "failed")-failed, 1.0)
		if got := syncsCounted(t, "failed_again") - again; got < 4 {
			t.Errorf("%v tries failed again", got)
		}
	}
	// What waits for a person is not tried again by itself.
	fix()
	r.now.Break(vendor.Fault{Kind: vendor.RoleMissing})
	failed := syncsCounted(t, "failed")
	r.slot(k)
	for range 3 {
		r.tick()
		r.advance(time.Minute)
		r.force(k.ID)
	}
	r.wants("failures of a role", syncsCounted(t, "failed")-failed, 1.0)
}

// syncsCounted is how many key results this process's metrics have with an outcome, of any class.
func syncsCounted(t *testing.T, outcome string) (n float64) {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "okrbot_sync_key_results_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "outcome" && label.GetValue() == outcome {
					n += m.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}
