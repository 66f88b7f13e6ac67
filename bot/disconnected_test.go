package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/okr"
	"okrbot/sheet"
)

// disconnects has alice take back her only connection.
func (r *room) disconnects() {
	r.t.Helper()
	r.alice.Types("/okr connections").Presses("Manage").Sees("== ").Presses("Disconnect").Sees("reads through it").Submits("Disconnect").Sees("is disconnected").Closes()
	r.settles()
}

// What was read through a connection that somebody disconnected is read no more, whatever else is done to it: nothing
// promises a sync until it reads from elsewhere.
func TestWhatIsDisconnectedIsNotReadAgainByItself(t *testing.T) {
	for name, does := range map[string]func(r *room) (key string){
		"Edited": func(r *room) string {
			r.alice.Types("/okr edit KR-1").Fills("Key Result", "Fewer of them").Submits("Save").
				Sees("== KR-1 is saved ==", "disconnected").DoesNotSee("are being read now").DoesNotSee("ext sync").Closes()
			return "KR-1"
		},
		"CheckedInOn": func(r *room) string {
			r.alice.Types("/okr check-in KR-1 90 read off by hand").Sees("Saved.", "*90 (by hand)*").DoesNotSee("ext sync")
			return "KR-1"
		},
		"PausedAndResumed": func(r *room) string {
			r.alice.Types("/okr pause KR-1").Sees("KR-1 is paused")
			r.alice.Types("/okr resume KR-1").Sees("KR-1 is not paused any more.", "Choose another source").DoesNotSee("next sync")
			return "KR-1"
		},
		"MovedWithItsObjective": func(r *room) string {
			r.alice.Types("/okr edit O-1").Sees("== Edit O-1 ==").Chooses("Time zone", "Europe/Helsinki").Submits("Save").SeesNoModal().Sees("is saved")
			return "KR-1"
		},
		"CarriedOver": func(r *room) string {
			o := r.objective()
			r.beyond(o, 3)
			r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words(), "KR-1").
				Submits("Close out").Sees("== Carry over ==").Submits("Close out").SeesNoModal().Sees("is closed out.")
			return "KR-2"
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := ready(t)
			r.disconnects()
			key := does(r)
			r.settles()
			if n := r.number("select count(*) from key_results where next_sync_at is not null or retry_at is not null"); n != 0 {
				t.Error("it has a next sync")
			}
			if n := r.number("select count(*) from follows where rhythm_id is not null"); n != 0 {
				t.Error("it falls due")
			}
			r.alice.Types("/okr show "+key).Sees("== "+key+" ==", "disconnected").Closes()
		})
	}
}

// Neither is what reads through a connection whose sign-in is refused, until it is reconnected: a form that was saved
// does not say that it is.
func TestAFormDoesNotPromiseWhatARefusedConnectionReads(t *testing.T) {
	r := ready(t)
	r.do("update connections set state = 'rejected'")
	r.do("update key_results set failure_class = 'unauthorized', failure_cause = 'wrong_password', failure_says = 'ServiceNow refused the sign-in.', failing_since = now(), failure_told_at = now()")
	r.alice.Types("/okr edit KR-1").Fills("Key Result", "Fewer of them").Submits("Save").
		Sees("== KR-1 is saved ==", "ServiceNow refused the sign-in.").DoesNotSee("are being read now").Closes()
}

// A connection that is gone, or not confirmed yet, is none that a file can name: of two of one name there is one.
func TestAnImportNamesConnectionsThatThereAre(t *testing.T) {
	r := ready(t)
	file := func() string {
		o := r.objectiveNumbered(1)
		return "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,cadence,connection,reference\n" +
			fmt.Sprintf("%s,U0ALICE,%s,%s,%s,More,U0ALICE,decrease,150,100,daily,%s,%s\n", o.Title, o.Period.First, o.Period.Last, o.Zone,
				r.words("select name from connections order by id desc limit 1"), openIncidents)
	}
	check := func() (int, string) {
		var said strings.Builder
		o, err := sheet.Check(t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file()), &said, nil)
		if err != nil {
			t.Fatal(err)
		}
		return o.Problems, said.String()
	}
	if n, said := check(); n != 0 {
		t.Fatal(said)
	}
	r.disconnects()
	if n, said := check(); n != 1 || !strings.Contains(said, "There is no connection of this name.") {
		t.Errorf("of one that is gone it says\n%s", said)
	}
	r.connects(r.alice)
	r.settles()
	if n, said := check(); n != 0 {
		t.Errorf("of one that was connected again it says\n%s", said)
	}
}
