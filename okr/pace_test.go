package okr_test

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
)

// phased is a key result from 0 to 100 within hundred, with phases at days of the period.
func phased(value string, asOf okr.Day, phases ...okr.Phase) okr.KeyResult {
	kr := scored(value, asOf)
	kr.Phases = phases
	return kr
}

func phase(d okr.Day, value string) okr.Phase {
	return okr.Phase{Day: first + d, Value: number(value)}
}

func TestPhasesBendThePace(t *testing.T) {
	bent := []okr.Phase{phase(20, "10"), phase(60, "20"), phase(80, "20")}
	for _, row := range []struct {
		phases []okr.Phase
		day    okr.Day
		want   string
	}{
		{nil, 30, "0.3"},
		{bent, -5, "0"}, {bent, 0, "0"}, {bent, 10, "0.05"}, {bent, 20, "0.1"}, {bent, 40, "0.15"}, {bent, 60, "0.2"},
		{bent, 70, "0.2"}, {bent, 80, "0.2"}, {bent, 90, "0.6"}, {bent, 100, "1"}, {bent, 120, "1"},
		{[]okr.Phase{phase(100, "100")}, 50, "0.5"}, {[]okr.Phase{phase(100, "100")}, 100, "1"},
		{[]okr.Phase{phase(-10, "50"), phase(120, "50")}, 30, "0.3"}, // of another period
	} {
		kr := phased("40", first+row.day, row.phases...)
		if s := kr.Standing(hundred, first+50); !same(s.Expected, maybe(row.want)) {
			t.Errorf("by day %d %s is expected, want %s", row.day, text(s.Expected), row.want)
		}
		if v := kr.ExpectedValue(hundred, first+row.day); !v.Decimal.Equal(number(row.want).Shift(2)) {
			t.Errorf("by day %d the value %s is expected, want %s of 100", row.day, text(v), row.want)
		}
	}
	// Half of the period is over and a tenth of the way is made: behind an even pace, not this one.
	late := phase(60, "12")
	if got := phased("10", first+50, late).Standing(hundred, first+50).Status; got != okr.OnTrack {
		t.Errorf("as phased it is %s", got)
	}
	if got := phased("10", first+50).Standing(hundred, first+50).Status; got != okr.AtRisk {
		t.Errorf("evenly it is %s", got)
	}
	// Too early is a matter of days: what the phases expect by then changes nothing.
	if got := phased("0", first+5, phase(4, "90")).Standing(hundred, first+5).Status; got != okr.TooEarly {
		t.Errorf("in the first days it is %s", got)
	}
}

func TestPhaseProblems(t *testing.T) {
	outside := func(d okr.Day) string {
		return (first + d).Words() + " lies outside. Enter days after 27 Sep 1972 and up to 5 Jan 1973."
	}
	for _, row := range []struct {
		name   string
		kr     okr.KeyResult
		phases []okr.Phase
		want   string
	}{
		{"none", scored("", 0), nil, ""},
		{"rising", scored("", 0), []okr.Phase{phase(1, "0"), phase(50, "40"), phase(51, "40"), phase(99, "100")}, ""},
		{"falling", linear("60", "30", ""), []okr.Phase{phase(50, "50"), phase(60, "30")}, ""},
		{"the first day", scored("", 0), []okr.Phase{phase(0, "10")}, outside(0)},
		{"after the last day", scored("", 0), []okr.Phase{phase(101, "10")}, outside(101)},
		{"the target on the last day", scored("", 0), []okr.Phase{phase(100, "100.0")}, ""},
		{"less on the last day", scored("", 0), []okr.Phase{phase(100, "90")}, "5 Jan 1973 is the last day, and the target is expected then. Leave it out."},
		{"a day twice", scored("", 0), []okr.Phase{phase(5, "10"), phase(5, "20")}, "2 Oct 1972 comes too late in the list. Enter each day once, the earliest first."},
		{"a day before", scored("", 0), []okr.Phase{phase(6, "10"), phase(5, "20")}, "2 Oct 1972 comes too late in the list. Enter each day once, the earliest first."},
		{"turning back", scored("", 0), []okr.Phase{phase(5, "20"), phase(6, "19")}, "The value for 3 Oct 1972 turns back. Each has to be as far as the one before it, from the start value on."},
		{"before the start", scored("", 0), []okr.Phase{phase(5, "-1")}, "The value for 2 Oct 1972 turns back. Each has to be as far as the one before it, from the start value on."},
		{"falling and turning back", linear("60", "30", ""), []okr.Phase{phase(5, "61")}, "The value for 2 Oct 1972 turns back. Each has to be as far as the one before it, from the start value on."},
		{"beyond the target", scored("", 0), []okr.Phase{phase(5, "101")}, "The value for 2 Oct 1972 lies beyond the target value. Enter one between start and target."},
		{"what stays", okr.KeyResult{Kind: okr.AtLeast, Target: maybe("95")}, []okr.Phase{phase(5, "96")}, "Phased targets bend the way from a start to a target, and this key result has none. Leave them empty."},
	} {
		row.kr.Phases = row.phases
		if got := row.kr.CheckPhases(hundred); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestPhasesAreReadAsTheyAreWritten(t *testing.T) {
	got, err := okr.ParsePhases("\n 2026-10-31: 40 \r\n\n2026-11-30:35.5 Hours\n", "Hours")
	want := []okr.Phase{{Day: day(t, "2026-10-31"), Value: number("40")}, {Day: day(t, "2026-11-30"), Value: number("35.5")}}
	if err != nil || okr.PhasesText(got) != okr.PhasesText(want) || okr.PhasesText(want) != "2026-10-31: 40\n2026-11-30: 35.5" {
		t.Errorf("%v, %v", got, err)
	}
	kr := okr.KeyResult{Phases: want, Unit: "Hours", Precision: 1}
	if words := kr.PhaseWords(day(t, "2026-10-01")); words != "40\u00a0Hours by 31 Oct, 35.5\u00a0Hours by 30 Nov" {
		t.Error(words)
	}
	for typed, want := range map[string]string{
		"31.10.2026: 40":                "Line 1: write the day as year, month and day: 2026-11-22.",
		"2026-10-31: 40\n2026-11-30 35": "Line 2: write a day, a colon and a value: 2026-10-31: 40.",
		"2026-10-31:":                   "Line 1: enter a number.",
		"2026-10-31: 1,5":               "Line 1: write the number without separators and with a point for the decimals: 1234.5.",
		slices13("2026-10-31: 40"):      "Enter at most 12 phased targets.",
		"<!channel>: 5":                 "Line 1: write the day as year, month and day: 2026-11-22.",
		"2026-10-31: 40: 50":            "Line 1: this is not a number. Enter digits only, such as 42 or 99.5.",
	} {
		if _, err := okr.ParsePhases(typed, ""); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", typed, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		phases := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) okr.Phase {
			return okr.Phase{Day: okr.Day(rapid.Int32Range(0, 50_000).Draw(t, "day")), Value: decimal.New(rapid.Int64Range(-1e17, 1e17).Draw(t, "value"), -rapid.Int32Range(0, 9).Draw(t, "places"))}
		}), 0, 12).Draw(t, "phases")
		again, err := okr.ParsePhases(okr.PhasesText(phases), "")
		if err != nil || okr.PhasesText(again) != okr.PhasesText(phases) {
			t.Fatalf("%v came back as %v (%v)", phases, again, err)
		}
	})
}

func slices13(line string) string {
	all := ""
	for range 13 {
		all += line + "\n"
	}
	return all
}

// TestThePaceRises draws phases as the form takes them: the pace never turns back, and stays within 0…1.
func TestThePaceRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kr := linear("0", "100", "50")
		if rapid.Bool().Draw(t, "falling") {
			kr = linear("100", "0", "50")
		}
		days := rapid.SliceOfNDistinct(rapid.Int32Range(1, 99), 0, 12, rapid.ID).Draw(t, "days")
		on := rapid.SliceOfN(rapid.Int64Range(0, 100_000), len(days), len(days)).Draw(t, "values")
		slices.Sort(days)
		slices.Sort(on)
		for i, d := range days {
			v := decimal.New(on[i], -3)
			if kr.Kind == okr.Decrease {
				v = number("100").Sub(v)
			}
			kr.Phases = append(kr.Phases, okr.Phase{Day: first + okr.Day(d), Value: v})
		}
		if problem := kr.CheckPhases(hundred); problem != "" {
			t.Fatal(problem)
		}
		last := number("0")
		for d := first - 3; d < first+104; d++ {
			kr.Result.AsOf = d
			e := kr.Standing(hundred, first+50).Expected.Decimal
			if e.LessThan(last) || e.GreaterThan(number("1")) {
				t.Fatalf("by day %d %s is expected, the day before %s", d-first, e, last)
			}
			last = e
		}
		if !last.Equal(number("1")) {
			t.Fatalf("in the end %s is expected", last)
		}
		for i, p := range kr.Phases {
			kr.Result.AsOf = p.Day
			if v := kr.ExpectedValue(hundred, p.Day); !nearly(v.Decimal.Shift(-9), p.Value.Shift(-9)) {
				t.Fatalf("by phase %d %s is expected, want %s", i, text(v), p.Value)
			}
		}
	})
}
