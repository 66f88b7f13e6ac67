package okr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// CountsFrom is the first day, where the objective is, on which a score counts that covers the days
// from start to end. A day's score counts from its day on, and a day before, since the system can be
// in a zone that is ahead. A longer period's counts while the period runs: from its first day on,
// which lies no further before its last than the source's frequency says.
func CountsFrom(start, end Day, every Frequency) Day {
	if every == Daily || start >= end {
		return end - 1
	}
	longest := every.days()
	if longest == 0 {
		longest = Yearly.days()
	}
	return min(max(start, end-longest+1), end-1)
}

// CountsOn says whether a reading counts on a day: one of the future does not yet.
func (r Reading) CountsOn(today Day) bool {
	return r.Day <= today || r.CountsFrom() <= today
}

// CountsFrom is the first day on which a reading counts.
func (r Reading) CountsFrom() Day {
	if r.Counts == 0 {
		return r.Day - 1
	}
	return r.Counts
}

// Lookback is how many days before a period the latest score of before it is looked for: a quarter, and
// two of the source's own periods.
func (kr KeyResult) Lookback() Day { return max(Quarterly.days(), 2*kr.ScoreFrequency.days()) }

// Counting are the readings that count on a day, in their order.
func Counting(readings []Reading, today Day) []Reading {
	var list []Reading
	for _, r := range readings {
		if r.CountsOn(today) {
			list = append(list, r)
		}
	}
	return list
}

// Ahead are the readings that do not count yet, the next one first.
func Ahead(readings []Reading, today Day) []Reading {
	var list []Reading
	for _, r := range readings {
		if !r.CountsOn(today) {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b Reading) int { return int(a.Day - b.Day) })
	return list
}

// NextAhead is the first day on which a reading counts that does not yet; 0 when there is none.
func NextAhead(readings []Reading, today Day) Day {
	var next Day
	for _, r := range Ahead(readings, today) {
		if from := r.CountsFrom(); next == 0 || from < next {
			next = from
		}
	}
	return next
}

// aheadNamed is how many scores of the future are named; the rest are counted.
const aheadNamed = 3

// AheadWords names the scores that a system holds for days to come: "ServiceNow holds a score of
// 16 Dec: 999. It counts from its day on." Empty where there is none.
func (kr KeyResult) AheadWords(ahead []Reading, system string, today Day) string {
	if len(ahead) == 0 {
		return ""
	}
	named := make([]string, 0, aheadNamed)
	for _, r := range ahead[:min(len(ahead), aheadNamed)] {
		named = append(named, r.Day.Short(today)+": "+kr.Scored(r.Value))
	}
	switch more := len(ahead) - len(named); {
	case len(ahead) == 1:
		return system + " holds a score of " + named[0] + ". It counts from its day on."
	case more > 0:
		return fmt.Sprintf("%s holds scores of %s, and %d more. Each counts from its day on.", system, strings.Join(named, ", "), more)
	}
	return system + " holds scores of " + strings.Join(named, ", ") + ". Each counts from its day on."
}

// ScoreOf says which day a score is of: "score of 22 Nov", and of a period that still runs "week to
// 29 Nov".
func (kr KeyResult) ScoreOf(day, today Day) string { return ScoreOf(kr.ScoreFrequency, day, today) }

// ScoreOf says which day a score is of, by how often its source has one.
func ScoreOf(every Frequency, day, today Day) string {
	if day > today {
		switch every {
		case Weekly:
			return "week to " + day.Short(today)
		case Monthly:
			return "month to " + day.Short(today)
		case Quarterly:
			return "quarter to " + day.Short(today)
		case Yearly:
			return "year to " + day.Short(today)
		}
	}
	return "score of " + day.Short(today)
}

// PaceDay is the day at which the pace is measured: the score's, and today while the score's period runs.
func (kr KeyResult) PaceDay(today Day) Day {
	asOf := kr.Counted(today).AsOf
	if kr.ScoreFrequency.days() > 1 {
		return min(asOf, today)
	}
	return asOf
}

// running says whether a score's period is not over and holds a day.
func (kr KeyResult) running(asOf, day, today Day) bool {
	return asOf > today && asOf-kr.ScoreFrequency.days() < day
}

// Restatement is a day's score that a system changed afterwards.
type Restatement struct {
	Day      Day
	From, To decimal.Decimal
}

// restatedNamed is how many restated days are named; the rest are counted.
const restatedNamed = 3

// NamedRestatements are those that are named where many are: the newest days, the newest first.
func NamedRestatements(list []Restatement) []Restatement {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Restatement) int { return int(b.Day - a.Day) })
	return list[:min(len(list), restatedNamed)]
}

// RestatedWords says what a system changed afterwards, the newest day first: "restated 20 Nov:
// 65 → 30 Hours". Empty where nothing was.
func (kr KeyResult) RestatedWords(list []Restatement, today Day) string {
	if len(list) == 0 {
		return ""
	}
	named := NamedRestatements(list)
	parts := make([]string, len(named))
	for i, r := range named {
		parts[i] = r.Day.Short(today) + ": " + kr.change(r.From, r.To)
	}
	says := "restated " + strings.Join(parts, ", ")
	if more := len(list) - len(named); more > 0 {
		says += ", and " + CountWords(more, "more day")
	}
	return says
}

// UndatedWords says that a system gave a value without a date, which cannot be kept: empty where it is
// the value that is known with its date.
func (kr KeyResult) UndatedWords(v decimal.NullDecimal, system string) string {
	known := kr.Result.Value
	if !known.Valid {
		known = kr.Before.Value
	}
	if !v.Valid || known.Valid && known.Decimal.Equal(v.Decimal) {
		return ""
	}
	return system + " gave " + kr.Scored(v.Decimal) + " without a date, so it was not taken"
}

// EarlierWords says that a scorecard has no score that a key result counts or shows, and of when its newest is.
func EarlierWords(newest, today Day) string {
	return "its newest score, of " + newest.Short(today) + ", is from before the period"
}

// change writes two scores with the unit once: "65 → 30 Hours".
func (kr KeyResult) change(from, to decimal.Decimal) string {
	after := kr.Scored(to)
	if bare := FormatValue(to, "", kr.places()); strings.HasPrefix(after, bare) {
		return FormatValue(from, "", kr.places()) + " → " + after
	}
	return kr.Scored(from) + " → " + after // the unit stands before
}
