package sheet_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

// What happens to a key result while a file is imported that changes it is a change of the workspace, and no
// trouble of ours: nothing is saved, and it is to be run again.
func TestAKeyResultThatGoesMeanwhile(t *testing.T) {
	for _, row := range []struct {
		name string
		file string // a line, or without one its history
		does func(c *company, tx *store.Tx, k store.KeyResult) error
	}{
		{"Removed", "Other,%sKR-1,Read", remove},
		{"RemovedWithItsHistory", "", remove},
		{"ClosedOutWhereTheFileDoesNotLook", "Other,%sKR-1,Read", closeOut},
		{"ClosedOutWithItsHistory", "", closeOut},
		{"ItsObjectiveInAnotherZone", "Calm,%s,New", abroad},
		{"ItsObjectiveRemoved", "Empty,%sKR-1,Read", removeEmpty},
		{"ItsObjectiveRemovedBeforeItIsAdded", "Empty,%s,New", removeEmpty},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCompany(t)
			const names = "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value\n"
			const quarter, under = "U1ALICE,2026-07-01,2026-09-30,UTC,", ",U1ALICE,increase,0,8\n"
			if o, said := c.imports(names + "Calm," + quarter + "KR-1,Read" + under + "Other," + quarter + "KR-2,Aside" + under + "Empty," + quarter + ",,,,,\n"); o.Problems != 0 {
				t.Fatal(said)
			}
			file := names + fmt.Sprintf(row.file, quarter) + under
			if row.file == "" {
				file = "key,what,day,value,person\nKR-1,reading,2026-08-05,7.5,\n"
			}
			o, err := sheet.Import(ctx, c.store, "T1", strings.NewReader(file), &closer{close: func() {
				c.in(func(tx *store.Tx) error {
					k, err := tx.KeyResult(ctx, "T1", 1)
					if err != nil {
						return err
					}
					return row.does(c, tx, k)
				})
			}}, nil)
			if err != nil || o.Problems == 0 {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

func remove(c *company, tx *store.Tx, k store.KeyResult) error {
	return tx.RemoveKeyResult(ctx, c.alice, k)
}

func removeEmpty(c *company, tx *store.Tx, _ store.KeyResult) error {
	o, err := tx.ObjectiveByNumber(ctx, "T1", 3)
	if err != nil {
		return err
	}
	return tx.RemoveObjective(ctx, c.alice, o)
}

func abroad(c *company, tx *store.Tx, k store.KeyResult) error {
	o, err := tx.Objective(ctx, "T1", k.Objective.ID)
	if err != nil {
		return err
	}
	o.Zone = "Asia/Tokyo"
	_, _, err = tx.EditObjective(ctx, c.alice, o)
	return err
}

func closeOut(c *company, tx *store.Tx, k store.KeyResult) error {
	o, err := tx.LockObjective(ctx, "T1", k.Objective.ID)
	if err != nil {
		return err
	}
	list, err := tx.LockKeyResultsOf(ctx, o)
	if err != nil {
		return err
	}
	return tx.CloseOut(ctx, c.alice, store.CloseOut{Objective: o}, list, nil, o.Period.Last+1)
}

// A score that ends a value by hand is no edit. A file that was being read then brings the value back to nobody.
func TestAValueByHandThatEndsMeanwhileStaysEnded(t *testing.T) {
	c := newCompany(t)
	line := func(title string) string {
		return "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value,cadence,connection,reference\n" +
			"Calm,U1ALICE,2026-07-01,2026-09-30,UTC,KR-1," + title + ",U1ALICE,increase,0,8,daily," + c.acme.Name + ",\"'=ref,1\"\n"
	}
	for _, file := range []string{line("Read"), "key,what,day,value,person,reason\nKR-1,by_hand,2026-08-05,7.5,alice,why\n"} {
		if o, said := c.imports(file); o.Problems != 0 {
			t.Fatal(said)
		}
	}
	for _, file := range []string{line("Renamed"), "key,what,day,value,person,note\nKR-1,check_in,2026-08-06,,alice,said\n"} {
		var k store.KeyResult
		c.in(func(tx *store.Tx) (err error) {
			if k, err = tx.LockKeyResult(ctx, "T1", 1); err != nil {
				return err
			}
			k.Override = okr.Override{Value: number("7.5"), Day: k.Objective.Period.First, Reason: "why", By: "U1ALICE", At: tx.Now}
			k, err = tx.EditKeyResult(ctx, c.alice, k, "entered a value by hand")
			return err
		})
		o, err := sheet.Import(ctx, c.store, "T1", strings.NewReader(file), &closer{close: func() {
			c.in(func(tx *store.Tx) error { return tx.ClearOverrides(ctx, []int64{k.ID}) })
		}}, nil)
		if err != nil || o.Problems != 0 {
			t.Fatalf("%+v, %v", o, err)
		}
		after, err := c.store.KeyResult(ctx, "T1", 1)
		c.must(err)
		if after.Override.Value.Valid {
			t.Errorf("it stands again after %q", file)
		}
	}
}

// A connection that its maker takes back, or disconnects, while a file is imported reads nothing of others'.
func TestAConnectionThatGoesMeanwhile(t *testing.T) {
	for name, goes := range map[string]func(c *company, tx *store.Tx) error{
		"TakenBack": func(c *company, tx *store.Tx) error {
			return tx.ChangeConnection(ctx, c.alice, c.acme, c.acme.Name, false)
		},
		"Disconnected": func(c *company, tx *store.Tx) error {
			_, err := tx.RemoveConnection(ctx, c.alice, c.acme, "gone")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCompany(t)
			c.in(func(tx *store.Tx) error { return tx.ChangeConnection(ctx, c.alice, c.acme, c.acme.Name, true) })
			file := "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value,cadence,connection,reference\n" +
				"Calm,U1ALICE,2026-07-01,2026-09-30,UTC,%s,Read,U2BOB,increase,0,8,daily,%s\n"
			through := c.acme.Name + ",\"'=ref,1\""
			if o, said := c.imports(strings.Replace(fmt.Sprintf(file, "KR-1", ","), "daily", "", 1)); o.Problems != 0 {
				t.Fatal(said)
			}
			for _, key := range []string{"KR-1", "KR-2"} { // one that is there, and one that is not
				o, err := sheet.Import(ctx, c.store, "T1", strings.NewReader(fmt.Sprintf(file, key, through)), &closer{close: func() {
					c.in(func(tx *store.Tx) error { return goes(c, tx) })
				}}, nil)
				if err != nil || o.Problems == 0 {
					t.Errorf("%s: %+v, %v", key, o, err)
				}
				if _, err := c.pool.Exec(ctx, "update connections set state = 'active', shared = true"); err != nil {
					t.Fatal(err)
				}
				if name == "Disconnected" { // its directory went with it
					break
				}
			}
		})
	}
}
