package bot_test

import "testing"

// TestTheDetailsShowWhatIsSet and leave out what is not, or is what most key results have.
func TestTheDetailsShowWhatIsSet(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "*Target Value*\n12", "*Who may change it*\n").
		DoesNotSee("*Result Value*").DoesNotSee("*Committed Result*").DoesNotSee("*Weight*").Closes()
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Presses("More").Fills("Committed Result", "8").Fills("Weight", "2").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("*Committed Result*\n8", "*Weight*\n2", "edited: committed result set to 8, weight 1 → 2").Closes()
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Chooses("Goal", "Stay between two values").Fills("Target Value", "4").Fills("Upper Value", "9").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("*Target Value*\n4", "*Upper Value*\n9").DoesNotSee("*Committed Result*").Closes()
}

// TestACommittedResultIsNotMetYet while its period runs, and not met once that is over.
func TestACommittedResultIsNotMetYet(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.checksIn("Interviews held", "8", "7.99")
	r.alice.Types("/okr list").Sees("progress 79 %, committed result not met yet · ")
	r.beyond(r.objective(), 3)
	r.alice.Types("/okr list").Sees("progress 79 %, committed result not met · ")
}

// TestTheChangesSayWhatWasDone: the value of a check-in and its day, and nothing of a form that was saved as it was.
func TestTheChangesSayWhatWasDone(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	today := r.today()
	r.alice.Types("/okr check-in KR-1 3").Sees("Saved.")
	r.alice.Types("/okr check-in KR-1").Sees("== Check in on KR-1 ==").Fills("Note", "all is well").Submits("Save").SeesNoModal()
	r.alice.Types("/okr check-in KR-1").Sees("== Check in on KR-1 ==").Fills("Result Value", "4").Chooses("Confidence of reaching the target", "Confident").Submits("Save").SeesNoModal()
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("*Last readings*\n", "<@U0ALICE> checked in: value 3 of "+today.Words(), "<@U0ALICE> checked in: a note",
		"<@U0ALICE> checked in: value 4 of "+today.Words()+", confidence set to Confident").DoesNotSee("<@U0ALICE> edited").Closes()
}

// TestAPauseIsSaidOnce among the changes.
func TestAPauseIsSaidOnce(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
	r.alice.Types("/okr resume KR-1").Sees("KR-1 goes on")
	r.alice.Types("/okr show KR-1").Sees("<@U0ALICE> paused", "<@U0ALICE> resumed").DoesNotSee("paused false").DoesNotSee("paused true").Closes()
}
