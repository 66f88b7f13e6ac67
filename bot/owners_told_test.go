package bot_test

import "testing"

// TestOwnersOfAKeyResultHearOfIt: who gets one, who loses one, and whose is removed; not who did it.
func TestOwnersOfAKeyResultHearOfIt(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").Sees("== Add key result ==").Fills("Key Result", "Talks given").Fills("Owner", "bob").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").Sees("[[Save]]").
		Fills("Start Value", "0").Fills("Target Value", "10").Submits("Save").Sees("is added").Closes()
	what := "*KR-1* Talks given under *O-1* Run a calm service desk"
	r.bob.In("dm-U0BOB").Sees("You became owner of " + what + ": <@U0ALICE> changed that. `/okr show KR-1` shows it.")

	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Presses("More").Sees("Owner: ").Fills("Owner", "carol").Submits("Save").Sees("KR-1 is saved").Closes()
	r.bob.Sees("You are neither owner nor co-owner of " + what + " any more: <@U0ALICE> changed that. Its owner is <@U0CAROL>.")
	r.carol.In("dm-U0CAROL").Sees("You became owner of " + what)
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Presses("More").Sees("Co-owners").Fills("Co-owners", "bob").Submits("Save").Sees("KR-1 is saved").Closes()
	r.bob.Sees("You became co-owner of " + what)

	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Fills("Key Result", "More talks given").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr remove KR-1").Sees("== Remove KR-1 ==").Submits("Remove").SeesNoModal()
	gone := ":dart: *KR-1* More talks given under *O-1* Run a calm service desk was removed by <@U0ALICE>, with its readings and check-ins."
	r.carol.Sees(gone)
	r.bob.Sees(gone)
	r.settles()
	if n := r.bob.Counts("You became co-owner of"); n != 1 {
		t.Errorf("bob heard %d times that he shares it, want once", n)
	}
	r.alice.In("dm-U0ALICE").DoesNotSee("You became").DoesNotSee("was removed by")
}
