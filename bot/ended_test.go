package bot_test

import (
	"testing"

	"okrbot/okr"
)

// TestHowItEndedIsSeenWithoutAChannel too: the note, and what was written down.
func TestHowItEndedIsSeenWithoutAChannel(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.checksIn("Interviews held", "8", "7.99")
	r.checksIn("Talks given", "5", "5")
	o := r.objective()
	r.bob.Types("/okr list") // so that he is known
	r.do("update objectives set channel_id = '', co_owner_ids = '{U0BOB,U0CAROL}'")
	r.beyond(o, 3)
	next := okr.NextQuarter(o.Period.Last).Words()
	r.bob.Types("/okr close-out O-1").Sees("== Close out ==").Fills("Note", "Hiring was late.").Chooses("Carry over to "+next, "KR-1").
		Submits("Close out").Sees("== Carry over ==").Submits("Close out").SeesNoModal().
		Sees("is closed out.", "`/okr show O-1` shows how it ended.")
	r.bob.Types("/okr close-out O-1").Sees("is closed out already. `/okr show O-1` shows how it ended.")

	r.settles() // else a card is drawn with the new title
	r.do("update key_results set title = 'Renamed afterwards' where number = 2")
	r.carol.Types("/okr show O-1").Sees("== O-1 ==", "*Closed out: Run a calm service desk*", "by <@U0BOB>, goes on in "+next+" as *O-2*", "> Hiring was late.",
		"*KR-1* Interviews held · 7.99 of", "score 0.79 · committed result missed", "goes on as KR-3",
		"*KR-2* Talks given · 5 of", "score 0.50 · committed result met", "[Details]").DoesNotSee("How it stands").DoesNotSee("Renamed afterwards").
		Presses("Details").Sees("== KR-1 ==", "*Closed out*").Closes()

	told := ":checkered_flag: *O-1* Run a calm service desk (" + o.Period.Words() + ") was closed out by <@U0BOB>. It goes on in " + next + " as *O-2*. `/okr show O-1` shows how it ended."
	r.alice.In("dm-U0ALICE").Sees(told)
	r.carol.In("dm-U0CAROL").Sees(told)
	r.settles()
	for _, p := range []string{"U0ALICE", "U0CAROL"} {
		if n := r.alice.In("dm-" + p); p == "U0ALICE" && n.Counts(told) != 1 {
			t.Error("told more than once")
		}
	}
	r.bob.In("dm-U0BOB").DoesNotSee("was closed out by")
}

// TestOwnersHearThatTheirsWereClosedOut with the objective: each once, of all that is theirs and of how it goes
// on.
func TestOwnersHearThatTheirsWereClosedOut(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.checksIn("Interviews held", "8", "7.99")
	r.checksIn("Talks given", "5", "5")
	r.checksIn("Papers read", "5", "5")
	o := r.objective()
	r.do("update key_results set owner_id = 'U0BOB' where number in (1, 2)")
	r.do("update key_results set owner_id = 'U0CAROL', co_owner_ids = '{U0BOB}' where number = 3")
	r.beyond(o, 3)
	r.alice.Types("/okr close-out O-1").Sees("== Close out ==").Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words(), "KR-1").
		Submits("Close out").Sees("== Carry over ==").Submits("Close out").SeesNoModal().Sees("is closed out.")
	r.bob.In("dm-U0BOB").Sees(":checkered_flag: *O-1* Run a calm service desk (", "was closed out by <@U0ALICE>.", "as *O-2*",
		"Yours in it:\n• *KR-1* Interviews held, goes on as *KR-4*\n• *KR-2* Talks given\n• *KR-3* Papers read")
	r.carol.In("dm-U0CAROL").Sees("was closed out by <@U0ALICE>.", "Yours in it:\n• *KR-3* Papers read").DoesNotSee("Talks given")
	r.settles()
	if n := r.bob.Counts("was closed out by"); n != 1 {
		t.Errorf("bob hears of it %d times", n)
	}
	r.alice.In("dm-U0ALICE").DoesNotSee("was closed out by")
}

// TestWhatIsLeftOutOfTheWindowOfAnEndIsSeen: forty are in the window, and all behind a button.
func TestWhatIsLeftOutOfTheWindowOfAnEndIsSeen(t *testing.T) {
	r := newRoom(t)
	o := r.importsMany(42, 0)
	r.do("update objectives set channel_id = ''")
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").Sees("== Close out ==").Submits("Close out").SeesNoModal().Sees("is closed out.")
	r.alice.Types("/okr show O-1").Sees("*KR-40* Part 40 · ", "…and 2 more key results.").DoesNotSee("*KR-41*").Presses("See all").Sees("*KR-42* Part 42 · ")
}

// TestWhatIsClosedOutTakesNoKeyResults: it is neither chosen nor offered, and what goes on is chosen.
func TestWhatIsClosedOutTakesNoKeyResults(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.checksIn("Interviews held", "8", "7.99")
	o := r.objective()
	r.beyond(o, 3)
	r.alice.Types("/okr add-kr").Sees("== Add key result ==").Fills("Key Result", "Talks given").
		Chooses("Pull data from external applications", "I will update it myself") // and stays open
	next := okr.NextQuarter(o.Period.Last).Words()
	r.do("update objectives set co_owner_ids = '{U0BOB}'")
	r.bob.Types("/okr close-out O-1").Chooses("Carry over to "+next, "KR-1").Submits("Close out").Sees("== Carry over ==").Submits("Close out").SeesNoModal()

	r.alice.Submits("Next").Sees("^ This objective is closed out. Choose another one, or press New objective.").DoesNotSee("Ask its owner").Closes()
	r.alice.Types("/okr add-kr").Sees("== Add key result ==", "Run a calm service desk ("+next+")").Closes()
	r.do("update objectives set closed_at = now()")
	r.alice.Types("/okr add-kr").Sees("== Add key result ==", "There is no open objective. Press *New objective*").Closes()
}
