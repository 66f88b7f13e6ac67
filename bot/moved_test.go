package bot_test

import "testing"

// What was closed out after somebody chose it takes no key result any more, neither a new one nor one
// that moves.
func TestNothingComesUnderAnObjectiveThatWasClosedOutMeanwhile(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.Types("/okr edit KR-1").Presses("Change source").Chooses("Objective", "Run a calm company").Submits("Next").Sees("[[Save]]")
	r.bob.Types("/okr add-kr Talks given").Chooses("Objective", "Run a calm company").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "5")
	if _, err := r.database().Exec(t.Context(), "update objectives set closed_at = now() where number = 2"); err != nil {
		t.Fatal(err)
	}
	r.bob.Submits("Save").SeesNoModal().Sees("closed out meanwhile", "Nothing was saved")
	r.alice.Submits("Save").SeesNoModal().Sees("closed out meanwhile", "Nothing was saved")
	if n := r.number("select count(*) from key_results k join objectives o on o.id = k.objective_id where o.number = 2"); n != 0 {
		t.Errorf("%d key results are under what is closed out", n)
	}
}
