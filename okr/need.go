package okr

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"
)

// Need is what a key result needs of people, the most pressing first: the order of lists and of Home.
type Need int

// The needs. Up to NeedsEyes they are somebody's to do something about; the rest follow as they stand,
// from the worst to the best, and what is closed out needs nobody. The column key_results.need holds
// the same numbers: whoever changes one changes it there too.
const (
	NeedsSignIn  Need = 1 // the system refused the sign-in, or there is none any more
	NeedsSync    Need = 2 // the last sync failed
	NeedsScore   Need = 3 // stale
	NeedsCheckIn Need = 4 // people update it, and nobody has for two cadences
	NeedsEyes    Need = 5 // at risk
	NeedsNobody  Need = 15
)

// unpressing are the statuses behind NeedsEyes, in their order.
var unpressing = []Status{Missed, Behind, NoData, Measuring, TooEarly, NotStarted, CommittedMet, OnTrack, Achieved}

// Needs are all needs, the most pressing first.
func Needs() []Need {
	var all []Need
	for n := NeedsSignIn; n <= NeedsNobody; n++ {
		all = append(all, n)
	}
	return all
}

// Pressing says whether somebody should do something.
func (n Need) Pressing() bool { return n <= NeedsEyes }

// NeedsOf are the needs of key results of a status, the most pressing first.
func NeedsOf(s Status) []Need {
	needs := []Need{NeedsSignIn, NeedsSync, NeedsCheckIn, s.Need(), NeedsNobody}
	slices.Sort(needs)
	return needs
}

// Need is what a key result needs of which nothing but its status is known.
func (s Status) Need() Need {
	switch s {
	case Stale:
		return NeedsScore
	case AtRisk:
		return NeedsEyes
	}
	if i := slices.Index(unpressing, s); i >= 0 {
		return NeedsEyes + 1 + Need(i)
	}
	return NoData.Need()
}

// Need is what the key result needs on a day.
func (kr KeyResult) Need(period Period, today Day) Need {
	switch status := kr.Standing(period, today).Status; {
	case kr.Closed:
		return NeedsNobody
	case kr.Failure.Class == "unauthorized":
		return NeedsSignIn
	case kr.Failure.Class != "":
		return NeedsSync
	case kr.silent(status, period, today):
		return NeedsCheckIn
	default:
		return status.Need()
	}
}

// Rank puts key results that need the same in their order: the worst status first, then the least progress, in
// steps of ten percent; what has no progress comes last of its status. The lower, the worse. The column
// key_results.rank holds it, and an index: smaller steps would make most syncs write to it.
type Rank int32

// A status has so many ranks. Progress beyond those is at an end of them.
const (
	ranksOfAStatus = 10_000
	leastRanked    = -1_000 // tens of percent, and no rank
	mostRanked     = 8_000
)

// Rank is the place of the standing among those that need the same. It is never 0, which is stored of what no
// version that knows ranks has judged.
func (s Standing) Rank() Rank {
	rank := Rank(len(statuses)-1-s.Status.badness()) * ranksOfAStatus
	if !s.Progress.Valid {
		return rank + ranksOfAStatus - 1
	}
	tens := s.Progress.Decimal.Shift(1).Floor()
	tens = decimal.Max(decimal.New(leastRanked+1, 0), decimal.Min(decimal.New(mostRanked, 0), tens))
	return rank + Rank(tens.IntPart()-leastRanked)
}

// Place is where a key result comes among others, in lists, on Home, in windows and in digests.
type Place struct {
	Need   Need
	Rank   Rank
	Number int
}

// Place is where the key result comes on a day.
func (kr KeyResult) Place(period Period, today Day) Place {
	return Place{kr.Need(period, today), kr.Standing(period, today).Rank(), kr.Number}
}

// Compare puts the most pressing first.
func (p Place) Compare(other Place) int {
	return cmp.Or(cmp.Compare(p.Need, other.Need), cmp.Compare(p.Rank, other.Rank), cmp.Compare(p.Number, other.Number))
}

// People check in once a week where nothing says how often.
const checkInEvery = Weekly

// silentFrom is the first day on which nobody has checked in for two cadences; 0 where a system is read.
func (kr KeyResult) silentFrom(period Period) Day {
	if kr.Integrated {
		return 0
	}
	every := kr.Cadence.Every.days()
	if every == 0 {
		every = checkInEvery.days()
	}
	return kr.Heard(period) + 2*every + 1
}

// Heard is the last day on which people said something, or could have begun to.
func (kr KeyResult) Heard(period Period) Day {
	return max(period.First, kr.Made, kr.Result.AsOf, kr.Confidence.Day, kr.CheckedIn)
}

// silent says whether a check-in is missing: people update it, its period runs, and nobody has checked
// in for two cadences. What has reached its target waits for nobody.
func (kr KeyResult) silent(status Status, period Period, today Day) bool {
	from := kr.silentFrom(period)
	return from != 0 && today >= from && today <= period.Last && status != Achieved && !kr.Closed
}
