package jobs

import (
	"context"
	"fmt"
	"testing"
	"time"

	"okrbot/integrations"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/store"
)

func TestADirectoryIsReadPageByPage(t *testing.T) {
	r := newRoom(t)
	for i := range 230 {
		r.scorecard(i, 41, 1)
	}
	demand := func() {
		t.Helper()
		r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return r.client.Directory(ctx, tx, r.connection.ID) }))
		r.tick()
	}
	demand()
	r.wants("scorecards", r.count("select count(*) from scorecards"), 230)
	r.wants("calls", len(r.now.Calls()), 3)
	// Not again within ten minutes; after that, what is gone goes.
	r.now.Remove(fmt.Sprintf("%032x", 5))
	demand()
	r.wants("calls within ten minutes", len(r.now.Calls()), 3)
	r.advance(11 * time.Minute)
	demand()
	r.wants("scorecards later", r.count("select count(*) from scorecards"), 229)
	r.wants("calls later", len(r.now.Calls()), 6)
	// Every day by itself.
	r.advance(25 * time.Hour)
	r.check(r.client.planDirectories(ctx))
	r.work(r.client)
	r.wants("calls a day later", len(r.now.Calls()), 9)
	// A failure keeps what is known, and is tried again.
	r.now.Break(vendor.Fault{Kind: vendor.ServiceDown, Times: 1})
	r.advance(25 * time.Hour)
	r.check(r.client.planDirectories(ctx))
	r.work(r.client)
	r.wants("scorecards after a failure", r.count("select count(*) from scorecards"), 229)
	r.advance(16 * time.Minute)
	r.check(r.client.planDirectories(ctx))
	r.work(r.client)
	r.wants("calls after a failure", len(r.now.Calls()), 13)
}

// lister is a connector during whose listing something else happens.
type lister struct {
	integrations.Connector
	meanwhile func()
}

func (l *lister) Search(ctx context.Context, account integrations.Account, query string, page int) (integrations.Page, error) {
	found, err := l.Connector.Search(ctx, account, query, page)
	l.meanwhile()
	return found, err
}

// What is being listed as somebody disconnects is forgotten with the rest.
func TestADirectoryOfWhatWasDisconnectedIsNotKept(t *testing.T) {
	r := newRoom(t)
	r.scorecard(1, 41, 1)
	busy := r.replica(func(c integrations.Connector) integrations.Connector {
		return &lister{c, func() {
			r.check(r.store.InTx(ctx, func(tx *store.Tx) error {
				_, err := tx.RemoveConnection(ctx, alice, r.connection, "It was disconnected.")
				return err
			}))
		}}
	})
	r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return r.client.Directory(ctx, tx, r.connection.ID) }))
	r.tickOf(busy)
	r.wants("its state", r.state(), "removed")
	r.wants("scorecards", r.count("select count(*) from scorecards"), 0)
}
