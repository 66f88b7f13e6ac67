package sheet_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

// history is the second file: what was read and said.
func (c *company) history() string {
	c.t.Helper()
	var out strings.Builder
	h := sheet.HistoryCSV(&out)
	c.must(c.store.EachEntry(ctx, c.alice.Workspace, h.Write))
	c.must(h.Close())
	return out.String()
}

// branch is another workspace of the same company, with the same people and a connection of the same
// name.
func (c *company) branch(id string) *company {
	c.t.Helper()
	b := *c
	b.alice.Workspace = id
	c.must(c.store.SaveWorkspace(ctx, store.Workspace{ID: id, Name: "Branch", BotUserID: "UBOT"}))
	for _, person := range []string{"U1ALICE", "U2BOB"} {
		c.must(c.store.SavePerson(ctx, store.Person{Actor: okr.Actor{Workspace: id, ID: person, Kind: okr.Member}, Name: person, Zone: "UTC"}))
	}
	c.in(func(tx *store.Tx) (err error) {
		b.acme, err = tx.CreateConnection(ctx, b.alice, store.Connection{Kind: "servicenow", Name: "acme", Origin: "https://acme.service-now.com", SignIn: "basic"}, map[string]string{"username": "u"}, "")
		if err != nil {
			return err
		}
		return tx.SaveScorecards(ctx, b.acme, []store.Listed{{Scorecard: store.Scorecard{Reference: "ref", Name: "Open incidents", Unit: "#", Frequency: "daily", Direction: "minimize"}}})
	})
	return &b
}

// amount draws a value as people and systems have them.
func amount(r *rapid.T, name string) decimal.Decimal {
	return decimal.New(rapid.Int64Range(-1_000_000, 1_000_000).Draw(r, name), int32(-rapid.IntRange(0, 9).Draw(r, name+"'s place")))
}

// wording draws what people write, hostile to spreadsheets and to CSV.
func wording(r *rapid.T, name string) string {
	return strings.TrimSpace(okr.Visible(rapid.StringOfN(rapid.SampledFrom([]rune("ab =+-@'\",;\n＝é目👩\u200d\u202e")), 0, 12, -1).Draw(r, name)))
}

// somebody has a key result with a history of its own.
func (c *company) somebody(r *rapid.T, o okr.Objective, n int) {
	today := o.Period.Last - 20
	day := func(name string) okr.Day {
		return rapid.Custom(func(r *rapid.T) okr.Day {
			return okr.Day(rapid.IntRange(int(o.Period.First), int(today)).Draw(r, "day"))
		}).Draw(r, name)
	}
	k := store.KeyResult{Objective: o}
	k.Workspace, k.KeyResult.Objective, k.Title, k.Owner = o.Workspace, o.ID, fmt.Sprintf("%d%s", n, strings.ReplaceAll(wording(r, "title"), "\n", "")), "U1ALICE"
	k.Kind, k.Weight, k.Cadence = okr.Increase, decimal.NewFromInt(1), okr.Cadence{Zone: o.Zone}
	k.Method = rapid.SampledFrom(okr.Methods).Draw(r, "method")
	k.Start, k.Target = decimal.NewNullDecimal(amount(r, "start")), decimal.NullDecimal{}
	k.Target = decimal.NewNullDecimal(k.Start.Decimal.Add(decimal.NewFromInt(10)))
	if k.Method != okr.HitRate && rapid.Bool().Draw(r, "phased") {
		k.Phases = []okr.Phase{{Day: o.Period.First + 5, Value: k.Start.Decimal.Add(decimal.NewFromInt(3))}}
	}
	if k.Integrated = rapid.Bool().Draw(r, "integrated"); k.Integrated {
		k.Cadence.Every, k.Cadence.Hour = okr.Daily, 9
		k.Source = store.Source{Connection: c.acme.ID, Reference: "ref", Name: "Open incidents", Unit: "#", Frequency: "daily", Direction: "minimize"}
	}
	c.in(func(tx *store.Tx) (err error) {
		k, _, err = tx.CreateKeyResult(ctx, c.alice, k, "")
		return err
	})
	for i := range rapid.IntRange(0, 4).Draw(r, "scores") {
		if !k.Integrated {
			break
		}
		c.in(func(tx *store.Tx) error {
			var epoch int64
			if err := tx.Pgx().QueryRow(ctx, "select nextval('sync_epochs')").Scan(&epoch); err != nil {
				return err
			}
			_, err := tx.ApplyScores(ctx, epoch, []store.Scores{{
				// One of the period's last day is of a day to come, and is read again.
				Feed: k.Source.Feed, List: []store.Score{{Day: day(fmt.Sprint("score ", i)), Value: amount(r, "score"), AsRead: rapid.SampledFrom([]string{"", "71.42857142857143", "1.5E-10"}).Draw(r, "as read"), Counts: o.Period.First + 1}, {Day: o.Period.Last, Value: amount(r, "plan")}},
			}})
			if err != nil {
				return err
			}
			if err := tx.ApplyFollows(ctx, []store.Followed{{KeyResult: k.ID, Epoch: epoch}}); err != nil {
				return err
			}
			k, err = tx.EditKeyResult(ctx, c.alice, k, "edited") // with the result of its readings
			return err
		})
	}
	for i := range rapid.IntRange(0, 4).Draw(r, "check-ins") {
		said := store.CheckIn{Person: "U2BOB", Day: day(fmt.Sprint("check-in ", i)), Note: wording(r, "note")}
		said.Confidence = rapid.SampledFrom([]string{"", "high", "low"}).Draw(r, "confidence")
		if k.Integrated && k.Method == okr.HitRate {
			said.Note += "." // no value stands in for it
		} else if rapid.Bool().Draw(r, "with a value") {
			said.Value = decimal.NewNullDecimal(amount(r, "value"))
			if k.Integrated {
				if said.Reason = "x" + wording(r, "reason"); rapid.Bool().Draw(r, "for good") {
					said.Until = o.Period.Last + 10
				}
			}
		}
		c.in(func(tx *store.Tx) (err error) {
			k, _, err = tx.CheckIn(ctx, okr.Actor{Workspace: k.Workspace, ID: "U2BOB", Kind: okr.Member}, k, said, "")
			return err
		})
	}
}

// TestBothFilesBringEverythingBack holds docs/import.md to its word: whatever there is, both exports
// imported into an empty workspace export as the same two files, and imported again change nothing.
func TestBothFilesBringEverythingBack(t *testing.T) {
	c := newCompany(t)
	now, err := c.store.Now(ctx)
	c.must(err)
	// Each run makes two workspaces; more of them on demand.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		c.must(checks.Value.Set("8"))
	}
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		from, to := c.branch(fmt.Sprintf("TF%d", n)), c.branch(fmt.Sprintf("TT%d", n))
		today := okr.DayOf(now)
		from.in(func(tx *store.Tx) error {
			_, _, err := tx.CreateObjective(ctx, from.alice, okr.Objective{Title: "Calm", Owner: "U1ALICE", Period: okr.Period{First: today - 40, Last: today + 20}, Zone: "UTC"}, "")
			return err
		})
		objectives, err := from.store.AllObjectives(ctx, from.alice.Workspace)
		c.must(err)
		for i := range rapid.IntRange(1, 4).Draw(r, "key results") {
			from.somebody(r, objectives[0], i)
		}
		key, said := from.exported(), from.history()
		for _, into := range []*company{to, from, to} {
			for _, file := range []string{key, said} {
				if o, words := into.imports(file); o.Problems > 0 {
					r.Fatalf("%s\n%s", words, file)
				}
			}
			if again := into.exported(); again != key {
				r.Fatalf("got\n%s\nwant\n%s", again, key)
			}
			if again := into.history(); again != said {
				r.Fatalf("got\n%s\nwant\n%s", again, said)
			}
		}
		if o, words := to.imports(said); o.Entries+o.LeftEntries != 0 || words != "" {
			r.Fatalf("it is not all there: %+v\n%s", o, words)
		}
	})
}

func TestAHistoryHasItsProblemsToo(t *testing.T) {
	c := newCompany(t)
	if o, said := c.imports(header + "Calm,alice,2026-10-01,2026-12-31,UTC,KR-1,Fewer,alice,decrease,10,2\r\n"); o.Problems != 0 {
		t.Fatal(said)
	}
	const names = "key,what,day,value,person,confidence,note,reason,until,recorded_at\r\n"
	const right = "KR-1,reading,2026-10-05,8,,,,,,\r\n"
	if o, said := c.check(names + right); o.Problems != 0 || o.Entries != 1 || said != "line 2: add to KR-1: 1 value\n" {
		t.Errorf("%+v\n%s", o, said)
	}
	for line, says := range map[string]string{
		"KR-9,reading,2026-10-05,8,,,,,,":                                      "line 2, key: This key result is not here. Import the file with the key results first.",
		",reading,2026-10-05,8,,,,,,":                                          "line 2, key: Write the number of a key result, such as KR-7.",
		"KR-1,feeling,2026-10-05,8,,,,,,":                                      "line 2, what: Write one of score, reading, check_in, by_hand.",
		"KR-1":                                                                 "line 2: This line has 1 cell, the first has 10.",
		"KR-1,reading,05.10.2026,8,,,,,,":                                      "line 2, day: Write the day as year, month and day",
		"KR-1,reading,2099-10-05,8,,,,,,":                                      "line 2, day: This day has not come yet.",
		`KR-1,reading,2026-10-05,"8,5",,,,,,`:                                  "line 2, value: Write the number without separators",
		"KR-1,score,2026-10-05,,,,,,,":                                         "line 2, value: Enter a number.",
		"KR-1,check_in,2026-10-05,8,,,,,,":                                     "line 2, person: Write who said this.",
		"KR-1,check_in,2026-10-05,8,zed,,,,,":                                  `line 2, person: Nobody here is "zed".`,
		"KR-1,check_in,2026-10-05,8,alice,sure,,,,":                            "line 2, confidence: Write one of high, medium, low.",
		"KR-1,check_in,2026-10-05,8,alice,,,,,yesterday":                       "line 2, recorded_at: Write a moment that is over",
		"KR-1,by_hand,2026-10-05,8,alice,,,,,":                                 "line 2, reason: Write why this value stands in for the scores.",
		"KR-1,by_hand,2026-10-05,8,alice,,,why,2026-10-01,":                    "line 2, until: This day is before the value's own.",
		"KR-1,by_hand,2026-10-05,8,alice,,," + strings.Repeat("ü", 201) + ",,": "line 2, reason: Shorten the reason to 200 characters.",
		"KR-1,by_hand,2026-10-05,8,alice,,,why,,":                              "line 2, what: People update this key result",
		"KR-1,check_in,2026-10-05,8,alice,,caf\xe9,,,":                         "line 2, note: This cell is not UTF-8.",
		"KR-1,check_in,2026-10-05,8,alice,,a,b,,,too,many":                     "line 2: This line has 12 cells, the first has 10.",
		"KR-1,check_in,2026-10-05,8,alice,," + strings.Repeat("x", 1001):       "line 2, note: This has 1,001 characters, and 1000 is the most.",
		strings.TrimSpace(right) + "\r\n" + right:                              "line 3, what: Line 2 has a value for the same already.",
	} {
		if o, said := c.check(names + line + "\r\n"); o.Problems != 1 || !strings.Contains(said, says) {
			t.Errorf("%q: %+v, want %q in\n%s", line, o, says, said)
		}
	}
	if o, said := c.check("key,what,day\r\n"); o.Problems != 1 || !strings.Contains(said, "line 1: The column value is missing.") {
		t.Errorf("%+v\n%s", o, said)
	}
	// Thirty lines of a key result that is not here are one problem.
	if o, said := c.check(names + strings.Repeat("KR-8,check_in,2026-10-05,8,alice,,,,,\r\n", 30)); o.Problems != 1 {
		t.Error(said)
	}
	// What is there for a day stays, and is counted.
	if o, said := c.imports(names + right + "KR-1,check_in,2026-10-05,8,alice,,,,,2026-10-05T09:00:00Z\r\n"); o.Problems != 0 || o.Entries != 2 {
		t.Fatalf("%+v\n%s", o, said)
	}
	if o, _ := c.imports(names + strings.Replace(right, ",8,", ",9,", 1)); o.LeftEntries != 1 || o.Entries != 0 {
		t.Errorf("%+v", o)
	}
}

// TestAHistoryThatDoesNotSayWhenIsAddedOnce has the lines that people write by hand, without recorded_at.
func TestAHistoryThatDoesNotSayWhenIsAddedOnce(t *testing.T) {
	c := newCompany(t)
	first := strings.TrimSpace(header) + ",result_value,result_day\r\nCalm,alice,2026-07-01,2026-09-30,UTC,KR-1,Fewer,alice,decrease,10,2,7,2026-08-20\r\n"
	if o, said := c.imports(first); o.Problems != 0 {
		t.Fatal(said)
	}
	const names = "key,what,day,value,person,confidence,note\r\n"
	const file = names + "KR-1,reading,2026-08-10,8,,,\r\nKR-1,reading,2026-08-20,6.5,,,\r\n" +
		"KR-1,check_in,2026-08-10,8,alice,high,slow\r\nKR-1,check_in,2026-08-11,,bob,,\r\nKR-1,check_in,2026-08-11,,bob,low,\r\n"
	if o, said := c.imports(file); o.Problems != 0 || o.Entries != 5 || o.LeftEntries != 0 {
		t.Fatalf("%+v\n%s", o, said)
	}
	key, history := c.exported(), c.history()
	if !strings.Contains(key, ",6.5,2026-08-20,") {
		t.Errorf("the value of the first file stands still:\n%s", key)
	}
	if o, said := c.imports(file); o.Problems+o.Entries != 0 || o.SameEntries != 5 || said != "" {
		t.Errorf("once more: %+v\n%s", o, said)
	}
	// Another value for a day that has one stays out, and the same again with other words comes.
	if o, said := c.imports(names + "KR-1,reading,2026-08-10,9,,,\r\nKR-1,reading,2026-08-20,6,,,\r\n"); o.LeftEntries != 2 || o.Entries != 0 {
		t.Errorf("%+v\n%s", o, said)
	}
	if c.exported() != key || c.history() != history {
		t.Errorf("something changed:\n%s", c.history())
	}
	if o, said := c.imports(names + "KR-1,check_in,2026-08-10,8,alice,high,slower\r\n"); o.Entries != 1 {
		t.Errorf("%+v\n%s", o, said)
	}
}
