package bot_test

import "testing"

// TestADetourComesBackWithoutRoomForAWindow: Slack shows three at most, and the form of the detour takes the
// place of the one that it was opened from.
func TestADetourComesBackWithoutRoomForAWindow(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true // of a fourth window
	r.alice.Types("/okr show O-1").Sees("== O-1 ==").Presses("Details").Sees("== KR-1 ==").Presses("Edit").Sees("== Edit KR-1 ==").
		Presses("Change source").Sees("[New objective]").Presses("New objective").Sees("== Add objective ==").
		Fills("Objective", "Ship it").Submits("Save").Sees("Objective added: *Ship it*", "Objective: Ship it (", "[New objective]")
	r.alice.Submits("Next").Sees("Scorecard: Number of open incidents").Submits("Connect").Sees("== Edit KR-1 ==").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("Ship it").Closes()
}
