package jobs

import (
	"context"
	"fmt"
	"testing"
	"time"

	"okrbot/accounts"
	"okrbot/integrations"
	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

func TestARefusedRenewalStopsAtTwo(t *testing.T) {
	for _, kind := range []vendor.Kind{vendor.TokenRefused, vendor.TokenInvalid} {
		t.Run(string(kind), func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 40, 5))
			r.consents()
			r.exec("update sources set connection_id = $1", r.connection.ID)
			r.imports(k)
			r.ends()
			before, counted := r.sealed(), r.renewals("refused")
			fix := r.now.Break(vendor.Fault{Kind: kind})
			r.now.ForgetCalls()
			r.force(k.ID)
			r.tick()
			r.wants("its state after one refusal", r.state(), "active")
			for range 20 {
				r.advance(time.Minute)
				r.tick()
			}
			r.wants("its state", r.state(), "rejected")
			r.wants("notices", r.slack.notices, []string{accounts.NoticeRefused})
			r.wants("calls", len(r.now.Calls()), 2)
			r.wants("refusals are counted", r.renewals("refused") >= counted+2, true)
			r.wants("what is kept", r.sealed() == before, true)
			fix()
			for range 5 {
				r.nextDay()
				r.tick()
			}
			r.wants("calls in five days", len(r.now.Calls()), 2)
			r.wants("notices in five days", r.slack.notices, []string{accounts.NoticeRefused})
		})
	}
}

// hasty is a connector during whose read something else happens.
type hasty struct {
	integrations.Connector
	meanwhile func()
}

func (h *hasty) Read(ctx context.Context, account integrations.Account, requests []integrations.Request) []integrations.Reading {
	readings := h.Connector.Read(ctx, account, requests)
	h.meanwhile()
	return readings
}

func TestWhatAnEarlierSignInWasToldSaysNothingOfTheNext(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 40, 5))
	r.imports(k)
	r.now.SetPassword("okr.reader", "canary-new")
	reconnected := 0
	busy := r.replica(func(c integrations.Connector) integrations.Connector {
		return &hasty{c, func() {
			if reconnected++; reconnected == 1 {
				r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
					_, err := tx.ReplaceSignIn(ctx, alice, r.connection.ID, store.SignIn{
						Kind: "basic", Origin: r.origin, Fields: map[string]string{"username": "okr.reader", "password": "canary-new"},
					})
					return err
				}))
			}
		}}
	})
	r.force(k.ID)
	r.tickOf(busy)
	r.wants("refusals", r.count("select refusals from connections"), 0)
	r.advance(time.Minute)
	r.tickOf(busy)
	r.wants("its state", r.state(), "active")
	r.wants("the failure", r.load(k).Failure.Says, "")
	r.wants("notices", len(r.slack.notices), 0)
}

func TestALateRefusalDoesNotBringARemovedConnectionBack(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 40, 5))
	r.imports(k)
	r.exec("update connections set refusals = 1")
	r.now.SetPassword("okr.reader", "canary-new")
	busy := r.replica(func(c integrations.Connector) integrations.Connector {
		return &hasty{c, func() {
			r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
				_, err := tx.RemoveConnection(ctx, alice, r.connection, "It was disconnected.")
				return err
			}))
			r.wants("what is kept", r.sealed(), "")
		}}
	})
	r.force(k.ID)
	r.tickOf(busy)
	r.advance(time.Minute)
	r.tick()
	r.wants("its state", r.state(), "removed")
	r.wants("notices", len(r.slack.notices), 0)
	err := r.store.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.RemoveConnection(ctx, okr.Actor{Workspace: "T1", ID: "UCAROL"}, r.connection, "again")
		return err
	})
	if err == nil {
		t.Error("it was removed twice")
	}
}

// Whoever disconnects while a sync reads is told what is not read any more: nothing recovers, and no other
// failure takes the place of that.
func TestWhatIsDisconnectedWhileItIsReadStaysDisconnected(t *testing.T) {
	for name, breaks := range map[string]func(*room){
		"an answer": func(*room) {},
		"an error":  func(r *room) { r.now.Break(vendor.Fault{Kind: vendor.ServerError}) },
		"no rights": func(r *room) { r.now.SetRoles("okr.reader") },
		"a new unit": func(r *room) {
			r.check(r.now.Change(fmt.Sprintf("%032x", 1), func(s *vendor.Scorecard) { s.Unit = "Hours" }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			k := r.keyResult(r.scorecard(1, 40, 5))
			r.imports(k)
			r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 41))
			breaks(r)
			busy := r.replica(func(c integrations.Connector) integrations.Connector {
				return &hasty{c, func() {
					r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
						_, err := tx.RemoveConnection(ctx, alice, r.connection, "It was disconnected.")
						return err
					}))
				}}
			})
			r.force(k.ID)
			r.tickOf(busy)
			r.wants("its state", r.state(), "removed")
			r.wants("the cause", r.load(k).Failure.Cause, "disconnected")
			r.wants("recoveries", r.count("select count(*) from announcements where kind = 'recovered'"), 0)
		})
	}
}

func TestTheMakerIsToldOnceHoweverManyBatchesAreRefused(t *testing.T) {
	r := newRoom(t)
	before := r.loaded()
	for range 5 {
		_, err := r.client.accounts.Refused(ctx, before, &integrations.Error{Class: integrations.Unauthorized, Cause: "wrong_password", Says: "No."})
		r.check(err)
		r.tick()
	}
	r.wants("notices", r.slack.notices, []string{accounts.NoticeRefused})
	r.wants("refusals", r.count("select refusals from connections"), 2)
}

// A list of scorecards that was read between two refusals shows that the sign-in is taken.
func TestRefusalsAroundADirectoryThatWasReadAreNotInARow(t *testing.T) {
	r := newRoom(t)
	r.scorecard(1, 40, 5)
	refused := func() {
		r.t.Helper()
		_, err := r.client.accounts.Refused(ctx, r.loaded(), &integrations.Error{Class: integrations.Unauthorized, Cause: "wrong_password", Says: "No."})
		r.check(err)
	}
	refused()
	r.check(r.client.directory(ctx, r.connection.ID))
	r.wants("refusals", r.count("select refusals from connections where refusal = ''"), 0)
	refused()
	r.wants("its state", r.state(), "active")
	refused()
	r.wants("its state after two in a row", r.state(), "rejected")
}

// What was read before a connection was given up says nothing of it when it comes late.
func TestALateSuccessDoesNotHideWhyAConnectionWasGivenUp(t *testing.T) {
	r := newRoom(t)
	k := r.keyResult(r.scorecard(1, 40, 5))
	r.imports(k)
	busy := r.replica(func(c integrations.Connector) integrations.Connector {
		return &hasty{c, func() {
			for range 2 {
				_, err := r.client.accounts.Refused(ctx, r.loaded(), &integrations.Error{Class: integrations.Unauthorized, Cause: "wrong_password", Says: "No."})
				r.check(err)
			}
		}}
	})
	r.force(k.ID)
	r.tickOf(busy)
	r.wants("its state", r.state(), "rejected")
	r.wants("why", r.loaded().Refusal, "No.")
	r.wants("refusals", r.count("select refusals from connections"), 2)
}
