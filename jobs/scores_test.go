package jobs

import (
	"strings"
	"testing"
	"time"

	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

// holds gives a scorecard its scores again, days from today to values.
func (r *room) holds(ref string, scores map[okr.Day]float64) {
	r.t.Helper()
	r.check(r.now.Change(ref, func(s *vendor.Scorecard) { s.Scores = nil }))
	for day, value := range scores {
		r.check(r.now.Collect(ref, (r.today() + day).Time(), value))
	}
}

// reads has a key result read at once, and returns how that ended.
func (r *room) syncs(k store.KeyResult) store.Ending {
	r.t.Helper()
	r.advance(time.Minute)
	r.force(k.ID)
	r.tick()
	r.slack.mu.Lock()
	defer r.slack.mu.Unlock()
	if n := len(r.slack.told); n == 0 || !r.slack.told[n-1].Final || len(r.slack.told[n-1].Done) != 1 {
		r.t.Fatalf("no outcome was told: %+v", r.slack.told)
	}
	return r.slack.told[len(r.slack.told)-1].Done[0].Ending
}

func (r *room) readings(k store.KeyResult) []okr.Reading {
	r.t.Helper()
	readings, err := r.store.Readings(ctx, "T1", k.ID)
	r.check(err)
	return readings
}

func TestAScoreOfTheFutureWaitsForItsDay(t *testing.T) {
	for _, method := range okr.Methods {
		t.Run(string(method), func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 0, 0), func(k *store.KeyResult) { k.Method = method })
			want := func(what string, values map[okr.Method]string, asOf okr.Day) {
				t.Helper()
				value := values[""]
				if v, special := values[method]; special {
					value = v
				}
				r.wants(what, r.value(k), value)
				r.wants(what+": as of", r.load(k).Result.AsOf, asOf)
			}
			today := r.today()
			r.holds(k.Source.Reference, map[okr.Day]float64{-1: 8})
			r.imports(k)
			want("at first", map[okr.Method]string{"": "8", okr.HitRate: "1"}, today-1)
			r.holds(k.Source.Reference, map[okr.Day]float64{-1: 8, 20: 999})
			r.wants("with a planned one", r.syncs(k).Outcome, store.Unchanged)
			want("with a planned one", map[okr.Method]string{"": "8", okr.HitRate: "1"}, today-1)
			r.holds(k.Source.Reference, map[okr.Day]float64{-1: 8, 0: 7, 20: 999})
			ended := r.syncs(k)
			want("with a newer one", map[okr.Method]string{"": "7", okr.Sum: "15", okr.Average: "7.5", okr.Maximum: "8", okr.HitRate: "1"}, today)
			if method == okr.Latest {
				r.wants("the person who synced", ended.Outcome, store.Changed)
			}
			if n := len(okr.Ahead(r.readings(k), today)); n != 1 {
				t.Errorf("%d scores are ahead", n)
			}
			r.wants("of them counted", r.load(k).Result.N, 2)
			if status := r.load(k).Standing(r.objective.Period, today).Status; status == okr.Stale || status == okr.NoData {
				t.Errorf("it is %s", status)
			}

			// Its day comes, and nothing is read any more.
			r.now.Break(vendor.Fault{Kind: vendor.Hibernating})
			r.advance(18 * 24 * time.Hour)
			r.check(r.client.countComing(ctx))
			want("two days before", map[okr.Method]string{"": "7", okr.Sum: "15", okr.Average: "7.5", okr.Maximum: "8", okr.HitRate: "1"}, today)
			r.advance(2 * 24 * time.Hour)
			r.check(r.client.countComing(ctx))
			r.tick()
			want("when its day came", map[okr.Method]string{"": "999", okr.Sum: "1014", okr.Average: "338", okr.Minimum: "7", okr.HitRate: "0.666666666666666667"}, today+20)
			if said := strings.Join(r.slack.in("CDESK"), "\n"); method == okr.Latest && !strings.Contains(said, "KR-1 changed 7→999") {
				t.Errorf("the channel heard %q", said)
			}
			r.wants("scores that are ahead", r.load(k).Ahead, okr.Day(0))
		})
	}
}

func TestAPlannedScoreThatIsTakenBackIsForgotten(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 0, 0))
	r.holds(k.Source.Reference, map[okr.Day]float64{-1: 8, 20: 999, 25: 998})
	r.imports(k)
	r.wants("ahead", len(okr.Ahead(r.readings(k), r.today())), 2)
	r.holds(k.Source.Reference, map[okr.Day]float64{-1: 8, 20: 997})
	r.syncs(k)
	ahead := okr.Ahead(r.readings(k), r.today())
	if len(ahead) != 1 || ahead[0].Value.String() != "997" || ahead[0].Restated {
		t.Errorf("ahead: %+v", ahead)
	}
	r.holds(k.Source.Reference, map[okr.Day]float64{-1: 8})
	r.wants("nothing was restated", r.syncs(k).Note, "")
	r.wants("ahead in the end", len(okr.Ahead(r.readings(k), r.today())), 0)
	r.advance(21 * 24 * time.Hour)
	r.check(r.client.countComing(ctx))
	r.wants("its day", r.value(k), "8")
}

// A scorecard that holds nothing but a plan has no score yet, and the plan is no failure.
func TestAPlanAloneIsNoScore(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 0, 0))
	r.holds(k.Source.Reference, map[okr.Day]float64{20: 999})
	r.imports(k)
	r.wants("value", r.value(k), "")
	r.wants("failure", r.load(k).Failure.Class, "")
	r.wants("ahead", len(okr.Ahead(r.readings(k), r.today())), 1)
}

func TestTheRunningWeekCounts(t *testing.T) {
	t.Run("with its first day", func(t *testing.T) { runningWeek(t, 6) })
	t.Run("by its last day alone", func(t *testing.T) { runningWeek(t, 0) })
}

// runningWeek reads weeks that begin so many days before they end, as the instance says it.
func runningWeek(t *testing.T, before okr.Day) {
	r := newRoom(t)
	today := r.today()
	weekly := r.scorecard(1, 0, 0)
	week := func(ends okr.Day, value float64) vendor.Score {
		return vendor.Score{Day: (today + ends).Time(), Start: (today + ends - before).Time(), Value: value}
	}
	holds := func(scores ...vendor.Score) {
		r.check(r.now.Change(weekly, func(s *vendor.Scorecard) { s.Frequency, s.Scores = 20, scores }))
	}
	holds(week(-4, 50), week(3, 40), week(10, 1))
	k := r.keyResult(weekly, func(k *store.KeyResult) {
		k.Source.Frequency, k.Cadence.Every, k.Cadence.Weekday = "weekly", okr.Weekly, today.Time().Weekday()
	})
	r.imports(k)
	r.wants("value", r.value(k), "40")
	r.wants("as of", r.load(k).Result.AsOf, today+3)
	r.wants("counted", r.load(k).Result.N, 2)
	// It moves on as the week goes on, which is no restatement.
	holds(week(-4, 50), week(3, 39), week(10, 1))
	ended := r.syncs(k)
	r.wants("the next day's", ended.Outcome+" "+ended.Note, store.Changed+" ")
	r.wants("counted then", r.load(k).Result.N, 2)
	r.wants("said", r.slack.in("CDESK"), []string{"KR-1 changed 40→39"})
	// A week that is over is restated.
	holds(week(-4, 48), week(3, 39), week(10, 1))
	r.wants("a week that is over", r.syncs(k).Outcome, store.Restated)
	r.wants("the running one stays", r.value(k), "39")
	// The next week begins while nothing is read.
	r.now.Break(vendor.Fault{Kind: vendor.Hibernating})
	r.advance(4 * 24 * time.Hour)
	r.check(r.client.countComing(ctx))
	r.wants("the next week", r.value(k), "1")
}

func TestARestatementSaysItsDay(t *testing.T) {
	r := newRoom(t)
	today := r.today()
	k := r.keyResult(r.scorecard(1, 0, 0))
	r.holds(k.Source.Reference, map[okr.Day]float64{-1: 37, -3: 38, -4: 36})
	r.imports(k)
	said := func(days ...okr.Restatement) string { return k.RestatedWords(days, today) }
	of := func(day okr.Day, from, to string) okr.Restatement {
		return okr.Restatement{Day: today + day, From: number(from).Decimal, To: number(to).Decimal}
	}
	// An older day alone: the result stays, and the channel hears it once.
	r.holds(k.Source.Reference, map[okr.Day]float64{-1: 37, -3: 31, -4: 36})
	ended := r.syncs(k)
	r.wants("an older day", ended.Outcome+" "+ended.Note, store.Restated+" "+said(of(-3, "38", "31")))
	r.wants("the result", words(ended.Old)+" "+words(ended.New)+" "+r.value(k), "37 37 37")
	r.wants("said", r.slack.in("CDESK"), []string{"KR-1 restated 37→37"})
	r.wants("with its day", r.slack.said[len(r.slack.said)-1].items[0].Note, said(of(-3, "38", "31")))
	r.wants("again", r.syncs(k).Outcome, store.Unchanged)
	r.wants("said once", len(r.slack.in("CDESK")), 1)
	// The newest one too.
	r.holds(k.Source.Reference, map[okr.Day]float64{-1: 30, -3: 32, -4: 36})
	ended = r.syncs(k)
	r.wants("the newest too", ended.Outcome+" "+ended.Note, store.Restated+" "+said(of(-1, "37", "30"), of(-3, "31", "32")))
	r.wants("its result", words(ended.Old)+" "+words(ended.New), "37 30")
	// Beside a newer score.
	r.holds(k.Source.Reference, map[okr.Day]float64{0: 29, -1: 30, -3: 32, -4: 35})
	ended = r.syncs(k)
	r.wants("beside a newer one", ended.Outcome+" "+ended.Note, store.Changed+" "+said(of(-4, "36", "35")))
	r.wants("all that was said", r.slack.in("CDESK"), []string{"KR-1 restated 37→37", "KR-1 restated 37→30", "KR-1 changed 30→29"})
	r.wants("on record", r.count("select count(*) from audit_events where action = 'restated' and changes ? $1", "score of "+(today-4).Words()), 1)
}

// What was restated twice before anybody could read it is told with both.
func TestRestatementsThatWaitAreAllTold(t *testing.T) {
	list := coalesced([]store.Announcement{
		{ID: 1, KeyResult: 7, Kind: "restated", Note: "restated 20 Nov: 65 → 30"},
		{ID: 2, KeyResult: 7, Kind: "restated", Note: "restated 21 Nov: 5 → 6"},
	})
	if len(list) != 1 || list[0].Note != "restated 20 Nov: 65 → 30; restated 21 Nov: 5 → 6" || list[0].Kind != "restated" {
		t.Errorf("told: %+v", list)
	}
}

// next is a key result of a period that begins in some days, which reads a scorecard of now.
func (r *room) next(days okr.Day, ref string) store.KeyResult {
	r.t.Helper()
	var o okr.Objective
	r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) {
		first := r.today() + days
		o, _, err = tx.CreateObjective(ctx, alice, okr.Objective{
			Title: "Run a calm service desk", Owner: alice.ID, Zone: "UTC", Channel: "CDESK", Period: okr.Period{First: first, Last: first + 90},
		}, "")
		return err
	}))
	return r.keyResult(ref, func(k *store.KeyResult) { k.Objective = o })
}

func TestTheFirstDaysOfAPeriodAreOrdinary(t *testing.T) {
	for _, method := range okr.Methods {
		t.Run(string(method), func(t *testing.T) {
			r := newRoom(t)
			k := r.next(2, r.scorecard(1, 41, 120))
			k.Method = method
			r.check(r.store.InTx(ctx, func(tx *store.Tx) (err error) { k, err = tx.EditKeyResult(ctx, alice, k, "edited"); return err }))
			ordinary := func(what string, status okr.Status) {
				t.Helper()
				now := r.load(k)
				r.wants(what+": status", now.Standing(now.Objective.Period, r.today()).Status, status)
				r.wants(what+": failure", now.Failure.Class, "")
				r.wants(what+": result", words(now.Result.Value), "")
				r.wants(what+": the latest of before", words(now.Before.Value), "41")
				r.wants(what+": told the owner", r.slack.in(alice.ID), []string{})
				r.wants(what+": told the channel", r.slack.in("CDESK"), []string{})
			}
			newest := r.today()
			r.imports(k)
			ordinary("before it", okr.NotStarted)
			r.wants("the day of before", r.load(k).Before.AsOf, newest)
			r.wants("a sync", r.syncs(k).Outcome, store.Unchanged)
			r.advance(48 * time.Hour)
			r.tick()
			ordinary("on the first day", okr.NoData)
			r.wants("a sync on the first day", r.syncs(k).Outcome, store.Unchanged)
			r.advance(24 * time.Hour)
			r.tick()
			ordinary("on the second day", okr.NoData)
			r.advance(24 * time.Hour)
			r.tick()
			ordinary("on the third day", okr.Stale)
			// It comes.
			r.check(r.now.Collect(k.Source.Reference, (r.today() - 1).Time(), 40))
			r.syncs(k)
			r.wants("its first score, of", r.load(k).Result.AsOf, r.today()-1)
			r.wants("counted", r.load(k).Result.N, 1)
			r.wants("the latest of before, then", r.load(k).Before.Value.Valid, false)
			// ServiceNow fails: that is a failure.
			r.now.Break(vendor.Fault{Kind: vendor.RoleMissing})
			r.wants("when ServiceNow fails", r.syncs(k).Outcome, store.Failed)
		})
	}
}

// A scorecard that never had a score is no failure either, and goes stale in the end.
func TestAScorecardWithoutAnyScoreIsOrdinary(t *testing.T) {
	r := newRoom(t)
	k := r.next(0, r.scorecard(1, 0, 0))
	r.imports(k)
	r.wants("failure", r.load(k).Failure.Class, "")
	r.wants("told the owner", r.slack.in(alice.ID), []string{})
	status := func() okr.Status {
		now := r.load(k)
		return now.Standing(now.Objective.Period, r.today()).Status
	}
	r.wants("at first", status(), okr.NoData)
	r.advance(48 * time.Hour)
	r.tick()
	r.wants("two days later", status(), okr.Stale)
	r.wants("told the owner then", r.slack.in(alice.ID), []string{})
}

// A value whose score is not among those with a date is not taken, and whoever synced reads so.
func TestAValueWithoutADateIsNotTaken(t *testing.T) {
	r := newRoom(t)
	k := r.next(0, r.scorecard(1, 0, 0))
	r.check(r.now.Collect(k.Source.Reference, (r.today() - 200).Time(), 57))
	r.imports(k)
	ended := r.syncs(k)
	r.wants("outcome", ended.Outcome, store.Unchanged)
	r.wants("note", ended.Note, "ServiceNow gave 57 without a date, so it was not taken")
	r.wants("value", r.value(k), "")
	r.wants("readings", len(r.readings(k)), 0)
}

// Who reads a scorecard less often than others hears of the way from what they knew, not of the
// steps on it.
func TestARestatementIsToldFromWhatWasKnown(t *testing.T) {
	r := newRoom(t)
	today := r.today()
	r.advance(-time.Duration(r.clock().UTC().Hour()) * time.Hour) // it is over before the day is
	often := r.keyResult(r.scorecard(1, 0, 0))
	seldom := r.keyResult(often.Source.Reference)
	r.holds(often.Source.Reference, map[okr.Day]float64{-1: 37, -3: 38, -4: 36})
	r.imports(often, seldom)
	for _, value := range []float64{31, 32, 33} {
		r.holds(often.Source.Reference, map[okr.Day]float64{-1: 37, -3: value, -4: value})
		r.syncs(often)
	}
	r.holds(often.Source.Reference, map[okr.Day]float64{-1: 37, -3: 33, -4: 36})
	r.syncs(often)
	values := func(k store.KeyResult) (list []string) {
		for _, reading := range r.readings(k) {
			list = append(list, reading.Value.String())
		}
		return list
	}
	r.wants("what the other has meanwhile", values(seldom), []string{"36", "38", "37"})
	ended := r.syncs(seldom)
	r.wants("told", ended.Note, seldom.RestatedWords([]okr.Restatement{{Day: today - 3, From: number("38").Decimal, To: number("33").Decimal}}, today))
	r.wants("what it has then", values(seldom), []string{"36", "33", "37"})

	// Not all of very many are kept: it is told from the one that it shows.
	for n := range 40 {
		r.holds(often.Source.Reference, map[okr.Day]float64{-1: 37, -3: float64(100 + n), -4: 36})
		r.syncs(often)
	}
	shows := values(seldom)[1]
	ended = r.syncs(seldom)
	r.wants("told after many", ended.Note, seldom.RestatedWords([]okr.Restatement{{Day: today - 3, From: number(shows).Decimal, To: number("139").Decimal}}, today))
}
