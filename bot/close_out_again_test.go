package bot_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// unheard submits the window that alice looks at, and Slack loses what it is answered with: the window stays.
func (r *room) unheard(stamp int) {
	r.t.Helper()
	v, ok := r.slack.Top("alice")
	if !ok {
		r.t.Fatal("there is no modal")
	}
	raw, err := json.Marshal(v.State)
	if err != nil {
		r.t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(raw, &state); err != nil {
		r.t.Fatal(err)
	}
	metadata, _ := v.Content["private_metadata"].(string)
	callback, _ := v.Content["callback_id"].(string)
	blocks, _ := v.Content["blocks"].([]any)
	first, _ := blocks[0].(map[string]any)
	mark, _ := first["block_id"].(string)
	if status, body := r.post(r.submits("U0ALICE", callback, metadata, mark, state, stamp)); status != http.StatusOK {
		r.t.Fatalf("%d %s", status, body)
	}
}

// The step after a submit whose answer is lost is shown when the same is submitted once more, and what is changed
// in between counts.
func TestACloseOutWhoseAnswerIsLostGoesOn(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.checksIn("Interviews held", "8", "4")
	r.checksIn("Talks given", "8", "2")
	o := r.objective()
	r.beyond(o, 1)
	over := "Carry over to " + okr.NextQuarter(o.Period.Last).Words()
	r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses(over, "KR-1")
	r.unheard(1)
	r.alice.Fills("Note", "Hiring was late.").Chooses(over, "KR-2").Submits("Close out").Sees("== Carry over ==", "KR-2 Talks given", "starts at 2").
		DoesNotSee("KR-1 Interviews held: Target").Fills("KR-2 Talks given: Target Value", "20")
	if n := r.number("select count(*) from close_outs"); n != 0 {
		t.Fatalf("%d are closed out before the second step", n)
	}
	r.unheard(2)
	r.alice.Submits("Close out").SeesNoModal().Sees("is closed out already")
	r.bob.Sees("*Closed out: Ship it*", "Hiring was late.")
	if got := r.carried(o); len(got) != 1 || got["Talks given"] != "20" {
		t.Errorf("what goes on: %v", got)
	}
}

// What has no target goes on without one, and the second step is seen before all the same.
func TestWhatHasNoTargetIsNotClosedOutUnseen(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	o := r.objective()
	actor := okr.Actor{Workspace: o.Workspace, ID: "U0ALICE", Kind: okr.Member}
	err := r.store.InTx(t.Context(), func(tx *store.Tx) error {
		k := store.KeyResult{Objective: o}
		k.Workspace, k.KeyResult.Objective, k.Title, k.Owner = o.Workspace, o.ID, "Interviews held", "U0ALICE"
		k.Kind, k.Method, k.Cadence.Zone = okr.Baseline, okr.Latest, o.Zone
		_, _, err := tx.CreateKeyResult(t.Context(), actor, k, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words(), "KR-1")
	r.unheard(1)
	r.alice.Submits("Close out").Sees("== Carry over ==").Submits("Close out").SeesNoModal().Sees("goes on in", "with KR-2.")
}

// A page of targets whose answer is lost is read again, and writes over no other page.
func TestAPageOfTargetsWhoseAnswerIsLostIsTakenAgain(t *testing.T) {
	r := newRoom(t)
	o := r.importsMany(100, 0)
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses("What goes on", "All 100 key results").Submits("Close out").
		Sees("1 to 90 of 100 key results").Fills("KR-1 Part 1: Target Value", "-7").Fills("KR-2 Part 2: Target Value", "-7")
	r.unheard(1)
	r.alice.Fills("KR-2 Part 2: Target Value", "-8").Submits("Next").Sees("91 to 100 of 100 key results").
		Fills("KR-95 Part 95: Target Value", "-9").Submits("Close out").SeesNoModal().Sees("with 100 key results")
	got := r.carried(o)
	if len(got) != 100 || got["Part 1"] != "-7" || got["Part 2"] != "-8" || got["Part 95"] != "-9" || got["Part 96"] != "0" {
		t.Errorf("%d go on: %v", len(got), got)
	}
}

// What was said to go on in one quarter does not go on in another one, which begins while the form is open.
func TestACloseOutGoesOnWhereItSaid(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.checksIn("Talks given", "8", "2")
	said := okr.NextQuarter(r.objective().Period.Last)
	ends := said.Last.Time()
	r.later(time.Date(ends.Year(), ends.Month(), ends.Day(), 23, 50, 0, 0, berlin).Sub(r.now()))
	r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses("Carry over to "+said.Words(), "KR-1").Submits("Close out").
		Sees("== Carry over ==", "*Ship it* goes on in "+said.Words())
	r.later(15 * time.Minute)
	next := okr.NextQuarter(said.Last)
	r.alice.Submits("Close out").SeesNoModal().Sees("*Ship it* goes on in " + next.Words() + " by now, not in " + said.Words() + " as you chose. Nothing was saved.")
	if n := r.number("select count(*) from close_outs"); n != 0 {
		t.Errorf("%d are closed out", n)
	}
	r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses("Carry over to "+next.Words(), "KR-1").Submits("Close out").
		Sees("== Carry over ==").Submits("Close out").SeesNoModal().Sees("is closed out.", "goes on in "+next.Words())
}
