package okr_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"okrbot/okr"
)

func written(n decimal.NullDecimal) string {
	if !n.Valid {
		return ""
	}
	return n.Decimal.String()
}

func TestScoresAndVerdictsAtTheEnd(t *testing.T) {
	period := okr.QuarterOf(20000)
	for _, c := range []struct {
		kind                     okr.Kind
		method                   okr.Method
		start, target, committed string
		value                    string
		score                    string
		verdict                  okr.Verdict
	}{
		{okr.Increase, okr.Latest, "0", "100", "60", "62", "0.62", okr.Met},
		{okr.Increase, okr.Latest, "0", "100", "60", "60", "0.6", okr.Met},
		{okr.Increase, okr.Latest, "0", "1000", "999", "999", "0.99", okr.Met}, // only done is 1
		{okr.Decrease, okr.Latest, "100", "60", "80", "110", "-0.25", okr.NotMet},
		{okr.Decrease, okr.Latest, "3", "0", "", "4", "-0.34", ""},
		{okr.Decrease, okr.Latest, "100", "60", "80", "50", "1.25", okr.Met},
		{okr.Increase, okr.Latest, "0", "100", "60", "", "", okr.NotMet}, // a promise without a value is not kept
		{okr.Baseline, okr.Latest, "", "", "", "7", "", ""},
		{okr.AtLeast, okr.Latest, "", "99", "", "98", "0", ""},
		{okr.Increase, okr.HitRate, "0", "5", "3", "0.755", "0.75", ""},
	} {
		k := okr.KeyResult{Kind: c.kind, Method: c.method, Start: maybe(c.start), Target: maybe(c.target), Committed: maybe(c.committed)}
		k.Result = okr.Result{Value: maybe(c.value), AsOf: period.Last, N: 1}
		standing := k.Standing(period, period.Last+1)
		if got := written(standing.Score()); got != c.score || k.Verdict(standing) != c.verdict {
			t.Errorf("%+v: score %q, verdict %q", c, got, k.Verdict(standing))
		}
	}
}

func TestTheNextPeriodIsNotOver(t *testing.T) {
	day := func(s string) okr.Day {
		d, err := okr.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct{ last, today, want string }{
		{"2026-12-31", "2027-01-03", "Q1 2027"},
		{"2026-12-31", "2027-03-31", "Q1 2027"},
		{"2026-12-31", "2027-04-01", "Q2 2027"}, // closed out late
		{"2026-11-15", "2026-11-16", "Q1 2027"},
	} {
		o := okr.Objective{Period: okr.Period{First: day("2026-10-01"), Last: day(c.last)}}
		if got := o.NextPeriod(day(c.today)).Words(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestWhatIsCarriedOver(t *testing.T) {
	for _, c := range []struct {
		kind           okr.Kind
		method         okr.Method
		start, target  string
		value          string
		next           string // target
		begins, refuse string
	}{
		{okr.Increase, okr.Latest, "0", "100", "40", "100", "40", ""},
		{okr.Increase, okr.Latest, "0", "100", "", "100", "0", ""}, // without a value it begins where it did
		{okr.Increase, okr.Latest, "0", "100", "120", "100", "120", "passed this target already"},
		{okr.Increase, okr.Latest, "0", "100", "100", "100", "100", "Start and target are equal"},
		{okr.Decrease, okr.Average, "9", "3", "4.33333333333333333", "2", "4.333333333", ""},
		{okr.Decrease, okr.Latest, "9", "3", "4", "", "4", "Enter the target value"},
		{okr.Increase, okr.Sum, "0", "100", "80", "100", "0", ""}, // it adds up again
		{okr.AtMost, okr.Latest, "", "5", "9", "5", "", ""},
		{okr.Baseline, okr.Latest, "", "", "9", "", "", ""},
	} {
		k := okr.KeyResult{
			ID: 3, Number: 3, Title: "x", Owner: "U1", Kind: c.kind, Method: c.method, Start: maybe(c.start), Target: maybe(c.target), Committed: maybe(c.target),
			Weight: decimal.NewFromInt(2), Channel: "C1", Result: okr.Result{Value: maybe(c.value), N: 1}, Failure: okr.Failure{Class: "x"}, Paused: true, Closed: true,
		}
		next := k.CarryOver(maybe(c.next), 20100)
		if next.ID != 0 || next.Number != 0 || next.Committed.Valid || next.Result.Value.Valid || next.Failure.Class != "" || next.Paused || next.Closed ||
			next.Channel != "C1" || !next.Weight.Equal(k.Weight) || next.Method != k.Method || written(next.Start) != c.begins || written(next.Target) != c.next {
			t.Errorf("%+v goes on as %+v", c, next)
		}
		var said []string
		for _, sentence := range k.CheckCarryOver(next) {
			said = append(said, sentence)
		}
		if got := strings.Join(said, " "); (got == "") != (c.refuse == "") || !strings.Contains(got, c.refuse) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestWhatWasForOnePeriodIsNotCarriedOver(t *testing.T) {
	k := okr.KeyResult{
		Kind: okr.Decrease, Method: okr.Latest, Start: maybe("100"), Target: maybe("60"), Integrated: true,
		Phases: []okr.Phase{{Day: 20000, Value: number("80")}}, Confidence: okr.Confidence{Level: okr.Levels[0]},
		Result: okr.Result{Value: maybe("90"), AsOf: 20010, N: 1}, Override: okr.Override{Value: maybe("70"), Day: 20010, Until: 20020, Reason: "x"},
	}
	next := k.CarryOver(k.Target, 20020)
	if len(next.Phases) > 0 || next.Override.Value.Valid || next.Confidence.Level != "" || written(next.Start) != "70" {
		t.Errorf("it goes on as %+v", next)
	}
	if text := next.StartWords(); text != "70" { // no decimals that nobody entered
		t.Errorf("it starts at %s", text)
	}
	if next := k.CarryOver(k.Target, 20021); written(next.Start) != "90" {
		t.Errorf("from a value by hand that is over it starts at %s", written(next.Start))
	}
}
