package jobs

import (
	"fmt"
	"testing"
	"time"

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
