package store_test

import (
	"context"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/store"
	"okrbot/store/storetest"
)

// One that was frozen over an event, and failed, leaves it to whoever has acted on it by then.
func TestALateFailureReleasesNoFinishedEvent(t *testing.T) {
	ctx := context.Background()
	dsn := storetest.New(t)
	s := storetest.Open(t, dsn)
	key := []byte("event")
	wants := func(when string, fresh bool) {
		t.Helper()
		if got, err := s.BeginEvent(ctx, key); got != fresh || err != nil {
			t.Errorf("%s: %v, %v; want %v", when, got, err, fresh)
		}
	}
	release := func() {
		t.Helper()
		if err := s.ReleaseEvent(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	wants("the one that is frozen", true)
	storetest.Advance(t, dsn, 6*time.Second)
	wants("the one after it", true)
	if err := s.FinishEvent(ctx, key); err != nil {
		t.Fatal(err)
	}
	release()
	wants("the same bytes again", false)
	storetest.Advance(t, dsn, 11*time.Minute)
	wants("after its life", true)
	release()
	wants("one that nobody finished", true)
}

// What Slack answered before it told of a change, to one that was frozen meanwhile, gives nobody a right back.
func TestALateAnswerGivesNoRightBack(t *testing.T) {
	ctx := context.Background()
	s := storetest.Store(t)
	is := func(kind okr.ActorKind) store.Person {
		return store.Person{Actor: okr.Actor{Workspace: "T1", ID: "UBOB", Kind: kind}, Name: "bob", Zone: "UTC"}
	}
	must := func(kept bool, err error, want bool) store.Person {
		t.Helper()
		if err != nil || kept != want {
			t.Fatalf("kept: %v, %v; want %v", kept, err, want)
		}
		p, err := s.Person(ctx, "T1", "UBOB")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if err := s.SaveWorkspace(ctx, store.Workspace{ID: "T1", Name: "Acme", BotUserID: "UBOT"}); err != nil {
		t.Fatal(err)
	}
	kept, err := s.SaveLookedUp(ctx, is(okr.Admin))
	late := must(kept, err, true)
	if err := s.PersonChanged(ctx, is(okr.Deactivated)); err != nil {
		t.Fatal(err)
	}
	kept, err = s.SaveLookedUp(ctx, late)
	now := must(kept, err, false)
	if now.Kind != okr.Deactivated || now.Current {
		t.Errorf("%v, %v", now.Kind, now.Current)
	}
	kept, err = s.SaveLookedUp(ctx, now)
	must(kept, err, true)
}
