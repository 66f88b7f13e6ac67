package okr_test

import (
	"strings"
	"testing"

	"okrbot/okr"
)

// read is an integrated key result from 0 to 100 that read 40 at half of the period.
func read(o okr.Override) okr.KeyResult {
	kr := scored("40", first+50)
	kr.Integrated, kr.ScoreFrequency, kr.Cadence.Every, kr.Result.N = true, okr.Daily, okr.Daily, 7
	kr.Override = o
	return kr
}

func TestAnOverrideCountsUntilItIsOver(t *testing.T) {
	once := okr.Override{Value: maybe("60"), Day: first + 50, Reason: "the import doubled them", By: "U1"}
	until := once
	until.Until = first + 60
	earlier := once
	earlier.Day = first + 49
	closed := func(o okr.Override) okr.KeyResult {
		kr := read(o)
		kr.Closed = true
		return kr
	}
	for _, row := range []struct {
		name  string
		kr    okr.KeyResult
		today okr.Day
		want  string
		by    bool
	}{
		{"none", read(okr.Override{}), first + 50, "40", false},
		{"once", read(once), first + 50, "60", true},
		{"once, and no newer score comes", read(once), first + 52, "60", true},
		{"once, and a newer score came", read(earlier), first + 50, "40", false},
		{"until a date", read(until), first + 60, "60", true},
		{"until yesterday", read(until), first + 61, "40", false},
		{"closed out while it stood", closed(until), first + 99, "60", true},
	} {
		got := row.kr.Counted(row.today)
		if !same(got.Value, maybe(row.want)) || got.ByHand != row.by || row.kr.Overridden(row.today) != row.by {
			t.Errorf("%s: %+v, want %s", row.name, got, row.want)
		}
		if p := row.kr.Standing(hundred, row.today).Progress; !p.Decimal.Equal(number(row.want).Shift(-2)) {
			t.Errorf("%s: progress %s", row.name, text(p))
		}
		if !same(row.kr.Result.Value, maybe("40")) {
			t.Errorf("%s: the score is lost", row.name)
		}
	}
	people := read(once)
	people.Integrated = false
	if people.Overridden(first + 50) {
		t.Error("what people update has nothing to stand in for")
	}
	// What stands until a date is nobody's old score; what was entered once grows old like one.
	if got := read(until).Standing(hundred, first+60).Status; got != okr.OnTrack {
		t.Errorf("until a date it is %s", got)
	}
	if got := read(once).Standing(hundred, first+60).Status; got != okr.Stale {
		t.Errorf("entered once, ten days later it is %s", got)
	}
	if got := read(once).CountedWords(first + 50); got != "60 (by hand)" {
		t.Error(got)
	}
	if got := once.Words(read(once), first+50); got != "the import doubled them. It counts until a newer score arrives." {
		t.Error(got)
	}
	if got := until.Words(read(until), first+50); got != "the import doubled them. It counts until 26 Nov." {
		t.Error(got)
	}
}

func TestOverrideProblems(t *testing.T) {
	good := okr.Override{Value: maybe("60"), Day: first + 50, Until: first + 60, Reason: "the import doubled them"}
	if p := read(okr.Override{}).CheckOverride(good, hundred, first+50); p.Any() {
		t.Fatal(p)
	}
	for _, row := range []struct {
		field string
		spoil func(*okr.KeyResult, *okr.Override)
	}{
		{"result", func(_ *okr.KeyResult, o *okr.Override) { o.Value = maybe("") }},
		{"result", func(_ *okr.KeyResult, o *okr.Override) { o.Value = maybe("1234567890123456789") }},
		{"result", func(kr *okr.KeyResult, _ *okr.Override) { kr.Method = okr.HitRate }},
		{"day", func(_ *okr.KeyResult, o *okr.Override) { o.Day = first + 51 }},
		{"day", func(_ *okr.KeyResult, o *okr.Override) { o.Day = first - 1 }},
		{"day", func(_ *okr.KeyResult, o *okr.Override) { o.Day, o.Until = first+49, 0 }}, // it would count for nothing
		{"until", func(_ *okr.KeyResult, o *okr.Override) { o.Until = first + 49 }},
		{"reason", func(_ *okr.KeyResult, o *okr.Override) { o.Reason = "" }},
		{"reason", func(_ *okr.KeyResult, o *okr.Override) { o.Reason = strings.Repeat("ü", okr.MaxReason+1) }},
	} {
		kr, o := read(okr.Override{}), good
		row.spoil(&kr, &o)
		if p := kr.CheckOverride(o, hundred, first+50); len(p) != 1 || p[row.field] == "" {
			t.Errorf("%s: %v", row.field, p)
		}
	}
}

// Whatever is refused of a day, the sentence says what is taken: before the period nothing is, and a score that
// is dated tomorrow, as clocks have it elsewhere, stands in nobody's way today.
func TestTheDayOfAnOverride(t *testing.T) {
	once := okr.Override{Value: maybe("60"), Day: first + 50, Reason: "the import doubled them"}
	ahead := read(okr.Override{})
	ahead.Result.AsOf = first + 51
	for _, row := range []struct {
		name  string
		kr    okr.KeyResult
		day   okr.Day
		today okr.Day
		says  string // empty: it is taken
	}{
		{"today", read(okr.Override{}), first + 50, first + 50, ""},
		{"today, and the score is of tomorrow", ahead, first + 50, first + 50, ""},
		{"yesterday, and the score is of tomorrow", ahead, first + 49, first + 50, "There is a newer score, of 17 Nov 1972. Choose today, or let the value stand until a date."},
		{"yesterday, and the score is of today", read(okr.Override{}), first + 49, first + 50, "There is a newer score, of 16 Nov 1972. Choose today, or let the value stand until a date."},
		{"days ago, and the score is of yesterday", read(okr.Override{}), first + 40, first + 51, "There is a newer score, of 16 Nov 1972. Choose that day or a later one, or let the value stand until a date."},
		{"before the period", read(okr.Override{}), first - 3, first - 3, "The objective's period begins on 27 Sep 1972. Enter a value from then on."},
		{"before the period, an earlier day", read(okr.Override{}), first - 5, first - 3, "The objective's period begins on 27 Sep 1972. Enter a value from then on."},
	} {
		o := once
		o.Day = row.day
		if p := row.kr.CheckOverride(o, hundred, row.today); p["day"] != row.says {
			t.Errorf("%s: %v", row.name, p)
		}
	}
	ahead.Override = once
	if !ahead.Overridden(first + 50) {
		t.Error("a score of tomorrow stands against a value of today")
	}
	if ahead.Overridden(first + 51) {
		t.Error("a value of yesterday stands against a score of today")
	}
}

func TestConfidenceStandsBesideTheStatus(t *testing.T) {
	for _, row := range []struct {
		level  okr.Level
		status okr.Status
		flag   bool
	}{
		{okr.High, okr.OnTrack, false}, {okr.High, okr.Behind, true}, {okr.High, okr.AtRisk, true}, {okr.High, okr.Stale, false},
		{okr.Medium, okr.AtRisk, false}, {okr.Medium, okr.OnTrack, false},
		{okr.Low, okr.OnTrack, true}, {okr.Low, okr.AtRisk, false}, {okr.Low, okr.Achieved, false}, {"", okr.AtRisk, false},
	} {
		if got := (okr.Confidence{Level: row.level}).Disagrees(row.status); got != row.flag {
			t.Errorf("%q and %s: %t", row.level, row.status, got)
		}
	}
	for _, l := range okr.Levels {
		if l.Word() == "" {
			t.Errorf("%s has no word", l)
		}
	}
	kr := scored("10", first+50)
	before := kr.Standing(hundred, first+50).Status
	kr.Confidence = okr.Confidence{Level: okr.High}
	if after := kr.Standing(hundred, first+50).Status; after != before {
		t.Errorf("confidence made %s of %s", after, before)
	}
}

func TestThresholdsAreTheWorkspaces(t *testing.T) {
	kr := scored("30", first+50) // 20 points behind
	for _, row := range []struct {
		t    okr.Thresholds
		want okr.Status
	}{
		{okr.Thresholds{}, okr.Behind}, {okr.DefaultThresholds, okr.Behind},
		{okr.Thresholds{OnTrack: 20, Behind: 30}, okr.OnTrack}, {okr.Thresholds{OnTrack: 19, Behind: 20}, okr.Behind},
		{okr.Thresholds{OnTrack: 0, Behind: 19}, okr.AtRisk},
	} {
		kr.Thresholds = row.t
		if got := kr.Standing(hundred, first+50).Status; got != row.want {
			t.Errorf("%s: %s, want %s", row.t.Words(), got, row.want)
		}
	}
	kr.Thresholds = okr.Thresholds{OnTrack: 15, Behind: 30, Hysteresis: 5}
	if got := kr.Standing(hundred, first+50).Settled(okr.OnTrack); got != okr.OnTrack {
		t.Errorf("within the workspace's hysteresis %s is told", got)
	}
	for _, row := range []struct {
		t     okr.Thresholds
		field string
	}{
		{okr.DefaultThresholds, ""}, {okr.Thresholds{OnTrack: 0, Behind: 1}, ""}, {okr.Thresholds{OnTrack: 99, Behind: 100, Hysteresis: 10}, ""},
		{okr.Thresholds{OnTrack: -1, Behind: 5}, "on_track"}, {okr.Thresholds{OnTrack: 10, Behind: 101}, "behind"},
		{okr.Thresholds{OnTrack: 10, Behind: 10}, "behind"}, {okr.Thresholds{OnTrack: 10, Behind: 20, Hysteresis: 11}, "hysteresis"},
	} {
		p := row.t.Check()
		if len(p) > 1 || p.Any() != (row.field != "") || row.field != "" && p[row.field] == "" {
			t.Errorf("%+v: %v, want a problem at %q", row.t, p, row.field)
		}
	}
}
