package bot_test

import (
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/sandbox/document"
	"okrbot/sandbox/seed"
	"okrbot/sandbox/servicenow"
)

func TestAScoreOfTheFutureIsNamedAndDoesNotCount(t *testing.T) {
	r := ready(t)
	r.collectsFor(-1, 140)
	r.alice.Types("/okr sync KR-1").Sees("135 → 140")
	r.collectsFor(20, 1) // beyond the target
	planned := "ServiceNow holds a score of " + r.day(20).Short(r.day(0)) + ": 1. It counts from its day on."
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("no newer score in ServiceNow since " + r.day(-1).Short(r.day(0)))
	r.alice.Types("/okr show KR-1").Sees("*140*", planned).DoesNotSee("Achieved").Closes()
	r.collectsFor(0, 139)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("140 → 139", "score of "+r.day(0).Short(r.day(0)))
	r.bob.Sees("140 → 139") // before what comes next is told with it
	// A preview shows what counts, and suggests it.
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer again").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Presses("Preview results").Sees("*139*", planned).
		Submits("Connect").Sees("139  score of " + r.day(0).Short(r.day(0))).Closes()
	// Its day comes; nobody syncs it by hand, and it is told.
	r.laterDays(20)
	r.bob.Sees("139 → 1")
	r.alice.Types("/okr show KR-1").Sees("*1*", "Achieved").DoesNotSee("It counts from its day on").Closes()
}

func TestARunningWeekSaysSo(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	ends := r.day(3)
	week := func(ends okr.Day, value float64) servicenow.Score {
		return servicenow.Score{Day: ends.Time(), Start: (ends - 6).Time(), Value: value}
	}
	err := r.servicenow.Change(seed.ID("Major incidents"), func(s *servicenow.Scorecard) {
		s.Scores = []servicenow.Score{week(ends-14, 9), week(ends-7, 8), week(ends, 7), week(ends+7, 99)}
	})
	if err != nil {
		t.Fatal(err)
	}
	says := "week to " + ends.Short(r.day(0))
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer major incidents").Submits("Next").
		Chooses("Scorecard", "Major incidents").Presses("Preview results").
		Sees("*7*  "+says, "ServiceNow holds a score of "+(ends+7).Short(r.day(0))+": 99").
		Submits("Connect").Sees("7  "+says).Fills("Target Value", "1").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.alice.Sees("*KR-1* Fewer major incidents", says) // the card
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("no newer score in ServiceNow, " + says + " is as it was")
	r.alice.Types("/okr list").Sees(says)
}

func TestADocumentsPlanDoesNotCount(t *testing.T) {
	r := newRoom(t, withDocuments)
	on := func(days int, value float64) map[string]any {
		return map[string]any{"date": r.day(days).String(), "value": value}
	}
	failing := []any{on(-2, 14), on(-1, 12), on(20, 0), on(30, 0)}
	r.web.Put(buildPath, document.Document{Header: "X-Api-Key", Secret: "key-canary", Make: func(time.Time) any {
		return map[string]any{"failing": failing}
	}})
	r.connectsDocument(r.alice)
	r.addsObjective(r.alice, "Builds one can trust")
	planned := "HTTP JSON holds scores of " + r.day(20).Short(r.day(0)) + ": 0, " + r.day(30).Short(r.day(0)) + ": 0."
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer failing tests").
		Chooses("Pull data from external applications", "HTTP JSON").Submits("Next").
		Chooses("Scorecard", "/failing").Presses("Preview results").Sees("*12*  score of", planned).
		Submits("Connect").Sees("Start Value: 12").Fills("Target Value", "2").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.alice.Sees("*KR-1* Fewer failing tests")
	r.alice.Types("/okr show KR-1").Sees(planned).DoesNotSee("Achieved").Closes()
}

func TestARestatementSaysItsDayAndThatTheResultStays(t *testing.T) {
	r := ready(t)
	for n, value := range map[int]float64{-1: 130, -2: 131, -3: 65} {
		r.collectsFor(n, value)
	}
	r.alice.Types("/okr sync KR-1").Sees("restated")
	heard := r.bob.Sees("restated").Counts("restated")
	r.collectsFor(-3, 30)
	r.later(time.Minute)
	says := "restated " + r.day(-3).Short(r.day(0)) + ": 65 → 30; the result is unchanged"
	r.alice.Types("/okr sync KR-1").Sees(says, "*130*")
	r.bob.Sees(says)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("no newer score in ServiceNow since")
	if n := r.bob.Counts("restated"); n != heard+1 {
		t.Errorf("the channel heard it %d times, want once", n-heard)
	}
	r.alice.Types("/okr show KR-1").Sees("30  (restated, was 65)", "score of "+r.day(-3).Words()+" 65 → 30").Closes()
	// The newest score's day is what the result is of: once is enough.
	r.collectsFor(-1, 120)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("  restated " + r.day(-1).Short(r.day(0)) + ": 130 → 120\n")
}

func TestANewerScoreOfTheSameValueIsNoChange(t *testing.T) {
	r := ready(t)
	r.addsKeyResult(r.alice, "Faster resolution", "Average time to resolve an incident", "20")
	r.alice.Sees("*KR-2* Faster resolution")
	// All on one day, so that no sync by cadence comes between.
	r.collectsFor(-1, 50)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("→ 50")
	r.collectsFor(0, 50)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("50, as before, now of " + r.day(0).Short(r.day(0)))
	r.collectsFor(1, 50)
	r.later(time.Minute)
	r.alice.Types("/okr sync all").Sees("0 changed, 1 without a newer score, 0 failed, 1 as before", "50, as before, now of "+r.day(1).Short(r.day(0))).DoesNotSee("50 → 50")
}

// A key result of the next quarter, and one carried over, begin calmly: nothing is marked, nobody is
// written to, and what there was before is shown with its day.
func TestAQuarterBeginsCalmly(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	next := okr.NextQuarter(r.day(0))
	r.alice.Types("/okr add-objective").Fills("Objective", "A calm start").Chooses("Period", "Next quarter ("+next.Words()+")").
		Fills("Channel", "#it-okrs").Submits("Save").SeesNoModal().Sees("Objective added")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	newest := "131, score of " + r.day(-1).Short(r.day(0))
	r.collectsFor(-1, 131)
	r.later(time.Minute)
	begins := "the period begins on " + next.First.Short(r.day(0))
	r.alice.Types("/okr sync KR-1").Sees("no score of this period in ServiceNow yet.", "before the period *131, score of ", "Not started: "+begins)
	r.alice.Sees("before the period *"+newest+"*", "Not started: "+begins) // the card
	r.alice.Types("/okr show KR-1").Sees(newest, "Not started").Closes()

	// The first day.
	r.laterDays(int(next.First - r.day(0)))
	expected := "first score expected by " + (next.First + 1).Short(next.First)
	before := "before the period *131, score of "
	r.alice.Types("/okr sync KR-1").Sees("no score of this period in ServiceNow yet.", before, "No data yet: "+expected)
	r.alice.Types("/okr list").Sees("No data yet: "+expected, "no data · 0 of 1 reporting")
	r.alice.GoesHome().SeesHome("No data yet: " + expected)
	r.alice.Types("/okr show KR-1").Sees(before, "No data yet: "+expected, "• No data: "+expected+".").Closes()
	r.alice.Types("/okr list at-risk").Sees("No key result is at risk.")
	if n := r.alice.In("dm-U0ALICE").Counts("Not syncing"); n != 0 {
		t.Errorf("the owner was told of %d failures:\n%s", n, r.alice.Screen())
	}
	r.alice.In("#it-okrs").DoesNotSee("Not syncing")

	// It is late.
	r.laterDays(2)
	r.alice.Types("/okr sync KR-1").Sees("no score since "+next.First.Short(next.First), "Stale")
	// And comes.
	r.collectsFor(-1, 129)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("129", "score of "+r.day(-1).Short(r.day(0))).DoesNotSee("none → 129")
}

func TestWhatIsCarriedOverBeginsCalmly(t *testing.T) {
	r := ready(t)
	r.collectsFor(-1, 140)
	r.alice.Types("/okr sync KR-1").Sees("140")
	o := r.objective()
	r.beyond(o, 1)
	next := okr.NextQuarter(o.Period.Last)
	r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses("Carry over to "+next.Words(), "KR-1").
		Submits("Close out").Sees("== Carry over ==").Fills("KR-1 Fewer open incidents: Target Value", "90").
		Submits("Close out").SeesNoModal().Sees("with KR-2")
	r.laterDays(int(next.First - r.day(0)))
	expected := "first score expected by "
	r.alice.Types("/okr show KR-2").Sees("before the period *140, score of ", "No data yet: "+expected).DoesNotSee("Not syncing").Closes()
	if n := r.alice.In("dm-U0ALICE").Counts("Not syncing"); n != 0 {
		t.Errorf("the owner was told of %d failures:\n%s", n, r.alice.Screen())
	}
}

// The score of a running week is no newer than a value of one of its days, until the week is over: that ends the
// value, and people are told.
func TestAValueEnteredOnceEndsWithTheRunningWeek(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	ends := r.day(3)
	err := r.servicenow.Change(seed.ID("Major incidents"), func(s *servicenow.Scorecard) {
		s.Scores = []servicenow.Score{{Day: (ends - 7).Time(), Start: (ends - 13).Time(), Value: 8}, {Day: ends.Time(), Start: (ends - 6).Time(), Value: 7}}
	})
	if err != nil {
		t.Fatal(err)
	}
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer major incidents").Submits("Next").
		Chooses("Scorecard", "Major incidents").Presses("Preview results").Sees("*7*  week to ").
		Submits("Connect").Fills("Target Value", "1").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "5").Fills("Reason", "counted twice").Submits("Save").SeesNoModal().Sees("*5 (by hand)*")
	r.bob.Sees("7 → 5")
	r.laterDays(3)
	r.bob.Sees("5 → 7")
	r.alice.Types("/okr show KR-1").Sees("okrbot resumed automatic: value by hand 5 removed").Closes()
	r.endsOnce()
}

// A score that is dated tomorrow is no newer than a value of today, and is one tomorrow.
func TestAValueEnteredOnceEndsOnTheDayOfTomorrowsScore(t *testing.T) {
	r := ready(t)
	r.collectsFor(1, 140)
	r.alice.Types("/okr sync KR-1").Sees("135 → 140")
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "120").Fills("Reason", "counted twice").Submits("Save").SeesNoModal().Sees("*120 (by hand)*")
	r.bob.Sees("140 → 120")
	r.laterDays(1)
	r.bob.Sees("120 → 140")
	r.endsOnce()
}

// endsOnce waits until no value by hand is left, and nothing more is said of it.
func (r *room) endsOnce() {
	r.t.Helper()
	r.settles()
	if n := r.number("select count(*) from key_results where override_value is not null"); n != 0 {
		r.t.Errorf("%d values by hand stay", n)
	}
	if n, err := r.store.EndOverrides(r.t.Context(), 10); n != 0 || err != nil {
		r.t.Errorf("%d values by hand were to end: %v", n, err)
	}
}
