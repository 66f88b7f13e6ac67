package okr_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
)

// someDay is a day around the period of these tests.
func someDay() *rapid.Generator[okr.Day] {
	return rapid.Map(rapid.IntRange(-60, 200), func(n int) okr.Day { return first + okr.Day(n) })
}

// standings are key results of all kinds, with all that a status hangs on, right or not.
func standings() *rapid.Generator[okr.KeyResult] {
	number := rapid.Map(rapid.IntRange(-20, 130), func(n int) decimal.NullDecimal { return decimal.NewNullDecimal(decimal.New(int64(n), 0)) })
	perhaps := func(t *rapid.T, name string) (d decimal.NullDecimal) {
		if rapid.Bool().Draw(t, name+" there") {
			return number.Draw(t, name)
		}
		return d
	}
	frequencies := append([]okr.Frequency{""}, okr.Frequencies...)
	return rapid.Custom(func(t *rapid.T) okr.KeyResult {
		kr := okr.KeyResult{
			Kind:           rapid.SampledFrom(okr.Kinds).Draw(t, "kind"),
			Method:         rapid.SampledFrom([]okr.Method{okr.Latest, okr.Latest, okr.Sum, okr.HitRate}).Draw(t, "method"),
			Start:          maybe("0"),
			Target:         maybe("100"),
			Committed:      perhaps(t, "committed"),
			Upper:          maybe("120"),
			Risk:           perhaps(t, "risk"),
			Wanted:         perhaps(t, "wanted"),
			Integrated:     rapid.Bool().Draw(t, "integrated"),
			Closed:         rapid.IntRange(0, 9).Draw(t, "closed") == 0,
			ScoreFrequency: rapid.SampledFrom(append(frequencies, okr.Yearly)).Draw(t, "frequency"),
			Cadence:        okr.Cadence{Every: rapid.SampledFrom(frequencies).Draw(t, "cadence"), Offset: rapid.IntRange(0, 30).Draw(t, "offset")},
			Made:           rapid.OneOf(rapid.Just(okr.Day(0)), someDay()).Draw(t, "made"),
		}
		if rapid.Bool().Draw(t, "as it has to be") {
			kr.Start, kr.Target = perhaps(t, "start"), perhaps(t, "target")
		}
		if rapid.Bool().Draw(t, "synced") {
			kr.SyncedAt = time.Unix(1, 0)
		}
		if rapid.IntRange(0, 3).Draw(t, "result") > 0 {
			kr.Result = okr.Result{Value: number.Draw(t, "value"), AsOf: someDay().Draw(t, "as of"), N: 1}
			if kr.Method == okr.HitRate {
				kr.Result.Value.Decimal = kr.Result.Value.Decimal.Shift(-2)
			}
		}
		if rapid.Bool().Draw(t, "somebody checked in") {
			kr.CheckedIn = someDay().Draw(t, "checked in")
		}
		if rapid.Bool().Draw(t, "confidence") {
			kr.Confidence = okr.Confidence{Level: okr.High, Day: someDay().Draw(t, "confident on")}
		}
		if rapid.Bool().Draw(t, "override") {
			kr.Override = okr.Override{Value: number.Draw(t, "by hand"), Day: someDay().Draw(t, "of")}
			if rapid.Bool().Draw(t, "until a day") {
				kr.Override.Until = someDay().Draw(t, "until")
			}
		}
		if rapid.Bool().Draw(t, "phased") {
			for n, last := 0, first; n < rapid.IntRange(1, 4).Draw(t, "phases"); n++ {
				last += okr.Day(rapid.IntRange(1, 40).Draw(t, "later"))
				kr.Phases = append(kr.Phases, okr.Phase{Day: last, Value: number.Draw(t, "phase").Decimal})
			}
		}
		if rapid.Bool().Draw(t, "own thresholds") {
			kr.Thresholds.OnTrack = rapid.IntRange(0, 50).Draw(t, "on track")
			kr.Thresholds.Behind = kr.Thresholds.OnTrack + rapid.IntRange(1, 50).Draw(t, "behind")
		}
		if rapid.Bool().Draw(t, "ordinary") { // so that more hangs on the day
			kr.Kind, kr.Method, kr.Start, kr.Target, kr.Closed, kr.Made = okr.Increase, okr.Latest, maybe("0"), maybe("100"), false, first
			kr.ScoreFrequency = rapid.SampledFrom([]okr.Frequency{okr.Daily, okr.Weekly, okr.Monthly, okr.Quarterly, okr.Yearly}).Draw(t, "every")
			kr.Cadence.Offset, kr.Integrated = 0, true
			if rapid.Bool().Draw(t, "not by hand") {
				kr.Override = okr.Override{}
			}
		}
		return kr
	})
}

// What was judged stays true until its moment, and at that moment it is not true any more.
func TestAStatusHoldsUntilItsMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kr := standings().Draw(t, "key result")
		o := okr.Objective{Zone: rapid.SampledFrom(zones).Draw(t, "zone"), Period: okr.Period{First: first, Last: last}}
		if rapid.IntRange(0, 9).Draw(t, "short") == 0 {
			o.Period.Last = first + okr.Day(rapid.IntRange(0, 12).Draw(t, "days"))
		}
		where, err := time.LoadLocation(o.Zone)
		if err != nil {
			t.Fatal(err)
		}
		at := func(d okr.Day, second int) time.Time { return d.Time().Add(time.Duration(second) * time.Second) }
		on := func(now time.Time) okr.Judgement {
			today := okr.DayOf(now.In(where))
			healthy := kr
			healthy.Failure = okr.Failure{}
			s := kr.Standing(o.Period, today)
			return okr.Judgement{Status: s.Status, Silent: healthy.Need(o.Period, today) == okr.NeedsCheckIn, Closed: kr.Closed, Rank: s.Rank()}
		}
		now := at(someDay().Draw(t, "now"), rapid.IntRange(0, 86_399).Draw(t, "second"))
		j := kr.Judged(o, now)
		until := j.Until
		if j.Until = (time.Time{}); j != on(now) {
			t.Fatalf("judged %v, and it stands %v", j, on(now))
		}
		end := at(first+1000, 0)
		if !until.IsZero() {
			if end = until; !end.After(now) {
				t.Fatalf("judged at %s until %s", now, end)
			}
			if on(end) == j {
				t.Fatalf("still %v at %s", j, end)
			}
			if before := end.Add(-time.Nanosecond); on(before) != j {
				t.Fatalf("judged %v until %s, and a moment before it stands %v", j, end, on(before))
			}
		}
		for m := now; m.Before(end); m = m.Add(12 * time.Hour) {
			if on(m) != j {
				t.Fatalf("judged %v until %s, and at %s it stands %v", j, end, m, on(m))
			}
		}
	})
}
