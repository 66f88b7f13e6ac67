package bot_test

import (
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// A summary goes where it was to go when the objective was closed out. Another channel of the
// objective meanwhile, which nobody else sees, as a file could give it one, lets nothing out in the first.
func TestASummaryAsksForTheChannelThatItGoesTo(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.addsObjective(r.alice, "Run a calm service desk")
	r.checksIn("Answer faster", "10", "12")
	r.beyond(r.objective(), 1)
	r.settles()
	before := r.posts("it-okrs")
	r.do("delete from audiences")
	r.slack.ChangeChannel("#it-okrs", func(c *slack.Channel) { c.Others = []string{"T0THEIRS"} })
	fix := r.slack.Break(slack.Fault{Method: "conversations.info", Error: "fatal_error"})
	r.alice.Types("/okr close-out").Sees("== Close out").Submits("Close out").SeesNoModal()
	r.settles()
	r.do("update objectives set channel_id = 'C0DESK'")
	fix()
	r.later(10 * time.Minute)
	r.settles()
	r.later(10 * time.Minute)
	r.settles()
	if n := r.posts("it-okrs") - before; n != 0 {
		t.Errorf("%d posts before a consent:\n%s", n, r.alice.In("#it-okrs").Screen())
	}
	r.carol.In("dm-U0CAROL").Sees("May okrbot post in")
}
