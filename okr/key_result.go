package okr

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Decimal is every value's type: numbers of key results are never floats.
type Decimal = decimal.Decimal

// Objective is what a team wants to reach within a period.
type Objective struct {
	ID        int64
	Workspace string
	Title     string
	Owner     string
	Period    Period
	Zone      string // IANA; its days and hours are the key results'
	Channel   string // where its key results are announced unless they say otherwise; may be empty
}

// Kind is how a key result measures success.
type Kind string

// The kinds. Increase and Decrease are one arithmetic; which one it is follows from the values.
const (
	Increase Kind = "increase"
	Decrease Kind = "decrease"
	AtLeast  Kind = "at_least" // stay at or above the target
	AtMost   Kind = "at_most"  // stay at or below the target
	Between  Kind = "between"  // stay from the target to the upper value
	Baseline Kind = "baseline" // no start yet, and so no percentage
)

// Linear says whether progress runs from start to target.
func (k Kind) Linear() bool { return k == Increase || k == Decrease }

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

// KeyResult is one measured part of an objective.
type KeyResult struct {
	ID             int64
	Workspace      string
	Number         int // KR-n
	Objective      int64
	Title          string
	Owner          string
	CoOwners       []string
	ObjectiveOwner string
	Kind           Kind
	Start          decimal.NullDecimal
	Target         decimal.NullDecimal
	Committed      decimal.NullDecimal
	Upper          decimal.NullDecimal // between: the upper end
	Risk           decimal.NullDecimal // stay: beyond it, at risk
	Unit           string
	Precision      int32 // decimals shown
	Method         Method
	Weight         decimal.Decimal
	Channel        string // announced there; empty: nowhere
	Integrated     bool
	Paused         bool
	Cadence        Cadence   // zero when people update it
	ScoreFrequency Frequency // how often the source has a score; empty when unknown

	Result     Result
	SyncedAt   time.Time // last time the source was read; zero when never
	NextSyncAt time.Time // zero when there is none
	Failure    Failure
}

// Result is the value that stands for the key result, by its method.
type Result struct {
	Value decimal.NullDecimal
	AsOf  Day // of the newest reading counted
	N     int // readings counted
}

// Failure is why an integrated key result is not true at the moment; zero when it is.
type Failure struct {
	Class string
	Cause string
	Says  string // what happened, then what to do
	Since time.Time
	Count int // failed syncs in a row
}

// Reading is a value on a day.
type Reading struct {
	Day        Day
	Value      decimal.Decimal
	Previous   decimal.NullDecimal // before its last restatement
	Restated   bool
	CheckIn    bool // entered by a person
	RecordedAt time.Time
}

// Key is the key result's name: "KR-7".
func (kr KeyResult) Key() string { return fmt.Sprintf("KR-%d", kr.Number) }

var keyPattern = regexp.MustCompile(`^(?i:kr[ -]?)?([1-9][0-9]{0,8})$`)

// ParseKey reads "KR-7", "kr 7" or "7".
func ParseKey(s string) (number int, ok bool) {
	m := keyPattern.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	number, err := strconv.Atoi(m[1])
	return number, err == nil
}

// Problems are what is wrong with a form: field → a sentence for the person who filled it.
type Problems map[string]string

// maxTitle is the longest title, in characters: it has to fit into one line of a card.
const maxTitle = 150

func titleProblem(title string) string {
	switch n := utf8.RuneCountInString(strings.TrimSpace(title)); {
	case n == 0:
		return "Enter a title."
	case n > maxTitle:
		return fmt.Sprintf("This title has %d characters. Shorten it to %d.", n, maxTitle)
	}
	return ""
}

// Check finds what is wrong with an objective that people entered.
func (o Objective) Check() Problems {
	p := Problems{}
	if s := titleProblem(o.Title); s != "" {
		p["title"] = s
	}
	if o.Owner == "" {
		p["owner"] = "Choose an owner."
	}
	if o.Period.Last < o.Period.First {
		p["last"] = "The period ends before it begins. Choose a later last day."
	}
	if _, err := time.LoadLocation(o.Zone); err != nil || o.Zone == "" {
		p["zone"] = "Choose a time zone, such as Europe/Berlin."
	}
	return p
}

// maxUnit is the longest unit, in characters.
const maxUnit = 20

// Check finds what is wrong with a key result that people entered.
func (kr KeyResult) Check() Problems {
	p := Problems{}
	if s := titleProblem(kr.Title); s != "" {
		p["title"] = s
	}
	if kr.Owner == "" {
		p["owner"] = "Choose an owner."
	}
	if utf8.RuneCountInString(kr.Unit) > maxUnit {
		p["unit"] = fmt.Sprintf("Shorten the unit to %d characters.", maxUnit)
	}
	if kr.Weight.IsNegative() {
		p["weight"] = "A weight is 0 or more. 0 leaves this key result out of the objective's progress."
	}
	kr.checkValues(p)
	if kr.Integrated {
		for field, sentence := range kr.Cadence.Check() {
			p[field] = sentence
		}
	}
	return p
}

func (kr KeyResult) checkValues(p Problems) {
	if !kr.Target.Valid && kr.Kind != Baseline {
		p["target"] = "Enter the target value."
		return
	}
	switch kr.Kind {
	case Increase, Decrease:
		s, t, c := kr.Start, kr.Target.Decimal, kr.Committed
		switch {
		case !s.Valid:
			p["start"] = "Enter the start value."
		case s.Decimal.Equal(t):
			p["target"] = "Start and target are equal. Use stay at least / stay at most instead."
		case c.Valid && !committedBetween(s.Decimal, c.Decimal, t):
			p["committed"] = fmt.Sprintf("The committed result lies outside. Enter a value after %s, up to %s.", s.Decimal, t)
		}
	case AtLeast, AtMost:
		if kr.Committed.Valid {
			p["committed"] = "A committed result needs a start and a target. Leave it empty."
		}
	case Between:
		if !kr.Upper.Valid || kr.Upper.Decimal.LessThan(kr.Target.Decimal) {
			p["upper"] = "Enter an upper value that is not below the lower one."
		}
	case Baseline:
	default:
		p["kind"] = "Choose what counts as success."
	}
}

func committedBetween(s, c, t decimal.Decimal) bool {
	if t.GreaterThan(s) {
		return c.GreaterThan(s) && c.LessThanOrEqual(t)
	}
	return c.LessThan(s) && c.GreaterThanOrEqual(t)
}

// LinearKind is the kind that start and target mean: towards more, or towards less.
func LinearKind(start, target decimal.Decimal) Kind {
	if target.LessThan(start) {
		return Decrease
	}
	return Increase
}

// Warnings are what is allowed but probably not meant. Better is the source's own direction:
// "maximize", "minimize" or empty.
func (kr KeyResult) Warnings(better string) []string {
	var w []string
	kind := kr.Kind
	if kind == Increase && better == "minimize" || kind == AtLeast && better == "minimize" {
		w = append(w, "For the scorecard less is better, but this target is higher than the start.")
	}
	if kind == Decrease && better == "maximize" || kind == AtMost && better == "maximize" {
		w = append(w, "For the scorecard more is better, but this target is lower than the start.")
	}
	if kind.Linear() && kr.Start.Valid && kr.Target.Valid {
		if p := kr.progress(); p.Valid && p.Decimal.GreaterThanOrEqual(one) {
			w = append(w, "The target is met already.")
		}
	}
	return w
}
