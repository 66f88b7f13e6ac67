package bot_test

import (
	"testing"

	"okrbot/okr"
)

// Who owns or co-owns an objective hears once what somebody else changed of it, and who did it hears nothing.
func TestOwnersHearWhatOthersChangeOfAnObjective(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12") // of O-1
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.Types("/okr edit O-1").Fills("Co-owners", "bob").Submits("Save").SeesNoModal()
	r.bob.Sees("You became co-owner of *O-1* Ship it")
	was := r.objectiveNumbered(1).Period
	r.carol.Types("/okr edit O-1").Fills("Objective", "Ship it & *well*").Chooses("Period", "Dates…").
		Fills("Last day", (was.Last+1).String()).Chooses("Parent objective", "O-2 Run a calm company").Submits("Save").SeesNoModal()
	now := okr.Period{First: was.First, Last: was.Last + 1}
	says := []string{
		":dart: <@U0CAROL> changed *O-1* Ship it &amp; *well*:", "• title Ship it → Ship it &amp; *well*", "• period " + was.Words() + " → " + now.Words(), "• parent set to O-2 Run a calm company",
		"`/okr show O-1` shows it.",
	}
	r.alice.In("dm-U0ALICE").Sees(says...)
	r.bob.In("dm-U0BOB").Sees(says...)
	if n := r.alice.Counts("<@U0CAROL> changed *O-1*"); n != 1 {
		t.Errorf("alice is told %d times", n)
	}

	// Who is told of another thing about it hears what else changed with that, and saving it as it is tells nobody.
	r.bob.In("it-okrs").Types("/okr edit O-1").Fills("Objective", "Ship it").Fills("Owner", "bob").Fills("Co-owners", "").Submits("Save").SeesNoModal()
	r.alice.In("dm-U0ALICE").Sees("You are neither owner nor co-owner of *O-1* Ship it any more: <@U0BOB> changed that.")
	r.carol.In("it-okrs").Types("/okr edit O-1").Submits("Save").SeesNoModal()
	r.carol.Types("/okr edit O-1").Fills("Co-owners", "alice").Chooses("Time zone", "Pacific/Kiritimati").Submits("Save").SeesNoModal()
	r.alice.Sees("You became co-owner of *O-1* Ship it")
	r.bob.In("dm-U0BOB").Sees("• co-owners set to <@U0ALICE>", "• time zone Europe/Berlin → Pacific/Kiritimati")
	if n := r.bob.Counts("<@U0CAROL> changed *O-1*"); n != 2 {
		t.Errorf("bob was told %d times, want 2", n)
	}
	if n := r.carol.In("dm-U0CAROL").Counts("changed *O-1*"); n != 0 {
		t.Errorf("carol was told %d times of what she did", n)
	}
}
