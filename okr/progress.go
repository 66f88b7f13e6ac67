package okr

import (
	"github.com/shopspring/decimal"
)

var (
	zero = decimal.Zero
	one  = decimal.NewFromInt(1)
)

// division is how many decimals a quotient is kept to: more than any figure shown.
const division = 12

// fraction is (v − a) / (b − a), raw: below 0 and above 1 as it comes. Not valid when a = b.
func fraction(a, b, v decimal.Decimal) decimal.NullDecimal {
	span := b.Sub(a)
	if span.IsZero() {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(v.Sub(a).DivRound(span, division))
}

// Clamp cuts a progress to 0…1, for bars and roll-ups. Text shows it raw.
func Clamp(p decimal.Decimal) decimal.Decimal {
	return decimal.Max(zero, decimal.Min(one, p))
}

// ResultOf is the result of readings by the key result's method, over the days of the period. A
// missing day is missing, not 0; n is how many were counted.
func (kr KeyResult) ResultOf(period Period, readings []Reading) Result {
	var r Result
	var sum, low, high, latest decimal.Decimal
	hits := 0
	for _, reading := range readings {
		if !period.Contains(reading.Day) {
			continue
		}
		v := reading.Value
		if r.N == 0 || reading.Day >= r.AsOf {
			r.AsOf, latest = reading.Day, v
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
		r.Value = decimal.NewNullDecimal(sum.DivRound(n, division))
	case Minimum:
		r.Value = decimal.NewNullDecimal(low)
	case Maximum:
		r.Value = decimal.NewNullDecimal(high)
	case HitRate:
		r.Value = decimal.NewNullDecimal(decimal.NewFromInt(int64(hits)).DivRound(n, division))
	default:
		r.Value = decimal.NewNullDecimal(latest)
	}
	return r
}

// meets says whether one value is where the key result wants it.
func (kr KeyResult) meets(v decimal.Decimal) bool {
	if !kr.Target.Valid {
		return false
	}
	t := kr.Target.Decimal
	switch kr.Kind {
	case Decrease, AtMost:
		return v.LessThanOrEqual(t)
	case Between:
		return v.GreaterThanOrEqual(t) && kr.Upper.Valid && v.LessThanOrEqual(kr.Upper.Decimal)
	}
	return v.GreaterThanOrEqual(t)
}

// progress is raw: (v − s) / (t − s), or 0 and 1 for the kinds that stay. A hit rate is its own
// progress. Not valid without a result, and for a baseline.
func (kr KeyResult) progress() decimal.NullDecimal {
	if !kr.Result.Value.Valid {
		return decimal.NullDecimal{}
	}
	v := kr.Result.Value.Decimal
	if kr.Method == HitRate && kr.Kind != Baseline {
		return decimal.NewNullDecimal(v)
	}
	switch kr.Kind {
	case Increase, Decrease:
		if !kr.Start.Valid || !kr.Target.Valid {
			return decimal.NullDecimal{}
		}
		return fraction(kr.Start.Decimal, kr.Target.Decimal, v)
	case AtLeast, AtMost, Between:
		if kr.meets(v) {
			return decimal.NewNullDecimal(one)
		}
		return decimal.NewNullDecimal(zero)
	}
	return decimal.NullDecimal{}
}

// Standing is how a key result stands on a day.
type Standing struct {
	Progress          decimal.NullDecimal // raw
	Bar               decimal.Decimal     // 0…1
	Expected          decimal.NullDecimal // pace at the score's day, 0…1
	Gap               decimal.NullDecimal // expected − progress
	CommittedTick     decimal.NullDecimal // where the committed result is on the bar
	CommittedProgress decimal.NullDecimal // raw, towards the committed result
	CommittedMet      bool
	Status            Status
}

// Standing computes how the key result stands: its progress, its pace at the as-of day of the
// score, and its status today.
func (kr KeyResult) Standing(period Period, today Day) Standing {
	s := Standing{Progress: kr.progress()}
	if s.Progress.Valid {
		s.Bar = Clamp(s.Progress.Decimal)
	}
	if kr.Result.Value.Valid {
		s.Expected = decimal.NewNullDecimal(expected(period, kr.Result.AsOf))
	}
	if s.Progress.Valid && s.Expected.Valid {
		s.Gap = decimal.NewNullDecimal(s.Expected.Decimal.Sub(s.Progress.Decimal))
	}
	if kr.Kind.Linear() && kr.Committed.Valid && kr.Start.Valid && kr.Target.Valid {
		s.CommittedTick = fraction(kr.Start.Decimal, kr.Target.Decimal, kr.Committed.Decimal)
		if kr.Result.Value.Valid && kr.Method != HitRate {
			s.CommittedProgress = fraction(kr.Start.Decimal, kr.Committed.Decimal, kr.Result.Value.Decimal)
			s.CommittedMet = s.CommittedProgress.Valid && s.CommittedProgress.Decimal.GreaterThanOrEqual(one)
		}
	}
	s.Status = kr.status(s, period, today)
	return s
}

// expected is the part of the period that had passed on a day, 0…1.
func expected(period Period, d Day) decimal.Decimal {
	if period.First == period.Last {
		return one
	}
	return Clamp(fraction(days(period.First), days(period.Last), days(d)).Decimal)
}

func days(d Day) decimal.Decimal { return decimal.NewFromInt(int64(d)) }

// RollUpItem is what a key result brings into its objective's progress.
type RollUpItem struct {
	Progress decimal.NullDecimal
	Weight   decimal.Decimal
	Kind     Kind
	Status   Status
}

// RollUp is an objective's progress.
type RollUp struct {
	Progress  decimal.NullDecimal // 0…1; not valid when none reports
	Reporting int                 // key results that count
	Total     int                 // key results that could
	Worst     Status
}

// RollUpOf is the weighted mean of clamped progress. A weight of 0 leaves a key result out; those
// without progress are left out and counted; a baseline has none to give.
func RollUpOf(items []RollUpItem) RollUp {
	var r RollUp
	var sum, weights decimal.Decimal
	for _, item := range items {
		if item.Status.worse(r.Worst) {
			r.Worst = item.Status
		}
		if item.Kind == Baseline || item.Weight.IsZero() {
			continue
		}
		r.Total++
		if !item.Progress.Valid {
			continue
		}
		r.Reporting++
		sum = sum.Add(Clamp(item.Progress.Decimal).Mul(item.Weight))
		weights = weights.Add(item.Weight)
	}
	if !weights.IsZero() {
		r.Progress = decimal.NewNullDecimal(sum.DivRound(weights, division))
	}
	return r
}
