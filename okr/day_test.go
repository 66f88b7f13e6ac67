package okr_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"okrbot/okr"
)

func day(t testing.TB, s string) okr.Day {
	t.Helper()
	d, err := okr.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func period(t testing.TB, first, last string) okr.Period {
	t.Helper()
	return okr.Period{First: day(t, first), Last: day(t, last)}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestADayIsTheOneThatTheClockShows(t *testing.T) {
	late := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	for where, want := range map[string]string{"UTC": "2026-11-22", "Europe/Berlin": "2026-11-23", "America/Santiago": "2026-11-22"} {
		if got := okr.DayOf(late.In(zone(t, where))); got != day(t, want) {
			t.Errorf("in %s it is %s, want %s", where, got, want)
		}
	}
	if before := okr.DayOf(time.Date(1969, 12, 31, 23, 59, 0, 0, time.UTC)); before != -1 {
		t.Errorf("the day before 1970 is %d, want -1", before)
	}
}

func TestADayIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := okr.Day(rapid.Int32Range(-100_000, 1_000_000).Draw(t, "day"))
		again, err := okr.ParseDay(d.String())
		if err != nil || again != d || okr.DayOf(d.Time()) != d {
			t.Fatalf("%d is written %s and read as %d (%v)", d, d, again, err)
		}
	})
	for _, wrong := range []string{"", "2026-02-29", "22.11.2026", "2026-1-2", "2026-11-22T00:00:00Z", "tomorrow"} {
		if d, err := okr.ParseDay(wrong); err == nil {
			t.Errorf("%q was read as %s", wrong, d)
		}
	}
}

func TestDaysInWords(t *testing.T) {
	d := day(t, "2026-11-02")
	if got := d.Words(); got != "2 Nov 2026" {
		t.Error(got)
	}
	if got := d.Short(day(t, "2026-01-01")); got != "2 Nov" {
		t.Error(got)
	}
	if got := d.Short(day(t, "2027-01-01")); got != "2 Nov 2026" {
		t.Error(got)
	}
}

func TestQuarters(t *testing.T) {
	for _, row := range []struct{ day, first, last, words, next string }{
		{"2026-01-01", "2026-01-01", "2026-03-31", "Q1 2026", "Q2 2026"},
		{"2026-11-22", "2026-10-01", "2026-12-31", "Q4 2026", "Q1 2027"},
		{"2028-02-29", "2028-01-01", "2028-03-31", "Q1 2028", "Q2 2028"},
		{"2026-06-30", "2026-04-01", "2026-06-30", "Q2 2026", "Q3 2026"},
	} {
		q := okr.QuarterOf(day(t, row.day))
		if q != period(t, row.first, row.last) || q.Words() != row.words {
			t.Errorf("the quarter of %s is %s, %s to %s", row.day, q.Words(), q.First, q.Last)
		}
		if next := okr.NextQuarter(day(t, row.day)).Words(); next != row.next {
			t.Errorf("after %s comes %s, want %s", row.words, next, row.next)
		}
	}
}

func TestAPeriodHasBothItsEnds(t *testing.T) {
	p := period(t, "2026-10-05", "2026-11-22")
	for d, want := range map[string]bool{"2026-10-04": false, "2026-10-05": true, "2026-11-22": true, "2026-11-23": false} {
		if p.Contains(day(t, d)) != want {
			t.Errorf("contains %s: %t", d, !want)
		}
	}
	for _, row := range []struct{ first, last, words string }{
		{"2026-10-05", "2026-11-22", "5 Oct – 22 Nov 2026"},
		{"2026-12-01", "2027-01-31", "1 Dec 2026 – 31 Jan 2027"},
		{"2026-12-01", "2026-12-01", "1 Dec 2026"},
		{"2026-01-01", "2026-12-31", "1 Jan – 31 Dec 2026"},
	} {
		if got := period(t, row.first, row.last).Words(); got != row.words {
			t.Errorf("%s to %s is %q, want %q", row.first, row.last, got, row.words)
		}
	}
}
