package okr

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Decimal is every value's type: numbers of key results are never floats.
type Decimal = decimal.Decimal

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

// Kinds are all kinds, the usual ones first.
var Kinds = []Kind{Increase, Decrease, AtLeast, AtMost, Between, Baseline}

// Label is the kind as a form shows it.
func (k Kind) Label() string {
	switch k {
	case Increase:
		return "Increase to"
	case Decrease:
		return "Decrease to"
	case AtLeast:
		return "Stay at least"
	case AtMost:
		return "Stay at most"
	case Between:
		return "Stay between"
	case Baseline:
		return "Baseline"
	}
	return string(k)
}

// Stays says whether the key result is about staying within bounds and not about getting somewhere.
func (k Kind) Stays() bool { return k == AtLeast || k == AtMost || k == Between }

// Linear says whether progress runs from start to target.
func (k Kind) Linear() bool { return k == Increase || k == Decrease }

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
	// ObjectiveCoOwners look after what is under their objective as its owner does.
	ObjectiveCoOwners []string
	Kind              Kind
	Start             decimal.NullDecimal
	Target            decimal.NullDecimal
	Committed         decimal.NullDecimal
	Upper             decimal.NullDecimal // between: the upper end
	Risk              decimal.NullDecimal // stay at least, at most: as far as it, a miss is amber; beyond, red
	Wanted            decimal.NullDecimal // hit rate: the wanted one, in percent; not valid: 100
	Unit              string
	Precision         int32      // decimals shown
	Phases            []Phase    // bend the pace; empty: even
	Thresholds        Thresholds // the workspace's
	Method            Method
	Weight            decimal.Decimal
	Channel           string // announced there; empty: nowhere
	Integrated        bool
	Paused            bool
	Closed            bool      // with its objective: nothing moves it any more
	Cadence           Cadence   // zero when people update it
	ScoreFrequency    Frequency // how often the source has a score; empty when unknown

	Result     Result // of the readings; Counted is what counts
	Before     Result // the latest score of before the period, while the period has none
	Ahead      Day    // on which a score of the future begins to count; 0: there is none
	Made       Day    // when it was added; 0: not known
	CheckedIn  Day    // when somebody last checked in, where people update it; 0: nobody has
	Override   Override
	Confidence Confidence
	SyncedAt   time.Time // last time the source was read; zero when never
	NextSyncAt time.Time // zero when there is none
	RetryAt    time.Time // when a failed sync is tried again before that; zero when it is not
	Failure    Failure
}

// Failure is why an integrated key result is not true at the moment; zero when it is.
type Failure struct {
	Class string
	Cause string
	Says  string // what happened, then what to do
	Since time.Time
	Count int // failed syncs in a row
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

// Suggested is the kind that a scorecard's direction, value and own target speak for: to stay where
// the target is met, else to get there.
func Suggested(better string, value, target decimal.NullDecimal) Kind {
	met := value.Valid && target.Valid
	switch {
	case better == "minimize" && met && value.Decimal.LessThanOrEqual(target.Decimal):
		return AtMost
	case better == "maximize" && met && value.Decimal.GreaterThanOrEqual(target.Decimal):
		return AtLeast
	case better == "minimize":
		return Decrease
	case better == "maximize":
		return Increase
	}
	return LinearKind(value.Decimal, target.Decimal)
}

// LinearKind is the kind that start and target mean: towards more, or towards less.
func LinearKind(start, target decimal.Decimal) Kind {
	if target.LessThan(start) {
		return Decrease
	}
	return Increase
}
