package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/sheet"
)

// Guests change nothing, so nobody makes one an owner or a co-owner, in a form or by an import.
func TestGuestsBecomeNoOwners(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	const refused = "^ dave is a guest, and can change nothing here. Choose a member of this workspace."
	r.alice.Types("/okr add-objective Be calm").Fills("Owner", "dave").Submits("Save").Sees(refused).
		Fills("Owner", "alice").Fills("Co-owners", "dave").Submits("Save").Sees(refused).Closes()
	r.alice.Types("/okr edit O-1").Fills("Co-owners", "dave").Submits("Save").Sees(refused).Closes()
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Presses("More").Sees("Co-owners").Fills("Co-owners", "dave").Submits("Save").Sees(refused).
		Fills("Co-owners", "").Fills("Owner", "dave").Submits("Save").Sees(refused).Closes()
	r.alice.Types("/okr add-kr Talks held").Fills("Owner", "dave").Submits("Next").Sees(refused).Closes()
	r.dave.Types("/okr list").Sees("*KR-1*") // an import knows who has used okrbot
	file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value\n" +
		"Aim,U0DAVE," + r.day(-4).String() + "," + r.day(9).String() + ",UTC,Part,U0ALICE,increase,0,1\n" +
		"Aim two,U0ALICE," + r.day(-4).String() + "," + r.day(9).String() + ",UTC,Part,dave,increase,0,1\n"
	var said strings.Builder
	made, err := sheet.Import(t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, nil)
	for _, w := range []string{"lines 2 and 3, objective_owner and owner: dave is a guest, and can change nothing here. Name a member of this workspace."} {
		if !strings.Contains(fmt.Sprint(said.String(), err), w) {
			t.Errorf("made %+v, it does not say %q: %v\n%s", made, w, err, said.String())
		}
	}
}
