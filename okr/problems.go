package okr

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Problems are what is wrong with a form: field → a sentence for the person who filled it.
type Problems map[string]string

// Add notes what is wrong with a field. The first sentence of a field stays; an empty one is none.
func (p Problems) Add(field, sentence string) {
	if _, taken := p[field]; !taken && sentence != "" {
		p[field] = sentence
	}
}

// Any says whether something is wrong.
func (p Problems) Any() bool { return len(p) > 0 }

const (
	MaxTitle = 150 // characters: a title has to fit into one line of a card
	MaxUnit  = 20  // characters
	maxWhole = 18  // digits before the point
	maxPlace = 9   // digits after the point
)

func titleProblem(title string) string {
	switch n := utf8.RuneCountInString(strings.TrimSpace(title)); {
	case n == 0, Blank(title):
		return "Enter a title."
	case n > MaxTitle:
		return fmt.Sprintf("This title has %d characters. Shorten it to %d.", n, MaxTitle)
	}
	return ""
}

// Check finds what is wrong with a key result that people entered. The cadence is checked only
// where there is something to read.
func (kr KeyResult) Check() Problems {
	p := Problems{}
	p.Add("title", titleProblem(kr.Title))
	if kr.Owner == "" {
		p.Add("owner", "Choose an owner.")
	}
	if n := utf8.RuneCountInString(kr.Unit); n > MaxUnit {
		p.Add("unit", fmt.Sprintf("This unit has %d characters. Shorten it to %d.", n, MaxUnit))
	}
	if kr.Weight.IsNegative() {
		p.Add("weight", "Enter a weight of 0 or more. 0 leaves this key result out of the objective's progress.")
	}
	storable := true
	for field, v := range map[string]decimal.NullDecimal{
		"start": kr.Start, "target": kr.Target, "committed": kr.Committed, "upper": kr.Upper, "risk": kr.Risk, "wanted": kr.Wanted,
		"weight": decimal.NewNullDecimal(kr.Weight),
	} {
		if v.Valid && !fits(v.Decimal) {
			p.Add(field, tooLong)
			storable = false
		}
	}
	if storable {
		kr.checkValues(p)
	}
	if w := kr.Wanted; w.Valid && (!w.Decimal.IsPositive() || w.Decimal.GreaterThan(decimal.NewFromInt(100))) {
		p.Add("wanted", "Enter a percentage above 0 and up to 100.")
	}
	if kr.Integrated {
		for field, sentence := range kr.Cadence.Check() {
			p.Add(field, sentence)
		}
	}
	return p
}

func (kr KeyResult) checkValues(p Problems) {
	s, t, c := kr.Start, kr.Target, kr.Committed
	if !t.Valid && kr.Kind != Baseline {
		p.Add("target", "Enter the target value.")
	}
	switch kr.Kind {
	case Increase, Decrease:
		switch {
		case !s.Valid:
			p.Add("start", "Enter the start value.")
		case !t.Valid:
		case s.Decimal.Equal(t.Decimal):
			p.Add("target", "Start and target are equal. Use stay at least / stay at most instead.")
		case c.Valid && t.Decimal.GreaterThan(s.Decimal) && !(c.Decimal.GreaterThan(s.Decimal) && c.Decimal.LessThanOrEqual(t.Decimal)):
			p.Add("committed", "The committed result is not between start and target. Enter more than the start value and at most the target value.")
		case c.Valid && t.Decimal.LessThan(s.Decimal) && !(c.Decimal.LessThan(s.Decimal) && c.Decimal.GreaterThanOrEqual(t.Decimal)):
			p.Add("committed", "The committed result is not between start and target. Enter less than the start value and at least the target value.")
		}
	case AtLeast, AtMost, Between:
		if c.Valid {
			p.Add("committed", "A committed result lies between a start and a target, and this key result has no start. Leave it empty.")
		}
		kr.checkBounds(p)
	case Baseline:
		if c.Valid {
			p.Add("committed", "A committed result is measured from the start value. Leave it empty until there is one.")
		}
	default:
		p.Add("kind", "Choose what counts as success.")
	}
}

// checkBounds looks at the values that only what has to stay can have.
func (kr KeyResult) checkBounds(p Problems) {
	t, risk := kr.Target.Decimal, kr.Risk.Decimal
	if !kr.Target.Valid {
		return
	}
	switch {
	case kr.Kind == Between && (!kr.Upper.Valid || kr.Upper.Decimal.LessThan(t)):
		p.Add("upper", "Enter an upper value that is not below the lower one.")
	case kr.Kind == AtLeast && kr.Risk.Valid && risk.GreaterThanOrEqual(t):
		p.Add("risk", "Enter a risk threshold below the target.")
	case kr.Kind == AtMost && kr.Risk.Valid && risk.LessThanOrEqual(t):
		p.Add("risk", "Enter a risk threshold above the target.")
	case kr.Kind == Between && kr.Risk.Valid:
		p.Add("risk", "Between two values there is no risk threshold. Leave it empty.")
	}
}

const tooLong = "Enter a number with at most 18 digits before the point and 9 after it."

// fits says whether a value has at most as many digits as a value is kept with.
func fits(d decimal.Decimal) bool {
	// The exponent is looked at first: writing 1e400000000 out takes more memory than there is.
	if e := d.Exponent(); e > maxWhole || e < -quotientDigits {
		return d.IsZero()
	}
	return d.Abs().LessThan(decimal.New(1, maxWhole)) && d.Truncate(maxPlace).Equal(d)
}

// Scored is what is known of the scorecard that a key result reads.
type Scored struct {
	Better    string // "maximize", "minimize" or empty
	Unit      string
	Low, High decimal.NullDecimal // of the scores that were seen; not valid without any
}

// Warnings are what is allowed but probably not meant, a sentence each.
func (kr KeyResult) Warnings(source Scored, today Day) []string {
	var w []string
	kind := kr.Kind
	if kind.Linear() && kr.Start.Valid && kr.Target.Valid {
		kind = LinearKind(kr.Start.Decimal, kr.Target.Decimal)
	}
	compared := kr.Start.Valid && kr.Target.Valid // else the kind says nothing of where they lie
	switch {
	case source.Better == "minimize" && kind == Increase && compared:
		w = append(w, "For the scorecard less is better, but this target lies above the start.")
	case source.Better == "maximize" && kind == Decrease && compared:
		w = append(w, "For the scorecard more is better, but this target lies below the start.")
	case source.Better == "minimize" && kind == AtLeast:
		w = append(w, "For the scorecard less is better, but this key result is to stay at least at its target.")
	case source.Better == "maximize" && kind == AtMost:
		w = append(w, "For the scorecard more is better, but this key result is to stay at most at its target.")
	}
	counting := kr.counting(today)
	if p := counting.Progress(); kind.Linear() && p.Valid && p.Decimal.GreaterThanOrEqual(one) {
		w = append(w, "The target is met already.")
	}
	if s := kr.Start; kind.Linear() && s.Valid && source.Low.Valid && source.High.Valid &&
		(s.Decimal.LessThan(source.Low.Decimal) || s.Decimal.GreaterThan(source.High.Decimal)) {
		w = append(w, fmt.Sprintf("The start value lies beyond the data: the scores that were read run from %s to %s.",
			FormatValue(source.Low.Decimal, source.Unit, kr.Precision), FormatValue(source.High.Decimal, source.Unit, kr.Precision)))
	}
	if kr.Integrated && kr.Unit != source.Unit && source.Unit != "" && kr.Unit != "" {
		w = append(w, fmt.Sprintf("The scorecard is in %s and this key result in %s: values are taken over as they are, not converted.", source.Unit, kr.Unit))
	}
	if kr.Result.Value.Valid && counting.stale(today) {
		w = append(w, fmt.Sprintf("The newest score is of %s, which is late for %s scores: the key result would be shown as stale.",
			kr.Result.AsOf.Words(), strings.ToLower(kr.ScoreFrequency.Label())))
	}
	if kr.Integrated && kr.Method == Sum {
		// A scorecard does not tell whether its aggregate is a running one.
		w = append(w, "The scores are added up. If the scorecard is a running total, this counts twice: use the latest value instead.")
	}
	if kr.Method == HitRate && kr.Committed.Valid {
		w = append(w, "A hit rate has no use for the committed result: it is kept, but not shown.")
	}
	return w
}
