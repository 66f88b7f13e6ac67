package bot_test

import "testing"

// The pages of a list in a window turn in that window.
func TestPagesTurnInTheirWindow(t *testing.T) {
	r := newRoom(t)
	r.importsMany(70, 0)
	r.alice.Uses("My Objectives").Sees("== okrbot ==", "1–20 of 70")
	for _, page := range []string{"21–40 of 70", "41–60 of 70", "61–70 of 70"} {
		r.alice.Presses("Next").Sees("== okrbot ==", page)
	}
	r.alice.Presses("Previous").Sees("== okrbot ==", "41–60 of 70").Closes().SeesNoModal()
	if n := r.alice.In("dm-U0ALICE").Counts(" of 70"); n != 0 {
		t.Errorf("%d pages were said outside of the window", n)
	}
}

// Slack shows three windows over each other: what is said over the third takes its place, where nothing is typed
// in it.
func TestWhatIsSaidOverThreeWindowsIsSeen(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true // views.push: push_limit_reached
	r.alice.Uses("My Objectives").Sees("== okrbot ==").Presses("Show objective").Sees("== O-1 ==").Presses("Details").Sees("== KR-1 ==").
		Presses("Sync Integration Data").Sees("Syncing KR-1 from")
	if n := r.alice.In("dm-U0ALICE").Counts("Syncing KR-1 from"); n != 0 {
		t.Errorf("it was said outside of the window:\n%s", r.alice.Screen())
	}
}
