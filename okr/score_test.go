package okr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
)

func TestAScoreCountsFromItsDayOn(t *testing.T) {
	today := day(t, "2026-11-26") // a Thursday
	for _, row := range []struct {
		what       string
		start, end string
		every      okr.Frequency
		counts     bool
		from       string
	}{
		{"yesterday's", "2026-11-25", "2026-11-25", okr.Daily, true, "2026-11-24"},
		{"today's", "2026-11-26", "2026-11-26", okr.Daily, true, "2026-11-25"},
		{"tomorrow's, of a zone ahead", "2026-11-27", "2026-11-27", okr.Daily, true, "2026-11-26"},
		{"two days ahead", "2026-11-28", "2026-11-28", okr.Daily, false, "2026-11-27"},
		{"a planned one", "2026-12-16", "2026-12-16", okr.Daily, false, "2026-12-15"},
		{"a daily one says when it began", "2026-11-01", "2026-12-16", okr.Daily, false, "2026-12-15"},
		{"the running week's", "2026-11-23", "2026-11-29", okr.Weekly, true, "2026-11-23"},
		{"next week's", "2026-11-30", "2026-12-06", okr.Weekly, false, "2026-11-30"},
		{"a week that says it began long ago", "2020-01-01", "2026-12-16", okr.Weekly, false, "2026-12-10"},
		{"a week without its first day", "2026-11-29", "2026-11-29", okr.Weekly, false, "2026-11-28"},
		{"the running month's", "2026-11-01", "2026-11-30", okr.Monthly, true, "2026-11-01"},
		{"next month's", "2026-12-01", "2026-12-31", okr.Monthly, false, "2026-12-01"},
		{"the running quarter's", "2026-10-01", "2026-12-31", okr.Quarterly, true, "2026-10-01"},
		{"the running year's", "2026-01-01", "2026-12-31", okr.Yearly, true, "2026-01-01"},
		{"next year's", "2027-01-01", "2027-12-31", okr.Yearly, false, "2027-01-01"},
		{"a running period of unknown length", "2026-11-16", "2026-11-29", "", true, "2026-11-16"},
		{"turned around", "2026-12-20", "2026-12-16", okr.Monthly, false, "2026-12-15"},
	} {
		end := day(t, row.end)
		from := okr.CountsFrom(day(t, row.start), end, row.every)
		if from != day(t, row.from) {
			t.Errorf("%s counts from %s, want %s", row.what, from, row.from)
		}
		if got := (okr.Reading{Day: end, Counts: from}).CountsOn(today); got != row.counts {
			t.Errorf("%s counts: %v, want %v", row.what, got, row.counts)
		}
	}
	if (okr.Reading{Day: today + 2}).CountsOn(today) || !(okr.Reading{Day: today + 1}).CountsOn(today) {
		t.Error("where nothing is known of its period, a score counts a day before its own")
	}
}

// Whatever the method: what is of the future makes no result, and all of it once its day has come.
func TestTheFutureMakesNoResult(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kr := okr.KeyResult{Kind: okr.AtMost, Target: maybe("50"), Method: rapid.SampledFrom(okr.Methods).Draw(t, "method")}
		readings := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) okr.Reading {
			end := first + okr.Day(rapid.IntRange(0, 100).Draw(t, "day"))
			start := end - okr.Day(rapid.IntRange(0, 40).Draw(t, "length"))
			every := rapid.SampledFrom([]okr.Frequency{okr.Daily, okr.Weekly, okr.Monthly, ""}).Draw(t, "every")
			return okr.Reading{Day: end, Counts: okr.CountsFrom(start, end, every), Value: decimal.New(rapid.Int64Range(-999, 999).Draw(t, "value"), 0)}
		}), 0, 30, func(r okr.Reading) okr.Day { return r.Day }).Draw(t, "readings")
		today := first + okr.Day(rapid.IntRange(-5, 105).Draw(t, "today"))
		counting, ahead := okr.Counting(readings, today), okr.Ahead(readings, today)
		if len(counting)+len(ahead) != len(readings) {
			t.Fatalf("%d count and %d do not, of %d", len(counting), len(ahead), len(readings))
		}
		got := kr.ResultOf(hundred, readings, today)
		if want := kr.ResultOf(hundred, counting, last+100); got.N != want.N || got.AsOf != want.AsOf || !okr.Same(got.Value, want.Value) {
			t.Fatalf("the result is %+v, without the future %+v", got, want)
		}
		next := okr.NextAhead(readings, today)
		if (next == 0) != (len(ahead) == 0) {
			t.Fatalf("the next one counts from %s, %d are ahead", next, len(ahead))
		}
		if next == 0 {
			return
		}
		if next <= today {
			t.Fatalf("%s is not after %s", next, today)
		}
		if n := len(okr.Ahead(readings, next)); n >= len(ahead) {
			t.Fatalf("none more counts on %s", next)
		}
		if n := len(okr.Ahead(readings, next-1)); n != len(ahead) {
			t.Fatalf("one counts before %s", next)
		}
	})
}

func TestADateIsSaidOfItsPeriod(t *testing.T) {
	today := day(t, "2026-11-26")
	for _, row := range []struct {
		every okr.Frequency
		day   string
		want  string
	}{
		{okr.Daily, "2026-11-25", "score of 25 Nov"},
		{okr.Daily, "2026-11-27", "score of 27 Nov"},
		{okr.Weekly, "2026-11-29", "week to 29 Nov"},
		{okr.Weekly, "2026-11-22", "score of 22 Nov"},
		{okr.Monthly, "2026-11-30", "month to 30 Nov"},
		{okr.Quarterly, "2026-12-31", "quarter to 31 Dec"},
		{okr.Yearly, "2026-12-31", "year to 31 Dec"},
		{okr.Yearly, "2025-12-31", "score of 31 Dec 2025"},
		{"", "2026-11-29", "score of 29 Nov"},
	} {
		if got := okr.ScoreOf(row.every, day(t, row.day), today); got != row.want {
			t.Errorf("%s of %s: %q, want %q", row.every, row.day, got, row.want)
		}
	}
}

func TestScoresOfTheFutureAreNamed(t *testing.T) {
	today := day(t, "2026-11-26")
	kr := okr.KeyResult{Unit: "Hours"}
	var ahead []okr.Reading
	for i, want := range []string{
		"",
		"Acme holds a score of 16 Dec: 999\u00a0Hours. It counts from its day on.",
		"Acme holds scores of 16 Dec: 999\u00a0Hours, 17 Dec: 998\u00a0Hours. Each counts from its day on.",
		"Acme holds scores of 16 Dec: 999\u00a0Hours, 17 Dec: 998\u00a0Hours, 18 Dec: 997\u00a0Hours. Each counts from its day on.",
		"Acme holds scores of 16 Dec: 999\u00a0Hours, 17 Dec: 998\u00a0Hours, 18 Dec: 997\u00a0Hours, and 1 more. Each counts from its day on.",
	} {
		if got := kr.AheadWords(ahead, "Acme", today); got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
		ahead = append(ahead, okr.Reading{Day: today + 20 + okr.Day(i), Value: decimal.NewFromInt(int64(999 - i))})
	}
}

func TestARestatementSaysWhichDay(t *testing.T) {
	today := day(t, "2026-11-26")
	one := func(on, from, to string) okr.Restatement {
		return okr.Restatement{Day: day(t, on), From: decimal.RequireFromString(from), To: decimal.RequireFromString(to)}
	}
	for _, row := range []struct {
		unit string
		list []okr.Restatement
		want string
	}{
		{"#", nil, ""},
		{"#", []okr.Restatement{one("2026-11-20", "65", "30")}, "restated 20 Nov: 65 → 30"},
		{"Hours", []okr.Restatement{one("2026-11-23", "38", "31")}, "restated 23 Nov: 38 → 31\u00a0Hours"},
		{"$", []okr.Restatement{one("2026-11-23", "38", "31")}, "restated 23 Nov: $38 → $31"},
		{"#", []okr.Restatement{one("2026-11-20", "1", "2"), one("2026-11-22", "3", "4"), one("2026-11-21", "5", "6")},
			"restated 22 Nov: 3 → 4, 21 Nov: 5 → 6, 20 Nov: 1 → 2"},
		{"#", []okr.Restatement{one("2026-11-20", "1", "2"), one("2026-11-22", "3", "4"), one("2026-11-21", "5", "6"), one("2026-11-19", "7", "8")},
			"restated 22 Nov: 3 → 4, 21 Nov: 5 → 6, 20 Nov: 1 → 2, and 1 more day"},
		{"#", []okr.Restatement{one("2026-11-20", "1", "2"), one("2026-11-22", "3", "4"), one("2026-11-21", "5", "6"), one("2026-11-19", "7", "8"), one("2026-11-18", "7", "8")},
			"restated 22 Nov: 3 → 4, 21 Nov: 5 → 6, 20 Nov: 1 → 2, and 2 more days"},
	} {
		kr := okr.KeyResult{Unit: row.unit}
		if got := kr.RestatedWords(row.list, today); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}

func TestAPeriodWithoutItsFirstScoreIsOrdinary(t *testing.T) {
	q1 := okr.Period{First: day(t, "2027-01-01"), Last: day(t, "2027-03-31")}
	read := func(score, cadence okr.Frequency, offset int) okr.KeyResult {
		kr := linear("100", "0", "")
		kr.Integrated, kr.ScoreFrequency = true, score
		kr.Cadence = okr.Cadence{Every: cadence, Offset: offset}
		kr.SyncedAt = q1.First.Time()
		return kr
	}
	late := func(kr okr.KeyResult) okr.KeyResult { kr.Made = day(t, "2027-02-10"); return kr }
	unread := func(kr okr.KeyResult) okr.KeyResult { kr.SyncedAt = time.Time{}; return kr }
	for _, row := range []struct {
		what  string
		kr    okr.KeyResult
		today string
		want  okr.Status
		says  string
	}{
		{"before the first day", read(okr.Daily, okr.Daily, 0), "2026-12-31", okr.NotStarted, "the period begins on 1 Jan 2027"},
		{"the first day", read(okr.Daily, okr.Daily, 0), "2027-01-01", okr.NoData, "first score expected by 2 Jan"},
		{"the day it is expected", read(okr.Daily, okr.Daily, 0), "2027-01-02", okr.NoData, "first score expected by 2 Jan"},
		{"late", read(okr.Daily, okr.Daily, 0), "2027-01-03", okr.Stale, "no score since 1 Jan, the first was expected by 2 Jan"},
		{"weekly", read(okr.Weekly, okr.Weekly, 0), "2027-01-08", okr.NoData, "first score expected by 8 Jan"},
		{"weekly, late", read(okr.Weekly, okr.Weekly, 0), "2027-01-09", okr.Stale, "no score since 1 Jan, the first was expected by 8 Jan"},
		{"read weekly", read(okr.Daily, okr.Weekly, 0), "2027-01-08", okr.NoData, "first score expected by 8 Jan"},
		{"monthly, five days after the close", read(okr.Monthly, okr.Monthly, 5), "2027-02-06", okr.NoData, "first score expected by 6 Feb"},
		{"monthly, late", read(okr.Monthly, okr.Monthly, 5), "2027-02-07", okr.Stale, "no score since 1 Jan, the first was expected by 6 Feb"},
		{"quarterly", read(okr.Quarterly, okr.Quarterly, 0), "2027-03-31", okr.NoData, "first score expected by 3 Apr"},
		{"added in its midst", late(read(okr.Daily, okr.Daily, 0)), "2027-02-11", okr.NoData, "first score expected by 11 Feb"},
		{"added in its midst, late", late(read(okr.Daily, okr.Daily, 0)), "2027-02-12", okr.Stale, "no score since 1 Jan, the first was expected by 11 Feb"},
		{"nobody knows how often", read("", okr.Daily, 0), "2027-03-01", okr.NoData, "no score in this period yet"},
		{"never read", unread(read(okr.Daily, okr.Daily, 0)), "2027-02-01", okr.NoData, ""},
		{"over", read(okr.Daily, okr.Daily, 0), "2027-04-01", okr.NoData, ""},
		{"updated by people", linear("100", "0", ""), "2027-02-01", okr.NoData, ""},
	} {
		today := day(t, row.today)
		if got := row.kr.Standing(q1, today).Status; got != row.want {
			t.Errorf("%s: %s, want %s", row.what, got, row.want)
		}
		if got := row.kr.Awaited(q1, today); got != row.says {
			t.Errorf("%s: %q, want %q", row.what, got, row.says)
		}
	}
	kr := read(okr.Daily, okr.Daily, 0)
	kr.Before = okr.Result{Value: maybe("50.7"), AsOf: day(t, "2026-12-28")}
	kr.Unit, kr.Precision = "Hours", 1
	if got := kr.BeforeWords(q1.First); got != "50.7\u00a0Hours, score of 28 Dec 2026" {
		t.Errorf("the latest score of before: %q", got)
	}
	kr.Result.Value = maybe("1")
	if got := kr.BeforeWords(q1.First); got != "" {
		t.Errorf("with a score of its own: %q", got)
	}
}

// The score of a week that still runs is measured today, and is no newer than a value that somebody
// enters within that week.
func TestARunningWeekIsMeasuredToday(t *testing.T) {
	kr := scored("40", first+53)
	kr.Integrated, kr.ScoreFrequency, kr.Cadence.Every = true, okr.Weekly, okr.Weekly
	today := first + 50
	if s := kr.Standing(hundred, today); s.Expected.Decimal.String() != "0.5" || s.Status != okr.OnTrack {
		t.Errorf("expected %s, %s", s.Expected.Decimal, s.Status)
	}
	if why := says(kr.Why(hundred, today, nil)); !strings.Contains(strings.Join(why, "\n"), "50 of 100 days") {
		t.Errorf("why: %q", why)
	}
	o := okr.Override{Value: maybe("45"), Day: today, Reason: "counted twice"}
	if p := kr.CheckOverride(o, hundred, today); len(p) > 0 {
		t.Errorf("a value for today is refused: %v", p)
	}
	kr.Override = o
	for _, row := range []struct {
		asOf, today okr.Day
		stands      bool
	}{
		{first + 53, today, true},
		{first + 53, today + 2, true},
		{first + 53, first + 53, false}, // the week is over: its score is of a later day
		{first + 60, first + 55, false}, // of the next week
	} {
		kr.Result.AsOf = row.asOf
		if got := kr.Overridden(row.today); got != row.stands {
			t.Errorf("with the week to day %d, on day %d it stands: %v", row.asOf-first, row.today-first, got)
		}
	}
}
