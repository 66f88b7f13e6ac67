package bot_test

import (
	"testing"

	"okrbot/sandbox/seed"
)

func TestAKeyResultFollowsAPartOfAScorecard(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").
		Fills("Key Result", "Fewer critical incidents").
		Submits("Next").
		Chooses("Scorecard", "Number of open incidents").
		Sees("Last 12 scores", "Breakdown: ", "Time series: ").
		DoesNotSee("Element: ").
		Chooses("Breakdown", "Priority").
		Sees("Element: ").
		Submits("Connect").
		Sees("Choose an element").
		Chooses("Element", "1 - Critical").
		Sees("*Number of open incidents &gt; Priority = 1 - Critical*", "Second breakdown: ").
		Chooses("Second breakdown", "Category").
		Chooses("Second element", "Database").
		Sees("Priority = 1 - Critical &gt; Category = Database*").
		Chooses("Second breakdown", "None").
		Sees("1 - Critical*").
		DoesNotSee("Second element: ").
		Chooses("Time series", "7d running SUM").
		Sees("Priority = 1 - Critical / 7d running SUM").
		Chooses("Time series", "Scores as collected").
		Sees("1 - Critical*").
		Submits("Connect").
		Sees("Start Value", "*Number of open incidents &gt; Priority = 1 - Critical*").
		Fills("Target Value", "2").
		Submits("Save").
		Sees("is added").
		Closes().
		Sees("*KR-1* Fewer critical incidents", "score of")
	r.alice.Types("/okr show KR-1").
		Sees("Number of open incidents &gt; Priority = 1 - Critical").
		Closes()

	// Whoever changes its source finds the part again, and can take the whole.
	r.alice.Types("/okr edit KR-1").
		Presses("Change source").
		Submits("Next").
		Presses("Preview results").
		Sees("Last 12 scores", "Breakdown: Priority", "Element: 1 - Critical").
		Chooses("Breakdown", "Whole scorecard").
		Sees("*Number of open incidents*").
		DoesNotSee("Element: ").
		Closes()

	// Who does not wait for the preview goes on all the same.
	r.alice.Types("/okr add-kr").
		Fills("Key Result", "In a hurry").
		Submits("Next").
		Chooses("Scorecard", "Number of new incidents").
		Submits("Connect").
		Sees("Start Value").
		Closes()

	// One that cannot be divided asks for nothing more.
	r.alice.Types("/okr add-kr").
		Fills("Key Result", "Faster").
		Submits("Next").
		Chooses("Scorecard", "Number of new incidents").
		Sees("Last 12 scores").
		DoesNotSee("Breakdown: ").
		Closes()
}

// TestListsOfPartsCountWhatIsRefused chooses a breakdown after the password has changed.
func TestListsOfPartsCountWhatIsRefused(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.until("the list being read", r.stored("select bool_and(directory_at is not null) from connections"))
	r.looks()
	r.alice.Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores", "Breakdown: ")
	r.servicenow.SetPassword(seed.User, "another one")
	r.alice.Chooses("Breakdown", "Priority").Sees("ServiceNow refused our sign-in")
	if n := r.number("select refusals from connections"); n != 1 || r.refusals() != 1 {
		t.Errorf("%d refusals are counted of %d, want 1", n, r.refusals())
	}
	r.alice.Chooses("Breakdown", "Whole scorecard").Chooses("Breakdown", "Priority").Sees("ServiceNow refused our sign-in").
		Chooses("Breakdown", "Whole scorecard").Chooses("Breakdown", "Priority").Sees("refused this connection's sign-in").
		Closes()
	if n := r.refusals(); n != 2 {
		t.Errorf("%d wrong passwords were sent, want 2", n)
	}
}
