package okr

import (
	"fmt"
	"strings"

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

// Progress is raw: (v − s) / (t − s), or 0 and 1 for the kinds that stay. A hit rate's is the part of
// the wanted rate. Not valid without a result, and for a baseline.
func (kr KeyResult) Progress() decimal.NullDecimal {
	if !kr.Result.Value.Valid {
		return decimal.NullDecimal{}
	}
	v := kr.Result.Value.Decimal
	switch {
	case kr.Kind == Baseline || !kr.Target.Valid || kr.Kind.Linear() && !kr.Start.Valid:
		return decimal.NullDecimal{}
	case kr.Method == HitRate && kr.WantedRate().Equal(one):
		return decimal.NewNullDecimal(v)
	case kr.Method == HitRate:
		return fraction(zero, kr.WantedRate(), v)
	case kr.Kind.Linear():
		return fraction(kr.Start.Decimal, kr.Target.Decimal, v)
	case kr.meets(v):
		return decimal.NewNullDecimal(one)
	}
	return decimal.NewNullDecimal(zero)
}

// WantedRate is the hit rate that is wanted, 0…1: every reading's, unless another one was entered.
func (kr KeyResult) WantedRate() decimal.Decimal {
	if !kr.Wanted.Valid {
		return one
	}
	return kr.Wanted.Decimal.Shift(-2)
}

// Standing is how a key result stands on a day.
type Standing struct {
	Progress          decimal.NullDecimal // raw
	Bar               decimal.Decimal     // 0…1
	Expected          decimal.NullDecimal // pace at PaceDay, 0…1; not valid where there is none
	Gap               decimal.NullDecimal // expected − progress
	CommittedTick     decimal.NullDecimal // where the committed result is on the bar; not valid for a hit rate
	CommittedProgress decimal.NullDecimal // raw, towards the committed result
	CommittedMet      bool
	Status            Status

	rate       bool       // it is a hit rate
	thresholds Thresholds // that the status was found by
}

// Standing computes how the key result stands: its progress, its pace at the as-of day of the
// score, and its status today, by the result that counts. What has to stay is expected in full from
// the first day, so that it has a gap but no pace.
func (kr KeyResult) Standing(period Period, today Day) Standing {
	kr = kr.counting(today)
	s := Standing{Progress: kr.Progress(), rate: kr.Method == HitRate, thresholds: kr.Thresholds.orDefault()}
	if s.Progress.Valid {
		s.Bar = Clamp(s.Progress.Decimal)
		expectation := one
		if !kr.Kind.Stays() && kr.Method != HitRate {
			expectation = kr.expected(period, kr.PaceDay(today))
			s.Expected = decimal.NewNullDecimal(expectation)
		}
		s.Gap = decimal.NewNullDecimal(expectation.Sub(s.Progress.Decimal))
		if kr.Method == HitRate { // in points of the rate
			s.Gap = decimal.NewNullDecimal(kr.WantedRate().Sub(kr.Result.Value.Decimal))
		}
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
	Key      string
	Progress decimal.NullDecimal
	Weight   decimal.Decimal
	Kind     Kind
	Status   Status
	Failing  bool // it does not sync
}

// RollUp is an objective's progress.
type RollUp struct {
	Progress  decimal.NullDecimal // 0…1; not valid when none reports
	Reporting int                 // key results that count: "3 of 4 reporting"
	Total     int                 // key results that would, had all of them progress
	Silent    []string            // the keys of those that would and do not report
	Worst     Status              // of all key results with progress, those without weight too; empty when there is none
	Failing   []string            // the keys of those that do not sync, whatever their last value says
}

// RollUpOf is the weighted mean of clamped progress. A weight of 0 leaves a key result out; those
// without progress are left out and named; a baseline has none to give.
func RollUpOf(items []RollUpItem) RollUp {
	var r RollUp
	var sum, weights decimal.Decimal
	for _, item := range items {
		if item.Failing {
			r.Failing = append(r.Failing, item.Key)
		}
		if item.Progress.Valid && item.Status.Worse(r.Worst) {
			r.Worst = item.Status
		}
		if item.Kind == Baseline || !item.Weight.IsPositive() {
			continue
		}
		r.Total++
		if !item.Progress.Valid {
			r.Silent = append(r.Silent, item.Key)
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

// Words are the objective's progress, how many of its key results report, and who does not:
// "progress 28 % · 3 of 4 reporting (not KR-7)".
func (r RollUp) Words() string {
	says := "no data"
	if r.Progress.Valid {
		says = ProgressWords(r.Progress.Decimal)
	}
	says += fmt.Sprintf(" · %d of %d reporting", r.Reporting, r.Total)
	const most = 3
	if n := len(r.Silent); r.Reporting > 0 && n > 0 {
		says += " (not " + strings.Join(r.Silent[:min(n, most)], ", ")
		if n > most {
			says += fmt.Sprintf(" and %d more", n-most)
		}
		says += ")"
	}
	return says
}
