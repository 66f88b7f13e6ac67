package okr

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Reading is a value on a day.
type Reading struct {
	Day        Day
	Counts     Day // the first day on which it counts, see CountsFrom; 0: a day before its own
	Value      decimal.Decimal
	AsRead     string              // what the source wrote, where Value was rounded; else empty
	Previous   decimal.NullDecimal // before its last restatement
	Restated   bool
	CheckIn    bool // entered by a person
	RecordedAt time.Time
}

// Method decides which value is the result of several readings.
type Method string

// The methods of Calculate Overall Progress.
const (
	Latest  Method = "latest"
	Sum     Method = "sum"
	Average Method = "average"
	Minimum Method = "minimum"
	Maximum Method = "maximum"
	HitRate Method = "hit_rate" // the part of the readings that met the target, 0…1
)

// Methods are all methods, the usual one first.
var Methods = []Method{Latest, Sum, Average, Minimum, Maximum, HitRate}

// Label is the method as a form shows it.
func (m Method) Label() string {
	switch m {
	case Latest:
		return "Latest value"
	case Sum:
		return "Sum of values"
	case Average:
		return "Average of values"
	case Minimum:
		return "Smallest value"
	case Maximum:
		return "Largest value"
	case HitRate:
		return "Hit rate"
	}
	return string(m)
}

// Result is the value that stands for the key result, by its method.
type Result struct {
	Value  decimal.NullDecimal
	AsOf   Day    // of the newest reading counted
	N      int    // readings counted
	ByHand bool   // an override
	AsRead string // what the source wrote where the value is a score that was rounded, and it is known; else empty
}

// meanDigits is how many decimals a mean is kept to: enough to tell a mean from a target that
// one of a hundred thousand readings misses by the smallest number that can be entered.
const meanDigits = 18

// ResultOf is the result of readings by the key result's method, over the days of the period, as far
// as they count today: a score of the future does not. A missing day is missing, not 0; n is how
// many were counted.
func (kr KeyResult) ResultOf(period Period, readings []Reading, today Day) Result {
	var r Result
	var sum, low, high, latest decimal.Decimal
	var asRead string
	hits := 0
	for _, reading := range readings {
		if !period.Contains(reading.Day) || !reading.CountsOn(today) {
			continue
		}
		v := reading.Value
		if r.N == 0 || reading.Day >= r.AsOf {
			r.AsOf, latest, asRead = reading.Day, v, reading.AsRead
		}
		if r.N == 0 {
			low, high = v, v
		}
		low, high, sum = decimal.Min(low, v), decimal.Max(high, v), sum.Add(v)
		if kr.meets(v) {
			hits++
		}
		r.N++
	}
	if r.N == 0 {
		return r
	}
	n := decimal.NewFromInt(int64(r.N))
	switch kr.Method {
	case Sum:
		r.Value = decimal.NewNullDecimal(sum)
	case Average:
		r.Value = decimal.NewNullDecimal(sum.DivRound(n, meanDigits))
	case Minimum:
		r.Value = decimal.NewNullDecimal(low)
	case Maximum:
		r.Value = decimal.NewNullDecimal(high)
	case HitRate:
		r.Value = decimal.NewNullDecimal(decimal.NewFromInt(int64(hits)).DivRound(n, meanDigits))
	default:
		r.Value, r.AsRead = decimal.NewNullDecimal(latest), asRead
	}
	return r
}

// ReadFrom is the result with what the source wrote of it, where it is one of some readings as it is.
func (r Result) ReadFrom(readings []Reading) Result {
	for _, one := range readings {
		if one.Day == r.AsOf && r.Value.Valid && one.Value.Equal(r.Value.Decimal) {
			r.AsRead = one.AsRead
		}
	}
	return r
}

// meets says whether one value is where the key result wants it.
func (kr KeyResult) meets(v decimal.Decimal) bool {
	if !kr.Target.Valid {
		return false
	}
	t, kind := kr.Target.Decimal, kr.Kind
	if kind.Linear() && kr.Start.Valid {
		kind = LinearKind(kr.Start.Decimal, t)
	}
	switch kind {
	case Decrease, AtMost:
		return v.LessThanOrEqual(t)
	case Between:
		return v.GreaterThanOrEqual(t) && kr.Upper.Valid && v.LessThanOrEqual(kr.Upper.Decimal)
	}
	return v.GreaterThanOrEqual(t)
}

// Within are the readings of a period's days.
func Within(period Period, readings []Reading) []Reading {
	var within []Reading
	for _, r := range readings {
		if period.Contains(r.Day) {
			within = append(within, r)
		}
	}
	return within
}

// First is the earliest of some readings; false without any.
func First(readings []Reading) (Reading, bool) {
	if len(readings) == 0 {
		return Reading{}, false
	}
	return slices.MinFunc(readings, func(a, b Reading) int { return cmp.Compare(a.Day, b.Day) }), true
}

// Beginning is the score that a key result starts from: that of its period's first day, else the last
// one before it, else the newest there is today. Early says that it is of no later day than the first;
// ok is false where no score has come yet.
func Beginning(period Period, scores []Reading, today Day) (start Reading, early, ok bool) {
	for _, r := range scores {
		switch before := r.Day <= period.First; {
		case r.CheckIn || !r.CountsOn(today):
		case !ok, before && !early, before == early && r.Day > start.Day:
			start, early, ok = r, before, true
		}
	}
	return start, early, ok
}

// BeginningWords say which score a suggested start is, with its value written out: "Score of 1 Oct, the
// period's first day: 45." Empty without a score.
func BeginningWords(period Period, scores []Reading, today Day, write func(decimal.Decimal) string) string {
	start, early, ok := Beginning(period, scores, today)
	switch {
	case !ok:
		return ""
	case !early || today < period.First:
		return "The current score, of " + start.Day.Short(today) + ": " + write(start.Value) + "."
	case start.Day == period.First:
		return "Score of " + start.Day.Short(today) + ", the period's first day: " + write(start.Value) + "."
	}
	return "Score of " + start.Day.Short(today) + ", the last one before the period: " + write(start.Value) + "."
}

// Range is how far scores reach, what people entered left out; not valid of less than two, which say
// nothing of what is usual.
func Range(readings []Reading) (low, high decimal.NullDecimal) {
	var scores []Reading
	for _, r := range readings {
		if !r.CheckIn {
			scores = append(scores, r)
		}
	}
	if len(scores) < 2 {
		return low, high
	}
	l, h := Extremes(scores)
	return decimal.NewNullDecimal(scores[l].Value), decimal.NewNullDecimal(scores[h].Value)
}

// Extremes are the places of the lowest and the highest of some readings, the earliest of equals.
func Extremes(readings []Reading) (low, high int) {
	for i, r := range readings {
		if r.Value.LessThan(readings[low].Value) {
			low = i
		}
		if r.Value.GreaterThan(readings[high].Value) {
			high = i
		}
	}
	return low, high
}

// Thin keeps at most so many of some readings: the first and the last, the lowest and the highest,
// and evenly between. None is made up or moved.
func Thin(readings []Reading, most int) []Reading {
	if len(readings) <= most || most < 4 {
		return readings[max(0, len(readings)-most):]
	}
	low, high := Extremes(readings)
	keep := map[int]bool{0: true, len(readings) - 1: true, low: true, high: true}
	places := most - len(keep)
	for i := range places {
		keep[(i+1)*(len(readings)-1)/(places+1)] = true
	}
	var kept []Reading
	for i, r := range readings {
		if keep[i] {
			kept = append(kept, r)
		}
	}
	return kept
}

// Flat says whether readings show no movement: there is one at most, or all have one value.
func Flat(readings []Reading) bool {
	return !slices.ContainsFunc(readings, func(r Reading) bool { return !r.Value.Equal(readings[0].Value) })
}

// Was is the reading before the one that is the result, of the newest readings, oldest first; false where
// the result is not one reading, or is the same as before.
func (kr KeyResult) Was(newest []Reading, today Day) (Reading, bool) {
	n := len(newest) - 1
	if n < 1 || kr.Method != Latest || kr.Overridden(today) || !kr.Result.Value.Valid || newest[n].Day != kr.Result.AsOf {
		return Reading{}, false
	}
	return newest[n-1], !newest[n-1].Value.Equal(newest[n].Value)
}
