package bot_test

import (
	"strings"
	"testing"
)

// byHandForm fills the wizard's form of a key result that people update, up to Save.
func (r *room) byHandForm(title, objective string) {
	r.t.Helper()
	r.alice.Types("/okr add-kr "+title).Sees("== Add key result ==").Chooses("Objective", objective).
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Sees("Start Value").Fills("Start Value", "0").Fills("Target Value", "12")
}

// TestWhatIsRemovedUnderAForm is said, and what was entered is kept where something else can be chosen.
func TestWhatIsRemovedUnderAForm(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.addsObjective(r.alice, "Run a calm company")
	r.byHandForm("Interviews held", "Ship it")
	r.carol.Types("/okr remove O-1").Submits("Remove").SeesNoModal().Sees("is removed")
	r.alice.Submits("Save").Sees("The objective was removed meanwhile. Choose another one; what you entered is kept.").
		Chooses("Objective", "Run a calm company").Submits("Next").Sees("Target Value: 12").
		Submits("Save").Sees("KR-1 is added").Closes()

	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Fills("Target Value", "13")
	r.carol.Types("/okr remove KR-1").Submits("Remove").Sees("is removed")
	r.alice.Submits("Save").Sees("KR-1 was removed meanwhile. Nothing was saved.").Closes()
}

// TestNoObjectiveIsSaidToBeAddedThatIsGone.
func TestNoObjectiveIsSaidToBeAddedThatIsGone(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.addsObjective(r.alice, "Run a calm company")
	r.byHandForm("Interviews held", "Ship it")
	r.carol.Types("/okr remove O-1").Submits("Remove").SeesNoModal().Sees("is removed")
	r.alice.Presses("Back").Sees("Pull data from external applications")
	if v, _ := r.slack.Top("alice"); strings.Contains(v.Text(), "Objective added") {
		t.Error(v.Text())
	}
	r.alice.Closes()
}

// TestAConnectionThatIsNotSharedAnyMore: another one is chosen, and what was entered is kept.
func TestAConnectionThatIsNotSharedAnyMore(t *testing.T) {
	r := newRoom(t)
	r.connects(r.carol)
	r.carol.Types("/okr connections").Presses("Manage").Chooses("Share", "workspace").Submits("Save").Sees("is saved")
	r.addsObjective(r.bob, "Ship it")
	r.bob.Types("/okr add-kr Fewer open incidents").Sees("== Add key result ==").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores").Submits("Connect").Sees("Start Value").Fills("Target Value", "100")
	r.carol.Types("/okr connections").Presses("Manage").Fills("Share", "").Submits("Save").Sees("is saved")
	r.bob.Submits("Save").Sees("This connection is not yours to use any more. Nothing was saved.", "[New connection]")
	r.carol.Types("/okr connections").Presses("Manage").Chooses("Share", "workspace").Submits("Save").Sees("is saved")
	r.bob.Presses("Back").Sees("Key Result: Fewer open incidents").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores").Submits("Connect").Sees("Target Value: 100")
	r.bob.Submits("Save").Sees("KR-1 is added").Closes()
}

// TestANumberThatIsNotAskedAnyMoreBlocksNothing: it was typed before a system was chosen.
func TestANumberThatIsNotAskedAnyMoreBlocksNothing(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.byHandForm("Fewer open incidents", "Run a calm service desk")
	r.alice.Fills("Result Value", "4,5,6").Presses("Back").Sees("Pull data from external applications").
		Chooses("Pull data from external applications", "ServiceNow").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores").Submits("Connect").
		Sees("Start Value").Fills("Target Value", "100").Submits("Save").Sees("KR-1 is added").Closes()
}

// TestAFormOfAConnectionThatExpired says so: the connection is there.
func TestAFormOfAConnectionThatExpired(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	expires := func() {
		t.Helper()
		if _, err := r.database().Exec(t.Context(), "update drafts set expires_at = now() - interval '1 hour'"); err != nil {
			t.Fatal(err)
		}
	}
	for _, press := range []func(){
		func() { r.alice.Submits("Save") },
		func() { r.alice.Presses("Test connection") },
		func() { r.alice.Presses("Disconnect").Sees("[[Disconnect]]"); expires(); r.alice.Submits("Disconnect") },
	} {
		r.alice.Types("/okr connections").Presses("Manage").Sees("== Connection ==")
		expires()
		press()
		r.alice.Sees("This form has expired").DoesNotSee("This connection is gone")
		r.alice.Closes()
		if _, open := r.slack.Top("alice"); open {
			r.alice.Closes()
		}
	}
}
