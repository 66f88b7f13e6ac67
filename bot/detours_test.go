package bot_test

import (
	"testing"

	"okrbot/sandbox/seed"
)

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

// TestADetourThatConnectedSaysSoWhereItEnds: the form of the connection has taken the place of the third window,
// and what is said there gives way to the form of the key result.
func TestADetourThatConnectedSaysSoWhereItEnds(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true // of a fourth window
	r.alice.Types("/okr show O-1").Sees("== O-1 ==").Presses("Details").Sees("== KR-1 ==").Presses("Edit").Sees("== Edit KR-1 ==").
		Presses("Change source").Sees("[New objective]").Submits("Next").Sees("== Source of KR-1 ==").DoesNotSee("Connected: *").
		Presses("New connection").Sees("== Connect ServiceNow ==").
		Fills("ServiceNow URL", r.instance).Fills("Username", seed.User).Fills("Password", seed.Password).Submits("Connect").
		Sees("== Source of KR-1 ==", ":white_check_mark: Connected: *", "It is chosen below").
		Chooses("Scorecard", "Number of open incidents").Submits("Connect").Sees("== Edit KR-1 ==").DoesNotSee("Connected: *").Submits("Save").Sees("KR-1 is saved").Closes()
}
