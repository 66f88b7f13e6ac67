package okr_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
)

func says(why []okr.Reason) []string {
	lines := make([]string, len(why))
	for i, r := range why {
		if lines[i] = r.Says; r.By != "" {
			lines[i] += " by " + r.By
		}
	}
	return lines
}

func TestWhyThisNumber(t *testing.T) {
	q4 := period(t, "2026-10-01", "2026-12-31")
	today := day(t, "2026-11-24")
	kr := linear("60", "30", "39")
	kr.Committed, kr.Integrated, kr.ScoreFrequency, kr.Unit = maybe("40"), true, okr.Daily, "Hours"
	kr.Cadence = okr.Cadence{Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Zone: "Europe/Berlin"}
	kr.Result.AsOf, kr.Result.N, kr.SyncedAt = day(t, "2026-11-22"), 54, time.Date(2026, 11, 24, 8, 4, 0, 0, time.UTC)
	changes := []okr.Changed{
		{What: "target", Before: "35", After: "30", By: "U2", Day: day(t, "2026-11-03")},
		{What: "start", After: "60", By: "U1", Day: day(t, "2026-10-02"), Created: true},
		{What: "source", After: "Open incidents", By: "U1", Day: day(t, "2026-10-02"), Created: true},
		{What: "committed", After: "40", By: "U1", Day: day(t, "2026-10-03")},
	}
	wrong := kr
	wrong.Override = okr.Override{Value: maybe("65"), Day: today - 1, Until: today + 6, Reason: "the import doubled them", By: "U3"}
	phased := kr
	phased.Phases = []okr.Phase{{Day: day(t, "2026-10-31"), Value: number("55")}, {Day: day(t, "2026-11-30"), Value: number("33")}}
	phased.Result.Value, phased.Committed = maybe("52"), maybe("")
	stay := kr
	stay.Kind, stay.Target, stay.Start, stay.Committed = okr.AtLeast, maybe("45"), maybe(""), maybe("")
	rate := stay
	rate.Method, rate.Result.Value, rate.Result.N = okr.HitRate, maybe("0.75"), 12
	mean := kr
	mean.Method, mean.Result.Value, mean.Committed, mean.Result.N = okr.Average, maybe("27.333333333333333333"), maybe(""), 3
	read := kr // an average as ServiceNow computes it, shown at the scorecard's precision
	read.Kind, read.Start, read.Target, read.Committed = okr.Increase, maybe("50"), maybe("90.50"), maybe("")
	read.Precision, read.Result.Value, read.Result.AsRead = 2, maybe("71.428571429"), "71.42857142857143"
	from := read // its start was taken over from a score
	from.Start = maybe("23.333333333")
	uneven := from // 63 % of the exact figures, 62 % of the shown ones
	uneven.Precision, uneven.Start, uneven.Target, uneven.Result.Value, uneven.Result.AsRead = 0, maybe("0.333333333"), maybe("3"), maybe("2.033333333"), "2.033333333333333"
	nearly := stay
	nearly.Precision, nearly.Result.Value = 1, maybe("44.96")
	empty := kr
	empty.Result, empty.Committed = okr.Result{}, maybe("")
	for _, row := range []struct {
		name    string
		kr      okr.KeyResult
		changes []okr.Changed
		today   okr.Day
		want    []string
	}{
		{"a good day", kr, changes, today, []string{
			"Progress 70 % = (39 − 60) / (30 − 60), (result − start) / (target − start), rounded down.",
			"Result 39: the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"On track: expected by 22 Nov 2026: 57 % = 52 of 91 days, 12.8 points ahead of the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
			"Committed result 40 is at 66 % of the way; (39 − 60) / (40 − 60) = 105 % of it: met. It never changes the progress.",
			"Target 35 → 30 on 3 Nov 2026 by U2",
			"Committed set to 40 on 3 Oct 2026 by U1",
			"Created on 2 Oct 2026 with source Open incidents, start 60 by U1",
		}},
		{"by hand, below the start", wrong, nil, today, []string{
			"Progress −17 % = (65 − 60) / (30 − 60), (result − start) / (target − start), rounded down. It is below the start, and the bar stays empty.",
			"Result 39: the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"65 Hours was entered by hand for 23 Nov and stands until 30 Nov: the import doubled them by U3",
			"At risk: expected by 23 Nov 2026: 58 % = 53 of 91 days, 75 points behind the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
			"Committed result 40 is at 66 % of the way; (65 − 60) / (40 − 60) = −25 % of it: not met. It never changes the progress.",
		}},
		{"phased", phased, nil, today, []string{
			"Progress 26 % = (52 − 60) / (30 − 60), (result − start) / (target − start), rounded down.",
			"Result 52: the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"At risk: expected by 22 Nov 2026: 70 %, between 16 % on 31 Oct 2026 and 90 % on 30 Nov 2026 as phased, 43.8 points behind the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
		}},
		{"what stays", stay, nil, today, []string{
			"Progress 0 %: 39 is not at least 45.",
			"Result 39: the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"At risk: expected in full from the first day, 100 points behind the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
		}},
		{"a hit rate", rate, nil, today, []string{
			"Progress 75 %: 9 of 12 readings met the target 45.",
			"Result 75 %: the hit rate of 12 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"Behind: judged by the 12 readings so far, not by the time gone: 25 points below the wanted rate of 100 %; on track up to 10 points below it, behind up to 25, at risk beyond.",
		}},
		{"a mean beyond the target", mean, nil, today, []string{
			"Progress 108 % = (27.333333333 − 60) / (30 − 60), (result − start) / (target − start), rounded down. The bar stops at 100 %.",
			"Result 27 (exactly 27.333333333): the average of 3 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"Achieved: the progress is 100 % or more.",
		}},
		{"a computed double", read, nil, today, []string{
			"Progress 52 % = (71.43 − 50) / (90.50 − 50), (result − start) / (target − start), rounded down.",
			"Result 71.43 (read as 71.42857142857143): the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"On track: expected by 22 Nov 2026: 57 % = 52 of 91 days, 4.3 points behind the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
		}},
		{"from a score", from, nil, today, []string{
			"Progress 71 % = (71.43 − 23.33) / (90.50 − 23.33), (result − start) / (target − start), rounded down.",
			"Result 71.43 (read as 71.42857142857143): the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"On track: expected by 22 Nov 2026: 57 % = 52 of 91 days, 14.4 points ahead of the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
		}},
		{"where rounding would not make the percentage", uneven, nil, today, []string{
			"Progress 63 % = (2.033333333 − 0.333333333) / (3 − 0.333333333), (result − start) / (target − start), rounded down.",
			"Result 2 (read as 2.033333333333333): the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"On track: expected by 22 Nov 2026: 57 % = 52 of 91 days, 6.6 points ahead of the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
		}},
		{"rounded up to the target", nearly, nil, today, []string{
			"Progress 0 %: 44.96 is not at least 45.",
			"Result 45.0 (exactly 44.96): the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"At risk: expected in full from the first day, 100 points behind the pace; on track up to 10 points behind the pace, behind up to 25, at risk beyond.",
		}},
		{"nothing yet", empty, nil, today, []string{
			"No percentage: there is no reading from 1 Oct 2026 to 31 Dec 2026. That is not the same as 0 %.",
			"Stale: no score since 1 Oct, the first was expected by 8 Oct.",
		}},
		{"nothing in the first days", empty, nil, day(t, "2026-10-03"), []string{
			"No data: first score expected by 8 Oct. Until then there is no percentage, which is not the same as 0 %.",
		}},
		{"stale", kr, nil, day(t, "2026-12-10"), []string{
			"Progress 70 % = (39 − 60) / (30 − 60), (result − start) / (target − start), rounded down.",
			"Result 39: the latest of 54 readings of days from 1 Oct 2026, the newest of 22 Nov 2026, synced 24 Nov 2026, 09:04 Europe/Berlin.",
			"Stale: the newest score is of 22 Nov 2026, and with daily scores and this cadence it should not be older than 9 days.",
			"Committed result 40 is at 66 % of the way; (39 − 60) / (40 − 60) = 105 % of it: met. It never changes the progress.",
		}},
	} {
		got := says(row.kr.Why(q4, row.today, row.changes))
		if !slices.Equal(got, row.want) {
			t.Errorf("%s:\n%s\nwant\n%s", row.name, strings.Join(got, "\n"), strings.Join(row.want, "\n"))
		}
	}
}

// What a period ended short of is said as it is: a result above a target that it was to fall to is not below it.
func TestWhyAPeriodEndedShort(t *testing.T) {
	q4 := period(t, "2026-10-01", "2026-12-31")
	falls := linear("60", "30", "39")
	falls.Integrated, falls.ScoreFrequency, falls.Result.AsOf, falls.Result.N = true, okr.Daily, q4.Last, 54
	met := falls
	met.Committed = maybe("40")
	stay := falls
	stay.Kind, stay.Target, stay.Start = okr.AtMost, maybe("30"), maybe("")
	rate := stay
	rate.Method, rate.Result.Value = okr.HitRate, maybe("0.75")
	for _, row := range []struct {
		name string
		kr   okr.KeyResult
		want string
	}{
		{"to fall", falls, "Missed: the period ended on 31 Dec 2026 before the target was reached."},
		{"committed met", met, "Committed met: the period ended on 31 Dec 2026 before the target was reached."},
		{"to stay", stay, "Missed: the period ended on 31 Dec 2026 out of bounds."},
		{"a hit rate", rate, "Missed: the period ended on 31 Dec 2026 below the wanted rate of 100 %."},
	} {
		if got := says(row.kr.Why(q4, q4.Last+1, nil)); !slices.Contains(got, row.want) {
			t.Errorf("%s: %s", row.name, strings.Join(got, "\n"))
		}
	}
}

// TestAnExplanationIsShortWhateverTheNumbers and names the percentage that is shown.
func TestAnExplanationIsShortWhateverTheNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maybe := func(name string) decimal.NullDecimal {
			return decimal.NullDecimal{Decimal: values().Draw(t, name), Valid: rapid.IntRange(0, 4).Draw(t, "has "+name) > 0}
		}
		kr := okr.KeyResult{
			Kind: rapid.SampledFrom(okr.Kinds).Draw(t, "kind"), Method: rapid.SampledFrom(okr.Methods).Draw(t, "method"),
			Start: maybe("start"), Target: maybe("target"), Committed: maybe("committed"), Upper: maybe("upper"), Risk: maybe("risk"),
			Integrated: rapid.Bool().Draw(t, "integrated"), ScoreFrequency: okr.Daily,
			Result:   okr.Result{Value: maybe("result"), AsOf: first + okr.Day(rapid.IntRange(0, 100).Draw(t, "as of")), N: 3},
			Override: okr.Override{Value: maybe("override"), Day: first + 20, Until: first + okr.Day(rapid.IntRange(0, 100).Draw(t, "until"))},
		}
		today := first + okr.Day(rapid.IntRange(-5, 110).Draw(t, "today"))
		changes := make([]okr.Changed, rapid.IntRange(0, 5).Draw(t, "changes"))
		why := kr.Why(hundred, today, changes)
		if len(why) > 8 {
			t.Fatalf("%d lines", len(why))
		}
		for _, r := range why {
			if r.Says == "" || strings.Contains(r.Says, "%!") {
				t.Fatalf("%q", r.Says)
			}
		}
		p := kr.Standing(hundred, today).Progress
		if shown := okr.PercentWords(p.Decimal); p.Valid && shown != "below start" && !strings.Contains(why[0].Says, "Progress "+shown) {
			t.Fatalf("%s is shown, and explained is: %s", shown, why[0].Says)
		}
		if words := kr.WouldBe(hundred, today); words != "" && !strings.HasSuffix(words, ".") {
			t.Fatal(words)
		}
	})
}

func TestWhatWouldBe(t *testing.T) {
	kr := scored("55", first+50)
	kr.Committed = maybe("40")
	below, empty := scored("-5", first+50), scored("", 0)
	stay := okr.KeyResult{Kind: okr.AtMost, Target: maybe("60"), Result: kr.Result}
	out := stay
	out.Target = maybe("50")
	baseline := stay
	baseline.Kind = okr.Baseline
	for _, row := range []struct {
		kr   okr.KeyResult
		want string
	}{
		{kr, "You would be at 55 % today, on track; committed at 40 % of the way."},
		{below, "You would be below the start today, at risk."},
		{stay, "You would be within bounds today, achieved."},
		{out, "You would be out of bounds today, at risk."},
		{baseline, "There would be no percentage until the key result has a start value."},
		{empty, ""},
	} {
		if got := row.kr.WouldBe(hundred, first+50); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}

// TestRecomputingGivesTheSame computes the result once at the end and once after every reading.
func TestRecomputingGivesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kr := linear("0", "100", "")
		kr.Method = rapid.SampledFrom(okr.Methods).Draw(t, "method")
		var stored []okr.Reading
		for _, d := range rapid.SliceOfN(rapid.Int32Range(-5, 105), 0, 30).Draw(t, "days") {
			r := okr.Reading{Day: first + okr.Day(d), Value: values().Draw(t, "value")}
			stored = slices.DeleteFunc(stored, func(old okr.Reading) bool { return old.Day == r.Day }) // restated
			stored = append(stored, r)
			kr.Result = kr.ResultOf(hundred, stored, last)
		}
		before := kr.Standing(hundred, first+50)
		kr.Result = kr.ResultOf(hundred, stored, last)
		after := kr.Standing(hundred, first+50)
		if !same(before.Progress, after.Progress) || !same(before.Gap, after.Gap) || before.Status != after.Status {
			t.Fatalf("%+v, again %+v", before, after)
		}
	})
}

// TestTheFastWayIsTheExactOne holds the quotient of machine words against the one of any length.
func TestTheFastWayIsTheExactOne(t *testing.T) {
	short := rapid.Custom(func(t *rapid.T) decimal.Decimal {
		return decimal.New(rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "digits"), rapid.Int32Range(-6, 3).Draw(t, "exponent"))
	})
	either := rapid.OneOf(short, values(), rapid.SampledFrom([]decimal.Decimal{
		{}, number("999999999999999999"), number("-999999999999999999"), number("1e18"), number("1e-9"), decimal.New(1, -18), decimal.New(1, 30),
	}))
	rapid.Check(t, func(t *rapid.T) {
		s, target := ends(t, either)
		v := either.Draw(t, "value")
		want := v.Sub(s).DivRound(target.Sub(s), 40)
		if got := progressOf(s, target, v).Progress; !got.Decimal.Equal(want) {
			t.Fatalf("(%s − %s) / (%s − %s) is %s, not %s", v, s, target, s, got.Decimal, want)
		}
	})
}
