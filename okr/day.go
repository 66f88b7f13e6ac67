// Package okr is what the bot is about: objectives, key results, readings, and the rules of their
// numbers. It is pure: no clock, no context, no input or output.
package okr

import (
	"fmt"
	"math"
	"time"
)

// Day is a calendar day without a zone, counted from 1 January 1970.
type Day int32

// DayOf is the calendar day that t shows in its own location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads "2026-11-22". The error is a sentence for the field.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, Sentence("Write the day as year, month and day: 2026-11-22.")
	}
	return DayOf(t), nil
}

// Time is midnight UTC of the day.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String is the day as ISO 8601 writes it: "2026-11-22".
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Words is the day as people read it: "22 Nov 2026".
func (d Day) Words() string { return d.Time().Format("2 Jan 2006") }

// Short leaves the year out when it is that of now: "22 Nov".
func (d Day) Short(now Day) string {
	if d.Time().Year() == now.Time().Year() {
		return d.Time().Format("2 Jan")
	}
	return d.Words()
}

// Period is a span of days, both ends included.
type Period struct{ First, Last Day }

// Everything is the period of all days.
var Everything = Period{First: math.MinInt32, Last: math.MaxInt32}

// QuarterOf is the calendar quarter that holds a day.
func QuarterOf(d Day) Period {
	t := d.Time()
	first := time.Date(t.Year(), (t.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	return Period{First: DayOf(first), Last: DayOf(first.AddDate(0, 3, -1))}
}

// Quarter is a quarter of a year, 1 to 4.
func Quarter(year, quarter int) Period {
	return QuarterOf(DayOf(time.Date(year, time.Month(3*quarter), 1, 0, 0, 0, 0, time.UTC)))
}

// YearOf is a calendar year.
func YearOf(year int) Period {
	return Period{First: DayOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)), Last: DayOf(time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC))}
}

// NextQuarter is the calendar quarter after the one that holds a day.
func NextQuarter(d Day) Period { return QuarterOf(QuarterOf(d).Last + 1) }

// Contains says whether a day lies in the period.
func (p Period) Contains(d Day) bool { return p.First <= d && d <= p.Last }

// ValueDay is the day that a value which people enter today counts for: today, or the last day of a
// period that is over.
func (p Period) ValueDay(today Day) Day { return min(today, p.Last) }

// CheckValueDay finds what is wrong with the day of a value that people enter: one of after the period
// would count for nothing. The sentence is for the day's field.
func (p Period) CheckValueDay(d Day) string {
	if d > p.Last {
		return "The objective's period ended on " + p.Last.Words() + ". Choose that day or an earlier one."
	}
	return ""
}

// ValueWords say what a value that people enter on a day counts for, where that is not plain.
func (p Period) ValueWords(d Day) string {
	switch {
	case d < p.First:
		return "Its day is before the period, so it does not count: the objective begins on " + p.First.Words() + "."
	case d > p.Last:
		return "It counts for " + p.Last.Words() + ", the last day of the objective's period."
	}
	return ""
}

// Words is "Q4 2026" for a calendar quarter, else both days.
func (p Period) Words() string {
	if p == QuarterOf(p.First) {
		t := p.First.Time()
		return fmt.Sprintf("Q%d %d", (int(t.Month())-1)/3+1, t.Year())
	}
	if p.First == p.Last {
		return p.First.Words()
	}
	return p.First.Short(p.Last) + " – " + p.Last.Words()
}
