package bot_test

import "testing"

// TestAnEditGoesWithWhatIsNoEdit: a check-in, a pause and the end of a value by hand meanwhile neither refuse what
// is typed in the form nor are they taken back by it. What somebody else edited meanwhile is not written over.
func TestAnEditGoesWithWhatIsNoEdit(t *testing.T) {
	r := ready(t)
	ws := r.slack.Options().TeamID
	r.carol.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Fills("Key Result", "Far fewer open incidents")
	r.alice.Types("/okr check-in KR-1 110 counted twice").Sees("*110 (by hand)*")
	r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
	r.carol.Submits("Save").Sees("KR-1 is saved").Closes()
	k, err := r.store.KeyResult(t.Context(), ws, 1)
	if err != nil || k.Title != "Far fewer open incidents" || !k.Paused || k.Override.Value.Decimal.String() != "110" {
		t.Errorf("saved: %+v, %v", k, err)
	}

	r.carol.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Fills("Key Result", "Hardly any open incidents")
	r.alice.Types("/okr resume KR-1").Sees("KR-1 goes on")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==").Presses("Resume automatic")
	r.until("the end of the value by hand", func() bool {
		return r.number("select count(*) from key_results where override_value is not null") == 0
	})
	r.alice.Closes()
	r.carol.Submits("Save").Sees("KR-1 is saved").Closes()
	k, err = r.store.KeyResult(t.Context(), ws, 1)
	if err != nil || k.Title != "Hardly any open incidents" || k.Paused || k.Override.Value.Valid {
		t.Errorf("saved: %+v, %v", k, err)
	}

	r.carol.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Fills("Key Result", "No open incidents")
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Fills("Target Value", "90").Submits("Save").Sees("KR-1 is saved").Closes()
	r.carol.Submits("Save").Sees("== Changed elsewhere ==", "Nothing of this one was saved.").Closes()
	k, err = r.store.KeyResult(t.Context(), ws, 1)
	if err != nil || k.Title != "Hardly any open incidents" || k.Target.Decimal.String() != "90" {
		t.Errorf("saved: %+v, %v", k, err)
	}
}
