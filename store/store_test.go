package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/storetest"
)

var alice = okr.Actor{Workspace: "T1", ID: "U1", Kind: okr.Member}

func workspace(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.SaveWorkspace(context.Background(), store.Workspace{ID: "T1", Name: "Acme", BotUserID: "UBOT"}); err != nil {
		t.Fatal(err)
	}
}

func TestTheDatabasesClockMoves(t *testing.T) {
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	before, err := s.Now(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	storetest.Advance(t, dsn, 24*time.Hour)
	after, err := s.Now(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if d := after.Sub(before); d < 24*time.Hour || d > 25*time.Hour {
		t.Errorf("the clock moved by %s, want a day", d)
	}
}

func TestADraftIsItsOwnersAlone(t *testing.T) {
	ctx := context.Background()
	s := storetest.Store(t)
	workspace(t, s)
	d, err := s.CreateDraft(ctx, alice, "objective", "fill", map[string]string{"title": "Fewer incidents"})
	if err != nil {
		t.Fatal(err)
	}
	for name, actor := range map[string]okr.Actor{
		"Colleague":      {Workspace: "T1", ID: "U2", Kind: okr.Admin},
		"OtherWorkspace": {Workspace: "T2", ID: "U1", Kind: okr.Member},
	} {
		if _, err := s.Draft(ctx, actor, d.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	if _, err := s.Draft(ctx, alice, "' or true --"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a hostile id: %v, want not found", err)
	}
	// Two tabs: the one that saves second is told.
	first, err := s.SaveDraft(ctx, alice, d, "next", map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveDraft(ctx, alice, d, "next", map[string]string{}); !errors.Is(err, store.ErrChanged) {
		t.Errorf("the second tab: %v, want changed elsewhere", err)
	}
	if _, err := s.SaveDraft(ctx, alice, first, "end", map[string]string{}); err != nil {
		t.Error(err)
	}
}

func TestADraftExpiresByTheDatabasesClock(t *testing.T) {
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	d, err := s.CreateDraft(ctx, alice, "objective", "fill", map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Advance(t, dsn, 31*time.Minute)
	if _, err := s.Draft(ctx, alice, d.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after 31 minutes: %v, want not found", err)
	}
}

func TestADeliveryIsConsumedOnce(t *testing.T) {
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	for i, want := range []bool{true, false, false} {
		got, err := s.Consume(ctx, []byte("signature"))
		if err != nil || got != want {
			t.Errorf("delivery %d: %v, %v; want %v", i+1, got, err, want)
		}
	}
	if err := s.Release(ctx, []byte("signature")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Consume(ctx, []byte("signature")); err != nil || !got {
		t.Errorf("after a release: %v, %v; want true", got, err)
	}
	storetest.Advance(t, dsn, 11*time.Minute)
	if got, err := s.Consume(ctx, []byte("signature")); err != nil || !got {
		t.Errorf("after its life: %v, %v; want true", got, err)
	}
}

func TestAnEventIsTakenAgainUntilItIsFinished(t *testing.T) {
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	key := []byte("event")
	wants := func(when string, fresh bool, err error) {
		t.Helper()
		if got, gotErr := s.BeginEvent(ctx, key); got != fresh || !errors.Is(gotErr, err) {
			t.Errorf("%s: %v, %v; want %v, %v", when, got, gotErr, fresh, err)
		}
	}
	wants("first", true, nil)
	wants("at the same time", false, store.ErrUnderWay)
	storetest.Advance(t, dsn, 6*time.Second)
	wants("after the first died", true, nil)
	if err := s.FinishEvent(ctx, key); err != nil {
		t.Fatal(err)
	}
	wants("finished", false, nil)
	storetest.Advance(t, dsn, 9*time.Minute)
	wants("nine minutes later", false, nil)
	storetest.Advance(t, dsn, 2*time.Minute)
	wants("after its life", true, nil)
}

// Of two who act on the same event the one that commits first has done it, and the other nothing.
func TestAnEventIsFinishedWithWhatWasDoneForIt(t *testing.T) {
	s := storetest.Store(t)
	names := func(ctx context.Context, name string) error {
		return s.InTx(ctx, func(tx *store.Tx) error {
			_, err := tx.Pgx().Exec(ctx, "create table "+name+" ()")
			return err
		})
	}
	key := []byte("event")
	if fresh, err := s.BeginEvent(t.Context(), key); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	first, second := store.FinishingEvent(t.Context(), key), store.FinishingEvent(t.Context(), key)
	if err := names(first, "done"); err != nil || !store.EventFinished(first) {
		t.Fatal(err, store.EventFinished(first))
	}
	if fresh, err := s.BeginEvent(t.Context(), key); err != nil || fresh {
		t.Errorf("taken again: %v, %v", fresh, err)
	}
	if err := names(second, "again"); !errors.Is(err, store.ErrFinished) || store.EventFinished(second) {
		t.Errorf("done again: %v", err)
	}
	if err := names(first, "more"); err != nil {
		t.Errorf("a second transaction of the one that has done it: %v", err)
	}
	if err := names(t.Context(), "again"); err != nil {
		t.Errorf("what was done again is there: %v", err)
	}
}

// keyResult makes an integrated key result through a private connection.
func keyResult(t *testing.T, s *store.Store, title, draft string) (store.KeyResult, store.Connection) {
	t.Helper()
	ctx := context.Background()
	var k store.KeyResult
	var c store.Connection
	err := s.InTx(ctx, func(tx *store.Tx) error {
		o, _, err := tx.CreateObjective(ctx, alice, okr.Objective{
			Title: "Run a calm service desk", Owner: alice.ID, Zone: "Europe/Berlin", Period: okr.QuarterOf(okr.DayOf(tx.Now)),
		}, "")
		if err != nil {
			return err
		}
		c, err = tx.CreateConnection(ctx, alice, store.Connection{
			Kind: "servicenow", Name: "acme", Origin: "https://acme.service-now.com", SignIn: "basic",
		}, map[string]string{"username": "okr.reader", "password": "canary-7f3a"}, "")
		if err != nil {
			return err
		}
		k = store.KeyResult{Objective: o}
		k.Title, k.Owner, k.Kind, k.Method = title, alice.ID, okr.Decrease, okr.Latest
		k.Start, k.Target = number("50"), number("30")
		k.Weight = decimal.NewFromInt(1)
		k.Integrated = true
		k.Cadence = okr.Cadence{Every: okr.Daily, Hour: 9, Zone: "Europe/Berlin"}
		k.Source = store.Source{Connection: c.ID, Reference: "fb007202d7130100b96d45a3ce6103b4", Name: "Open incidents", Unit: "#", Frequency: "daily"}
		k, _, err = tx.CreateKeyResult(ctx, alice, k, draft)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return k, c
}

func number(s string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(s))
}

func TestAKeyResultIsNumberedAndFound(t *testing.T) {
	ctx := context.Background()
	s := storetest.Store(t)
	workspace(t, s)
	first, c := keyResult(t, s, "Fewer open incidents", "")
	second, _ := keyResult(t, s, "Shorter waits", "")
	if first.Key() != "KR-1" || second.Key() != "KR-2" {
		t.Errorf("numbers are %s and %s, want KR-1 and KR-2", first.Key(), second.Key())
	}
	if first.NextSyncAt.IsZero() {
		t.Error("no next sync")
	}
	if _, err := s.KeyResult(ctx, "T2", 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another workspace finds it: %v", err)
	}
	loaded, err := s.Connection(ctx, "T1", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := s.Unseal(loaded)
	if err != nil || fields["password"] != "canary-7f3a" {
		t.Errorf("unsealed %q, %v", fields, err)
	}
}

func TestEditsMeetTheirVersion(t *testing.T) {
	ctx := context.Background()
	s := storetest.Store(t)
	workspace(t, s)
	k, _ := keyResult(t, s, "Fewer open incidents", "")
	edit := func(k store.KeyResult, title string) (store.KeyResult, error) {
		k.Title = title
		var after store.KeyResult
		err := s.InTx(ctx, func(tx *store.Tx) (err error) {
			after, err = tx.EditKeyResult(ctx, alice, k, "edited")
			return err
		})
		return after, err
	}
	if _, err := edit(k, "One tab"); err != nil {
		t.Fatal(err)
	}
	if _, err := edit(k, "The other tab"); !errors.Is(err, store.ErrChanged) {
		t.Errorf("the other tab: %v, want changed elsewhere", err)
	}
	events, err := s.Audit(ctx, "T1", store.Object{Kind: "key_result", ID: k.ID}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 2 || events[0].Changes["title"] != (store.Change{"Fewer open incidents", "One tab"}) {
		t.Errorf("the audit has %v", events)
	}
}

// Two transactions that wait for each other: the database ends one, and it is tried again. A Postgres
// whose clock is another program's has no timers, and never looks: there one of them says it itself.
func TestTwoWhoWaitForEachOtherAreTriedAgain(t *testing.T) {
	ctx := context.Background()
	dsn := storetest.New(t)
	s, looks := storetest.Open(t, dsn), storetest.Timers(t, dsn)
	first := make(chan struct{}) // is done
	var both, done sync.WaitGroup
	both.Add(2)
	var tries atomic.Int64
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		done.Go(func() {
			met := false
			err := s.InTx(ctx, func(tx *store.Tx) error {
				tries.Add(1)
				if met && !looks {
					<-first
				}
				if _, err := tx.Pgx().Exec(ctx, "select pg_advisory_xact_lock($1)", order[0]); err != nil {
					return err
				}
				if !met {
					met = true
					both.Done()
					both.Wait()
					if !looks && order[0] == 2 {
						return raise(ctx, tx, "40P01")
					}
				}
				_, err := tx.Pgx().Exec(ctx, "select pg_advisory_xact_lock($1)", order[1])
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if order[0] == 1 {
				close(first)
			}
		})
	}
	done.Wait()
	if n := tries.Load(); n != 3 {
		t.Errorf("%d tries, want 3", n)
	}
	for _, code := range []string{"40001", "40P01"} {
		tries.Store(0)
		err := s.InTx(ctx, func(tx *store.Tx) error {
			tries.Add(1)
			return raise(ctx, tx, code)
		})
		if n := tries.Load(); err == nil || n != 3 {
			t.Errorf("%s: %d tries, %v", code, n, err)
		}
	}
}

// raise has the database fail with a code.
func raise(ctx context.Context, tx *store.Tx, code string) error {
	_, err := tx.Pgx().Exec(ctx, "do $$ begin raise exception using errcode = '"+code+"'; end $$")
	return err
}

// While the answer to a commit is not there, nobody can say that nothing was saved; where the database
// refused it, everybody can.
func TestACommitThatIsUnderWayMayBeDone(t *testing.T) {
	deaf := storetest.NewDeaf(t, storetest.New(t))
	s := storetest.Open(t, deaf.DSN)
	seen, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	hold := func() { close(seen); <-release }
	deaf.Hold.Store(&hold)
	ctx := store.NotingCommits(t.Context())
	go func() { done <- s.InTx(ctx, func(*store.Tx) error { return nil }) }()
	<-seen
	if !store.Committed(ctx) {
		t.Error("a commit that is under way is taken for none")
	}
	close(release)
	if err := <-done; err != nil || !store.Committed(ctx) {
		t.Errorf("committed %v, %v", store.Committed(ctx), err)
	}
	ctx = store.NotingCommits(t.Context())
	if err := s.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "create table of_two (id int unique deferrable initially deferred); insert into of_two values (1), (1)")
		return err
	}); err == nil || errors.Is(err, store.ErrUnclear) || store.Committed(ctx) {
		t.Errorf("refused at its commit: committed %v, %v", store.Committed(ctx), err)
	}
}

// Keys are turned while replicas serve: what goes on the way needs no other key.
func TestKeysAreTurnedWhileAConnectionGoes(t *testing.T) {
	s := storetest.Store(t)
	workspace(t, s)
	ctx := t.Context()
	turned := make(chan error, 1)
	err := s.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.CreateConnection(ctx, alice, store.Connection{Kind: "servicenow", Name: "acme", Origin: "https://acme.example.com", SignIn: "basic"},
			map[string]string{"username": "okr.reader", "password": "canary-7f3a"}, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Pgx().Exec(ctx, "delete from connections"); err != nil {
			return err
		}
		go func() {
			left, err := s.Rekey(ctx)
			if err == nil && left != 0 {
				err = fmt.Errorf("%d secrets are left", left)
			}
			turned <- err
		}()
		for waits := false; !waits && len(turned) == 0; { // it has listed the connection, and wants to lock it
			err := tx.Pgx().QueryRow(ctx, "select exists (select from pg_locks l where not l.granted and pg_backend_pid() = any (pg_blocking_pids(l.pid)))").Scan(&waits)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-turned; err != nil {
		t.Error(err)
	}
}

// What a version without ranks has judged, beside this one, is judged again.
func TestWhatHasNoRankIsJudgedAgain(t *testing.T) {
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	workspace(t, s)
	k, _ := keyResult(t, s, "Fewer open incidents", "")
	ranked := func() (rank int) {
		t.Helper()
		if err := s.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.Pgx().QueryRow(t.Context(), "select rank from key_results where id = $1", k.ID).Scan(&rank)
		}); err != nil {
			t.Fatal(err)
		}
		return rank
	}
	judged := func() {
		t.Helper()
		for some := true; some; {
			if _, err := s.Judge(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			var err error
			if some, err = s.Unjudged(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	judged()
	want := ranked()
	if err := s.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Pgx().Exec(t.Context(), "update key_results set rank = 0")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	judged()
	if got := ranked(); got != want || want == 0 {
		t.Errorf("rank %d, want %d", got, want)
	}
	// One whose status is over as well is one.
	if err := s.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Pgx().Exec(t.Context(), "update key_results set rank = 0, status_until = now()")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Judge(t.Context(), 10); err != nil || n != 1 || ranked() != want {
		t.Errorf("%d were judged, of rank %d: %v", n, ranked(), err)
	}
}
