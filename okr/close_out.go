package okr

import "github.com/shopspring/decimal"

// Verdict is what became of a committed result.
type Verdict string

// The verdicts; empty where nothing was promised.
const (
	Met    Verdict = "met"
	NotMet Verdict = "missed"
)

// Score is the raw progress to two decimals, rounded down like a percentage: only done is 1.
func (s Standing) Score() decimal.NullDecimal {
	if !s.Progress.Valid {
		return s.Progress
	}
	return decimal.NewNullDecimal(s.Progress.Decimal.RoundFloor(2))
}

// Verdict says whether the committed result was met; a key result without a value has not met it.
func (kr KeyResult) Verdict(s Standing) Verdict {
	switch {
	case !kr.Committed.Valid || kr.Method == HitRate:
		return ""
	case s.CommittedMet:
		return Met
	}
	return NotMet
}

// NextPeriod is the calendar quarter after the objective's, or, when that is over already, today's.
func (o Objective) NextPeriod(today Day) Period {
	next := NextQuarter(o.Period.Last)
	if next.Last < today {
		return QuarterOf(today)
	}
	return next
}

// CarryOver is the key result that goes on with this one in the period after it: it starts at the
// value that counts today, where values do not add up again from nothing. What was promised, phased,
// entered by hand or said was for this period.
func (kr KeyResult) CarryOver(target decimal.NullDecimal, today Day) KeyResult {
	next := kr
	next.ID, next.Number, next.Objective, next.Closed, next.Paused = 0, 0, 0, false, false
	next.Result, next.Failure, next.Override, next.Confidence = Result{}, Failure{}, Override{}, Confidence{}
	next.Before, next.Ahead, next.Made = Result{}, 0, 0
	next.Target, next.Committed, next.Phases = target, decimal.NullDecimal{}, nil
	if v := kr.Counted(today).Value; kr.Kind.Linear() && v.Valid && kr.Method != Sum && kr.Method != HitRate {
		if v.Decimal.Exponent() < -maxPlace { // means have more digits
			v.Decimal = v.Decimal.Round(maxPlace)
		}
		next.Start = v
	}
	return next
}

// CheckCarryOver finds what is wrong with the target of a key result that goes on. A target that the
// last value has passed already would turn it around.
func (kr KeyResult) CheckCarryOver(next KeyResult) Problems {
	p := next.Check()
	if kr.Kind.Linear() && next.Start.Valid && next.Target.Valid && !p.Any() && LinearKind(next.Start.Decimal, next.Target.Decimal) != kr.Kind {
		p.Add("target", "The last value has passed this target already. Enter a new one.")
	}
	return p
}
