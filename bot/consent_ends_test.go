package bot_test

import (
	"testing"
	"time"
)

// lasts is how many days after the first consent the newest connection's sign-in ends.
func (r *room) lasts() int {
	r.t.Helper()
	return r.number(`select round(extract(epoch from ends_at - (select min(consented_at) from connections)) / 86400)::int
		from connections order by id desc limit 1`)
}

// ServiceNow gives its refresh token again as long as that lives, and does not prolong it: whoever reconnects,
// or connects once more, has what is left of the first one.
func TestASignInEndsWithTheRefreshTokenThatItWasGivenFirst(t *testing.T) {
	r := oauthRoom(t)
	r.connectsByOAuth(r.alice, "alice")
	if got := r.lasts(); got != 100 {
		t.Fatalf("a new sign-in ends after %d days", got)
	}
	r.later(90 * 24 * time.Hour)
	r.settles()
	r.alice.In("dm-U0ALICE").Sees("its sign-in to ServiceNow ends on", "My Connected Apps")
	r.alice.In("#it-okrs")
	r.connectsByOAuth(r.alice, "alice")
	if got := r.lasts(); got != 100 {
		t.Errorf("a sign-in with the same refresh token ends %d days after that was given", got)
	}

	// What ServiceNow does not know any more is given again as another one, and lasts its whole life.
	r.servicenow.Revoke("okr.reader")
	r.connectsByOAuth(r.alice, "alice")
	if got := r.lasts(); got != 190 {
		t.Errorf("a sign-in with another refresh token ends %d days after the first one was given", got)
	}
}
