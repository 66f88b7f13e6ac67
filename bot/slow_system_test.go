package bot_test

import (
	"testing"

	sandbox "okrbot/sandbox/servicenow"
)

// TestASystemThatStallsKeepsNobodyOnReading: the step comes back with what was entered, and says why.
func TestASystemThatStallsKeepsNobodyOnReading(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr Fewer open incidents").Sees("== Add key result ==").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores")
	fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.Stall})
	const says = "ServiceNow takes too long to say what is in this scorecard"
	r.alice.Presses("Preview results").Sees(says, "Scorecard: Number of open incidents").
		Submits("Connect").Sees("Reading").Sees(says, "Scorecard: Number of open incidents")
	fix()
	r.alice.Submits("Connect").Sees("Start Value").Fills("Target Value", "100").Submits("Save").Sees("is added").Closes()
}
