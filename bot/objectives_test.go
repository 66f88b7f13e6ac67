package bot_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/sandbox/seed"
	"okrbot/store/storetest"
)

// objectiveNumbered is O-n as it is stored.
func (r *room) objectiveNumbered(n int) okr.Objective {
	r.t.Helper()
	o, err := r.store.ObjectiveByNumber(r.t.Context(), r.slack.Options().TeamID, n)
	if err != nil {
		r.t.Fatal(err)
	}
	return o
}

// An objective is shown, changed and handed over, and whom it concerns hears of it.
func TestAnObjectiveIsChangedAndHandedOver(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12") // KR-1 of "Ship it", O-1
	r.addsObjective(r.alice, "Run a calm company")
	for _, key := range []string{"O-1", "o-1", "o1", "O 1", "O - 1", "O\u20111", "O\u20131", "*O-1*", "`o-1`", "ｏ－1"} {
		r.alice.Types("/okr show "+key).Sees("== O-1 ==", "*O-1* Ship it", "*KR-1* Interviews held").Closes()
	}
	r.alice.Types("/okr O-1").Sees("== O-1 ==").Closes()
	r.alice.Types("/okr show O-9").Sees("There is no O-9 here.")
	r.alice.Types("/okr show O-2 O-1").Sees("takes one objective alone")

	r.bob.Types("/okr O-1 edit").Sees("You may not edit O-1. Ask <@U0ALICE>.")
	r.alice.Types("/okr edit O-1").Sees("== Edit O-1 ==", "Objective: Ship it").
		Fills("Objective", "Ship it well").Fills("Owner", "bob").Chooses("Parent objective", "O-2 Run a calm company").
		Submits("Save").SeesNoModal().Sees("*O-1* Ship it well is saved", "owner <@U0BOB>")
	r.bob.Sees("You became owner of *O-1* Ship it well", "<@U0ALICE> changed that")
	r.alice.Types("/okr list O-2").Sees("Key results under O-2: none", "*O-1* Ship it well", "[Show]")
	r.alice.Types("/okr list mine O-1 Q4 2026 O-9").Sees("There is no O-9 here.")
	r.alice.Types("/okr list o 1").Sees("*Key results under O-1*", "*KR-1* Interviews held")
	r.alice.Types("/okr show O-1").Sees("*O-2* Run a calm company", "edited: owner <@U0ALICE> → <@U0BOB>").Closes()
	r.alice.Types("/okr edit O-1").Sees("You may not edit O-1. Ask <@U0BOB>.")
	r.bob.Types("/okr edit O-1").Fills("Co-owners", "alice").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Sees("You became co-owner of *O-1* Ship it well").Types("/okr edit O-1").Sees("== Edit O-1 ==").Submits("Save").SeesNoModal()
	if n := r.number("select count(*) from audit_events where object = 'objective' and action = 'edited'"); n != 2 { // saved as it was: no change
		t.Errorf("%d edits are recorded, want 2", n)
	}

	// Below it is shown, and offered as its parent by nobody.
	r.alice.Types("/okr show O-2").Sees("== O-2 ==", "Objectives that have this one as their parent", "*O-1* Ship it well").Presses("Show").Sees("== O-1 ==").Closes()
	events := r.objectiveNumbered(1)
	if events.Owner != "U0BOB" || events.Parent != r.objectiveNumbered(2).ID || fmt.Sprint(events.CoOwners) != "[U0ALICE]" {
		t.Errorf("stored: %+v", events)
	}
	r.carol.Types("/okr objectives").Sees("Of others", "*O-2* Run a calm company", "*O-1* Ship it well").Presses("Edit objective").Sees("== Edit O-").Closes() // an administrator
	r.alice.Types("/okr objectives well").Sees("Objectives with `well`", "*O-1*")
	r.alice.Types("/okr objectives o 1").Sees("== O-1 ==").Closes()
	r.alice.Types("/okr objectives O-9").Sees("There is no O-9 here.")
	r.alice.Types("/okr objectives nowhere").Sees("No objective has `nowhere` in its title.")
}

// What is changed twice at once is changed once, and phased targets stay within the period.
func TestAnObjectivesPeriodIsChanged(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	o := r.objectiveNumbered(1)
	r.alice.Types("/okr edit KR-1").Presses("More").Fills("Phased Targets", o.Period.Last.String()+": 12").Submits("Save").Sees("is saved").Closes()
	r.alice.Types("/okr edit O-1").Chooses("Period", "Dates…").Sees("Last day: ").
		Fills("Last day", (o.Period.Last-1).String()).Submits("Save").Sees("^ Phased targets do not fit into this period: KR-1.").
		Fills("Last day", (o.Period.Last + 1).String()).Submits("Save").SeesNoModal().Sees("is saved")
	if k, err := r.store.KeyResult(t.Context(), o.Workspace, 1); err != nil || k.Objective.Period.Last != o.Period.Last+1 {
		t.Errorf("the period of KR-1 ends %s, %v", k.Objective.Period.Last, err)
	}
	// What a key result may not say of its period, its objective may not make of it.
	middle := o.Period.First + 30
	r.alice.Types("/okr edit KR-1").Presses("More").Fills("Phased Targets", middle.String()+": 6").Submits("Save").Sees("is saved").Closes()
	r.alice.Types("/okr edit O-1").Chooses("Period", "Dates…").Sees("Last day: ").
		Fills("First day", middle.String()).Submits("Save").Sees("^ Phased targets do not fit into this period: KR-1.").
		Fills("First day", o.Period.First.String()).Fills("Last day", middle.String()).Submits("Save").Sees("^ Phased targets do not fit into this period: KR-1.").
		Fills("Last day", (middle + 1).String()).Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Types("/okr edit O-1").Sees("== Edit O-1 ==")
	r.carol.Types("/okr edit O-1").Fills("Objective", "Ship it soon").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Fills("Objective", "Ship it late").Submits("Save").Sees("== Changed elsewhere ==").Closes()
	if o = r.objectiveNumbered(1); o.Title != "Ship it soon" {
		t.Errorf("its title is %q", o.Title)
	}
}

// Nothing goes with an objective that was not named, and each key result goes where it was said.
func TestAnObjectiveIsRemoved(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.Types("/okr add-kr Talks given").Chooses("Objective", "Ship it").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "5").Submits("Save").Sees("is added").Closes()
	r.bob.Types("/okr remove O-1").Sees("You may not remove O-1. Ask <@U0ALICE>.")
	r.alice.Types("/okr remove O-1").Sees("== Remove O-1 ==", "*This goes:* the objective.\n\nChoose", "Choose what becomes of its 2 key results: each moves to another objective, or goes with its readings and check-ins.").
		Submits("Remove").Sees("^ Please complete this required field.").
		Chooses("KR-1 Interviews held", "Move to O-2 Run a calm company").Chooses("KR-2 Talks given", "Remove with it")
	// What came meanwhile was not named.
	r.carol.Types("/okr edit O-1").Fills("Objective", "Ship it now").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Submits("Remove").SeesNoModal().Sees("changed since they were named. Nothing was removed.")
	r.alice.Types("/okr remove O-1").Chooses("KR-1 Interviews held", "Move to O-2 Run a calm company").Chooses("KR-2 Talks given", "Remove with it").
		Submits("Remove").SeesNoModal().Sees("is removed. 1 key result moved. 1 key result removed with it.")
	k, err := r.store.KeyResult(t.Context(), r.objectiveNumbered(2).Workspace, 1)
	if err != nil || k.Objective.Number != 2 {
		t.Errorf("KR-1 is of %+v, %v", k.Objective, err)
	}
	r.alice.Types("/okr show KR-2").Sees("There is no KR-2 here.")
	r.alice.Types("/okr show O-1").Sees("There is no O-1 here.")
	r.carol.Types("/okr remove O-2").Chooses("KR-1 Interviews held", "Remove with it").Submits("Remove").SeesNoModal()
	r.alice.Sees("*O-2* Run a calm company was removed by <@U0CAROL>.", "*KR-1* Interviews held: removed")
}

// Who has an objective below, or gets key results from it, hears that it was removed.
func TestARemovedObjectiveIsToldToItsNeighbours(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.adds("Talks given", "5")
	r.addsObjective(r.bob, "Grow the team")
	r.bob.Types("/okr edit O-2").Fills("Co-owners", "carol").Chooses("Parent objective", "O-1 Ship it").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is updated by people")
	r.alice.Types("/okr remove O-1").Sees("*This stays:* *O-2* Grow the team, below no objective any more.\n").
		Chooses("KR-1 Interviews held", "Move to O-2 Grow the team").Chooses("KR-2 Talks given", "Remove with it").
		Submits("Remove").SeesNoModal().Sees("is removed. 1 key result moved. 1 key result removed with it.")
	r.bob.Sees("*O-1* Ship it was removed by <@U0ALICE>.\n*O-2* Grow the team: without a parent from now on\n*KR-1* Interviews held: moved to *O-2* Grow the team").
		DoesNotSee("Talks given: removed")
	r.carol.Sees("*O-2* Grow the team: without a parent from now on")
	r.bob.Types("/okr show O-2").Sees("*Parent objective*\n–", "<@U0ALICE> edited: parent O-1 Ship it removed").Closes()
}

// A form that arrives twice makes one objective, and its co-owner hears of it once.
func TestAnObjectiveSubmittedTwiceIsToldOnce(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr add-objective").Sees("== Add objective ==")
	v, ok := r.slack.Top("alice")
	if !ok {
		t.Fatal("there is no modal")
	}
	metadata, _ := v.Content["private_metadata"].(string)
	field := func(name string, value any) map[string]any {
		return map[string]any{"v": map[string]any{name: value}}
	}
	state := map[string]any{
		"title": field("value", "Be calm"), "owner": field("selected_user", "U0ALICE"), "co_owners": field("selected_users", []string{"U0BOB"}),
		"period": field("selected_option", map[string]any{"value": "this"}), "zone": field("selected_option", map[string]any{"value": "Europe/Berlin"}),
		"channel": field("selected_conversation", "C0ITOKRS"),
	}
	for i := range 3 {
		if status, body := r.post(r.submits("U0ALICE", "objective", metadata, "m", state, i)); status != http.StatusOK || body != "" {
			t.Errorf("%d %s", status, body)
		}
	}
	if made, told := r.number("select count(*) from objectives"), r.number("select count(*) from river_job where kind = 'tell_person'"); made != 1 || told != 1 {
		t.Errorf("%d objectives, of which was told %d times", made, told)
	}
}

// A parent that was removed while the form was open is a problem of its field.
func TestAParentIsRemovedMeanwhile(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm company")
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr edit O-2").Chooses("Parent objective", "O-1 Run a calm company")
	r.bob.Types("/okr add-objective").Fills("Objective", "Answer sooner").Fills("Channel", "#it-okrs").Chooses("Parent objective", "O-1 Run a calm company")
	r.carol.Types("/okr remove O-1").Submits("Remove").SeesNoModal()
	const gone = "^ This objective is not there any more. Choose another parent."
	r.bob.Submits("Save").Sees(gone).Chooses("Parent objective", "O-2 Ship it").Submits("Save").SeesNoModal().Sees("Objective added")
	r.alice.Submits("Save").Sees(gone).Closes()
}

// A place far beyond any list is the list's beginning.
func TestAPageBeyondAllNumbers(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	for _, place := range []string{"-1:", "2147483647:", "2147483648:", "4294967290:", "99999999999999999999:", ":", "x"} {
		r.post(r.pressedBy("U0ALICE", "objectives", place, ""))
	}
	if log := r.log.String(); strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
}

// TestManyKeyResultsAreMovedAtOnce where an objective is removed, and each of them can go elsewhere.
func TestManyKeyResultsAreMovedAtOnce(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	for i := range 6 {
		r.adds("Talks given in "+strings.Repeat("I", i+1), "5")
	}
	r.addsObjective(r.alice, "Run a calm company")
	r.alice.Types("/okr remove O-1").Sees("== Remove O-1 ==", "Choose what becomes of its 7 key results").
		Submits("Remove").Sees("^ Please complete this required field.").
		Chooses("All key results", "Move to O-2 Run a calm company").Chooses("KR-3 Talks given in II", "Remove with it").
		Submits("Remove").SeesNoModal().Sees("is removed. 6 key results moved. 1 key result removed with it.")
	if n := r.number("select count(*) from key_results k join objectives o on o.id = k.objective_id where o.number = 2"); n != 6 {
		t.Errorf("%d key results were moved", n)
	}
}

// A quarter that was chosen stays chosen where another one begins while the form is open.
func TestAQuarterThatEndsMeanwhileStaysChosen(t *testing.T) {
	r := newRoom(t)
	q := okr.QuarterOf(r.today())
	ends := q.Last.Time()
	r.later(time.Date(ends.Year(), ends.Month(), ends.Day(), 23, 50, 0, 0, berlin).Sub(r.now()))
	r.alice.Types("/okr add-objective").Sees("== Add objective ==", "This quarter ("+q.Words()+")").Fills("Objective", "Run a calm service desk").Fills("Channel", "#it-okrs")
	r.later(15 * time.Minute)
	if okr.QuarterOf(r.today()) == q {
		t.Fatal("it is still the same quarter")
	}
	r.alice.Submits("Save").SeesNoModal().Sees("Objective added")
	if got := r.objectiveNumbered(1).Period; got != q {
		t.Errorf("it is of %v, want %v", got, q)
	}
}

// A title in quotes, straight or curly, is the title: in the verbs that take an objective too.
func TestObjectivesByTitlesInQuotes(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Run a calm “self-service” desk")
	r.addsObjective(r.alice, "Hire well")
	r.alice.Types(`/okr objectives "hire"`).Sees("Hire well").DoesNotSee("No objective has")
	r.alice.Types(`/okr objectives “hire well”`).DoesNotSee("No objective has")
	r.laterDays(40)
	r.alice.Types(`/okr close-out "calm"`).Sees("== Close out ==", "Run a calm").Closes()
	r.alice.Types(`/okr close-out calm "self–service"`).Sees("== Close out ==", "Run a calm").Closes()
	r.alice.Types("/okr close-out 'Hire Well'").Sees("== Close out ==", "Hire well").Closes()
}

// What was ticked is still ticked where the sign-in was mistyped.
func TestSharingStaysChosenAfterAFailedCheck(t *testing.T) {
	r := newRoom(t)
	r.carol.Types("/okr connect").Sees("== Connect ServiceNow ==").Fills("ServiceNow URL", r.instance).Fills("Username", seed.User).Fills("Password", "mistyped").
		Chooses("Share", "Everybody in this workspace may read scorecards through it").Submits("Connect").
		Sees("The connection does not work yet").Fills("Password", seed.Password).Submits("Connect").Sees("is connected").Closes()
	if n := r.number("select count(*) from connections where shared"); n != 1 {
		t.Error("the connection is not shared")
	}
}

// The database's list of time zones can be older than okrbot's, and one objective in a zone that it does not know
// would break the lists of everybody.
func TestAZoneThatTheDatabaseDoesNotKnowIsRefused(t *testing.T) {
	r := newRoom(t)
	r.do(storetest.WithoutKyiv)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr edit O-1").Sees("== Edit O-1 ==").Chooses("Time zone", "Europe/Kyiv").Submits("Save").Sees("^ okrbot's database does not know this time zone").
		Chooses("Time zone", "Europe/Helsinki").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Types("/okr add-objective").Fills("Objective", "Aim higher").Chooses("Time zone", "Europe/Kyiv").Submits("Save").
		Sees("^ okrbot's database does not know this time zone").Chooses("Time zone", "Europe/Athens").Submits("Save").Sees("Aim higher")
}

// TestTheWindowOfAnObjectiveDoesNotOfferItself to those who may change it, and who may not have no menu.
func TestTheWindowOfAnObjectiveDoesNotOfferItself(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr show O-1").Sees("== O-1 ==", "[⋯ Edit objective | Remove objective…]").Closes()
	r.bob.Types("/okr show O-1").Sees("== O-1 ==", "How it stands")
	_, window, _ := strings.Cut(r.bob.Screen(), "== O-1 ==")
	window, _, _ = strings.Cut(window, "--- it-okrs") // where a card has its own
	if strings.Contains(window, "[⋯") {
		t.Errorf("who may change nothing is offered a menu:\n%s", window)
	}
}

// TestWhatRemovesIsLast in the menu of a key result's details.
func TestWhatRemovesIsLast(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "[⋯ Edit | Post to channel | Remove…]").Closes()
}
