package sheet_test

import (
	"fmt"
	"strings"
	"testing"

	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
	"okrbot/store/storetest"
)

// tree writes the objectives of a workspace: their numbers, titles, co-owners and parents.
func (c *company) tree() string {
	c.t.Helper()
	list, err := c.store.AllObjectives(ctx, c.alice.Workspace)
	c.must(err)
	keys := map[int64]string{}
	for _, o := range list {
		keys[o.ID] = o.Key()
	}
	var out strings.Builder
	for _, o := range list {
		fmt.Fprintf(&out, "%s %s %v %s\n", o.Key(), o.Title, o.CoOwners, keys[o.Parent])
	}
	return out.String()
}

const (
	objectives = "objective,objective_owner,first_day,last_day,time_zone,objective_key,objective_co_owners,objective_parent,key,key_result,owner,kind,start_value,target_value\r\n"
	calmUntil  = ",U1ALICE,2026-10-01,2026-12-31,UTC,"
)

// alone is a line of an objective without key results.
func alone(title, key, coOwners, parent string) string {
	return title + calmUntil + key + "," + coOwners + "," + parent + ",,,,,,\r\n"
}

// with is a line of a key result under an objective.
func with(title, key, coOwners, parent, keyResult string) string {
	return title + calmUntil + key + "," + coOwners + "," + parent + "," + keyResult + ",U1ALICE,increase,0,8\r\n"
}

func TestObjectivesComeWithTheirNumbersCoOwnersAndParents(t *testing.T) {
	c := newCompany(t)
	file := objectives +
		with("Desk", "O-7", "bob", "Year", ",Fewer") + with("Desk", "o 7\u200e", "U2BOB U2BOB", "Year", ",Faster") +
		alone("Shift", "", "", "O-7") + alone("Year", "O-3", "U3ANN U4ANN", "")
	o, said := c.check(file)
	if o.Problems != 0 || o.Objectives != 3 || o.ChangedObjectives != 0 || !strings.Contains(said, `line 2: add the objective O-7 "Desk", Q4 2026`) || !strings.Contains(said, `line 2: put the objective "Desk" below "Year"`) {
		t.Fatalf("%+v\n%s", o, said)
	}
	if o, said := c.imports(file); o.Problems != 0 {
		t.Fatal(said)
	}
	const want = "O-7 Desk [U2BOB] O-3\nO-8 Shift [] O-7\nO-3 Year [U3ANN U4ANN] \n"
	if got := c.tree(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if o, said := c.imports(c.exported()); o.Problems+o.Objectives+o.ChangedObjectives+o.Changed != 0 || said != "" {
		t.Errorf("its own export: %+v\n%s", o, said)
	}
	// A file without the columns leaves all of it as it is, and the channel too.
	_, err := c.pool.Exec(ctx, "update objectives set channel_id = 'C1OKRS'")
	c.must(err)
	if o, said := c.imports(header + "Desk,U1ALICE,2026-10-01,2026-12-31,UTC,,More,U1ALICE,increase,0,8\r\n"); o.Problems+o.ChangedObjectives != 0 || o.KeyResults != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
	if got := c.tree(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// An empty cell in a column that is there is none; who was above comes below.
	file = strings.Replace(objectives, "objective_key,", "", 1) + strings.ReplaceAll(
		alone("Year", "", "", "Shift")+alone("Shift", "", "U3ANN", "")+alone("Desk", "", "bob", "Year"), "UTC,,", "UTC,")
	if o, said = c.imports(file); o.Problems != 0 || o.ChangedObjectives != 2 ||
		!strings.Contains(said, `line 2: change the objective "Year": objective_parent "" → "O-8 Shift"`) || !strings.Contains(said, `line 3: change the objective "Shift": objective_co_owners "" → "U3ANN"`) {
		t.Errorf("%+v\n%s", o, said)
	}
}

func TestObjectivesHaveTheirProblems(t *testing.T) {
	c := newCompany(t)
	if o, said := c.imports(objectives + alone("Desk", "O-7", "", "") + alone("Year", "O-3", "", "") + alone("Year", "O-4", "", "O-3")); o.Problems != 0 {
		t.Fatal(said)
	}
	before := c.tree()
	for lines, says := range map[string]string{
		alone("Desk", "seven", "", ""):                                   "line 2, objective_key: Write the number of an objective, such as O-7",
		alone("Desk", "O-99999999", "", ""):                              "line 2, objective_key: Numbers go up to O-9999999.",
		alone("Other", "O-7", "", ""):                                    `line 2, objective_key: O-7 is another objective here, "Desk".`,
		alone("New", "O-9", "", "") + alone("Newer", "O-9", "", ""):      "line 3, objective_key: Line 2 gives O-9 another title, owner or period.",
		with("New", "", "", "", ",A") + with("New", "O-9", "", "", ",B"): "line 3, objective_key: Line 2 names the same objective without its number.",
		alone("Desk", "O-7", "zed", ""):                                  `line 2, objective_co_owners: Nobody here is "zed".`,
		alone("Desk", "O-7", "alice", ""):                                "line 2, objective_co_owners: The owner is no co-owner as well.",
		alone("Desk", "O-7", "", "O-8"):                                  `line 2, objective_parent: There is no objective "O-8", neither here nor in the file.`,
		alone("Desk", "O-7", "", "Year"):                                 `line 2, objective_parent: Several objectives are called "Year".`,
		alone("Desk", "O-7", "", "Desk"):                                 "line 2, objective_parent: This one is below the objective already, or is the objective itself.",
		alone("Year", "O-3", "", "O-4"):                                  "line 2, objective_parent: This one is below the objective already, or is the objective itself.",
		alone("A", "", "", "C") + alone("B", "", "", "A") + alone("C", "", "", "B") + alone("D", "", "", "C"): "lines 2–4, objective_parent: This one is below",
		with("Desk", "", "", "", ",A") + with("Desk", "", "U2BOB", "", ",B"):                                  "line 3, objective: Line 2 gives the same objective another time zone or channel, or other co-owners.",
		with("Desk", "", "", "", ",A") + with("Desk", "", "", "O-3", ",B"):                                    "line 3, objective_parent: Line 2 gives the same objective another parent.",
		// What is wrong elsewhere is told alone.
		alone("New", "", "zed", "") + alone("Newer", "", "", "New"): `line 2, objective_co_owners: Nobody here is "zed".`,
	} {
		o, said := c.imports(objectives + lines)
		if o.Problems != 1 || !strings.Contains(said, says) {
			t.Errorf("%q: %+v, want %q in\n%s", lines, o, says, said)
		}
	}
	if got := c.tree(); got != before {
		t.Errorf("something was saved:\n%s", got)
	}
	// Two that change places within a file are no circle.
	if o, said := c.imports(objectives + alone("Year", "O-3", "", "O-4") + alone("Year", "O-4", "", "")); o.Problems != 0 || o.ChangedObjectives != 2 {
		t.Errorf("%+v\n%s", o, said)
	}
	// A key result goes to the other one of two that read alike by the number alone.
	if o, said := c.imports(objectives + with("Year", "O-3", "", "O-4", "KR-1,Fewer")); o.Problems != 0 || o.KeyResults != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
	if o, said := c.imports(objectives + with("Year", "", "", "O-4", "KR-1,Fewer")); o.Problems+o.Changed != 0 || o.Same != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
	if o, said := c.imports(objectives + with("Year", "O-4", "", "", "KR-1,Fewer")); o.Problems != 0 || !strings.Contains(said, `line 2: change KR-1: objective_key "O-3" → "O-4"`) {
		t.Errorf("%+v\n%s", o, said)
	}
	if k, err := c.store.KeyResult(ctx, "T1", 1); err != nil || k.Objective.Number != 4 {
		t.Errorf("KR-1 is under %s: %v", k.Objective.Key(), err)
	}
}

// What is closed out keeps its parent and its co-owners, and may be above others.
func TestWhatIsClosedOutKeepsItsPlaceInTheTree(t *testing.T) {
	c := newCompany(t)
	if o, said := c.imports(objectives + alone("Desk", "O-1", "bob", "") + alone("Year", "O-2", "", "")); o.Problems != 0 {
		t.Fatal(said)
	}
	c.in(func(tx *store.Tx) error {
		o, err := tx.LockObjective(ctx, "T1", 1)
		if err != nil {
			return err
		}
		return tx.CloseOut(ctx, c.alice, store.CloseOut{Objective: o}, nil, nil, o.Period.Last+1)
	})
	for line, says := range map[string]string{
		alone("Desk", "O-1", "bob", "O-2"): "line 2, objective_parent: This objective is closed out and stays as it is, with its parent.",
		alone("Desk", "O-1", "", ""):       "line 2, objective: This objective is closed out and stays as it is",
	} {
		if o, said := c.check(objectives + line); o.Problems != 1 || !strings.Contains(said, says) {
			t.Errorf("%q: %+v\n%s", line, o, said)
		}
	}
	if o, said := c.imports(objectives + alone("Year", "O-2", "", "Desk")); o.Problems != 0 || o.ChangedObjectives != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
	if o, said := c.imports(c.exported()); o.Problems+o.ChangedObjectives+o.Objectives != 0 {
		t.Errorf("its own export: %+v\n%s", o, said)
	}
}

// Numbers go on above the highest that was given away, for what the file does not number and for a form.
func TestObjectivesNumbersGoOn(t *testing.T) {
	c := newCompany(t)
	if o, said := c.imports(objectives + alone("First", "", "", "") + alone("Fortieth", "O-40", "", "")); o.Problems != 0 {
		t.Fatal(said)
	}
	c.in(func(tx *store.Tx) error {
		_, _, err := tx.CreateObjective(ctx, c.alice, okr.Objective{Title: "By a form", Owner: "U1ALICE", Period: okr.QuarterOf(20000), Zone: "UTC"}, "")
		return err
	})
	if got, want := c.tree(), "O-41 First [] \nO-40 Fortieth [] \nO-42 By a form [] \n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if names := strings.Join(sheet.Columns(), ","); !strings.Contains(names, ",objective_channel,objective_key,objective_co_owners,objective_parent,key,") {
		t.Errorf("the columns are %s", names)
	}
}

// A form that is saved while an import runs is not taken back.
func TestAnObjectiveThatIsEditedMeanwhileStaysAsItIs(t *testing.T) {
	c := newCompany(t)
	if o, said := c.imports(objectives + alone("Desk", "O-7", "", "")); o.Problems != 0 {
		t.Fatal(said)
	}
	edit := &closer{close: func() {
		c.in(func(tx *store.Tx) error {
			o, err := tx.ObjectiveByNumber(ctx, "T1", 7)
			if err != nil {
				return err
			}
			o.Channel, o.CoOwners = "C1OKRS", []string{"U3ANN"}
			_, _, err = tx.EditObjective(ctx, c.alice, o)
			return err
		})
	}}
	o, err := sheet.Import(ctx, c.store, "T1", strings.NewReader(objectives+alone("Desk", "O-7", "bob", "")), edit, nil)
	if err != nil || o.Problems == 0 {
		t.Errorf("%+v, %v", o, err)
	}
	list, err := c.store.AllObjectives(ctx, "T1")
	c.must(err)
	if len(list) != 1 || list[0].Channel != "C1OKRS" || fmt.Sprint(list[0].CoOwners) != "[U3ANN]" {
		t.Errorf("%+v", list)
	}
}

// Only a file that moves an objective that was there waits for whoever holds the tree.
func TestParentsThatStayWaitForNobody(t *testing.T) {
	c := newCompany(t)
	if o, said := c.imports(objectives + with("Desk", "O-7", "", "Year", ",Fewer") + alone("Year", "O-3", "", "")); o.Problems != 0 {
		t.Fatal(said)
	}
	c.in(func(tx *store.Tx) error {
		if err := tx.LockTree(ctx, "T1"); err != nil {
			return err
		}
		o, said := c.imports(objectives + with("Desk", "O-7", "bob", "Year", ",More") + alone("Shift", "O-8", "", "Desk"))
		if o.Problems != 0 || o.Objectives != 1 || o.ChangedObjectives != 1 || o.KeyResults != 1 {
			t.Errorf("%+v\n%s", o, said)
		}
		return nil
	})
	const want = "O-7 Desk [U2BOB] O-3\nO-3 Year [] \nO-8 Shift [] O-7\n"
	if got := c.tree(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	moves := objectives + with("Desk", "O-7", "bob", "", ",Most") + alone("Year", "O-3", "", "Shift")
	if o, said := c.imports(moves); o.Problems != 0 || o.ChangedObjectives != 2 || o.KeyResults != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
	if got, want := c.tree(), "O-7 Desk [U2BOB] \nO-3 Year [] O-8\nO-8 Shift [] O-7\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A key result is not edited where its objective gets another channel, and by no more than a move where it gets
// another time zone.
func TestAnObjectivesChannelIsNoChangeOfItsKeyResults(t *testing.T) {
	c := newCompany(t)
	file := func(zone, channel, target string) string {
		return "objective,objective_owner,first_day,last_day,time_zone,objective_channel,key,key_result,owner,kind,start_value,target_value\r\n" +
			"Calm,alice,2026-10-01,2026-12-31," + zone + "," + channel + ",KR-1,Fewer,alice,decrease,10," + target + "\r\n"
	}
	if o, said := c.imports(file("UTC", "C1OKRS", "2")); o.Problems != 0 {
		t.Fatal(said)
	}
	first, err := c.store.KeyResult(ctx, "T1", 1)
	c.must(err)
	o, said := c.imports(file("UTC", "C2DESK", "2"))
	if o.ChangedObjectives != 1 || o.Changed != 0 || o.Same != 1 || strings.Contains(said, "change KR-1") {
		t.Errorf("%+v\n%s", o, said)
	}
	k, err := c.store.KeyResult(ctx, "T1", 1)
	c.must(err)
	if k.Version != first.Version || k.Objective.Channel != "C2DESK" {
		t.Errorf("version %d after %d, objective in %s", k.Version, first.Version, k.Objective.Channel)
	}
	if o, said := c.imports(file("UTC", "", "3")); o.ChangedObjectives != 1 || o.Changed != 1 || !strings.Contains(said, "change KR-1: target_value \"2\" → \"3\"\n") {
		t.Errorf("%+v\n%s", o, said)
	}
	if o, said := c.imports(file("Europe/Berlin", "", "3")); o.ChangedObjectives != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
	events, err := c.store.Audit(ctx, "T1", store.Object{Kind: "key_result", ID: k.ID}, 10)
	c.must(err)
	for _, e := range events {
		if len(e.Changes) == 0 && e.Action != "moved with its objective" {
			t.Errorf("an empty change is recorded: %+v", e)
		}
	}
	if len(events) != 3 {
		t.Errorf("%d changes are recorded, want 3: %+v", len(events), events)
	}
}

// A time zone that the database does not know is refused at its line: one objective with it would break the lists
// of everybody.
func TestAZoneThatTheDatabaseDoesNotKnowIsRefusedAtItsLine(t *testing.T) {
	c := newCompany(t)
	_, err := c.pool.Exec(ctx, storetest.WithoutKyiv)
	c.must(err)
	if o, said := c.imports(objectives + alone("Desk", "", "", "")); o.Problems != 0 {
		t.Fatal(said)
	}
	file := strings.ReplaceAll(objectives+alone("Desk", "", "", "")+alone("Shift", "", "", ""), ",UTC,", ",Europe/Kyiv,")
	o, said := c.check(file)
	if o.Problems == 0 || !strings.Contains(said, "lines 2 and 3, time_zone: okrbot's database does not know this time zone") {
		t.Errorf("%+v\n%s", o, said)
	}
	if o, said := c.imports(strings.ReplaceAll(file, "Europe/Kyiv", "Europe/Helsinki")); o.Problems != 0 || o.Objectives != 1 || o.ChangedObjectives != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
}
