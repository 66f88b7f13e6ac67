package okr_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
)

func number(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// maybe is a value, or none where s is empty.
func maybe(s string) decimal.NullDecimal {
	if s == "" {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(number(s))
}

func same(a, b decimal.NullDecimal) bool {
	return a.Valid == b.Valid && a.Decimal.Equal(b.Decimal)
}

func text(n decimal.NullDecimal) string {
	if !n.Valid {
		return "none"
	}
	return n.Decimal.String()
}

// linear is a key result on its way from start to target, with a result.
func linear(start, target, value string) okr.KeyResult {
	kr := okr.KeyResult{
		Title: "Reduce open P1 incidents", Owner: "alice", Method: okr.Latest, Weight: number("1"),
		Start: maybe(start), Target: maybe(target), Result: okr.Result{Value: maybe(value)},
	}
	kr.Kind = okr.LinearKind(kr.Start.Decimal, kr.Target.Decimal)
	return kr
}

func TestProgress(t *testing.T) {
	for _, row := range []struct{ start, target, value, progress, bar, words string }{
		{"0", "100", "50", "0.5", "0.5", "50\u00a0%"},
		{"100", "60", "80", "0.5", "0.5", "50\u00a0%"},
		{"100", "60", "50", "1.25", "1", "125\u00a0%"},
		{"100", "60", "110", "-0.25", "0", "below start"},
		{"10", "0", "7", "0.3", "0.3", "30\u00a0%"},
		{"200", "0", "100", "0.5", "0.5", "50\u00a0%"},
		{"0", "10", "5.9", "0.59", "0.59", "59\u00a0%"},
		{"-20", "20", "0", "0.5", "0.5", "50\u00a0%"},
		{"30", "50", "40", "0.5", "0.5", "50\u00a0%"},
		{"0", "100", "0", "0", "0", "0\u00a0%"},
		{"0", "100", "99.6", "0.996", "0.996", "99\u00a0%"},
		{"0", "100", "100", "1", "1", "100\u00a0%"},
		{"0", "100", "118", "1.18", "1", "118\u00a0%"},
		{"0", "999999999999999999", "999999999999999998.999999999", "0.9999999999999999999999999990000000000000", "0.9999999999999999999999999990000000000000", "99\u00a0%"},
	} {
		s := linear(row.start, row.target, row.value).Standing(okr.Period{}, 0)
		if !same(s.Progress, maybe(row.progress)) || !s.Bar.Equal(number(row.bar)) || okr.PercentWords(s.Progress.Decimal) != row.words {
			t.Errorf("%s to %s at %s: progress %s, bar %s, %q; want %s, %s, %q", row.start, row.target, row.value,
				text(s.Progress), s.Bar, okr.PercentWords(s.Progress.Decimal), row.progress, row.bar, row.words)
		}
	}
}

func TestWithoutNumbersThereIsNoProgress(t *testing.T) {
	baseline := linear("", "100", "50")
	baseline.Kind = okr.Baseline
	rate := baseline
	rate.Method = okr.HitRate
	for name, kr := range map[string]okr.KeyResult{
		"no value":               linear("0", "100", ""),
		"start is target":        linear("5", "5", "7"),
		"no start":               linear("", "100", "50"),
		"no target":              linear("0", "", "50"),
		"baseline":               baseline,
		"hit rate of a baseline": rate,
	} {
		s := kr.Standing(okr.Period{}, 0)
		if s.Progress.Valid || s.Gap.Valid || s.Expected.Valid || !s.Bar.IsZero() {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestWhatStaysIsDoneOrNot(t *testing.T) {
	stay := func(kind okr.Kind, target, upper, value string) okr.KeyResult {
		return okr.KeyResult{Kind: kind, Target: maybe(target), Upper: maybe(upper), Result: okr.Result{Value: maybe(value)}}
	}
	for _, row := range []struct {
		kr   okr.KeyResult
		want string
	}{
		{stay(okr.AtLeast, "95", "", "95"), "1"},
		{stay(okr.AtLeast, "95", "", "94.9"), "0"},
		{stay(okr.AtMost, "4", "", "4"), "1"},
		{stay(okr.AtMost, "4", "", "4.1"), "0"},
		{stay(okr.Between, "2", "4", "2"), "1"},
		{stay(okr.Between, "2", "4", "4"), "1"},
		{stay(okr.Between, "2", "4", "1.9"), "0"},
		{stay(okr.Between, "2", "4", "4.1"), "0"},
	} {
		s := row.kr.Standing(okr.Period{}, 0)
		if !same(s.Progress, maybe(row.want)) || s.Expected.Valid {
			t.Errorf("%s %s at %s: %s, want %s", row.kr.Kind.Label(), text(row.kr.Target), text(row.kr.Result.Value), text(s.Progress), row.want)
		}
	}
}

func TestTheCommittedResultIsATickAndAVerdict(t *testing.T) {
	for _, row := range []struct {
		start, target, committed, value string
		tick, progress, towards         string
		met                             bool
	}{
		{"0", "100", "60", "62", "0.6", "0.62", "1.0333333333333333333333333333333333333333", true},
		{"0", "100", "60", "60", "0.6", "0.6", "1", true},
		{"0", "100", "60", "59.999999999", "0.6", "0.59999999999", "0.9999999999833333333333333333333333333333", false},
		{"100", "60", "80", "80", "0.5", "0.5", "1", true},
		{"100", "60", "80", "81", "0.5", "0.475", "0.95", false},
		{"100", "60", "60", "110", "1", "-0.25", "-0.25", false},
		{"0", "100", "60", "", "0.6", "", "", false},
		{"0", "100", "", "62", "", "0.62", "", false},
	} {
		kr := linear(row.start, row.target, row.value)
		kr.Committed = maybe(row.committed)
		s := kr.Standing(okr.Period{}, 0)
		if !same(s.CommittedTick, maybe(row.tick)) || !same(s.Progress, maybe(row.progress)) ||
			!same(s.CommittedProgress, maybe(row.towards)) || s.CommittedMet != row.met {
			t.Errorf("%+v: tick %s, progress %s, towards committed %s, met %t", row, text(s.CommittedTick), text(s.Progress), text(s.CommittedProgress), s.CommittedMet)
		}
	}
	rate := linear("0", "100", "0.5")
	rate.Method, rate.Committed = okr.HitRate, maybe("60")
	if s := rate.Standing(okr.Period{}, 0); s.CommittedTick.Valid || s.CommittedProgress.Valid || s.CommittedMet {
		t.Errorf("a hit rate is no value between start and target: %+v", s)
	}
}

func TestPace(t *testing.T) {
	q4 := period(t, "2026-10-01", "2026-12-31") // 91 days from first to last
	for _, row := range []struct {
		period        okr.Period
		asOf          string
		value         string
		expected, gap string
	}{
		{q4, "2026-10-01", "50", "0", "-0.5"},
		{q4, "2026-12-31", "50", "1", "0.5"},
		{period(t, "2026-10-01", "2026-10-11"), "2026-10-06", "50", "0.5", "0"},
		{period(t, "2026-10-01", "2026-10-11"), "2026-10-06", "25", "0.5", "0.25"},
		{period(t, "2026-10-01", "2026-10-11"), "2026-09-06", "25", "0", "-0.25"},
		{period(t, "2026-10-01", "2026-10-11"), "2026-11-06", "25", "1", "0.75"},
		{period(t, "2026-10-01", "2026-10-01"), "2026-10-01", "25", "1", "0.75"},
	} {
		kr := linear("0", "100", row.value)
		kr.Result.AsOf = day(t, row.asOf)
		// The day of the score counts and not today: the expectation is the same a month later.
		for _, today := range []okr.Day{kr.Result.AsOf, kr.Result.AsOf + 30} {
			s := kr.Standing(row.period, today)
			if !same(s.Expected, maybe(row.expected)) || !same(s.Gap, maybe(row.gap)) {
				t.Errorf("%s in %s: expected %s, gap %s; want %s, %s", row.asOf, row.period.Words(), text(s.Expected), text(s.Gap), row.expected, row.gap)
			}
		}
	}
}

func values() *rapid.Generator[decimal.Decimal] {
	return rapid.Custom(func(t *rapid.T) decimal.Decimal {
		return decimal.New(rapid.Int64().Draw(t, "digits"), -rapid.Int32Range(0, 9).Draw(t, "places"))
	})
}

// nearly forgives the last of the decimals that quotients are kept to.
func nearly(a, b decimal.Decimal) bool {
	return a.Sub(b).Abs().LessThanOrEqual(decimal.New(2, -40))
}

func progressOf(s, t, v decimal.Decimal) okr.Standing {
	kr := okr.KeyResult{
		Kind: okr.LinearKind(s, t), Start: decimal.NewNullDecimal(s), Target: decimal.NewNullDecimal(t),
		Result: okr.Result{Value: decimal.NewNullDecimal(v)},
	}
	return kr.Standing(okr.Period{}, 0)
}

// ends are a start and a target: two values, because one that is both is refused at save.
func ends(t *rapid.T, values *rapid.Generator[decimal.Decimal]) (start, target decimal.Decimal) {
	start = values.Draw(t, "start")
	return start, values.Filter(func(d decimal.Decimal) bool { return !d.Equal(start) }).Draw(t, "target")
}

func TestProgressRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, target := ends(t, values())
		low, high := values().Draw(t, "one"), values().Draw(t, "other")
		if low.GreaterThan(high) {
			low, high = high, low
		}
		if target.LessThan(s) {
			low, high = high, low
		}
		if a, b := progressOf(s, target, low), progressOf(s, target, high); a.Progress.Decimal.GreaterThan(b.Progress.Decimal) {
			t.Fatalf("%s gives %s, nearer %s gives %s", low, a.Progress.Decimal, high, b.Progress.Decimal)
		}
	})
}

func TestProgressIsTheSameInEveryUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, target := ends(t, values())
		v := values().Draw(t, "value")
		p := progressOf(s, target, v).Progress.Decimal
		if mirrored := progressOf(s.Neg(), target.Neg(), v.Neg()).Progress.Decimal; !mirrored.Equal(p) {
			t.Fatalf("mirrored %s, not %s", mirrored, p)
		}
		if back := progressOf(target, s, v).Progress.Decimal; !nearly(back, number("1").Sub(p)) {
			t.Fatalf("from target to start %s, not 1 − %s", back, p)
		}
		by, k := values().Draw(t, "shift"), rapid.Int64Range(1, 1_000_000).Draw(t, "scale")
		scale := func(d decimal.Decimal) decimal.Decimal { return d.Mul(decimal.NewFromInt(k)).Add(by) }
		if scaled := progressOf(scale(s), scale(target), scale(v)).Progress.Decimal; !scaled.Equal(p) {
			t.Fatalf("scaled %s, not %s", scaled, p)
		}
	})
}

func TestOnlyTheBarIsClamped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, target := ends(t, values())
		// The smallest step that can be entered must not be lost beside the ends.
		v := rapid.OneOf(values(), rapid.Map(rapid.SampledFrom([]string{"-0.000000001", "0", "0.000000001"}), func(by string) decimal.Decimal {
			return target.Add(number(by))
		}), rapid.Just(s)).Draw(t, "value")
		standing := progressOf(s, target, v)
		reached := v.Cmp(target) * target.Cmp(s)
		if got := standing.Progress.Decimal.Cmp(number("1")); got != reached {
			t.Fatalf("progress %s, but the value %s the target", standing.Progress.Decimal, []string{"is short of", "is", "is beyond"}[reached+1])
		}
		if got, want := standing.Progress.Decimal.Sign(), v.Cmp(s)*target.Cmp(s); got != want {
			t.Fatalf("progress %s, but the value is on side %d of the start", standing.Progress.Decimal, want)
		}
		if standing.Bar.IsNegative() || standing.Bar.GreaterThan(number("1")) || !standing.Bar.Equal(okr.Clamp(standing.Progress.Decimal)) {
			t.Fatalf("bar %s of progress %s", standing.Bar, standing.Progress.Decimal)
		}
	})
}

func TestRollUp(t *testing.T) {
	item := func(progress, weight string, status okr.Status) okr.RollUpItem {
		return okr.RollUpItem{Progress: maybe(progress), Weight: number(weight), Kind: okr.Increase, Status: status}
	}
	baseline := item("", "1", okr.Measuring)
	baseline.Kind = okr.Baseline
	for _, row := range []struct {
		name             string
		items            []okr.RollUpItem
		progress         string
		reporting, total int
		worst            okr.Status
	}{
		{"the rules' vector", []okr.RollUpItem{item("0.4", "2", okr.OnTrack), item("0.2", "3", okr.Behind)}, "0.28", 2, 2, okr.Behind},
		{"none", nil, "", 0, 0, ""},
		{"none reports", []okr.RollUpItem{item("", "1", okr.NoData), item("", "2", okr.NoData)}, "", 0, 2, ""},
		{"no data is left out and counted", []okr.RollUpItem{item("0.5", "1", okr.OnTrack), item("", "9", okr.NoData)}, "0.5", 1, 2, okr.OnTrack},
		{"3 of 4", []okr.RollUpItem{item("0.3", "1", okr.OnTrack), item("0.6", "1", okr.OnTrack), item("", "1", okr.NoData), item("0.9", "1", okr.OnTrack)}, "0.6", 3, 4, okr.OnTrack},
		{"clamped above", []okr.RollUpItem{item("3", "1", okr.Achieved), item("0", "1", okr.AtRisk)}, "0.5", 2, 2, okr.AtRisk},
		{"clamped below", []okr.RollUpItem{item("-3", "1", okr.AtRisk), item("1", "1", okr.Achieved)}, "0.5", 2, 2, okr.AtRisk},
		{"weight 0 is left out, but its status is told", []okr.RollUpItem{item("0.1", "0", okr.Missed), item("0.7", "1", okr.OnTrack)}, "0.7", 1, 1, okr.Missed},
		{"all weights 0", []okr.RollUpItem{item("0.1", "0", okr.AtRisk)}, "", 0, 0, okr.AtRisk},
		{"a baseline has nothing to give", []okr.RollUpItem{baseline, item("0.7", "1", okr.OnTrack)}, "0.7", 1, 1, okr.OnTrack},
	} {
		got := okr.RollUpOf(row.items)
		if !same(got.Progress, maybe(row.progress)) || got.Reporting != row.reporting || got.Total != row.total || got.Worst != row.worst {
			t.Errorf("%s: %s, %d of %d, worst %q", row.name, text(got.Progress), got.Reporting, got.Total, got.Worst)
		}
	}
}

// No data is not the worst: who does not report is said beside it.
func TestWhoDoesNotReportIsNamed(t *testing.T) {
	on := func(key string) okr.RollUpItem {
		return okr.RollUpItem{Key: key, Progress: maybe("0.5"), Weight: number("1"), Kind: okr.Increase, Status: okr.OnTrack}
	}
	none := func(key string) okr.RollUpItem {
		return okr.RollUpItem{Key: key, Weight: number("1"), Kind: okr.Increase, Status: okr.NoData}
	}
	for want, items := range map[string][]okr.RollUpItem{
		"no data · 0 of 0 reporting":                                              nil,
		"no data · 0 of 1 reporting":                                              {none("KR-1")},
		"progress 50\u00a0% · 1 of 1 reporting":                                   {on("KR-1")},
		"progress 50\u00a0% · 4 of 5 reporting (not KR-5)":                        {on("KR-1"), on("KR-2"), on("KR-3"), on("KR-4"), none("KR-5")},
		"progress 50\u00a0% · 1 of 6 reporting (not KR-2, KR-3, KR-4 and 2 more)": {on("KR-1"), none("KR-2"), none("KR-3"), none("KR-4"), none("KR-5"), none("KR-6")},
	} {
		if got := okr.RollUpOf(items).Words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestARollUpLiesBetweenItsKeyResults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low, high := number("1"), number("0")
		items := make([]okr.RollUpItem, rapid.IntRange(1, 12).Draw(t, "key results"))
		for i := range items {
			s, target := ends(t, values())
			items[i] = okr.RollUpItem{
				Progress: progressOf(s, target, values().Draw(t, "value")).Progress, Kind: okr.Increase,
				Weight: decimal.New(rapid.Int64Range(1, 1_000_000).Draw(t, "weight"), -3),
			}
			p := okr.Clamp(items[i].Progress.Decimal)
			low, high = decimal.Min(low, p), decimal.Max(high, p)
		}
		got := okr.RollUpOf(items)
		if !got.Progress.Valid || got.Progress.Decimal.LessThan(low) || got.Progress.Decimal.GreaterThan(high) {
			t.Fatalf("%s is not from %s to %s", text(got.Progress), low, high)
		}
	})
}

// BenchmarkProgress must stay below a microsecond: a million computations a second on one core.
func BenchmarkProgress(b *testing.B) {
	kr := linear("100", "60", "81.5")
	b.ReportAllocs()
	for b.Loop() {
		if p := kr.Progress(); !p.Valid {
			b.Fatal("no progress")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "progress/s")
}

func BenchmarkStanding(b *testing.B) {
	kr := linear("100", "60", "81.5")
	kr.Committed, kr.Integrated, kr.ScoreFrequency = maybe("70"), true, okr.Daily
	q4 := period(b, "2026-10-01", "2026-12-31")
	kr.Result.AsOf = day(b, "2026-11-23")
	today := day(b, "2026-11-24")
	b.ReportAllocs()
	for b.Loop() {
		if s := kr.Standing(q4, today); s.Status != okr.Behind {
			b.Fatal(s.Status)
		}
	}
}
