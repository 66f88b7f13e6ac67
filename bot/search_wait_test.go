package bot_test

import (
	"testing"
	"time"

	"okrbot/sandbox/servicenow"
)

// TestWhoAsksToWaitIsLeftAloneByPeopleToo: a preview that is told to wait pauses the connection, and until
// then no search, no preview and no test goes out.
func TestWhoAsksToWaitIsLeftAloneByPeopleToo(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.until("the list being read", r.stored("select bool_and(directory_at is not null) from connections"))
	r.looks()
	r.servicenow.Break(servicenow.Fault{Kind: servicenow.RateLimit, After: 3000})
	r.alice.Chooses("Scorecard", "Number of open incidents").Sees("ServiceNow asked us to wait")
	r.until("the connection waiting", r.stored("select bool_and(waiting_until > now() + interval '45 minutes') from connections"))
	r.servicenow.Fix()
	r.servicenow.ForgetCalls()
	r.alice.Presses("Preview results").Sees("ServiceNow asked us to wait: too many requests. Try again in 50 minutes.")
	r.offers("zzz", "asked us to wait")
	r.alice.Closes()
	r.alice.Types("/okr connections").Presses("Manage").Sees("== ").Presses("Test connection").Sees("Try again in 50 minutes.").Closes()
	if calls := r.servicenow.Calls(); len(calls) != 0 {
		t.Errorf("%d calls while it wants to be left alone", len(calls))
	}
	r.later(51 * time.Minute)
	r.looks()
	r.offers("zzz", "Nothing by that name")
	r.alice.Closes()
}
