package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/store"
)

// TestOnesOwnObjectivesComeFirst in the form of a key result, however many newer ones there are: those that
// somebody owns and co-owns.
func TestOnesOwnObjectivesComeFirst(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Owned by alice")
	r.alice.Types("/okr objectives") // so that she is known
	o := r.objective()
	bob := okr.Actor{Workspace: o.Workspace, ID: "U0BOB", Kind: okr.Member}
	err := r.store.InTx(t.Context(), func(tx *store.Tx) error {
		shared := o
		shared.ID, shared.Title, shared.Owner, shared.CoOwners = 0, "Shared with alice", "U0BOB", []string{"U0ALICE"}
		if _, _, err := tx.CreateObjective(t.Context(), bob, shared, ""); err != nil {
			return err
		}
		for n := range 130 {
			later := o
			later.ID, later.Title, later.Owner, later.Period = 0, fmt.Sprintf("Later %d", n), "U0BOB", okr.NextQuarter(o.Period.Last)
			if _, _, err := tx.CreateObjective(t.Context(), bob, later, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.alice.Types("/okr add-kr").Sees("== Add key result ==", "Objective: Owned by alice (") // the only one of her own
	offered := r.suggested(view.FieldObjective, "")
	owned, shared, later := strings.Index(offered, "Owned by alice"), strings.Index(offered, "Shared with alice"), strings.Index(offered, "Later ")
	if owned < 0 || shared < owned || later < shared {
		t.Errorf("offered: %s", offered)
	}
	r.alice.Closes()
	r.do("update objectives set co_owner_ids = '{U0ALICE}' where number = 3")
	r.alice.Types("/okr add-kr").Sees("Objective: Owned by alice (").Closes()
	r.do("update objectives set owner_id = 'U0BOB' where number = 1")
	r.alice.Types("/okr add-kr").Sees("== Add key result ==").DoesNotSee("Objective: Shared").Closes() // one of two
	r.do("update objectives set last_day = '2020-03-31', first_day = '2020-01-01' where number = 3")
	r.alice.Types("/okr add-kr").Sees("Objective: Shared with alice (").Closes()
}
