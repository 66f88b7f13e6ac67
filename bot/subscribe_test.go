package bot_test

import (
	"testing"
	"time"
)

func TestTheWeeklyDigest(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.alice.Sees("score of")
	r.alice.Types("/okr subscriptions").Sees("Nobody gets the weekly digest yet")
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to", "Mon ", "09:00 Europe/Berlin", "/okr unsubscribe")
	r.alice.Types("/okr subscribe").Sees("already")
	r.bob.Types("/okr subscriptions").Sees("subscribed by")
	r.dave.Types("/okr unsubscribe").Sees("Guests cannot")
	r.later(8 * 24 * time.Hour)
	r.alice.Sees("*The week's key results*", "Run a calm service desk", "worst:")
	charted := func() int {
		n := 0
		for _, c := range r.slack.Sees("alice").Channels {
			for _, m := range c.Messages {
				for _, b := range m.Blocks {
					if b["type"] == "data_visualization" && m.Text == "The week's key results: 1" {
						n++
					}
				}
			}
		}
		return n
	}
	r.until("a chart in the digest", func() bool { return charted() == 1 })
	// However many weeks were missed, there is one digest.
	r.later(5 * 7 * 24 * time.Hour)
	r.until("the next digest", func() bool { return charted() == 2 })
	r.settles()
	if n := charted(); n != 2 {
		t.Errorf("%d digests, want 2", n)
	}
	r.alice.Types("/okr unsubscribe").Sees("any more")
	r.alice.Types("/okr unsubscribe").Sees("No digest goes to")
}

func TestADigestThatAChannelDoesNotTakeEnds(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.alice.In("#general").Types("/okr subscribe").Sees("the weekly digest goes to")
	r.later(8 * 24 * time.Hour)
	r.alice.In("dm-U0ALICE").Sees("is not posted in", "any more", "/invite")
	r.alice.In("#it-okrs").Types("/okr subscriptions").Sees("Nobody gets the weekly digest yet")
}
