package okr_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
)

// The period of these tests has 100 days and a day more, so that a day is a point.
const (
	first = okr.Day(1000)
	last  = first + 100
)

var hundred = okr.Period{First: first, Last: last}

// scored is a key result from 0 to 100 with a score of a day of the period.
func scored(value string, asOf okr.Day) okr.KeyResult {
	kr := linear("0", "100", value)
	kr.Result.AsOf = asOf
	return kr
}

func TestStatus(t *testing.T) {
	stay := func(value, risk string, asOf okr.Day) okr.KeyResult {
		return okr.KeyResult{Kind: okr.AtLeast, Target: maybe("95"), Risk: maybe(risk), Result: okr.Result{Value: maybe(value), AsOf: asOf}}
	}
	most := func(value string) okr.KeyResult {
		return okr.KeyResult{Kind: okr.AtMost, Target: maybe("4"), Risk: maybe("6"), Result: okr.Result{Value: maybe(value), AsOf: first + 50}}
	}
	rate := func(kr okr.KeyResult) okr.KeyResult { kr.Method = okr.HitRate; return kr }
	committed := func(kr okr.KeyResult) okr.KeyResult { kr.Committed = maybe("60"); return kr }
	baseline := func(kr okr.KeyResult) okr.KeyResult { kr.Kind, kr.Start = okr.Baseline, maybe(""); return kr }
	daily := func(kr okr.KeyResult) okr.KeyResult {
		kr.Integrated, kr.ScoreFrequency, kr.Cadence.Every = true, okr.Daily, okr.Daily
		return kr
	}
	for _, row := range []struct {
		name  string
		kr    okr.KeyResult
		today okr.Day
		want  okr.Status
	}{
		{"before the period", scored("", 0), first - 1, okr.NotStarted},
		{"before the period, reached", scored("100", first-2), first - 1, okr.NotStarted},
		{"no reading", scored("", 0), first + 50, okr.NoData},
		{"no reading, early", scored("", 0), first, okr.NoData},
		{"no reading, over", scored("", 0), last + 1, okr.NoData},
		{"baseline", baseline(scored("50", first+50)), first + 50, okr.Measuring},
		{"baseline, over", baseline(scored("50", first+50)), last + 1, okr.Measuring},
		{"baseline, stale", daily(baseline(scored("50", first+50))), first + 60, okr.Stale},
		{"baseline without a reading", baseline(scored("", 0)), first + 50, okr.NoData},

		{"the first day", scored("0", first), first, okr.TooEarly},
		{"a tenth, not yet", scored("0", first+9), first + 9, okr.TooEarly},
		{"a tenth", scored("0", first+10), first + 10, okr.OnTrack},
		{"early, and reached", scored("100", first), first, okr.Achieved},
		{"early, and out of bounds", stay("90", "", first), first, okr.TooEarly},

		{"10 points behind", scored("40", first+50), first + 50, okr.OnTrack},
		{"more than 10", scored("39.999999999", first+50), first + 50, okr.Behind},
		{"25 points behind", scored("25", first+50), first + 50, okr.Behind},
		{"more than 25", scored("24.999999999", first+50), first + 50, okr.AtRisk},
		{"ahead", scored("99.999999999", first+50), first + 50, okr.OnTrack},
		{"worse than the start", scored("-10", first+50), first + 50, okr.AtRisk},
		{"measured at the day of the score", scored("40", first+50), first + 90, okr.OnTrack},

		{"reached", scored("100", first+50), first + 50, okr.Achieved},
		{"the last day", scored("89.9", last), last, okr.Behind},
		{"over, short", scored("99.999999999", last), last + 1, okr.Missed},
		{"over, reached", scored("118", last), last + 300, okr.Achieved},
		{"over, committed met", committed(scored("60", last)), last + 1, okr.CommittedMet},
		{"over, committed missed", committed(scored("59.9", last)), last + 1, okr.Missed},
		{"committed met, not over", committed(scored("60", last)), last, okr.AtRisk},

		{"stale", daily(scored("40", first+50)), first + 54, okr.Stale},
		{"not yet stale", daily(scored("40", first+50)), first + 53, okr.OnTrack},
		{"stale is shown instead of achieved", daily(scored("100", first+50)), first + 54, okr.Stale},
		{"no verdict on a source that went quiet", daily(scored("40", last-4)), last + 1, okr.Stale},
		{"the verdict stays however long ago", daily(scored("40", last-3)), last + 300, okr.Missed},

		{"in bounds", stay("95", "90", first+50), first + 50, okr.Achieved},
		{"out of bounds", stay("94.9", "", first+50), first + 50, okr.AtRisk},
		{"amber", stay("90", "90", first+50), first + 50, okr.Behind},
		{"beyond the risk threshold", stay("89.9", "90", first+50), first + 50, okr.AtRisk},
		{"amber from above", most("6"), first + 50, okr.Behind},
		{"beyond from above", most("6.1"), first + 50, okr.AtRisk},
		{"out of bounds, over", stay("94.9", "90", last), last + 1, okr.Missed},
		{"hit rate of what stays is expected in full", rate(stay("0.9", "", first+20)), first + 20, okr.OnTrack},
		{"hit rate, behind", rate(stay("0.75", "", first+20)), first + 20, okr.Behind},
		{"hit rate, at risk", rate(stay("0.74", "", first+20)), first + 20, okr.AtRisk},
		{"a hit rate is not judged by the time gone", rate(scored("0.75", first+20)), first + 20, okr.Behind},
		{"10 points below the wanted rate", rate(scored("0.9", first+20)), first + 20, okr.OnTrack},
		{"more than 25 below, however early", rate(scored("0.7", first+12)), first + 12, okr.AtRisk},
		{"a hit rate has no risk threshold", rate(stay("0.9", "90", first+20)), first + 20, okr.OnTrack},
	} {
		if got := row.kr.Standing(hundred, row.today).Status; got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	day := okr.Period{First: first, Last: first}
	if got := scored("50", first).Standing(day, first).Status; got != okr.AtRisk {
		t.Errorf("a period of one day is %s on it, want at risk", got)
	}
}

// A hit rate settles like a pace: a rate at the bound is not news with every reading.
func TestAHitRateSettles(t *testing.T) {
	kr := okr.KeyResult{Kind: okr.Increase, Method: okr.HitRate, Start: maybe("0"), Target: maybe("10"), Result: okr.Result{Value: maybe("0.89"), AsOf: first + 50, N: 100}}
	s := kr.Standing(hundred, first+50)
	if s.Status != okr.Behind || s.Settled(okr.OnTrack) != okr.OnTrack || s.Settled(okr.Behind) != okr.Behind {
		t.Errorf("%s, settled %s and %s", s.Status, s.Settled(okr.OnTrack), s.Settled(okr.Behind))
	}
	if s.Expected.Valid {
		t.Error("a hit rate has no pace line")
	}
}

// A wanted rate of less than every reading: progress is the part of it that is reached, the gap is in
// points of the rate.
func TestAWantedHitRate(t *testing.T) {
	for _, row := range []struct {
		wanted, rate, progress, gap string
		status                      okr.Status
	}{
		{"", "0.9", "0.9", "0.1", okr.OnTrack},
		{"100", "0.89", "0.89", "0.11", okr.Behind},
		{"90", "0.9", "1", "0", okr.Achieved},
		{"90", "1", "1.111111111111111111", "-0.1", okr.Achieved},
		{"90", "0.8", "0.888888888888888889", "0.1", okr.OnTrack},
		{"90", "0.79", "0.877777777777777778", "0.11", okr.Behind},
		{"90", "0.65", "0.722222222222222222", "0.25", okr.Behind},
		{"90", "0.64", "0.711111111111111111", "0.26", okr.AtRisk},
		{"12.5", "0", "0", "0.125", okr.Behind},
	} {
		kr := okr.KeyResult{Kind: okr.AtLeast, Method: okr.HitRate, Target: maybe("10"), Wanted: maybe(row.wanted), Result: okr.Result{Value: maybe(row.rate), AsOf: first + 50, N: 100}}
		s := kr.Standing(hundred, first+50)
		if s.Status != row.status || s.Progress.Decimal.Round(18).String() != row.progress || !same(s.Gap, maybe(row.gap)) {
			t.Errorf("%+v: %s, progress %s, gap %s", row, s.Status, s.Progress.Decimal, s.Gap.Decimal)
		}
	}
	for typed, right := range map[string]bool{"0": false, "-5": false, "100.5": false, "100": true, "99.5": true, "": true} {
		kr := okr.KeyResult{Title: "Calm", Owner: "U1", Kind: okr.AtLeast, Method: okr.HitRate, Target: maybe("10"), Wanted: maybe(typed), Weight: number("1")}
		if problem := kr.Check()["wanted"]; (problem == "") != right {
			t.Errorf("%q: %q", typed, problem)
		}
	}
}

func TestAScoreGoesStaleByItsFrequencyAndTheCadence(t *testing.T) {
	for _, row := range []struct {
		score, cadence okr.Frequency
		offset         int
		fresh          okr.Day // the oldest score that is not stale
	}{
		{okr.Daily, okr.Daily, 0, 3},
		{okr.Daily, okr.Weekly, 0, 9},
		{okr.Weekly, okr.Daily, 0, 9},
		{okr.Weekly, okr.Weekly, 0, 15},
		{okr.Monthly, okr.Monthly, 0, 63},
		{okr.Monthly, okr.Monthly, 10, 73},
		{okr.Quarterly, okr.Quarterly, 0, 185},
		{okr.Yearly, okr.Quarterly, 30, 489},
	} {
		kr := scored("40", 0)
		kr.Integrated, kr.ScoreFrequency = true, row.score
		kr.Cadence = okr.Cadence{Every: row.cadence, Offset: row.offset}
		century := okr.Period{First: -1, Last: 36_500}
		if got := kr.Standing(century, row.fresh).Status; got == okr.Stale {
			t.Errorf("%s scores read %s: stale after %d days", row.score, row.cadence, row.fresh)
		}
		if got := kr.Standing(century, row.fresh+1).Status; got != okr.Stale {
			t.Errorf("%s scores read %s: %s after %d days", row.score, row.cadence, got, row.fresh+1)
		}
		byPeople, unknown := kr, kr
		byPeople.Integrated = false
		unknown.ScoreFrequency = ""
		for _, never := range []okr.KeyResult{byPeople, unknown} {
			if got := never.Standing(century, 30_000).Status; got == okr.Stale {
				t.Errorf("without a frequency there is nothing to be late by: %+v", never)
			}
		}
	}
}

func TestAChangeIsNewsOnlyTwoPointsBeyondItsBound(t *testing.T) {
	for _, row := range []struct {
		last  okr.Status
		value string // at half of the period, so that the gap is 50 − value
		want  okr.Status
	}{
		{okr.OnTrack, "40", okr.OnTrack},
		{okr.OnTrack, "38", okr.OnTrack}, // a gap of 12
		{okr.OnTrack, "37.9", okr.Behind},
		{okr.OnTrack, "23", okr.Behind}, // 27
		{okr.OnTrack, "22.9", okr.AtRisk},
		{okr.Behind, "39", okr.Behind},
		{okr.Behind, "41.9", okr.Behind}, // 8.1
		{okr.Behind, "42", okr.OnTrack},
		{okr.Behind, "23", okr.Behind},
		{okr.Behind, "22.9", okr.AtRisk},
		{okr.AtRisk, "26.9", okr.AtRisk}, // 23.1
		{okr.AtRisk, "27", okr.Behind},
		{okr.AtRisk, "41", okr.Behind},
		{okr.AtRisk, "42", okr.OnTrack},
		{okr.AtRisk, "100", okr.Achieved},
		{okr.Achieved, "39.9", okr.Behind},
		{okr.Stale, "39.9", okr.Behind},
		{"", "39.9", okr.Behind},
	} {
		s := scored(row.value, first+50).Standing(hundred, first+50)
		if got := s.Settled(row.last); got != row.want {
			t.Errorf("%s was told, the gap is %s: %s, want %s", row.last, s.Gap.Decimal, got, row.want)
		}
	}
	amber := okr.KeyResult{Kind: okr.AtLeast, Target: maybe("95"), Risk: maybe("90"), Result: okr.Result{Value: maybe("94"), AsOf: first + 50}}
	if got := amber.Standing(hundred, first+50).Settled(okr.AtRisk); got != okr.Behind {
		t.Errorf("what has to stay has no pace to waver by: %s", got)
	}
}

func TestASettledStatusStaysWhatWasTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kr := scored("0", first+okr.Day(rapid.IntRange(10, 100).Draw(t, "day")))
		kr.Result.Value.Decimal = values().Draw(t, "value")
		s := kr.Standing(hundred, kr.Result.AsOf)
		told := s.Settled(rapid.SampledFrom([]okr.Status{"", okr.NoData, okr.OnTrack, okr.Behind, okr.AtRisk, okr.Achieved}).Draw(t, "last"))
		if again := s.Settled(told); again != told {
			t.Fatalf("told %s, and without a change %s", told, again)
		}
	})
}

func TestAStatusHasAWordAndAnIcon(t *testing.T) {
	all := []okr.Status{
		okr.NotStarted, okr.NoData, okr.Stale, okr.Measuring, okr.TooEarly, okr.Achieved,
		okr.OnTrack, okr.Behind, okr.AtRisk, okr.CommittedMet, okr.Missed,
	}
	words, icons := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		words[s.Word()], icons[s.Icon()] = true, true
		if s.Word() == string(s) {
			t.Errorf("%s has no word", s)
		}
	}
	if len(words) != len(all) || len(icons) != len(all) {
		t.Errorf("%d statuses, %d words, %d icons", len(all), len(words), len(icons))
	}
	if okr.OnTrack.Word() != "On track" || okr.OnTrack.Icon() != ":large_green_circle:" {
		t.Error(okr.OnTrack.Word(), okr.OnTrack.Icon())
	}
}

func TestTheWorstIsFirst(t *testing.T) {
	at := func(s okr.Status, progress string) okr.Standing {
		return okr.Standing{Status: s, Progress: maybe(progress)}
	}
	order := []okr.Standing{
		at(okr.Missed, "0.99"), at(okr.AtRisk, "-900"), at(okr.AtRisk, "-0.5"), at(okr.AtRisk, "0"), at(okr.AtRisk, "0.3"), at(okr.Behind, "0.2"),
		at(okr.Stale, "1.4"), {Status: okr.Stale}, {Status: okr.NoData}, at(okr.OnTrack, "0.5"), at(okr.Achieved, "1"), at(okr.Achieved, "900"), {},
	}
	for i, a := range order {
		for j, b := range order {
			if got, want := cmp.Compare(a.Rank(), b.Rank()), cmp.Compare(i, j); got != want {
				t.Errorf("%s before %s: %d, want %d", a.Status, b.Status, got, want)
			}
		}
	}
	if at(okr.AtRisk, "-5000000000").Rank() != at(okr.AtRisk, "-100").Rank() || at(okr.Achieved, "5000000000").Rank() != at(okr.Achieved, "800").Rank() || at(okr.Behind, "0.421").Rank() != at(okr.Behind, "0.429").Rank() {
		t.Error("progress that is shown alike, or is beyond all ranks, has ranks of its own")
	}
	places := []okr.Place{{Need: 1, Rank: 9, Number: 9}, {Need: 2, Rank: 3, Number: 9}, {Need: 2, Rank: 4, Number: 1}, {Need: 2, Rank: 4, Number: 2}}
	if !slices.IsSortedFunc(places, okr.Place.Compare) || places[2].Compare(places[2]) != 0 {
		t.Error("the need comes first, then the rank, then the number")
	}
	gap := func(points string) decimal.NullDecimal {
		return decimal.NewNullDecimal(decimal.RequireFromString(points))
	}
	if okr.Same(decimal.NullDecimal{}, decimal.NewNullDecimal(decimal.Zero)) || !okr.Same(gap("1.0"), gap("1")) || !okr.Same(decimal.NullDecimal{}, decimal.NullDecimal{}) {
		t.Error("the same is not the same")
	}
}
