package okr_test

import (
	"slices"
	"testing"

	"okrbot/okr"
)

// The most pressing is first, and each way to stand has one place.
func TestWhatAKeyResultNeeds(t *testing.T) {
	period := okr.Period{First: first, Last: first + 90}
	hand := okr.KeyResult{Kind: okr.Increase, Method: okr.Latest, Start: maybe("0"), Target: maybe("100")}
	checkedIn := func(day okr.Day, value string) okr.KeyResult {
		kr := hand
		kr.Result = okr.Result{Value: maybe(value), AsOf: first + day, N: 1}
		return kr
	}
	failing := func(class string) okr.KeyResult {
		kr := checkedIn(40, "5")
		kr.Integrated, kr.Failure.Class = true, class
		return kr
	}
	stale := checkedIn(10, "90")
	stale.Integrated, stale.ScoreFrequency, stale.Cadence.Every = true, okr.Daily, okr.Daily
	staleAndRefused := stale
	staleAndRefused.Failure.Class = "unavailable"
	closed := failing("unauthorized")
	closed.Closed = true
	said := checkedIn(10, "40")
	said.Confidence.Day = first + 30
	noted := checkedIn(10, "40")
	noted.CheckedIn = first + 27
	for _, row := range []struct {
		name string
		kr   okr.KeyResult
		day  okr.Day
		want okr.Need
	}{
		{"the sign-in is refused", failing("unauthorized"), 40, okr.NeedsSignIn},
		{"it does not sync", failing("unavailable"), 40, okr.NeedsSync},
		{"it is stale", stale, 40, okr.NeedsScore},
		{"not syncing outranks stale", staleAndRefused, 40, okr.NeedsSync},
		{"two weeks without a check-in", checkedIn(10, "40"), 24, okr.NeedsNobody - 2},
		{"a day more", checkedIn(10, "40"), 25, okr.NeedsCheckIn},
		{"nobody ever checked in", hand, 15, okr.NeedsCheckIn},
		{"not yet", hand, 14, okr.NeedsEyes + 3},
		{"somebody said how confident they are", said, 40, okr.NeedsNobody - 2},
		{"somebody left a note", noted, 41, okr.NeedsNobody - 2},
		{"and two weeks passed since", noted, 42, okr.NeedsCheckIn},
		{"it is reached", checkedIn(10, "100"), 60, okr.NeedsNobody - 1},
		{"it is at risk", checkedIn(40, "5"), 40, okr.NeedsEyes},
		{"it was missed", checkedIn(10, "40"), 91, okr.NeedsEyes + 1},
		{"before its period", hand, -30, okr.NeedsEyes + 6},
		{"closed out", closed, 95, okr.NeedsNobody},
	} {
		if got := row.kr.Need(period, first+row.day); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
	beside := []okr.Need{okr.NeedsSignIn, okr.NeedsSync, okr.NeedsCheckIn, okr.NeedsNobody}
	seen := slices.Clone(beside)
	for _, s := range okr.Statuses() {
		of := okr.NeedsOf(s)
		if !slices.IsSorted(of) {
			t.Errorf("%s: %v is not in its order", s, of)
		}
		seen = append(seen, slices.DeleteFunc(of, func(n okr.Need) bool { return slices.Contains(beside, n) })...)
	}
	slices.Sort(seen)
	if !slices.Equal(seen, okr.Needs()) {
		t.Errorf("the needs of the statuses are %v, and there are %v", seen, okr.Needs())
	}
	if !okr.NeedsEyes.Pressing() || (okr.NeedsEyes + 1).Pressing() {
		t.Error("what is at risk is pressing, and what is behind is not")
	}
}
