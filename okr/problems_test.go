package okr_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"okrbot/okr"
)

func TestKeyResultProblems(t *testing.T) {
	const outsideUp = "The committed result is not between start and target. Enter more than the start value and at most the target value."
	const outsideDown = "The committed result is not between start and target. Enter less than the start value and at least the target value."
	values := func(kind okr.Kind, start, target, committed string) func(*okr.KeyResult) {
		return func(kr *okr.KeyResult) {
			kr.Kind, kr.Start, kr.Target, kr.Committed = kind, maybe(start), maybe(target), maybe(committed)
		}
	}
	bounds := func(kind okr.Kind, target, upper, risk string) func(*okr.KeyResult) {
		return func(kr *okr.KeyResult) {
			kr.Kind, kr.Start, kr.Target, kr.Upper, kr.Risk = kind, maybe(""), maybe(target), maybe(upper), maybe(risk)
		}
	}
	for _, row := range []struct {
		name string
		edit func(*okr.KeyResult)
		want okr.Problems
	}{
		{"as it should be", func(*okr.KeyResult) {}, okr.Problems{}},
		{"no title", func(kr *okr.KeyResult) { kr.Title = " \t " }, okr.Problems{"title": "Enter a title."}},
		{"150 letters of two bytes", func(kr *okr.KeyResult) { kr.Title = strings.Repeat("ü", 150) }, okr.Problems{}},
		{"151 letters", func(kr *okr.KeyResult) { kr.Title = strings.Repeat("ü", 151) }, okr.Problems{"title": "This title has 151 characters. Shorten it to 150."}},
		{"no owner", func(kr *okr.KeyResult) { kr.Owner = "" }, okr.Problems{"owner": "Choose an owner."}},
		{"a long unit", func(kr *okr.KeyResult) { kr.Unit = strings.Repeat("€", 21) }, okr.Problems{"unit": "This unit has 21 characters. Shorten it to 20."}},
		{"weight 0", func(kr *okr.KeyResult) { kr.Weight = number("0") }, okr.Problems{}},
		{"weight below 0", func(kr *okr.KeyResult) { kr.Weight = number("-0.1") },
			okr.Problems{"weight": "Enter a weight of 0 or more. 0 leaves this key result out of the objective's progress."}},

		{"start is target", values(okr.Increase, "5", "5.0", ""), okr.Problems{"target": "Start and target are equal. Use stay at least / stay at most instead."}},
		{"start is target, committed too", values(okr.Increase, "5", "5.0", "5"), okr.Problems{"target": "Start and target are equal. Use stay at least / stay at most instead."}},
		{"no values", values(okr.Increase, "", "", "5"), okr.Problems{"start": "Enter the start value.", "target": "Enter the target value."}},
		{"no start", values(okr.Decrease, "", "5", ""), okr.Problems{"start": "Enter the start value."}},
		{"committed within", values(okr.Increase, "0", "100", "0.000000001"), okr.Problems{}},
		{"committed at the target", values(okr.Increase, "0", "100", "100"), okr.Problems{}},
		{"committed at the start", values(okr.Increase, "0", "100", "0"), okr.Problems{"committed": outsideUp}},
		{"committed beyond the target", values(okr.Increase, "0", "100", "100.1"), okr.Problems{"committed": outsideUp}},
		{"committed within, downwards", values(okr.Decrease, "100", "60", "99"), okr.Problems{}},
		{"committed at the target, downwards", values(okr.Decrease, "100", "60", "60"), okr.Problems{}},
		{"committed at the start, downwards", values(okr.Decrease, "100", "60", "100"), okr.Problems{"committed": outsideDown}},
		{"committed beyond the target, downwards", values(okr.Decrease, "100", "60", "59"), okr.Problems{"committed": outsideDown}},

		{"a baseline needs no values", values(okr.Baseline, "", "", ""), okr.Problems{}},
		{"a baseline knows its target", values(okr.Baseline, "", "40", ""), okr.Problems{}},
		{"a baseline commits to nothing", values(okr.Baseline, "", "40", "50"),
			okr.Problems{"committed": "A committed result is measured from the start value. Leave it empty until there is one."}},
		{"an unknown kind", values("", "0", "1", ""), okr.Problems{"kind": "Choose what counts as success."}},

		{"stay at least", bounds(okr.AtLeast, "95", "", "90"), okr.Problems{}},
		{"stay at least, without a target", bounds(okr.AtLeast, "", "", "90"), okr.Problems{"target": "Enter the target value."}},
		{"stay at least, risk on the wrong side", bounds(okr.AtLeast, "95", "", "95"), okr.Problems{"risk": "Enter a risk threshold below the target."}},
		{"stay at most", bounds(okr.AtMost, "4", "", "6"), okr.Problems{}},
		{"stay at most, risk on the wrong side", bounds(okr.AtMost, "4", "", "4"), okr.Problems{"risk": "Enter a risk threshold above the target."}},
		{"stay between", bounds(okr.Between, "2", "2", ""), okr.Problems{}},
		{"stay between one", bounds(okr.Between, "2", "", ""), okr.Problems{"upper": "Enter an upper value that is not below the lower one."}},
		{"stay between, upside down", bounds(okr.Between, "2", "1.9", ""), okr.Problems{"upper": "Enter an upper value that is not below the lower one."}},
		{"stay between has no risk", bounds(okr.Between, "2", "4", "5"), okr.Problems{"risk": "Between two values there is no risk threshold. Leave it empty."}},
		{"what stays commits to nothing", values(okr.AtLeast, "", "95", "90"),
			okr.Problems{"committed": "A committed result lies between a start and a target, and this key result has no start. Leave it empty."}},

		{"the longest values", values(okr.Increase, "-999999999999999999.999999999", "999999999999999999.999999999", ""), okr.Problems{}},
		{"zeros at the end are no digits", values(okr.Increase, "0", "1.500000000000", ""), okr.Problems{}},
		{"a value too long", values(okr.Increase, "1000000000000000000", "0.0000000001", ""),
			okr.Problems{
				"start":  "Enter a number with at most 18 digits before the point and 9 after it.",
				"target": "Enter a number with at most 18 digits before the point and 9 after it.",
			}},
		{"a value that fits no memory", func(kr *okr.KeyResult) { kr.Committed = decimal.NewNullDecimal(decimal.New(1, 1_000_000_000)) },
			okr.Problems{"committed": "Enter a number with at most 18 digits before the point and 9 after it."}},
		{"a value nearer to nothing than memory has room", func(kr *okr.KeyResult) { kr.Committed = decimal.NewNullDecimal(decimal.New(1, -1_000_000_000)) },
			okr.Problems{"committed": "Enter a number with at most 18 digits before the point and 9 after it."}},

		{"several at once", func(kr *okr.KeyResult) { kr.Title, kr.Weight, kr.Target = "", number("-1"), kr.Start },
			okr.Problems{"title": "Enter a title.", "weight": "Enter a weight of 0 or more. 0 leaves this key result out of the objective's progress.",
				"target": "Start and target are equal. Use stay at least / stay at most instead."}},
		{"integrated, without a cadence", func(kr *okr.KeyResult) { kr.Integrated, kr.Cadence = true, okr.Cadence{Zone: "UTC"} },
			okr.Problems{"cadence": "Choose how often the value is updated."}},
		{"integrated, a bad hour and offset", func(kr *okr.KeyResult) {
			kr.Integrated, kr.Cadence = true, okr.Cadence{Every: okr.Monthly, Hour: -1, Offset: -1, Zone: "UTC"}
		}, okr.Problems{"hour": "Choose a time of day from 00:00 to 23:59.", "offset": "Enter 0 to 30 days."}},
		{"updated by people, the cadence does not matter", func(kr *okr.KeyResult) { kr.Cadence.Hour = 99 }, okr.Problems{}},
	} {
		kr := linear("100", "60", "80")
		row.edit(&kr)
		got := kr.Check()
		if len(got) != len(row.want) || got.Any() != (len(row.want) > 0) {
			t.Errorf("%s: %v", row.name, got)
		}
		for field, sentence := range row.want {
			if got[field] != sentence {
				t.Errorf("%s: %s: %q, want %q", row.name, field, got[field], sentence)
			}
		}
	}
}

func TestObjectiveProblems(t *testing.T) {
	good := okr.Objective{Title: "Calm operations", Owner: "alice", Period: period(t, "2026-10-01", "2026-10-01"), Zone: "Europe/Berlin"}
	if p := good.Check(); p.Any() {
		t.Fatal(p)
	}
	for field, spoil := range map[string]func(*okr.Objective){
		"title": func(o *okr.Objective) { o.Title = strings.Repeat("x", 3000) },
		"owner": func(o *okr.Objective) { o.Owner = "" },
		"last":  func(o *okr.Objective) { o.Period.Last = o.Period.First - 1 },
		"zone":  func(o *okr.Objective) { o.Zone = "Europe/Atlantis" },
	} {
		o := good
		spoil(&o)
		if p := o.Check(); len(p) != 1 || p[field] == "" {
			t.Errorf("%s: %v", field, p)
		}
	}
}

func TestTheFirstProblemOfAFieldStays(t *testing.T) {
	p := okr.Problems{}
	p.Add("title", "")
	if p.Any() {
		t.Fatal(p)
	}
	p.Add("title", "one")
	p.Add("title", "two")
	if len(p) != 1 || p["title"] != "one" {
		t.Error(p)
	}
}

func TestWarnings(t *testing.T) {
	up, down := linear("0", "100", "50"), linear("100", "60", "80")
	least, most := okr.KeyResult{Kind: okr.AtLeast, Target: maybe("95")}, okr.KeyResult{Kind: okr.AtMost, Target: maybe("4")}
	sum, met, rate, bySum := up, linear("100", "60", "60"), up, up
	sum.Method, sum.Integrated = okr.Sum, true
	bySum.Method = okr.Sum
	rate.Method, rate.Committed, rate.Result = okr.HitRate, maybe("60"), okr.Result{Value: maybe("0.5")}
	late, converted := up, up
	late.Integrated, late.ScoreFrequency, late.Cadence.Every, late.Result.AsOf = true, okr.Daily, okr.Daily, 996
	converted.Integrated, converted.Unit = true, "Days"
	scored := func(better string) okr.Scored { return okr.Scored{Better: better} }
	seen := okr.Scored{Unit: "Hours", Low: maybe("1"), High: maybe("1204")}
	const beyond = "The start value lies beyond the data: the scores that were read run from 1\u00a0Hours to 1,204\u00a0Hours."
	for _, row := range []struct {
		name   string
		kr     okr.KeyResult
		source okr.Scored
		want   []string
	}{
		{"up, more is better", up, scored("maximize"), nil},
		{"up, no direction", up, scored(""), nil},
		{"up, less is better", up, scored("minimize"), []string{"For the scorecard less is better, but this target lies above the start."}},
		{"without a start", okr.KeyResult{Kind: okr.Increase, Target: maybe("100")}, scored("minimize"), nil},
		{"down, less is better", down, scored("minimize"), nil},
		{"down, more is better", down, scored("maximize"), []string{"For the scorecard more is better, but this target lies below the start."}},
		{"at least, less is better", least, scored("minimize"), []string{"For the scorecard less is better, but this key result is to stay at least at its target."}},
		{"at most, more is better", most, scored("maximize"), []string{"For the scorecard more is better, but this key result is to stay at most at its target."}},
		{"at most, less is better", most, scored("minimize"), nil},
		{"met already", met, scored("minimize"), []string{"The target is met already."}},
		{"a sum of scores", sum, scored(""), []string{"The scores are added up. If the scorecard is a running total, this counts twice: use the latest value instead."}},
		{"a sum of check-ins", bySum, scored(""), nil},
		{"a score that is late", late, scored(""), []string{"The newest score is of 23 Sep 1972, which is late for daily scores: the key result would be shown as stale."}},
		{"a start beyond the data", up, seen, []string{beyond}},
		{"a start within the data", down, seen, nil},
		{"another unit", converted, seen, []string{beyond, "The scorecard is in Hours and this key result in Days: values are taken over as they are, not converted."}},
		{"a hit rate with a committed result", rate, scored(""), []string{"A hit rate has no use for the committed result: it is kept, but not shown."}},
	} {
		if got := row.kr.Warnings(row.source, 1000); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}
