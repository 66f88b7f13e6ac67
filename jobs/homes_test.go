package jobs

import (
	"testing"
	"time"
)

// What Slack refused to show, to one that was frozen meanwhile, closes no Home that its person has opened since.
func TestALateRefusalClosesNoHomeThatWasOpenedSince(t *testing.T) {
	for name, opensAgain := range map[string]bool{"opened since": true, "not opened since": false} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.check(r.store.HomeOpened(ctx, "T1", alice.ID))
			r.slack.showing = func() error {
				r.slack.showing = nil
				r.advance(time.Minute)
				if opensAgain {
					r.check(r.store.HomeOpened(ctx, "T1", alice.ID))
				}
				return &Undelivered{Kind: Permanent, Code: "not_enabled"}
			}
			r.advance(20 * time.Second)
			r.tick()
			r.wants("asked to show it", r.slack.showing == nil, true)
			r.wants("is open", r.count("select count(*) from homes where opened_at > now() - interval '1 day'") == 1, opensAgain)
		})
	}
}
