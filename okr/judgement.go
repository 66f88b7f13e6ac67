package okr

import (
	"slices"
	"sort"
	"time"
)

// Judgement is how a key result stands, and how long it will as things are: what is kept of it, so
// that lists need not look at each. Whoever changes a rule of statuses has all of them judged again:
// a migration that sets workspaces.judge_after to 0.
type Judgement struct {
	Status Status
	Silent bool      // nobody has checked in for two cadences
	Closed bool      // closed out
	Rank   Rank      // among those that need the same
	Until  time.Time // when it may be another one; zero where only a change makes it one
}

// Judged is how a key result of an objective stands at a moment.
func (kr KeyResult) Judged(o Objective, now time.Time) Judgement {
	zone, err := location(o.Zone)
	if err != nil {
		zone = time.UTC
	}
	today := DayOf(now.In(zone))
	j := kr.judged(o.Period, today)
	if day, ends := kr.judgedUntil(o.Period, today); ends {
		j.Until = moment(day, 0, 0, zone)
	}
	return j
}

func (kr KeyResult) judged(period Period, on Day) Judgement {
	s := kr.Standing(period, on)
	return Judgement{Status: s.Status, Silent: kr.silent(s.Status, period, on), Closed: kr.Closed, Rank: s.Rank()}
}

// judgedUntil is the first day after today on which the key result is judged in another way than today,
// by the calendar alone; false where there is none.
func (kr KeyResult) judgedUntil(period Period, today Day) (Day, bool) {
	now := kr.judged(period, today)
	differs := func(d Day) bool { return kr.judged(period, d) != now }
	before := today
	for _, turn := range kr.turns(period) {
		if turn <= before {
			continue
		}
		// Between two turns nothing but the pace goes on, and it only ever asks for more.
		if between := int(turn-before) - 1; between > 0 && differs(turn-1) {
			return before + 1 + Day(sort.Search(between, func(i int) bool { return differs(before + 1 + Day(i)) })), true
		}
		if differs(turn) {
			return turn, true
		}
		before = turn
	}
	return 0, false
}

// turns are the days, in their order, on which the calendar can make another status of what is known:
// a bound of the period, of what is too early, late or stale, or of what a person entered. From one to
// the next the line of the pace is straight.
func (kr KeyResult) turns(period Period) []Day {
	tenth := (period.Last - period.First + 9) / 10
	days := []Day{period.First, period.First + tenth, period.Last + 1, kr.firstBy(period) + 1, kr.silentFrom(period)}
	for _, known := range []Day{kr.Result.AsOf, kr.Override.Day} {
		days = append(days, known, known+kr.oldest()+1)
	}
	if kr.Override.Until != 0 {
		days = append(days, kr.Override.Until+1)
	}
	for _, p := range kr.Phases {
		days = append(days, p.Day)
	}
	slices.Sort(days)
	return slices.Compact(days)
}
