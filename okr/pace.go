package okr

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Phase is what is expected of the result by a day within the period. Phases bend the pace line,
// for key results that are not meant to move evenly.
type Phase struct {
	Day   Day
	Value decimal.Decimal
}

// maxPhases is how many phases a key result can have: one a month of a year.
const maxPhases = 12

// ParsePhases reads phased targets as people type them, one a line: "2026-10-31: 40", with or without the
// unit. The error is a sentence for the field that names the line and never repeats it.
func ParsePhases(typed, unit string) ([]Phase, error) {
	var phases []Phase
	for i, line := range strings.Split(Visible(typed), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if len(phases) == maxPhases {
			return nil, Sentence(fmt.Sprintf("Enter at most %d phased targets.", maxPhases))
		}
		on, value, both := strings.Cut(line, ":")
		if !both {
			return nil, Sentence(fmt.Sprintf("Line %d: write a day, a colon and a value: 2026-10-31: 40.", i+1))
		}
		day, err := ParseDay(strings.TrimSpace(on))
		if err != nil {
			return nil, Sentence(fmt.Sprintf("Line %d: %s", i+1, uncapital(err.Error())))
		}
		v, err := ParseValue(value, unit)
		if err != nil {
			return nil, Sentence(fmt.Sprintf("Line %d: %s", i+1, uncapital(err.Error())))
		}
		phases = append(phases, Phase{Day: day, Value: v})
	}
	return phases, nil
}

// PhasesText writes phased targets as ParsePhases reads them.
func PhasesText(phases []Phase) string {
	lines := make([]string, len(phases))
	for i, p := range phases {
		lines[i] = p.Day.String() + ": " + Typed(p.Value)
	}
	return strings.Join(lines, "\n")
}

// CheckPhases finds what is wrong with the phased targets within the objective's period: a sentence
// for their field, empty when nothing is.
func (kr KeyResult) CheckPhases(period Period) string {
	if len(kr.Phases) == 0 {
		return ""
	}
	s, t := kr.Start, kr.Target
	if !kr.Kind.Linear() || kr.Method == HitRate {
		return "Phased targets bend the way from a start to a target, and this key result has none. Leave them empty."
	}
	if !s.Valid || !t.Valid || s.Decimal.Equal(t.Decimal) {
		return "" // the start and the target say what is wrong
	}
	before := Phase{Day: period.First, Value: s.Decimal}
	for _, p := range kr.Phases {
		day := p.Day.Words()
		switch {
		case p.Day <= period.First || p.Day > period.Last:
			return fmt.Sprintf("%s lies outside. Enter days after %s and up to %s.", day, period.First.Words(), period.Last.Words())
		case p.Day <= before.Day:
			return fmt.Sprintf("%s comes too late in the list. Enter each day once, the earliest first.", day)
		case p.Day == period.Last && !p.Value.Equal(t.Decimal):
			return fmt.Sprintf("%s is the last day, and the target is expected then. Leave it out.", day)
		case !fits(p.Value):
			return tooLong
		case p.Value.Sub(before.Value).Sign()*t.Decimal.Sub(s.Decimal).Sign() < 0:
			return fmt.Sprintf("The value for %s turns back. Each has to be as far as the one before it, from the start value on.", day)
		case t.Decimal.Sub(p.Value).Sign()*t.Decimal.Sub(s.Decimal).Sign() < 0:
			return fmt.Sprintf("The value for %s lies beyond the target value. Enter one between start and target.", day)
		}
		before = p
	}
	return ""
}

// elapsed is the part of the period that had passed on a day, 0…1.
func elapsed(period Period, d Day) decimal.Decimal {
	if period.First == period.Last {
		return one
	}
	return Clamp(fraction(days(period.First), days(period.Last), days(d)).Decimal)
}

func days(d Day) decimal.Decimal { return decimal.NewFromInt(int64(d)) }

// bend is a point of the pace line: by a day, that part of the way.
type bend struct {
	day      Day
	expected decimal.Decimal
}

// between are the two points of the pace line around a day. Without phases they are the ends of
// the period.
func (kr KeyResult) between(period Period, d Day) (from, to bend) {
	from, to = bend{period.First, zero}, bend{period.Last, one}
	if !kr.phased() {
		return from, to
	}
	for _, p := range kr.Phases {
		if !period.Contains(p.Day) {
			continue // the period was another one when they were entered
		}
		at := bend{p.Day, Clamp(fraction(kr.Start.Decimal, kr.Target.Decimal, p.Value).Decimal)}
		if p.Day > d {
			return from, at
		}
		from = at
	}
	return from, to
}

func (kr KeyResult) phased() bool {
	return len(kr.Phases) > 0 && kr.Kind.Linear() && kr.Method != HitRate &&
		kr.Start.Valid && kr.Target.Valid && !kr.Start.Decimal.Equal(kr.Target.Decimal)
}

// expected is the part of the way that the pace expects by a day, 0…1: even from the first to the
// last day, or along the phased targets.
func (kr KeyResult) expected(period Period, d Day) decimal.Decimal {
	from, to := kr.between(period, d)
	if from.day >= to.day || d >= to.day {
		return to.expected
	}
	part := elapsed(Period{First: from.day, Last: to.day}, d)
	return from.expected.Add(to.expected.Sub(from.expected).Mul(part)).Round(quotientDigits)
}

// ExpectedValue is the value that the pace expects by a day; not valid for what has no pace.
func (kr KeyResult) ExpectedValue(period Period, d Day) decimal.NullDecimal {
	if !kr.Kind.Linear() || kr.Method == HitRate || !kr.Start.Valid || !kr.Target.Valid {
		return decimal.NullDecimal{}
	}
	way := kr.Target.Decimal.Sub(kr.Start.Decimal)
	return decimal.NewNullDecimal(kr.Start.Decimal.Add(way.Mul(kr.expected(period, d))).Round(meanDigits))
}

// PhaseWords says the phased targets to people: "40 by 31 Oct, 35 by 30 Nov". Empty without any.
func (kr KeyResult) PhaseWords(now Day) string {
	parts := make([]string, len(kr.Phases))
	for i, p := range kr.Phases {
		parts[i] = kr.Entered(p.Value) + " by " + p.Day.Short(now)
	}
	return strings.Join(parts, ", ")
}

func uncapital(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]-'A'+'a') + s[1:]
}
