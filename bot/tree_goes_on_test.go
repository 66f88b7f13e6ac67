package bot_test

import (
	"fmt"
	"testing"

	"okrbot/okr"
	"okrbot/store"
)

// underEachOther makes objectives that are over, each below the one before it and with a key result that people
// update: KR-1 of O-1, and so on.
func (r *room) underEachOther(titles ...string) (over string) {
	r.t.Helper()
	for i, title := range titles {
		form := r.alice.Types("/okr add-objective").Fills("Objective", title).Chooses("Period", "Dates…").
			Fills("First day", r.day(-55).String()).Fills("Last day", r.day(35).String()).Fills("Channel", "#it-okrs")
		if i > 0 {
			form.Chooses("Parent objective", fmt.Sprintf("O-%d %s", i, titles[i-1]))
		}
		form.Submits("Save").SeesNoModal().Sees("Objective added")
		r.byHandForm("Part of "+title, title)
		r.alice.Submits("Save").Sees("is added").Closes()
	}
	o := r.objectiveNumbered(1)
	r.beyond(o, 1)
	return "Carry over to " + okr.NextQuarter(o.Period.Last).Words()
}

// goesOnWith closes an objective out, and what it has goes on.
func (r *room) goesOnWith(objective, over string) {
	r.t.Helper()
	r.alice.Types("/okr close-out "+objective).Sees("== Close out ==").Chooses(over, "KR-").Submits("Close out").
		Sees("== Carry over ==").Submits("Close out").SeesNoModal().Sees("is closed out.")
}

// Whichever of two is closed out first, the next quarter has the same tree, and says so.
func TestTheTreeGoesOn(t *testing.T) {
	t.Parallel()
	t.Run("TheParentFirst", func(t *testing.T) {
		r := newRoom(t)
		over := r.underEachOther("Run a calm company", "Run a calm service desk")
		r.goesOnWith("O-1", over)
		r.goesOnWith("O-2", over)
		r.alice.Sees("It is below *O-3* Run a calm company now.")
		r.bob.Sees("It is below *O-3* Run a calm company now.")
		if next := r.objectiveNumbered(4); next.Parent != r.objectiveNumbered(3).ID {
			t.Errorf("O-4 is below %d", next.Parent)
		}
	})
	t.Run("TheChildFirst", func(t *testing.T) {
		r := newRoom(t)
		over := r.underEachOther("Run a calm company", "Run a calm service desk")
		r.goesOnWith("O-2", over)
		if next := r.objectiveNumbered(3); next.Parent != r.objectiveNumbered(1).ID {
			t.Fatalf("O-3 is below %d", next.Parent)
		}
		r.goesOnWith("O-1", over)
		r.alice.Sees("Below it now: *O-3* Run a calm service desk.")
		r.bob.Sees("Below it now: *O-3* Run a calm service desk.")
		if next := r.objectiveNumbered(3); next.Parent != r.objectiveNumbered(4).ID {
			t.Errorf("O-3 is below %d", next.Parent)
		}
		r.alice.Types("/okr show O-3").Sees("*O-4* Run a calm company", "parent O-1 Run a calm company → O-4 Run a calm company").Closes()
	})
	// What the parent goes on below was put below the child meanwhile: it stays where it is.
	t.Run("NothingIsAboveItself", func(t *testing.T) {
		r := newRoom(t)
		over := r.underEachOther("Be kind", "Run a calm company", "Run a calm service desk")
		r.goesOnWith("O-3", over) // as O-4, below O-2
		r.goesOnWith("O-1", over) // as O-5
		r.alice.Types("/okr edit O-5").Sees("== Edit O-5 ==").Chooses("Parent objective", "O-4 Run a calm service desk").Submits("Save").SeesNoModal().Sees("is saved")
		r.goesOnWith("O-2", over) // as O-6, below O-5, which is below O-4
		if next := r.objectiveNumbered(6); next.Parent != r.objectiveNumbered(5).ID {
			t.Errorf("O-6 is below %d", next.Parent)
		}
		if child := r.objectiveNumbered(4); child.Parent != r.objectiveNumbered(2).ID {
			t.Errorf("O-4 is below %d", child.Parent)
		}
	})
}

// Where nothing goes on, nobody waits for whoever changes the tree.
func TestWhatEndsForGoodWaitsForNoTree(t *testing.T) {
	r := newRoom(t)
	r.underEachOther("Run a calm company", "Run a calm service desk")
	err := r.store.InTx(t.Context(), func(tx *store.Tx) error {
		if err := tx.LockTree(t.Context(), r.slack.Options().TeamID); err != nil {
			return err
		}
		r.alice.Types("/okr close-out O-2").Sees("== Close out ==").Submits("Close out").SeesNoModal().Sees("is closed out.")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
