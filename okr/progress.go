package okr

import (
	"github.com/shopspring/decimal"
)

var (
	zero = decimal.Zero
	one  = decimal.NewFromInt(1)
)

// Clamp cuts a progress to 0…1, for bars and roll-ups. Text shows it raw.
func Clamp(p decimal.Decimal) decimal.Decimal {
	return decimal.Max(zero, decimal.Min(one, p))
}

// Progress is raw: (v − s) / (t − s), or 0 and 1 for the kinds that stay. A hit rate is its own
// progress. Not valid without a result, and for a baseline.
func (kr KeyResult) Progress() decimal.NullDecimal {
	if !kr.Result.Value.Valid {
		return decimal.NullDecimal{}
	}
	v := kr.Result.Value.Decimal
	switch {
	case kr.Kind == Baseline || !kr.Target.Valid || kr.Kind.Linear() && !kr.Start.Valid:
		return decimal.NullDecimal{}
	case kr.Method == HitRate:
		return decimal.NewNullDecimal(v)
	case kr.Kind.Linear():
		return fraction(kr.Start.Decimal, kr.Target.Decimal, v)
	case kr.meets(v):
		return decimal.NewNullDecimal(one)
	}
	return decimal.NewNullDecimal(zero)
}

// Standing is how a key result stands on a day.
type Standing struct {
	Progress          decimal.NullDecimal // raw
	Bar               decimal.Decimal     // 0…1
	Expected          decimal.NullDecimal // pace at the score's day, 0…1; not valid where there is none
	Gap               decimal.NullDecimal // expected − progress
	CommittedTick     decimal.NullDecimal // where the committed result is on the bar; not valid for a hit rate
	CommittedProgress decimal.NullDecimal // raw, towards the committed result
	CommittedMet      bool
	Status            Status

	thresholds Thresholds // that the status was found by
}

// Standing computes how the key result stands: its progress, its pace at the as-of day of the
// score, and its status today, by the result that counts. What has to stay is expected in full from
// the first day, so that it has a gap but no pace.
func (kr KeyResult) Standing(period Period, today Day) Standing {
	kr = kr.counting(today)
	s := Standing{Progress: kr.Progress(), thresholds: kr.Thresholds.orDefault()}
	if s.Progress.Valid {
		s.Bar = Clamp(s.Progress.Decimal)
		expectation := one
		if !kr.Kind.Stays() {
			expectation = kr.expected(period, kr.Result.AsOf)
			s.Expected = decimal.NewNullDecimal(expectation)
		}
		s.Gap = decimal.NewNullDecimal(expectation.Sub(s.Progress.Decimal))
	}
	if kr.Kind.Linear() && kr.Method != HitRate && kr.Committed.Valid && kr.Start.Valid && kr.Target.Valid {
		s.CommittedTick = fraction(kr.Start.Decimal, kr.Target.Decimal, kr.Committed.Decimal)
		if kr.Result.Value.Valid {
			s.CommittedProgress = fraction(kr.Start.Decimal, kr.Committed.Decimal, kr.Result.Value.Decimal)
			s.CommittedMet = s.CommittedProgress.Valid && s.CommittedProgress.Decimal.GreaterThanOrEqual(one)
		}
	}
	s.Status = kr.status(s, period, today)
	return s
}

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
	Reporting int                 // key results that count: "3 of 4 reporting"
	Total     int                 // key results that would, had all of them progress
	Worst     Status              // of all key results, those left out too; empty when there is none
}

// RollUpOf is the weighted mean of clamped progress. A weight of 0 leaves a key result out; those
// without progress are left out and counted; a baseline has none to give.
func RollUpOf(items []RollUpItem) RollUp {
	var r RollUp
	var sum, weights decimal.Decimal
	for _, item := range items {
		if item.Status.Worse(r.Worst) {
			r.Worst = item.Status
		}
		if item.Kind == Baseline || !item.Weight.IsPositive() {
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
		r.Progress = decimal.NewNullDecimal(sum.DivRound(weights, quotientDigits))
	}
	return r
}
