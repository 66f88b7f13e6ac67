package jobs

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

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
