package sheet_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
	"okrbot/store/storetest"
)

// company is a workspace with people and two connections, and nothing else yet.
type company struct {
	t     *testing.T
	store *store.Store
	pool  *pgxpool.Pool
	alice okr.Actor
	acme  store.Connection
}

func newCompany(t *testing.T) *company {
	t.Helper()
	pool, err := store.Open(ctx, storetest.New(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c := &company{t: t, pool: pool, store: store.New(pool, storetest.Keys()), alice: okr.Actor{Workspace: "T1", ID: "U1ALICE", Kind: okr.Member}}
	c.must(c.store.SaveWorkspace(ctx, store.Workspace{ID: "T1", Name: "Acme", BotUserID: "UBOT"}))
	for id, name := range map[string]string{"U1ALICE": "alice", "U2BOB": "bob", "U3ANN": "ann", "U4ANN": "Ann"} {
		c.must(c.store.SavePerson(ctx, store.Person{Actor: okr.Actor{Workspace: "T1", ID: id, Kind: okr.Member}, Name: name, Zone: "UTC"}))
	}
	c.in(func(tx *store.Tx) (err error) {
		c.acme, err = tx.CreateConnection(ctx, c.alice, store.Connection{Kind: "servicenow", Name: "acme.service-now.com (okr.reader)", Origin: "https://acme.service-now.com", SignIn: "basic"}, map[string]string{"username": "u"}, "")
		if err != nil {
			return err
		}
		return tx.SaveScorecards(ctx, c.acme, []store.Listed{{Scorecard: store.Scorecard{Reference: "=ref,1", Name: "Open incidents", Unit: "#", Frequency: "daily", Direction: "minimize"}}})
	})
	return c
}

func (c *company) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *company) in(do func(tx *store.Tx) error) {
	c.t.Helper()
	c.must(c.store.InTx(ctx, do))
}

// exported is everything as a CSV.
func (c *company) exported() string {
	c.t.Helper()
	var out strings.Builder
	now, err := c.store.Now(ctx)
	c.must(err)
	w := sheet.CSV(&out)
	c.must(c.store.EachKeyResult(ctx, c.alice.Workspace,
		func(k store.KeyResult) error { return w.Write(sheet.Of(k, now)) },
		func(o okr.Objective) error { return w.Write(sheet.OfObjective(o)) }))
	c.must(w.Close())
	return out.String()
}

// check returns what an import would do, in lines.
func (c *company) check(file string) (sheet.Outcome, string) {
	c.t.Helper()
	var out strings.Builder
	o, err := sheet.Check(ctx, c.store, c.alice.Workspace, strings.NewReader(file), &out, nil)
	c.must(err)
	return o, out.String()
}

func (c *company) imports(file string) (sheet.Outcome, string) {
	c.t.Helper()
	var out strings.Builder
	o, err := sheet.Import(ctx, c.store, c.alice.Workspace, strings.NewReader(file), &out, nil)
	c.must(err)
	return o, out.String()
}

// now is the database's clock.
func (c *company) now() time.Time {
	c.t.Helper()
	now, err := c.store.Now(ctx)
	c.must(err)
	return now
}

func number(s string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(s))
}

// furnish fills a company with one of everything, and gaps between the numbers.
func (c *company) furnish() {
	c.t.Helper()
	c.in(func(tx *store.Tx) error {
		today := okr.DayOf(tx.Now)
		quarter := okr.QuarterOf(today)
		calm, _, err := tx.CreateObjective(ctx, c.alice, okr.Objective{Title: `Run, "calmly" ✓`, Owner: "U1ALICE", Period: quarter, Zone: "Europe/Berlin", Channel: "C1OKRS"}, "")
		if err != nil {
			return err
		}
		odd, _, err := tx.CreateObjective(ctx, c.alice, okr.Objective{Title: "=1+1", Owner: "U2BOB", Period: okr.Period{First: quarter.First, Last: quarter.Last + 40}, Zone: "Australia/Lord_Howe"}, "")
		if err != nil {
			return err
		}
		// The one that is above all others, two that read alike, and a number that nobody has any more.
		var top okr.Objective
		for i, empty := range []string{"gone", "@nothing yet", "'quoted", "'quoted"} {
			o := okr.Objective{Title: empty, Owner: "U2BOB", Period: quarter, Zone: "UTC", Parent: top.ID}
			if o.Title == "'quoted" {
				o.CoOwners = []string{"U9AWAY", "U1ALICE"}[:i-1]
			}
			if o, _, err = tx.CreateObjective(ctx, c.alice, o, ""); err != nil {
				return err
			}
			switch empty {
			case "gone":
				err = tx.RemoveObjective(ctx, c.alice, o)
			case "@nothing yet":
				top = o
			}
			if err != nil {
				return err
			}
		}
		calm.Parent, calm.CoOwners = top.ID, []string{"U4ANN", "U2BOB"}
		if _, _, err := tx.EditObjective(ctx, c.alice, calm); err != nil {
			return err
		}
		odd.Parent = calm.ID
		if _, _, err := tx.EditObjective(ctx, c.alice, odd); err != nil {
			return err
		}
		base := okr.KeyResult{Workspace: "T1", Owner: "U1ALICE", Method: okr.Latest, Weight: decimal.NewFromInt(1), Unit: "%"}
		with := func(o okr.Objective, title string, change func(*store.KeyResult)) error {
			k := store.KeyResult{KeyResult: base, Objective: o}
			k.Title, k.KeyResult.Objective, k.Cadence = title, o.ID, okr.Cadence{Zone: o.Zone}
			change(&k)
			k, _, err := tx.CreateKeyResult(ctx, c.alice, k, "")
			if err == nil && !k.Integrated && k.Method != okr.HitRate {
				_, _, err = tx.CheckIn(ctx, c.alice, k, store.CheckIn{Person: "U1ALICE", Day: today, Value: number("-7.25"), Confidence: "low"}, "")
			}
			return err
		}
		source := store.Source{Connection: c.acme.ID, Reference: "=ref,1", Name: "Open incidents", Unit: "#", Frequency: "daily", Direction: "minimize"}
		changes := map[string]func(*store.KeyResult){
			"c gone": func(k *store.KeyResult) { k.Kind, k.Start, k.Target = okr.Increase, number("0"), number("1") },
			"-up": func(k *store.KeyResult) {
				k.Kind, k.Start, k.Target, k.Committed = okr.Increase, number("-20"), number("20.5"), number("10")
				k.Phases = []okr.Phase{{Day: quarter.First + 20, Value: number("-3.25").Decimal}, {Day: quarter.Last - 1, Value: number("20").Decimal}}
			},
			"down": func(k *store.KeyResult) {
				k.Kind, k.Start, k.Target, k.CoOwners = okr.Decrease, number("5"), number("0"), []string{"U2BOB", "U3ANN"}
			},
			"least": func(k *store.KeyResult) {
				k.Kind, k.Target, k.Risk, k.Unit = okr.AtLeast, number("99.5"), number("95"), "=h"
				k.Method, k.Wanted = okr.HitRate, number("92.5")
			},
			"range": func(k *store.KeyResult) {
				k.Kind, k.Target, k.Upper, k.Channel = okr.Between, number("1"), number("2"), "C2DESK"
			},
			"base": func(k *store.KeyResult) { k.Kind, k.Weight = okr.Baseline, decimal.RequireFromString("0.125") },
			"hits": func(k *store.KeyResult) {
				k.Kind, k.Target, k.Method, k.Precision = okr.AtMost, number("3"), okr.HitRate, 2
			},
			"weekly": func(k *store.KeyResult) {
				k.Kind, k.Start, k.Target, k.Integrated, k.Source = okr.Increase, number("0"), number("1"), true, source
				k.Cadence.Every, k.Cadence.Weekday, k.Cadence.Hour, k.Cadence.Minute = okr.Weekly, time.Thursday, 7, 5
			},
			"monthly": func(k *store.KeyResult) {
				k.Kind, k.Start, k.Target, k.Integrated, k.Source, k.Paused = okr.Decrease, number("9"), number("1"), true, source, true
				k.Cadence.Every, k.Cadence.Offset = okr.Monthly, 30
			},
		}
		for _, title := range slices.Sorted(maps.Keys(changes)) {
			change, o := changes[title], calm
			if len(title) > 4 {
				o = odd
			}
			if err := with(o, title, change); err != nil {
				return err
			}
		}
		return nil
	})
	gone, err := c.store.KeyResult(ctx, "T1", 3)
	c.must(err)
	c.in(func(tx *store.Tx) error { return tx.RemoveKeyResult(ctx, c.alice, gone) })
}
