package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
	"okrbot/sheet"
)

// A summary goes where it was to go when the objective was closed out. A file that gives the objective
// another channel meanwhile, which nobody else sees, lets nothing out in the first one.
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
	o := r.objective()
	file := "objective,objective_owner,first_day,last_day,time_zone,objective_channel,key_result,owner,kind,target_value\n" + fmt.Sprintf("%s,U0ALICE,%s,%s,%s,C0DESK,,,,\n", o.Title, o.Period.First, o.Period.Last, o.Zone)
	var said strings.Builder
	if out, err := sheet.Import(t.Context(), r.store, r.slack.Options().TeamID, strings.NewReader(file), &said, nil); err != nil || out.ChangedObjectives != 1 {
		t.Fatalf("%+v %v %s", out, err, said.String())
	}
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
