package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/storetest"
)

// objectiveOf makes an objective of alice's below another one; 0 is below none.
func objectiveOf(t *testing.T, s *store.Store, title string, parent int64, draft string) okr.Objective {
	t.Helper()
	var o okr.Objective
	err := s.InTx(context.Background(), func(tx *store.Tx) (err error) {
		o, _, err = tx.CreateObjective(context.Background(), alice, okr.Objective{
			Title: title, Owner: alice.ID, Zone: "UTC", Period: okr.QuarterOf(okr.DayOf(tx.Now)), Parent: parent,
		}, draft)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func edits(s *store.Store, o okr.Objective) error {
	return s.InTx(context.Background(), func(tx *store.Tx) error {
		_, _, err := tx.EditObjective(context.Background(), alice, o)
		return err
	})
}

// Numbers have no gaps, however many are added at once, by whoever knows of numbers or not, and
// however often a form is submitted.
func TestObjectivesAreNumbered(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	d, err := s.CreateDraft(ctx, alice, "objective", "fill", map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	conn := look(t, dsn)
	defer conn.Close(ctx)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { objectiveOf(t, s, "Twice", 0, d.ID) })
		all.Go(func() { objectiveOf(t, s, "Another", 0, "") })
	}
	all.Wait()
	// The version before this one knows of no numbers.
	if _, err := conn.Exec(ctx, `insert into objectives (workspace_id, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at)
		values ('T1', 'Of before', 'U1', current_date, current_date, 'UTC', '', 'U1', now())`); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 6; n++ {
		o, err := s.ObjectiveByNumber(ctx, "T1", n)
		if err != nil || n == 6 && o.Title != "Of before" {
			t.Errorf("O-%d: %q, %v", n, o.Title, err)
		}
	}
	if _, err := s.ObjectiveByNumber(ctx, "T1", 7); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("there is an O-7: %v", err)
	}
}

// No objective is above itself, at any depth, and not when two are put below each other at once.
func TestNoObjectiveIsAboveItself(t *testing.T) {
	t.Parallel()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	chain := []okr.Objective{objectiveOf(t, s, "Top", 0, "")}
	for range 12 {
		chain = append(chain, objectiveOf(t, s, "Below", chain[len(chain)-1].ID, ""))
	}
	for _, below := range chain {
		top := chain[0]
		top.Parent = below.ID
		if err := edits(s, top); !errors.Is(err, store.ErrCycle) {
			t.Errorf("%s above itself by %s: %v", top.Key(), below.Key(), err)
		}
	}
	offered, err := s.ParentChoices(context.Background(), "T1", chain[4].ID, "", 0, 100)
	if err != nil || len(offered) != 4 {
		t.Errorf("%d offered as its parent, want those above it: %v", len(offered), err)
	}
	a, b := objectiveOf(t, s, "A", 0, ""), objectiveOf(t, s, "B", 0, "")
	a.Parent, b.Parent = b.ID, a.ID
	var both sync.WaitGroup
	errs := make([]error, 2)
	both.Go(func() { errs[0] = edits(s, a) })
	both.Go(func() { errs[1] = edits(s, b) })
	both.Wait()
	if refused := errors.Is(errs[0], store.ErrCycle) != errors.Is(errs[1], store.ErrCycle); !refused {
		t.Errorf("of two at once one is refused: %v", errs)
	}
	elsewhere := a
	elsewhere.Parent = 1 << 40
	if err := edits(s, elsewhere); !errors.Is(err, store.ErrNoParent) {
		t.Errorf("below what is not there: %v", err)
	}
}

// A parent that goes in the very moment in which something comes below it is not there.
func TestAParentGoesInTheSameMoment(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := storetest.Open(t, storetest.New(t))
	workspace(t, s)
	top, below := objectiveOf(t, s, "Top", 0, ""), objectiveOf(t, s, "Below", 0, "")
	below.Parent = top.ID
	came := make(chan error, 1)
	err := s.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.RemoveObjective(ctx, alice, top); err != nil {
			return err
		}
		go func() { came <- edits(s, below) }()
		for waits := false; !waits; time.Sleep(5 * time.Millisecond) {
			if err := tx.Pgx().QueryRow(ctx, "select exists (select from pg_locks w join pg_locks h using (pid) where not w.granted and h.database = (select oid from pg_database where datname = current_database()))").Scan(&waits); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-came; !errors.Is(err, store.ErrNoParent) {
		t.Errorf("below what goes: %v", err)
	}
}

// Another period or zone: results, hours and statuses follow.
func TestKeyResultsFollowTheirObjectivesPeriod(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	k, _ := keyResult(t, s, "Fewer", "")
	o, err := s.Objective(ctx, "T1", k.Objective.ID)
	if err != nil {
		t.Fatal(err)
	}
	o.Period.First, o.Period.Last = o.Period.First+400, o.Period.Last+400
	o.Zone = "Asia/Tokyo"
	if err := edits(s, o); err != nil {
		t.Fatal(err)
	}
	after, err := s.KeyResult(ctx, "T1", k.Number)
	if err != nil || after.Cadence.Zone != "Asia/Tokyo" || after.NextSyncAt.Equal(k.NextSyncAt) {
		t.Errorf("cadence %+v, next sync %s, was %s, %v", after.Cadence, after.NextSyncAt, k.NextSyncAt, err)
	}
	if tokyo, err := time.LoadLocation("Asia/Tokyo"); err != nil || after.NextSyncAt.In(tokyo).Hour() != 9 {
		t.Errorf("it is read at %s", after.NextSyncAt)
	}
	if err := edits(s, o); !errors.Is(err, store.ErrChanged) {
		t.Errorf("an older version was saved: %v", err)
	}
	if _, err := s.Judge(ctx, 10); err != nil {
		t.Fatal(err)
	}
	storetest.StatusesAreTrue(t, s)
	events, err := s.Audit(ctx, "T1", store.Object{Kind: "objective", ID: o.ID}, 1)
	if err != nil || events[0].Action != "edited" || events[0].Changes["zone"] != (store.Change{"Europe/Berlin", "Asia/Tokyo"}) {
		t.Errorf("recorded: %+v, %v", events, err)
	}
}

// Whoever closes an objective out while somebody holds one that moves with it waits for that one before a number
// is taken: who holds an objective may want a number.
func TestWhatMovesIsHeldBeforeANumberIsTaken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := storetest.Open(t, storetest.New(t))
	workspace(t, s)
	top := objectiveOf(t, s, "Top", 0, "")
	below := objectiveOf(t, s, "Below", top.ID, "")
	goesOn := func(o okr.Objective) (next okr.Objective, err error) {
		err = s.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.LockTree(ctx, "T1"); err != nil {
				return err
			}
			out := store.CloseOut{Objective: o}
			if next, err = tx.GoOn(ctx, alice, &out, okr.NextQuarter(o.Period.Last)); err != nil {
				return err
			}
			return tx.CloseOut(ctx, alice, out, nil, nil, o.Period.Last+1)
		})
		return next, err
	}
	moving, err := goesOn(below)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	err = s.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockObjective(ctx, "T1", moving.ID); err != nil {
			return err
		}
		go func() { _, err := goesOn(top); ended <- err }()
		for waits := false; !waits; time.Sleep(5 * time.Millisecond) {
			if err := tx.Pgx().QueryRow(ctx, "select exists (select from pg_locks w join pg_locks h using (pid) where not w.granted and h.database = (select oid from pg_database where datname = current_database()))").Scan(&waits); err != nil {
				return err
			}
		}
		_, err := tx.Pgx().Exec(ctx, "select from workspaces where id = 'T1' for no key update nowait")
		return err
	})
	if err != nil {
		t.Error("the numbers: ", err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	next, err := s.ObjectiveByNumber(ctx, "T1", moving.Number+1)
	if err != nil {
		t.Fatal(err)
	}
	if moving, err = s.Objective(ctx, "T1", moving.ID); err != nil || moving.Parent != next.ID {
		t.Errorf("it is below %d, want %d: %v", moving.Parent, next.ID, err)
	}
}

// Whoever holds the tree of objectives keeps nobody from editing one that stays below its parent.
func TestATitleIsEditedWhileTheTreeIsHeld(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := storetest.Open(t, storetest.New(t))
	workspace(t, s)
	top := objectiveOf(t, s, "Top", 0, "")
	below := objectiveOf(t, s, "Below", top.ID, "")
	err := s.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.LockTree(ctx, "T1"); err != nil {
			return err
		}
		below.Title = "Still below"
		return edits(s, below)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Objective(ctx, "T1", below.ID); err != nil || got.Title != "Still below" || got.Parent != top.ID {
		t.Errorf("%+v, %v", got, err)
	}
}
