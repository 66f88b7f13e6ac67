package jobs

import (
	"testing"
	"time"

	"okrbot/store"
)

// What Slack answered before others came, to a process that was frozen meanwhile, lets nothing be posted to them.
func TestALateAnswerLetsNobodyReadAlong(t *testing.T) {
	for name, asksAgain := range map[string]bool{"nobody asked since": false, "another process asked since": true} {
		t.Run(name, func(t *testing.T) {
			r, list := desk(t, 1)
			asked := 0
			r.slack.sees = func(a store.Audience) store.Audience {
				if asked++; asked > 1 {
					a.Outside, a.Others = true, []string{"T0THEIRS"}
					return a
				}
				r.check(r.store.InTx(ctx, func(tx *store.Tx) error { return tx.AudienceChanged(ctx, a.Place, true) }))
				if asksAgain {
					r.advance(3 * time.Minute)
					r.tick()
				}
				return a
			}
			r.collects(list, 39)
			r.tick()
			for range 2 {
				r.advance(2 * time.Second)
				r.tick()
			}
			r.wants("posts", len(r.slack.said)+len(r.slack.drawn), 0)
			r.wants("asked", asked, 2)
			a, err := r.store.Audience(ctx, store.Place{Workspace: "T1", Channel: "CDESK"})
			r.check(err)
			r.wants("is silent", a.Silent(), true)
		})
	}
}
