package bot_test

import "testing"

// Scores are read again where they come from elsewhere or are wanted from earlier on, and nowhere else.
func TestOnlyWhatIsReadSaysThatItIs(t *testing.T) {
	r := ready(t)
	r.isRead()
	r.alice.Types("/okr edit KR-1").Fills("Channel", "#service-desk").Submits("Save").
		Sees("KR-1 is saved", "Next sync").DoesNotSee("are being read now").Closes()
	r.alice.Types("/okr edit KR-1").Presses("Change source").Submits("Next").Sees("== Source of KR-1 ==").
		Chooses("Scorecard", "Number of open critical incidents").Sees("*Last 12 scores*").Submits("Connect").
		Submits("Save").
		Sees("KR-1 is saved", "Its scores since the period's start are being read now. Next sync").Closes()
	r.isRead()

	r.alice.Types("/okr add-objective").Fills("Objective", "Be calm all year").Chooses("Period", "Dates…").
		Fills("First day", r.day(-80).String()).Fills("Last day", r.day(35).String()).Fills("Channel", "#it-okrs").Submits("Save").SeesNoModal()
	r.settles()
	r.alice.Types("/okr edit KR-1").Presses("Change source").Chooses("Objective", "Be calm all year").Submits("Next").Sees("== Source of KR-1 ==").
		Submits("Connect").Submits("Save").Sees("KR-1 is saved", "are being read now").Closes()
}

// What is over is read until it is closed out, and what comes late of the period counts.
func TestWhatIsOverSaysWhatBecomesOfIt(t *testing.T) {
	r := ready(t)
	r.checksIn("Interviews held", "8", "5")
	r.isRead()
	r.beyond(r.objective(), 2)
	r.isRead()
	r.alice.Types("/okr list").Sees("period over, read until it is closed out: next sync", "updated by people · period over, to be closed out")
	r.do("update cards set dirty_at = now(), shows = null") // as once a day
	r.do("update places set ready_at = now()")
	r.bob.Sees("Period over, read until it is closed out: next sync")
	r.collectsFor(-2, 66) // the period's last day
	r.later(61_000_000_000)
	r.alice.Types("/okr sync KR-1").Sees("→ 66")
}

// What is saved is said to be, also where it cannot be found out who sees its channel.
func TestWhatIsSavedIsSaidWithoutWhoSeesIt(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.settles()
	r.atDetails()
	r.do("alter table audiences rename to hidden")
	r.alice.Submits("Save").Sees("is added").Closes()
	r.alice.Types("/okr subscribe").Sees("From now on the weekly digest goes to")
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr edit O-2").Fills("Objective", "Run a very calm service desk").Submits("Save").SeesNoModal().Sees("Run a very calm service desk", "is saved: ")
	r.alice.Types("/okr show KR-1").Presses("Post to channel").Sees("KR-1 appears in <#C0ITOKRS> in a moment.").Closes().Closes()
	r.do("alter table hidden rename to audiences")
	if n := r.keyResults(); n != 2 {
		t.Errorf("%d key results, want 2", n)
	}
}
