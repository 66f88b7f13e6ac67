package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/sheet"
)

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

// A key result that is announced elsewhere from now on is kept current there, and the card in the channel
// that it has left says where it is. It comes back the same way.
func TestACardFollowsItsKeyResultToAnotherChannel(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.bob.Sees("*KR-1* Interviews held", "[Check in]")
	r.alice.Types("/okr edit KR-1").Fills("Channel", "#service-desk").Submits("Save").Sees("KR-1 is saved", "Its card appears in <#C0DESK>").Closes()
	r.bob.Sees("Moved to <#C0DESK>: its card is kept current there.", "[Details]").DoesNotSee("[Check in]")
	r.bob.In("#service-desk").Sees("*KR-1* Interviews held", "[Check in]")
	r.alice.Types("/okr check-in KR-1 3").Sees("Saved.")
	r.bob.Sees("*3* · start 0")
	r.settles()
	if said := r.bob.In("#it-okrs").Screen(); strings.Contains(said, "*3*") || strings.Contains(said, "Interviews held  3") {
		t.Errorf("the channel that it has left says:\n%s", said)
	}
	if n := r.number("select count(*) from cards"); n != 1 {
		t.Errorf("%d cards, want that of the channel it is in", n)
	}

	r.alice.Types("/okr edit KR-1").Fills("Channel", "#it-okrs").Submits("Save").Sees("KR-1 is saved").Closes()
	r.bob.Sees("[Check in]").In("#service-desk").Sees("Moved to <#C0ITOKRS>")
}

// An import moves it as well; what never had a card gets none by that.
func TestACardFollowsAnImport(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.bob.Sees("[Check in]")
	header := "key,objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,channel\n"
	o := r.objectiveNumbered(1)
	line := func(number, title, channel string) string {
		return fmt.Sprintf("%s,Ship it,U0ALICE,%s,%s,%s,%s,U0ALICE,increase,0,12,%s\n", number, o.Period.First, o.Period.Last, o.Zone, title, channel)
	}
	imports := func(file string) {
		t.Helper()
		var said strings.Builder
		if _, err := sheet.Import(t.Context(), r.store, o.Workspace, strings.NewReader(header+file), &said, nil); err != nil || strings.Contains(said.String(), "error") {
			t.Fatalf("%v\n%s", err, said.String())
		}
	}
	imports(line("", "Talks given", "C0ITOKRS"))
	imports(line("KR-1", "Interviews held", "C0DESK") + line("KR-2", "Talks given", "C0DESK"))
	r.bob.Sees("Moved to <#C0DESK>").In("#service-desk").Sees("*KR-1* Interviews held")
	r.settles()
	r.bob.DoesNotSee("Talks given")
}

// Its cadence and its days are those of its objective's time zone, also where that changes in the moment in which it
// is saved.
func TestAKeyResultIsSavedIntoTheZoneOfItsObjective(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	is := func(want string) {
		t.Helper()
		if got := r.words("select zone from key_results"); got != want {
			t.Errorf("it is in %q, its objective in %q", got, want)
		}
	}
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").Chooses("Scorecard", "Number of open incidents").
		Presses("Preview results").Sees("Last 12 scores").Submits("Connect").Sees("Start Value").Fills("Target Value", "100")
	r.meanwhile("update objectives set zone = 'Pacific/Kiritimati', version = version + 1", func() {
		r.alice.Submits("Save").Sees("is added").Closes()
	})
	is("Pacific/Kiritimati")
	r.isRead()
	r.settles()
	r.alice.Types("/okr edit KR-1").Fills("Key Result", "Fewer of them").Sees("[[Save]]")
	r.meanwhile("update objectives set zone = 'Asia/Tokyo', version = version + 1; update key_results set zone = 'Asia/Tokyo', version = version + 1", func() {
		r.alice.Submits("Save").Sees("KR-1 is saved").Closes()
	})
	is("Asia/Tokyo")
}
