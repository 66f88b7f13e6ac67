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
