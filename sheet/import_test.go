package sheet_test

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

var ctx = context.Background()

// TestExportImportExportIsTheIdentity holds it where everything is there already, and in an empty
// workspace.
func TestExportImportExportIsTheIdentity(t *testing.T) {
	c := newCompany(t)
	c.furnish()
	file := c.exported()
	if o, said := c.imports(file); o.Problems+o.Objectives+o.KeyResults+o.Changed+o.ChangedObjectives != 0 || said != "" {
		t.Errorf("its own export changes something: %+v\n%s", o, said)
	}
	if again := c.exported(); again != file {
		t.Errorf("got\n%s\nwant\n%s", again, file)
	}
	other := newCompany(t)
	c.must(other.store.SavePerson(ctx, store.Person{Actor: okr.Actor{Workspace: "T1", ID: "U9AWAY", Kind: okr.Member}, Name: "away", Zone: "UTC"}))
	o, said := other.imports(file)
	if o.Problems != 0 || o.Objectives != 5 {
		t.Fatalf("%+v\n%s", o, said)
	}
	if again := other.exported(); again != file {
		t.Errorf("got\n%s\nwant\n%s", again, file)
	}
	// The next key result has a number of its own.
	k, _ := other.check("objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,target_value\nNew,U1ALICE,2026-01-01,2026-03-31,UTC,More,U1ALICE,at_least,1\n")
	if k.KeyResults != 1 || k.Problems != 0 {
		t.Errorf("%+v", k)
	}
}

// TestMeansAndValuesByHandAreExportedAsTheyCount has a mean that never ends, and a value that a
// person put in the place of a score.
func TestMeansAndValuesByHandAreExportedAsTheyCount(t *testing.T) {
	c := newCompany(t)
	c.furnish()
	_, err := c.pool.Exec(ctx, `update key_results set result_value = 0.714285714285714286, result_day = current_date, result_count = 7 where title in ('weekly', 'monthly')`)
	c.must(err)
	_, err = c.pool.Exec(ctx, `update key_results set override_value = 0.5, override_day = current_date, override_reason = 'x', override_by = 'U1ALICE', overridden_at = now() where title = 'weekly'`)
	c.must(err)
	file := c.exported()
	for _, want := range []string{",Open incidents,0.714285714,", ",Open incidents,0.5,"} {
		if !strings.Contains(file, want) {
			t.Errorf("no %s in\n%s", want, file)
		}
	}
	if o, said := c.imports(file); o.Problems+o.KeyResults+o.Changed != 0 || said != "" {
		t.Errorf("its own export changes something: %+v\n%s", o, said)
	}
	if c.exported() != file {
		t.Error("it is another afterwards")
	}
}

// slack knows two people who never used okrbot, and counts what it is asked.
type slack struct{ asked []string }

func (s *slack) Named(_ context.Context, who string) (store.Person, string, error) {
	s.asked = append(s.asked, who)
	p := store.Person{Actor: okr.Actor{Workspace: "T1", ID: "U5ERIN", Kind: okr.Member}, Name: "erin", Zone: "UTC"}
	switch who {
	case "U5ERIN", "erin@example.com":
		return p, "", nil
	case "U6FRANK":
		p.ID, p.Name, p.Kind = "U6FRANK", "frank", okr.Deactivated
		return p, "", nil
	}
	return p, "Slack knows nobody by this name.", nil
}

func TestOwnersMayBePeopleWhoNeverUsedIt(t *testing.T) {
	c, s := newCompany(t), &slack{}
	file := header
	for i, owner := range []string{"erin@example.com", "U5ERIN", "<@U6FRANK|frank>", "erin@example.com"} {
		file += fmt.Sprintf("Calm,erin@example.com,2026-10-01,2026-12-31,UTC,,Part %d,%s,increase,0,8\r\n", i, owner)
	}
	var out strings.Builder
	cache := sheet.CachePeople(s)
	o, err := sheet.Check(ctx, c.store, "T1", strings.NewReader(file), &out, &sheet.Beside{People: cache})
	c.must(err)
	if o.Problems != 0 || o.Objectives != 1 || o.KeyResults != 4 || strings.Count(out.String(), "note: frank (U6FRANK) has left") != 1 {
		t.Fatalf("%+v\n%s", o, &out)
	}
	asked := len(s.asked)
	if asked != 2 { // an address, and an id; the address tells another id
		t.Errorf("Slack was asked for %q", s.asked)
	}
	_, err = sheet.Import(ctx, c.store, "T1", strings.NewReader(file), io.Discard, &sheet.Beside{People: cache})
	c.must(err)
	if len(s.asked) != asked {
		t.Errorf("Slack was asked within the transaction: %q", s.asked)
	}
	k, err := c.store.KeyResult(ctx, "T1", 1)
	c.must(err)
	p, err := c.store.Person(ctx, "T1", "U5ERIN")
	if err != nil || k.Owner != "U5ERIN" || k.Objective.Owner != "U5ERIN" || p.Name != "erin" {
		t.Errorf("%+v is owned by %q, %q: %v", p, k.Owner, k.Objective.Owner, err)
	}
	// Now she is known, by name too, and Slack is not asked.
	if o, said := c.check(header + "Calm,erin,2026-10-01,2026-12-31,UTC,,More,U5ERIN,increase,0,8\r\n"); o.Problems != 0 {
		t.Error(said)
	}
	// So are those who can do nothing here. Each who becomes an owner is noted once.
	for id, kind := range map[string]okr.ActorKind{"U6FRANK": okr.Deactivated, "U7GINA": okr.Foreign, "U8HAL": okr.Bot} {
		c.must(c.store.SavePerson(ctx, store.Person{Actor: okr.Actor{Workspace: "T1", ID: id, Kind: kind}, Name: strings.ToLower(id[2:]), Zone: "UTC"}))
	}
	file = header
	for i, owner := range []string{"frank", "U7GINA", "U8HAL", "frank"} {
		file += fmt.Sprintf("Calm,erin,2026-10-01,2026-12-31,UTC,,Also %d,%s,increase,0,8\r\n", i, owner)
	}
	o, said := c.check(file)
	for _, note := range []string{"frank (U6FRANK) has left this workspace", "gina (U7GINA) is of another organisation", "hal (U8HAL) is an app"} {
		if o.Problems != 0 || strings.Count(said, "note: "+note) != 1 {
			t.Errorf("%+v, want %q in\n%s", o, note, said)
		}
	}
	if _, said := c.check(c.exported()); strings.Contains(said, "note:") {
		t.Errorf("of what stays it says\n%s", said)
	}
	// Whoever Slack does not know is one problem.
	out.Reset()
	file = header + strings.Repeat("Calm,x@example.com,2026-10-01,2026-12-31,UTC,,More,x@example.com,increase,0,8\r\n", 3)
	if o, err = sheet.Check(ctx, c.store, "T1", strings.NewReader(file), &out, &sheet.Beside{People: cache}); err != nil || o.Problems != 1 || out.String() != "lines 2–4, objective_owner and owner: Slack knows nobody by this name.\n" {
		t.Errorf("%+v, %v\n%s", o, err, &out)
	}
}

const header = "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value\r\n"

func TestAFileChangesWhatItNames(t *testing.T) {
	c := newCompany(t)
	first := header +
		"Calm,@alice,2026-10-01,2026-12-31,UTC,,Fewer incidents,alice,decrease,10,2\r\n" +
		"Calm,U1ALICE,2026-10-01,2026-12-31,UTC,KR-40,\"More, sooner\",bob,increase,0,8\r\n"
	if o, said := c.check(first); o.Problems != 0 || o.Objectives != 1 || o.KeyResults != 2 || !strings.Contains(said, `line 3: add KR-40 "More, sooner"`) {
		t.Fatalf("%+v\n%s", o, said)
	}
	if strings.Contains(c.exported(), "Calm") {
		t.Fatal("a check saved something")
	}
	if o, said := c.imports(first); o.Problems != 0 {
		t.Fatal(said)
	}
	k, err := c.store.KeyResult(ctx, "T1", 41) // after the highest that the file names
	c.must(err)
	if k.Title != "Fewer incidents" || k.Owner != "U1ALICE" || k.Method != okr.Latest || !k.Weight.Equal(decimal.NewFromInt(1)) {
		t.Errorf("got %+v", k.KeyResult)
	}
	// Columns that a file lacks stay as they are; an objective's zone moves with all of its key results.
	o, said := c.imports(header + "Calm,U1ALICE,2026-10-01,2026-12-31,Europe/Berlin,KR-41,Fewer incidents,alice,decrease,10,1.5\n")
	if o.Changed != 1 || o.ChangedObjectives != 1 || !strings.Contains(said, `change KR-41: target_value "2" → "1.5"`+"\n") {
		t.Errorf("%+v\n%s", o, said)
	}
	events, err := c.store.Audit(ctx, "T1", store.Object{Kind: "key_result", ID: k.ID}, 10)
	c.must(err)
	if len(events) != 2 || events[0].Actor != "import" || events[0].Changes["target"] != (store.Change{"2", "1.5"}) || events[1].Action != "created" {
		t.Errorf("recorded: %+v", events)
	}
	other, err := c.store.KeyResult(ctx, "T1", 40)
	c.must(err)
	if other.Cadence.Zone != "Europe/Berlin" || other.Objective.Zone != "Europe/Berlin" {
		t.Errorf("its neighbour is in %s", other.Cadence.Zone)
	}
	events, err = c.store.Audit(ctx, "T1", store.Object{Kind: "key_result", ID: other.ID}, 10)
	c.must(err)
	if len(events) != 2 || events[0].Actor != "import" || events[0].Action != "moved with its objective" {
		t.Errorf("recorded of its neighbour: %+v", events)
	}
	// The same file once more has nothing to add.
	if o, said := c.imports(header + "Calm,U1ALICE,2026-10-01,2026-12-31,Europe/Berlin,,Fewer incidents,alice,decrease,10,1.5\n"); o.Problems != 1 || !strings.Contains(said, "line 2, key_result: This objective has it already: KR-41.") {
		t.Errorf("%+v\n%s", o, said)
	}
}

// What was copied from a chat has marks around it that do not show: a key with one names its key result.
func TestAKeyWithMarksIsTheKey(t *testing.T) {
	c := newCompany(t)
	line := func(key, title string) string {
		return "Calm,U1ALICE,2026-10-01,2026-12-31,UTC," + key + "," + title + ",U1ALICE,increase,0,8\r\n"
	}
	if o, said := c.imports(header + line("\u200eKR-5\u200e", "Five") + line("", "Six")); o.Problems != 0 || o.KeyResults != 2 {
		t.Fatalf("%+v\n%s", o, said)
	}
	for number, title := range map[int]string{5: "Five", 6: "Six"} {
		if k, err := c.store.KeyResult(ctx, "T1", number); err != nil || k.Title != title {
			t.Errorf("KR-%d is %q: %v", number, k.Title, err)
		}
	}
	for _, key := range []string{"KR-5\u200e", "\u200bkr 5", "\ufeff5\u00a0"} {
		if o, said := c.imports(header + line(key, "Five")); o.Problems+o.KeyResults != 0 || o.Same != 1 {
			t.Errorf("%q: %+v\n%s", key, o, said)
		}
	}
	if o, said := c.check(header + line("KR-6", "Five") + line("KR-6\u200e", "Five")); o.Problems != 1 || !strings.Contains(said, "line 3, key: KR-6 stands on line 2 already.") {
		t.Errorf("%+v\n%s", o, said)
	}
	// The numbers go on after the highest that was given away, for a form too.
	c.in(func(tx *store.Tx) error {
		o, err := tx.Objective(ctx, "T1", 1)
		if err != nil {
			return err
		}
		k := store.KeyResult{Objective: o}
		k.Workspace, k.KeyResult.Objective, k.Title, k.Owner, k.Kind, k.Cadence = "T1", o.ID, "Seven", "U1ALICE", okr.Baseline, okr.Cadence{Zone: "UTC"}
		if k, _, err = tx.CreateKeyResult(ctx, c.alice, k, ""); err == nil && k.Number != 7 {
			t.Errorf("the next one is %s", k.Key())
		}
		return err
	})
}

// A title that differs in what does not show alone is the same title, within a file and from one import
// to the next.
func TestATitleWithMarksIsTheTitle(t *testing.T) {
	c := newCompany(t)
	line := func(title string) string {
		return "Calm,U1ALICE,2026-10-01,2026-12-31,UTC,," + title + ",U1ALICE,increase,0,8\r\n"
	}
	if o, said := c.check(header + line("Fewer") + line("Fewer\u200e")); o.Problems != 1 || !strings.Contains(said, "line 3, key_result: The same key result stands on line 2 already.") {
		t.Errorf("%+v\n%s", o, said)
	}
	if o, said := c.imports(header + line("\u200bFewer\u200e")); o.Problems != 0 {
		t.Fatal(said)
	}
	if o, said := c.check(header + line("Fewer")); o.Problems != 1 || !strings.Contains(said, "line 2, key_result: This objective has it already: KR-1.") {
		t.Errorf("%+v\n%s", o, said)
	}
	// A reference that was copied so is the scorecard's.
	read := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,cadence,connection,reference\r\n" +
		"Calm,U1ALICE,2026-10-01,2026-12-31,UTC,Read,U1ALICE,increase,0,8,daily,\u200e" + c.acme.Name + ",\"\u200e'=ref,1\u200b\"\r\n"
	if o, said := c.check(read); o.Problems != 0 {
		t.Error(said)
	}
	// What is not UTF-8 is not nothing.
	if o, said := c.check(header + "Calm,U1ALICE,2026-10-01,2026-12-31,UTC,,\xff,,,,\r\n"); o.Problems == 0 || !strings.Contains(said, "key_result: This cell is not UTF-8.") {
		t.Errorf("%+v\n%s", o, said)
	}
}

// An objective that an import moves into another time zone takes all of its key results along: when they
// are read next, what their results are by their days, and their cards.
func TestAnObjectivesKeyResultsFollowItsTimeZone(t *testing.T) {
	c := newCompany(t)
	today := okr.DayIn("UTC", c.now())
	period := fmt.Sprintf("%s,%s", today-20, today+20)
	const titles = "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value,channel,cadence,time,connection,reference\r\n"
	line := func(zone, key, title string) string {
		return "Calm,U1ALICE," + period + "," + zone + "," + key + "," + title + ",U1ALICE,increase,0,8,C1OKRS,daily,07:05," + c.acme.Name + ",\"'=ref,1\"\r\n"
	}
	if o, said := c.imports(titles + line("UTC", "KR-1", "Named") + line("UTC", "KR-2", "Its neighbour")); o.Problems != 0 {
		t.Fatal(said)
	}
	neighbour, err := c.store.KeyResult(ctx, "T1", 2)
	c.must(err)
	c.in(func(tx *store.Tx) error { return tx.AddCard(ctx, "T1", neighbour.ID, "C1OKRS") })
	_, err = c.pool.Exec(ctx, "update cards set dirty_at = null")
	c.must(err)
	const far = "Pacific/Kiritimati" // fourteen hours ahead
	if o, said := c.imports(titles + line(far, "KR-1", "Named")); o.ChangedObjectives != 1 || o.Problems != 0 {
		t.Fatalf("%+v\n%s", o, said)
	}
	location, err := time.LoadLocation(far)
	c.must(err)
	for number := 1; number <= 2; number++ {
		k, err := c.store.KeyResult(ctx, "T1", number)
		c.must(err)
		due, _ := k.NextDue(c.now())
		if at := k.NextSyncAt.In(location).Format("15:04:05"); k.Cadence.Zone != far || at != due.In(location).Format("15:04:05") {
			t.Errorf("KR-%d is of %s and read at %s, due at %v", number, k.Cadence.Zone, at, due.In(location))
		}
	}
	var dirty int
	c.must(c.pool.QueryRow(ctx, "select count(*) from cards where dirty_at is not null").Scan(&dirty))
	if dirty != 1 {
		t.Error("the neighbour's card shows the old hours")
	}
	if o, said := c.imports(c.exported()); o.Same != 2 || o.Problems+o.Changed+o.ChangedObjectives != 0 {
		t.Errorf("%+v\n%s", o, said)
	}
}

// Without decimals a key result has its scorecard's, and what people update as many as they enter.
func TestDecimalsAreTheScorecardsUnlessTheyAreWritten(t *testing.T) {
	c := newCompany(t)
	c.in(func(tx *store.Tx) error {
		return tx.SaveScorecards(ctx, c.acme, []store.Listed{{Scorecard: store.Scorecard{Reference: "share", Name: "Share", Unit: "%", Precision: 2, Frequency: "daily", Direction: "maximize"}}})
	})
	const titles = "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value,decimals,cadence,connection,reference\n"
	line := func(key, title, decimals, source string) string {
		return "Calm,U1ALICE,2026-10-01,2026-12-31,UTC," + key + "," + title + ",U1ALICE,increase,0,8," + decimals + "," + source + "\n"
	}
	read := "daily," + c.acme.Name + ",share"
	if o, said := c.imports(titles + line("KR-1", "Read", "", read) + line("KR-2", "Written", "1", read) + line("KR-3", "Entered", "", ",,")); o.Problems != 0 {
		t.Fatal(said)
	}
	for number, want := range map[int]int32{1: 2, 2: 1, 3: okr.AsManyAsThere} {
		k, err := c.store.KeyResult(ctx, "T1", number)
		c.must(err)
		if k.Precision != want || k.Integrated && k.Source.Precision != okr.PrecisionOf(2) {
			t.Errorf("KR-%d has %d decimals, want %d; agreed: %v", number, k.Precision, want, k.Source.Precision)
		}
	}
	if o, said := c.imports(titles + line("KR-1", "Read", "", read)); o.Problems != 0 || o.Same != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
}

// A value by hand stands in for the scores of one scorecard: not for another's, nor for a hit rate.
func TestAValueByHandEndsWithWhatItStandsInFor(t *testing.T) {
	c := newCompany(t)
	c.in(func(tx *store.Tx) error {
		return tx.SaveScorecards(ctx, c.acme, []store.Listed{{Scorecard: store.Scorecard{Reference: "share", Name: "Share", Unit: "%", Precision: 2, Frequency: "daily", Direction: "maximize"}}})
	})
	const titles = "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value,method,cadence,connection,reference\n"
	line := func(title, method, source string) string {
		return titles + "Calm,U1ALICE,2026-07-01,2026-09-30,UTC,KR-1," + title + ",U1ALICE,increase,0,8," + method + "," + source + "\n"
	}
	first, other := "daily,"+c.acme.Name+",\"'=ref,1\"", "daily,"+c.acme.Name+",share"
	const byHand = "key,what,day,value,person,reason,until\nKR-1,by_hand,2026-08-05,7.5,alice,why,2099-12-31\n"
	imports := func(file, want string) {
		t.Helper()
		if o, said := c.imports(file); o.Problems != 0 || !strings.Contains(said, want) {
			t.Fatalf("%+v, want %q in\n%s", o, want, said)
		}
	}
	stands := func() bool {
		t.Helper()
		k, err := c.store.KeyResult(ctx, "T1", 1)
		c.must(err)
		return k.Override.Value.Valid
	}
	imports(line("Read", "", first), "add KR-1")
	for _, end := range []struct{ file, says string }{
		{line("Renamed", "", other), `by_hand "7.5" → ""`},
		{line("Renamed", "hit_rate", other), `by_hand "7.5" → ""`},
		{line("Renamed", "", ",,"), `by_hand "7.5" → "", cadence`},
	} {
		imports(byHand, "add to KR-1: the value by hand")
		imports(line("Renamed", "", first), "")
		if !stands() {
			t.Error("it ends where nothing else does")
		}
		imports(end.file, end.says)
		if stands() {
			t.Errorf("it stands in after %q", end.says)
		}
		imports(line("Read", "", first), "")
	}
	imports(line("Read", "hit_rate", first), "")
	if o, said := c.check(byHand); o.Problems != 1 || !strings.Contains(said, "line 2, what: This key result is a hit rate") {
		t.Errorf("%+v\n%s", o, said)
	}
}

// What reads another scorecard from now on has that one's decimals and unit, unless the file says others.
func TestAnotherScorecardBringsItsUnitAndDecimals(t *testing.T) {
	c := newCompany(t)
	c.in(func(tx *store.Tx) error {
		return tx.SaveScorecards(ctx, c.acme, []store.Listed{
			{Scorecard: store.Scorecard{Reference: "hours", Name: "Hours", Unit: "Hours", Precision: 1, Frequency: "daily", Direction: "minimize"}},
			{Scorecard: store.Scorecard{Reference: "share", Name: "Share", Unit: "%", Precision: 2, Frequency: "daily", Direction: "maximize"}},
		})
	})
	file := func(columns, cells, reference string) string {
		return "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value,cadence,connection,reference" + columns + "\n" +
			"Calm,U1ALICE,2026-10-01,2026-12-31,UTC,KR-1,Read,U1ALICE,increase,0,8,daily," + c.acme.Name + "," + reference + cells + "\n"
	}
	for _, step := range []struct {
		columns, cells, reference string
		unit                      string
		decimals                  int32
	}{
		{"", "", "hours", "Hours", 1},
		{"", "", "share", "%", 2},
		{",unit,decimals", ",h,3", "hours", "h", 3},
		{"", "", "hours", "h", 3},
		{",decimals", ",", "share", "%", 2},
		{",unit,decimals", ",,4", "share", "", 4},
		{",decimals", ",", "share", "", 4},
		{",unit,decimals", ",,", "hours", "", 1},
	} {
		if o, said := c.imports(file(step.columns, step.cells, step.reference)); o.Problems != 0 {
			t.Fatal(said)
		}
		k, err := c.store.KeyResult(ctx, "T1", 1)
		c.must(err)
		if k.Unit != step.unit || k.KeyResult.Precision != step.decimals {
			t.Errorf("%+v: %d decimals of %q", step, k.KeyResult.Precision, k.Unit)
		}
	}
}

// An export is imported unchanged, also where what is there would not be taken by the rules of now; they
// hold for what changes.
func TestWhatIsThereMayStayAsItIs(t *testing.T) {
	c := newCompany(t)
	titles := strings.TrimSpace(header) + ",phased_targets\r\n"
	line := func(title, phases string) string {
		return "Calm,U1ALICE,2026-10-01,2026-12-31,UTC,KR-1," + title + ",U1ALICE,increase,0,8," + phases + "\r\n"
	}
	if o, said := c.imports(titles + line("Fewer", "2026-10-20: 4")); o.Problems != 0 {
		t.Fatal(said)
	}
	_, err := c.pool.Exec(ctx, "update key_results set phase_days = '{2026-10-01}'")
	c.must(err)
	file := c.exported()
	if o, said := c.imports(file); o.Problems+o.Changed != 0 || o.Same != 1 {
		t.Errorf("its own export: %+v\n%s", o, said)
	}
	if o, said := c.check(strings.Replace(file, "Fewer", "Less", 1)); o.Problems != 0 || o.Changed != 1 {
		t.Errorf("another title: %+v\n%s", o, said)
	}
	for _, changed := range []string{titles + line("Fewer", "2026-10-01: 5"), strings.Replace(file, ",8,", ",9,", 1)} {
		if o, said := c.check(changed); o.Problems != 1 || !strings.Contains(said, "line 2, phased_targets: 1 Oct 2026 lies outside.") {
			t.Errorf("%+v\n%s", o, said)
		}
	}
}

func TestWhatIsClosedOutStaysAsItIs(t *testing.T) {
	c := newCompany(t)
	line := "Calm,alice,2026-07-01,2026-09-30,UTC,%s,%s,alice,decrease,10,%s\r\n"
	if o, said := c.imports(header + fmt.Sprintf(line, "KR-1", "Fewer", "2")); o.Problems != 0 {
		t.Fatal(said)
	}
	c.in(func(tx *store.Tx) error {
		o, err := tx.LockObjective(ctx, "T1", 1)
		if err != nil {
			return err
		}
		list, err := tx.LockKeyResultsOf(ctx, o)
		if err != nil {
			return err
		}
		return tx.CloseOut(ctx, c.alice, store.CloseOut{Objective: o}, list, nil, o.Period.Last+1)
	})
	file := c.exported()
	if o, said := c.imports(file); o.Same != 1 || o.Problems+o.Changed != 0 {
		t.Errorf("its own export: %+v\n%s", o, said)
	}
	if o, said := c.imports(header + fmt.Sprintf(line, "KR-1", "Fewer", "3")); o.Problems != 1 || !strings.Contains(said, "line 2, key: KR-1 is closed out with its objective") {
		t.Errorf("%+v\n%s", o, said)
	}
	if o, said := c.imports(header + fmt.Sprintf(line, "", "More", "3")); o.Problems != 1 || !strings.Contains(said, "line 2, objective: This objective is closed out.") {
		t.Errorf("%+v\n%s", o, said)
	}
	for _, moved := range []string{"Europe/Berlin,", "UTC,C0DESK"} {
		alone := "objective,objective_owner,first_day,last_day,time_zone,objective_channel,key_result,owner,kind,target_value\r\nCalm,alice,2026-07-01,2026-09-30," + moved + ",,,,\r\n"
		if o, said := c.imports(alone); o.Problems != 1 || o.ChangedObjectives != 0 || !strings.Contains(said, "line 2, objective: This objective is closed out and stays as it is, with its time zone and channel.") {
			t.Errorf("%s: %+v\n%s", moved, o, said)
		}
	}
	if c.exported() != file {
		t.Error("something changed")
	}
}

// closer closes out an objective as soon as the import has something to say.
type closer struct {
	once  sync.Once
	close func()
}

func (c *closer) Write(p []byte) (int, error) { c.once.Do(c.close); return len(p), nil }

func TestNothingComesUnderAnObjectiveThatIsClosedOutMeanwhile(t *testing.T) {
	c := newCompany(t)
	line := "Calm,alice,2026-07-01,2026-09-30,UTC,,%s,alice,decrease,10,2\r\n"
	if o, said := c.imports(header + fmt.Sprintf(line, "Fewer")); o.Problems != 0 {
		t.Fatal(said)
	}
	file := c.exported()
	o, err := sheet.Import(ctx, c.store, "T1", strings.NewReader(header+fmt.Sprintf(line, "More")), &closer{close: func() {
		c.in(func(tx *store.Tx) error {
			o, err := tx.LockObjective(ctx, "T1", 1)
			if err != nil {
				return err
			}
			list, err := tx.LockKeyResultsOf(ctx, o)
			if err != nil {
				return err
			}
			return tx.CloseOut(ctx, c.alice, store.CloseOut{Objective: o}, list, nil, o.Period.Last+1)
		})
	}}, nil)
	if err != nil || o.Problems == 0 {
		t.Errorf("%+v, %v", o, err)
	}
	if got := strings.Count(c.exported(), "\n"); got != strings.Count(file, "\n") {
		t.Errorf("it has %d lines", got)
	}
}

// TestEveryMistakeHasItsPlaceAndItsSentence makes them one by one, in a line that is right otherwise.
func TestEveryMistakeHasItsPlaceAndItsSentence(t *testing.T) {
	c := newCompany(t)
	names := sheet.Columns()
	right := map[string]string{
		"objective": "Calm", "objective_owner": "U1ALICE", "first_day": "2026-10-01", "last_day": "2026-12-31", "time_zone": "UTC",
		"key_result": "Fewer", "owner": "U1ALICE", "kind": "decrease", "start_value": "10", "target_value": "2",
	}
	line := func(change map[string]string) string {
		cells := make([]string, len(names))
		for i, name := range names {
			cell, changed := change[name]
			if !changed {
				cell = right[name]
			}
			cells[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		return strings.Join(cells, ",") + "\r\n"
	}
	titles := strings.Join(names, ",") + "\r\n"
	integrated := func(more map[string]string) map[string]string {
		all := map[string]string{"connection": c.acme.Name, "reference": "=ref,1", "cadence": "daily"}
		for name, cell := range more {
			all[name] = cell
		}
		return all
	}
	large := map[string]string{"key_result": "Other", "kind": "Decrease", "method": "Hit_Rate", "cadence": "DAILY", "confidence": "High", "confidence_by": "U1ALICE", "confidence_day": "2026-10-05"}
	if o, said := c.check(titles + line(nil) + line(integrated(large))); o.Problems != 0 {
		t.Fatal(said)
	}
	for _, m := range []struct {
		cells map[string]string
		says  string
	}{
		{map[string]string{"objective": ""}, "line 2, objective: Enter a title."},
		{map[string]string{"objective": strings.Repeat("x", 151)}, "line 2, objective: This title has 151 characters."},
		{map[string]string{"objective_owner": ""}, "line 2, objective_owner: Choose an owner."},
		{map[string]string{"objective_owner": "U9NOBODY"}, `line 2, objective_owner: Nobody here is "U9NOBODY".`},
		{map[string]string{"owner": "ann"}, `line 2, owner: Several people are called "ann".`},
		{map[string]string{"co_owners": "U2BOB zed"}, `line 2, co_owners: Nobody here is "zed".`},
		{map[string]string{"first_day": "01.10.2026"}, "line 2, first_day: Write the day as year, month and day"},
		{map[string]string{"last_day": "2026-02-30"}, "line 2, last_day: Write the day as year"},
		{map[string]string{"last_day": "2026-09-30"}, "line 2, last_day: The period ends before it begins."},
		{map[string]string{"time_zone": "Berlin"}, "line 2, time_zone: Choose a time zone"},
		{map[string]string{"objective_channel": "#okrs"}, "line 2, objective_channel: Write the channel's id"},
		{map[string]string{"key": "seven"}, "line 2, key: Write the number of a key result"},
		{map[string]string{"key": "KR-99999999"}, "line 2, key: Numbers go up to"},
		{map[string]string{"key_result": "two\nlines"}, "line 2, key_result: This cell holds a line break"},
		{map[string]string{"key_result": "", "unit": "%"}, "line 2, key_result: Enter a title."},
		{map[string]string{"kind": "more"}, "line 2, kind: Write one of increase, decrease"},
		{map[string]string{"start_value": "1.234,5"}, "line 2, start_value: Write the number without separators"},
		{map[string]string{"target_value": "10"}, "line 2, target_value: Start and target are equal."},
		{map[string]string{"target_value": "=1+1"}, "line 2, target_value: This is not a number."},
		{map[string]string{"committed_result": "1"}, "line 2, committed_result: The committed result is not between start and target."},
		{map[string]string{"unit": strings.Repeat("u", 21)}, "line 2, unit: This unit has 21 characters."},
		{map[string]string{"decimals": "2.5"}, "line 2, decimals: Write a whole number from 0 to 9."},
		{map[string]string{"method": "median"}, "line 2, method: Write one of latest"},
		{map[string]string{"wanted_hit_rate": "101"}, "line 2, wanted_hit_rate: Enter a percentage above 0 and up to 100."},
		{map[string]string{"weight": "-1"}, "line 2, weight: Enter a weight of 0 or more."},
		{map[string]string{"paused": "perhaps"}, "line 2, paused: Write true or false."},
		{map[string]string{"cadence": "weekly"}, "line 2, cadence: Without a connection people update this key result"},
		{map[string]string{"reference": "abc"}, "line 2, connection: Name the connection"},
		{map[string]string{"result_value": "5"}, "line 2, result_day: Write the day that the result is of."},
		{map[string]string{"result_value": "5", "result_day": "2099-01-01"}, "line 2, result_day: This day has not come yet."},
		{map[string]string{"result_value": "5", "result_day": "2001-01-01"}, "line 2, result_day: This day lies outside of the objective's period"},
		{map[string]string{"phased_targets": "2026-10-31"}, "line 2, phased_targets: Phase 1: write a day, a colon and a value"},
		{map[string]string{"phased_targets": "2026-10-31: 8; 2027-10-31: 5"}, "line 2, phased_targets: "},
		{map[string]string{"confidence": "sure"}, "line 2, confidence: Write one of high, medium, low."},
		{map[string]string{"confidence": "high"}, "line 2, confidence_day: Write the day on which this was said."},
		{map[string]string{"confidence": "high", "confidence_day": "2099-01-01"}, "line 2, confidence_day: This day has not come yet."},
		{map[string]string{"confidence": "high", "confidence_by": "zed", "confidence_day": "2026-10-31"}, `line 2, confidence_by: Nobody here is "zed".`},
		{integrated(map[string]string{"cadence": ""}), "line 2, cadence: Choose how often"},
		{integrated(map[string]string{"cadence": "hourly"}), "line 2, cadence: Write one of daily"},
		{integrated(map[string]string{"weekday": "Someday"}), "line 2, weekday: Write the weekday's name"},
		{integrated(map[string]string{"time": "9 am"}), "line 2, time: Write the time of day"},
		{integrated(map[string]string{"offset_days": "31"}), "line 2, offset_days: Write a whole number from 0 to 30."},
		{integrated(map[string]string{"reference": ""}), "line 2, reference: Write the scorecard's reference"},
		{integrated(map[string]string{"reference": "gone"}), "line 2, reference: This connection does not list such a scorecard"},
		{integrated(map[string]string{"connection": "elsewhere"}), "line 2, connection: There is no connection of this name."},
		{integrated(map[string]string{"owner": "bob"}), "line 2, connection: This connection is private to somebody else."},
	} {
		o, said := c.check(titles + line(m.cells))
		if o.Problems == 0 || !strings.Contains(said, m.says) {
			t.Errorf("%v: want %q, got:\n%s", m.cells, m.says, said)
		}
		if o.Problems > 1 {
			t.Errorf("%v: one mistake is told %d times:\n%s", m.cells, o.Problems, said)
		}
	}
	for name, f := range map[string]struct{ file, says string }{
		"empty":           {"", "line 1: This file is empty."},
		"no names":        {"Calm,U1ALICE\r\n", "line 1: The first line names none of the columns."},
		"an old workbook": {"\xd0\xcf\x11\xe0...", "line 1: This file is a workbook."},
		"a workbook":      {"PK\x03\x04...", "line 1: This file is a workbook."},
		"filled beyond":   {strings.TrimSpace(titles) + ",\r\n" + strings.TrimSpace(line(nil)) + ",x\r\n", fmt.Sprintf("line 2: Column %d has no name, and something in it.", len(names)+1)},
		"unknown column":  {strings.Replace(titles, "kind", "knd", 1), `Column 14, "knd", is unknown.`},
		"missing column":  {strings.Replace(titles, "kind", "knd", 1), "The column kind is missing."},
		"column twice":    {strings.Replace(titles, "weight", "kind", 1), "The column kind is there twice."},
		"Latin-1":         {titles + line(map[string]string{"key_result": "caf\xe9"}), "line 2, key_result: This cell is not UTF-8."},
		"short line":      {titles + "Calm,U1ALICE\r\n", fmt.Sprintf("line 2: This line has 2 cells, the first has %d.", len(names))},
		"lone quote":      {titles + line(nil) + "Calm,U1 \"ALICE,x\r\n", "line 3: A quotation mark is alone here."},
		"open quote":      {titles + line(nil) + "\"Calm," + strings.Repeat("x", 3<<20), "line 3: From here on one line is longer than a megabyte."},
		"key twice":       {titles + line(map[string]string{"key": "KR-5"}) + line(map[string]string{"key": "KR-5", "key_result": "Other"}), "line 3, key: KR-5 stands on line 2 already."},
		"line twice":      {titles + line(nil) + line(nil), "line 3, key_result: The same key result stands on line 2 already."},
		"two zones":       {titles + line(nil) + line(map[string]string{"time_zone": "Europe/Berlin", "key_result": "Other"}), "line 3, objective: Line 2 gives the same objective another time zone"},
		"objective twice": {titles + strings.Repeat("Calm,U1ALICE,2026-10-01,2026-12-31,UTC"+strings.Repeat(",", len(names)-5)+"\n", 2), "line 3, objective: This objective stands on line 2 already."},
	} {
		if o, said := c.check(f.file); o.Problems == 0 || !strings.Contains(said, f.says) {
			t.Errorf("%s: want %q, got:\n%.500s", name, f.says, said)
		}
	}
	if o, said := c.check("\xef\xbb\xbf" + titles + line(nil)); o.Problems != 0 {
		t.Errorf("with a byte order mark:\n%s", said)
	}
	// One mistake among many lines, and nothing of them is saved.
	before := c.exported()
	file := titles + line(nil) + line(integrated(map[string]string{"key_result": "Other"})) + line(map[string]string{"kind": "more"})
	if o, _ := c.imports(file); o.Problems != 1 || c.exported() != before {
		t.Errorf("a file with a problem was saved in part: %+v", o)
	}
}

// TestOneCauseIsOneProblem has the same mistake on many lines.
func TestOneCauseIsOneProblem(t *testing.T) {
	c := newCompany(t)
	many := func(line string) string {
		var out strings.Builder
		out.WriteString(header)
		for i := range 30 {
			out.WriteString(strings.ReplaceAll(line, "#", strconv.Itoa(i)) + "\r\n")
		}
		return out.String()
	}
	const right = "Calm,alice,2026-10-01,2026-12-31,UTC,,Part #,alice,decrease,10,2"
	for name, f := range map[string]struct{ file, says string }{
		"an unknown owner":    {many("Calm,zed,2026-10-01,2026-12-31,UTC,,Part #,zed,decrease,10,2"), "lines 2–31, objective_owner and owner: Nobody here is \"zed\"."},
		"a decimal comma":     {many(`Calm,alice,2026-10-01,2026-12-31,UTC,,Part #,alice,decrease,10,"2,5"`), "lines 2–31, target_value: Write the number without separators"},
		"Windows-1252":        {many("Gr\xf6\xdfe,alice,2026-10-01,2026-12-31,UTC,,Gr\xf6\xdfe #,alice,decrease,10,2"), "lines 2–31, objective and key_result: This cell is not UTF-8."},
		"a foreign header":    {"Ziel;Besitzer;Von;Bis\r\nCalm;alice;x;y\r\n", "line 1: The first line names none of the columns."},
		"six unknown columns": {strings.Replace(many(right), "objective,", "a,b,c,d,e,f,objective,", 1), `line 1: Columns 1, "a", 2, "b", 3, "c", 4, "d", 5, "e" and 6, "f" are unknown.`},
		"a misspelt column":   {strings.Replace(many(right), "kind", "knd", 1), `line 1: Column 9, "knd", is unknown.`},
	} {
		o, said := c.check(f.file)
		if o.Problems != 1 || !strings.Contains(said, f.says) {
			t.Errorf("%s: %d problems, want %q in\n%s", name, o.Problems, f.says, said)
		}
		if n := strings.Count(said, "risk_threshold"); n > 1 {
			t.Errorf("%s: all columns are listed %d times", name, n)
		}
	}
	// Too many of different kinds are counted.
	var out strings.Builder
	out.WriteString(header)
	for i := range 500 {
		fmt.Fprintf(&out, "Calm,nobody%d,2026-10-01,2026-12-31,UTC,,Part %d,alice,decrease,10,2\r\n", i, i)
	}
	if o, said := c.check(out.String()); o.Problems != 500 || !strings.HasSuffix(said, "…and 300 more problems. Begin with these.\n") {
		t.Errorf("%d problems:\n%s", o.Problems, said)
	}
}

// TestWhatDoesNotShowIsNotExported has titles with characters that turn what follows them.
func TestWhatDoesNotShowIsNotExported(t *testing.T) {
	c := newCompany(t)
	if o, said := c.imports(header + "Calm,alice,2026-10-01,2026-12-31,UTC,KR-1,More,alice,increase,0,8\r\n"); o.Problems != 0 {
		t.Fatal(said)
	}
	_, err := c.pool.Exec(ctx, `update objectives set title = E'\u202eCalm\u200b'`)
	c.must(err)
	_, err = c.pool.Exec(ctx, `update key_results set title = E'\u200b=More\u2066', unit = '％'`)
	c.must(err)
	file := c.exported()
	if strings.ContainsAny(file[3:], "\u202e\u200b\u2066") || !strings.Contains(file, "\r\nCalm,") || !strings.Contains(file, ",'=More,") {
		t.Errorf("exported as %q", file)
	}
	if o, said := c.imports(file); o.Same != 1 || o.Problems+o.Changed+o.Objectives+o.ChangedObjectives != 0 {
		t.Errorf("its own export: %+v\n%s", o, said)
	}
	if o, said := c.check(strings.Replace(file, "KR-1", "", 1)); o.Objectives != 0 {
		t.Errorf("the objective is not found by what shows of it: %+v\n%s", o, said)
	}
}
