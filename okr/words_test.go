package okr_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
)

func TestNumbersThatPeopleType(t *testing.T) {
	for typed, want := range map[string]string{
		"42": "42", " 42 ": "42", "+5": "5", "-12.5": "-12.5", "007": "7", "-0": "0", "0.000000001": "0.000000001",
		"999999999999999999.999999999": "999999999999999999.999999999", "\u00a042\n": "42", "\u200e42\u200b": "42",
	} {
		if d, err := okr.ParseNumber(typed); err != nil || d.String() != want {
			t.Errorf("%q: %s (%v), want %s", typed, d, err, want)
		}
	}
	for sentence, refused := range map[string][]string{
		"Enter a number.": {"", " \t"},
		"Enter a number with at most 18 digits before the point and 9 after it.": {"1234567890123456789", "0.1234567890", "-1234567890123456789.5", strings.Repeat("9", 40)},
		"Write digits on both sides of the point: 0.5.":                          {".5", "5.", "-.5"},
		"Write the number out, without an exponent.":                             {"1e400", "1E5", "-2.5e-3"},
		"Write the number without separators and with a point for the decimals: 1234.5.": {
			"1,5", "1.234,5", "1,234.5", "1 234", "1\u202f234", "1'234", "1’234", "1_000", "1.2.3"},
		"Write a negative number with one plain minus before it: -12.5.":  {"−20", "–5", "--5", "- 5", "+-5", "5-"},
		"Enter the number alone, without unit, currency or percent sign.": {"12 %", "$5", "-$5", "5€", "3 Hours", "12px", "4d"},
		"Write the number with the digits 0 to 9.":                        {"٤٢", "４２", "४२"},
		"This is not a number. Enter digits only, such as 42 or 99.5.":    {"NaN", "Infinity", "-inf", "abc", "0x1F", "forty-two", "-", ".", "½", "1/2", "1\x00", "<!channel>", "😀"},
	} {
		for _, typed := range refused {
			if d, err := okr.ParseNumber(typed); err == nil || err.Error() != sentence {
				t.Errorf("%q: %s, %v; want %q", typed, d, err, sentence)
			}
		}
	}
}

func TestValuesWithTheirUnit(t *testing.T) {
	another := func(unit string) string {
		return "The unit of measurement is " + unit + ". Enter the number alone, or with that unit."
	}
	for _, row := range []struct{ typed, unit, want string }{
		{"42", "", "42"}, {"42%", "%", "42"}, {"42 %", "percent", "42"}, {"42 per cent", "%", "42"}, {"-4.5 hours", "Hours", "-4.5"},
		{"47m2", "m2", "47"}, {"47 open incidents", "open  incidents", "47"}, {"50mio", "Mio.", "50"}, {"$5", "$", "5"}, {"-$5", "$", "-5"}, {"5 $", "$", "5"}, {"US$5", "US$", "5"},
		{"4\u200b2\u00a0%", "%", "42"},
		{"42%", "", "Enter the number alone, without unit, currency or percent sign."}, {"42%", "#", "Enter the number alone, without unit, currency or percent sign."},
		{"42%", "Hours", another("Hours")}, {"$5", "€", another("€")}, {"42 m", "m2", another("m2")},
		{"42100 km", "100 km", "Enter the number alone, without unit, currency or percent sign."}, {"4,2%", "%", "Write the number without separators and with a point for the decimals: 1234.5."},
		{"%", "%", "This is not a number. Enter digits only, such as 42 or 99.5."}, {"Hours 4", "Hours", "This is not a number. Enter digits only, such as 42 or 99.5."},
	} {
		v, err := okr.ParseValue(row.typed, row.unit)
		got := v.String()
		if err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("%q in %q: %s, want %s", row.typed, row.unit, got, row.want)
		}
	}
}

// What stands beside numbers is their unit where it is one for certain, and the same beside all of them.
func TestUnitsTypedBesideNumbers(t *testing.T) {
	for _, row := range []struct {
		want  string
		typed []string
	}{
		{"%", []string{"10", "60%"}}, {"%", []string{"42 percent", "", "-1.5 pct.", "7\u00a0%"}}, {"$", []string{"$5", "6 $", "-$7"}}, {"€", []string{"", "5€"}},
		{"", []string{"10", "60"}}, {"", nil}, {"", []string{"12k"}}, {"", []string{"4 Hours"}}, {"", []string{"5%", "$5"}}, {"", []string{"$5%"}}, {"", []string{"%"}}, {"", []string{"5 % of all"}},
	} {
		if got := okr.UnitTyped(row.typed...); got != row.want {
			t.Errorf("%q: %q, want %q", row.typed, got, row.want)
		}
	}
}

// bare is a text without what surrounds it and does not show.
func bare(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

// plain is the grammar, without the sentences: sign, 1–18 digits, point, 1–9 digits.
func plain(s string) bool {
	s = bare(s)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	whole, places, point := strings.Cut(s, ".")
	digits := func(s string, most int) bool {
		return len(s) >= 1 && len(s) <= most && strings.Trim(s, "0123456789") == ""
	}
	return digits(whole, 18) && (!point || digits(places, 9))
}

func TestOnlyTheGrammarIsANumber(t *testing.T) {
	typed := rapid.OneOf(
		rapid.StringMatching(`[-+ ]{0,2}[0-9]{0,20}[.,]?[0-9]{0,11}[eE]?[ 0-9]{0,2}`),
		rapid.StringOf(rapid.SampledFrom([]rune("0123456789.,-+eExX_ '%$∞NaIinf\u00a0٤−"))),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		s := typed.Draw(t, "typed")
		d, err := okr.ParseNumber(s)
		if (err == nil) != plain(s) {
			t.Fatalf("%q: %s, %v", s, d, err)
		}
		if err == nil && !d.Equal(number(strings.TrimPrefix(bare(s), "+"))) {
			t.Fatalf("%q was read as %s", s, d)
		}
		if err != nil && !strings.HasSuffix(err.Error(), ".") {
			t.Fatalf("%q is answered with %q", s, err)
		}
	})
}

func TestValuesInWords(t *testing.T) {
	for _, row := range []struct {
		value, unit string
		precision   int32
		want        string
	}{
		{"42.5", "%", 1, "42.5\u00a0%"},
		{"42.5", "%", 2, "42.50\u00a0%"},
		{"4.1", "", 2, "4.10"},
		{"71.428571429", "%", 2, "71.43\u00a0%"},
		{"23.333333333", "$", 1, "$23.3"},
		{"71.428571429", "%", 9, "71.428571429\u00a0%"},
		{"4.10", "", 9, "4.10"},
		{"27.333333333333333333", "", 9, "27.333333333"},
		{"12e3", "", 9, "12,000"},
		{"12e3", "", 1, "12,000.0"},
		{"1204", "#", 0, "1,204"},
		{"1204.4", "", 0, "1,204"},
		{"1234567.891", "Hours", 2, "1,234,567.89\u00a0Hours"},
		{"39.96", "Hours", 1, "40.0\u00a0Hours"},
		{"-1204.5", "$", 2, "-$1,204.50"},
		{"999", "€", 0, "€999"},
		{"-0.04", "", 1, "0.0"},
		{"-2.5", "", 0, "-3"},
		{"7", " days ", -3, "7\u00a0days"},
		{"999999999999999999.999999999", "#", 9, "999,999,999,999,999,999.999999999"},
	} {
		if got := okr.FormatValue(number(row.value), row.unit, row.precision); got != row.want {
			t.Errorf("%s %s: %q, want %q", row.value, row.unit, got, row.want)
		}
	}
}

func TestResultsInWords(t *testing.T) {
	for method, want := range map[okr.Method]string{
		okr.Latest: "0.93\u00a0Hours", okr.Sum: "0.93\u00a0Hours (sum of 13)", okr.Average: "0.93\u00a0Hours (average of 13)",
		okr.Minimum: "0.93\u00a0Hours (smallest of 13)", okr.Maximum: "0.93\u00a0Hours (largest of 13)", okr.HitRate: "hit rate 92\u00a0% (13 readings)",
	} {
		kr := okr.KeyResult{Method: method, Unit: "Hours", Precision: 2, Integrated: true, Result: okr.Result{Value: maybe("0.9299"), N: 13}}
		if got := kr.ResultWords(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	one := okr.KeyResult{Method: okr.HitRate, Result: okr.Result{Value: maybe("1"), N: 1}}
	if got := one.ResultWords(); got != "hit rate 100\u00a0% (1 reading)" {
		t.Error(got)
	}
	if got := (okr.KeyResult{}).ResultWords(); got != "" {
		t.Error(got)
	}
}

// What a person entered is shown as entered, whatever the scorecard's precision is; what is read is
// shown at it.
func TestWhatIsEnteredStaysAsItWasEntered(t *testing.T) {
	read := okr.KeyResult{Unit: "%", Precision: 0, Integrated: true, Result: okr.Result{Value: maybe("71.428571429"), AsOf: 5}}
	byHand := read
	byHand.Override = okr.Override{Value: maybe("4.10"), Day: 6, Until: 9}
	people := okr.KeyResult{Unit: "%", Precision: 0, Result: okr.Result{Value: maybe("4.50")}}
	mean := people
	mean.Method, mean.Precision, mean.Result.Value, mean.Result.N = okr.Average, 9, maybe("4.500000000000000000"), 2
	for want, got := range map[string]string{
		"71\u00a0%":                 read.CountedWords(6),
		"99.95\u00a0%":              read.Entered(number("99.95")),
		"4.10\u00a0% (by hand)":     byHand.CountedWords(6),
		"4.10\u00a0%":               byHand.Measured(number("4.1000").Truncate(2)),
		"4.50\u00a0%":               people.CountedWords(6),
		"4.5\u00a0% (average of 2)": mean.CountedWords(6),
		"70\u00a0%":                 read.Read(okr.Reading{Value: number("69.7")}),
		"69.70\u00a0%":              read.Read(okr.Reading{Value: number("69.70"), CheckIn: true}),
		"0.50\u00a0% by 6 Jan":      okr.KeyResult{Unit: "%", Integrated: true, Phases: []okr.Phase{{Day: 5, Value: number("0.50")}}}.PhaseWords(0),
		"71 % is the chart's 71":    fmt.Sprintf("71 %% is the chart's %v", read.Drawable(number("71.428571429"))),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// 77 with the start 150 and the target 100 is progress 146 %: the target is not what that is a part of.
func TestProgressInWords(t *testing.T) {
	kr := okr.KeyResult{Kind: okr.Decrease, Start: maybe("150"), Target: maybe("100"), Result: okr.Result{Value: maybe("77")}}
	if got := okr.ProgressWords(kr.Progress().Decimal); got != "progress 146\u00a0%" {
		t.Error(got)
	}
	if got := okr.ProgressWords(number("-0.25")); got != "below start" {
		t.Error(got)
	}
}

func TestPercentInWords(t *testing.T) {
	for p, want := range map[string]string{
		"0": "0\u00a0%", "0.62": "62\u00a0%", "0.009": "0\u00a0%", "0.996": "99\u00a0%", "0.9999999999": "99\u00a0%", "1": "100\u00a0%",
		"1.18": "118\u00a0%", "1.189": "118\u00a0%", "12.5": "1,250\u00a0%", "-0.0000001": "below start", "-3": "below start",
	} {
		if got := okr.PercentWords(number(p)); got != want {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
}

func TestSparkline(t *testing.T) {
	for _, row := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{"7"}, "▄"},
		{[]string{"7", "7", "7"}, "▄▄▄"},
		{[]string{"0", "1", "2", "3", "4", "5", "6", "7"}, "▁▂▃▄▅▆▇█"},
		{[]string{"-10", "10", "0"}, "▁█▅"},
	} {
		list := make([]decimal.Decimal, len(row.values))
		for i, v := range row.values {
			list[i] = number(v)
		}
		if got := okr.Sparkline(list); got != row.want {
			t.Errorf("%v: %s, want %s", row.values, got, row.want)
		}
	}
}

func TestTheBar(t *testing.T) {
	bar := func(progress, expected, committed string) okr.Standing {
		s := okr.Standing{Progress: maybe(progress), Expected: maybe(expected), CommittedTick: maybe(committed)}
		s.Bar = okr.Clamp(s.Progress.Decimal)
		return s
	}
	for _, row := range []struct {
		standing okr.Standing
		want     string
	}{
		{bar("", "", ""), "░░░░░░░░░░"},
		{bar("0.5", "", ""), "█████░░░░░"},
		{bar("0.99", "", ""), "█████████░"},
		{bar("1.25", "", ""), "██████████"},
		{bar("-0.25", "0.3", ""), "░░░╎░░░░░░"},
		{bar("0.5", "0.8", "0.6"), "█████░┃░╎░"},
		{bar("0.6", "0.2", "0.6"), "██╎███┃░░░"},
		{bar("0.5", "1", "1"), "█████░░░░┃"},
		{bar("0.5", "0.6", "0.6"), "█████░┃░░░"},
	} {
		if got := row.standing.Draw(10); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
	for width := range 30 {
		if n := utf8.RuneCountInString(bar("0.5", "1", "0.6").Draw(width)); n != width {
			t.Errorf("a bar of %d has %d marks", width, n)
		}
	}
	if got := bar("0.5", "1", "").Draw(-1); got != "" {
		t.Error(got)
	}
}

func TestKeys(t *testing.T) {
	for typed, want := range map[string]int{
		"KR-7": 7, "kr-7": 7, "KR 7": 7, "kr7": 7, "7": 7, " KR-12 ": 12, "999999999": 999999999,
		"": 0, "KR": 0, "KR-": 0, "KR-0": 0, "-7": 0, "KR-07": 0, "KR-7a": 0, "KR--7": 0, "1234567890": 0, "KR-7 8": 0, "OKR-7": 0,
	} {
		if got, ok := okr.ParseKey(typed); got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %t", typed, got, ok)
		}
	}
	if key := (okr.KeyResult{Number: 7}).Key(); key != "KR-7" {
		t.Error(key)
	}
}

func TestEveryChoiceOfAFormHasALabel(t *testing.T) {
	for _, f := range append(okr.Frequencies, okr.Yearly) {
		if f.Label() == string(f) {
			t.Errorf("%s has no label", f)
		}
	}
	for _, m := range okr.Methods {
		if m.Label() == string(m) {
			t.Errorf("%s has no label", m)
		}
	}
	for _, k := range okr.Kinds {
		if k.Label() == string(k) {
			t.Errorf("%s has no label", k)
		}
	}
}

func TestThingsAreCounted(t *testing.T) {
	for want, got := range map[string]string{
		"0 objectives": okr.CountWords(0, "objective"), "1 key result": okr.CountWords(1, "key result"), "2 key results": okr.CountWords(2, "key result"),
		"1,200 entries": okr.CountWords(1200, "entry"), "3 days": okr.CountWords(3, "day"), "1 entry": okr.CountWords(1, "entry"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWhatDoesNotShowIsTakenOut(t *testing.T) {
	for typed, want := range map[string]string{
		"plain": "plain", "two\nlines\tand": "two\nlines\tand", "\u202eevil\u202c": "evil", "\u2067x\u2069": "x", "a\u200bb\ufeffc\u00add": "abcd",
		"\x00\x1b[31mred\r": "[31mred", "one\u2028two": "one two", "می\u200cخواهم": "می\u200cخواهم", "👩\u200d👧": "👩\u200d👧", "Zürich 目標": "Zürich 目標",
	} {
		if got := okr.Visible(typed); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
}
