package okr_test

import (
	"testing"

	"pgregory.net/rapid"

	"okrbot/okr"
)

func TestTheResultByItsMethod(t *testing.T) {
	november := period(t, "2026-11-01", "2026-11-30")
	reading := func(on, value string) okr.Reading { return okr.Reading{Day: day(t, on), Value: number(value)} }
	// Not in order; the first and the last lie outside of the period.
	readings := []okr.Reading{
		reading("2026-10-31", "1000"), reading("2026-11-22", "41"), reading("2026-11-01", "48"),
		reading("2026-11-30", "39.5"), reading("2026-11-08", "-2.5"), reading("2026-12-01", "1000"),
	}
	atMost40 := okr.KeyResult{Kind: okr.AtMost, Target: maybe("40")}
	for _, row := range []struct {
		method okr.Method
		want   string
	}{
		{okr.Latest, "39.5"}, {"", "39.5"}, {okr.Sum, "126"}, {okr.Average, "31.5"},
		{okr.Minimum, "-2.5"}, {okr.Maximum, "48"}, {okr.HitRate, "0.5"},
	} {
		kr := atMost40
		kr.Method = row.method
		got := kr.ResultOf(november, readings, november.Last)
		if !same(got.Value, maybe(row.want)) || got.N != 4 || got.AsOf != day(t, "2026-11-30") {
			t.Errorf("%s: %s of %d as of %s, want %s of 4 as of 2026-11-30", row.method.Label(), text(got.Value), got.N, got.AsOf, row.want)
		}
		if none := kr.ResultOf(november, readings[:1], november.Last); none != (okr.Result{}) {
			t.Errorf("%s of nothing in the period is %+v", row.method.Label(), none)
		}
	}
}

func TestAHitRateCountsTheSideOfTheTarget(t *testing.T) {
	days := []okr.Reading{{Day: 1, Value: number("10")}, {Day: 2, Value: number("20")}, {Day: 3, Value: number("30")}, {Day: 4, Value: number("40")}}
	for _, row := range []struct {
		kind                 okr.Kind
		start, target, upper string
		want                 string
	}{
		{okr.Increase, "0", "40", "", "0.25"},
		{okr.Decrease, "100", "30", "", "0.75"},
		{okr.Increase, "100", "30", "", "0.75"}, // start and target say which way, whatever it was called
		{okr.AtLeast, "", "20", "", "0.75"},
		{okr.AtMost, "", "20", "", "0.5"},
		{okr.Between, "", "20", "30", "0.5"},
	} {
		kr := okr.KeyResult{Kind: row.kind, Method: okr.HitRate, Start: maybe(row.start), Target: maybe(row.target), Upper: maybe(row.upper)}
		kr.Result = kr.ResultOf(okr.Period{First: 0, Last: 9}, days, 9)
		if !same(kr.Result.Value, maybe(row.want)) {
			t.Errorf("%s %s: hit rate %s, want %s", row.kind.Label(), row.target, text(kr.Result.Value), row.want)
		}
		if p := kr.Standing(okr.Period{First: 0, Last: 9}, 4).Progress; !same(p, maybe(row.want)) {
			t.Errorf("%s %s: progress %s, want the hit rate", row.kind.Label(), row.target, text(p))
		}
	}
}

func TestTheOrderOfReadingsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kr := linear("0", "100", "")
		kr.Method = rapid.SampledFrom(okr.Methods).Draw(t, "method")
		days := rapid.SliceOfNDistinct(rapid.Int32Range(-5, 35), 0, 30, rapid.ID).Draw(t, "days")
		readings := make([]okr.Reading, len(days))
		for i, d := range days {
			readings[i] = okr.Reading{Day: okr.Day(d), Value: values().Draw(t, "value")}
		}
		november := okr.Period{First: 0, Last: 29}
		first := kr.ResultOf(november, readings, november.Last)
		again := kr.ResultOf(november, rapid.Permutation(readings).Draw(t, "shuffled"), november.Last)
		if !same(first.Value, again.Value) || first.AsOf != again.AsOf || first.N != again.N {
			t.Fatalf("%+v, shuffled %+v", first, again)
		}
		if first.Value.Valid != (first.N > 0) {
			t.Fatalf("%d readings give %s", first.N, text(first.Value))
		}
	})
}

func TestThinningMakesNothingUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := make([]okr.Reading, rapid.IntRange(0, 400).Draw(t, "readings"))
		for i := range all {
			all[i] = okr.Reading{Day: okr.Day(i), Value: values().Draw(t, "value")}
		}
		thin := okr.Thin(all, 20)
		if len(thin) > 20 || len(thin) != len(all) && len(thin) < 15 {
			t.Fatalf("%d of %d are left", len(thin), len(all))
		}
		if len(all) == 0 {
			return
		}
		low, high := okr.Extremes(all)
		has := map[okr.Day]bool{}
		last := okr.Day(-1)
		for _, r := range thin {
			if r.Day <= last || !r.Value.Equal(all[r.Day].Value) {
				t.Fatalf("%+v comes after day %d", r, last)
			}
			has[r.Day], last = true, r.Day
		}
		for _, kept := range []int{0, len(all) - 1, low, high} {
			if !has[okr.Day(kept)] {
				t.Fatalf("reading %d of %d is lost", kept, len(all))
			}
		}
	})
}

// A key result starts from the score of its period's first day, else from the last one before it, else
// from the newest.
func TestTheScoreToStartFrom(t *testing.T) {
	q4, today := period(t, "2026-10-01", "2026-12-31"), day(t, "2026-11-24")
	score := func(on, value string) okr.Reading { return okr.Reading{Day: day(t, on), Value: number(value)} }
	newest, first, before, long := score("2026-11-23", "135"), score("2026-10-01", "150"), score("2026-09-28", "160"), score("2026-08-31", "170")
	for _, row := range []struct {
		name   string
		scores []okr.Reading
		period okr.Period
		want   string
	}{
		{"the first day's", []okr.Reading{newest, score("2026-10-02", "149"), first, before}, q4, "Score of 1 Oct, the period's first day: 150."},
		{"in any order", []okr.Reading{before, newest, first, long}, q4, "Score of 1 Oct, the period's first day: 150."},
		{"the last before", []okr.Reading{newest, long, before}, q4, "Score of 28 Sep, the last one before the period: 160."},
		{"none of before", []okr.Reading{score("2026-10-02", "149"), newest}, q4, "The current score, of 23 Nov: 135."},
		{"the period lies ahead", []okr.Reading{newest, first}, period(t, "2027-01-01", "2027-03-31"), "The current score, of 23 Nov: 135."},
		{"one of a day to come is none", []okr.Reading{score("2026-12-16", "999"), newest}, q4, "The current score, of 23 Nov: 135."},
		{"what a person entered is none", []okr.Reading{{Day: q4.First, Value: number("1"), CheckIn: true}, newest}, q4, "The current score, of 23 Nov: 135."},
		{"none", nil, q4, ""},
	} {
		if got := okr.BeginningWords(row.period, row.scores, today, okr.Typed); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestTheRangeIsOfScores(t *testing.T) {
	entered := okr.Reading{Value: number("1000"), CheckIn: true}
	if low, high := okr.Range([]okr.Reading{{Value: number("5")}, entered}); low.Valid || high.Valid {
		t.Errorf("one score has no range: %v %v", low, high)
	}
	if low, high := okr.Range([]okr.Reading{{Value: number("5")}, entered, {Value: number("-3")}, {Value: number("4")}}); !same(low, maybe("-3")) || !same(high, maybe("5")) {
		t.Errorf("%v %v", low, high)
	}
}
