package bot_test

import (
	"testing"

	"okrbot/sandbox/slack"
)

// Where Slack is slow to say who has left, an administrator's Home comes without it, and others' after it.
func TestHomeDoesNotWaitForThoseWhoMayHaveLeft(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.connects(r.alice)
	r.carol.Types("/okr help").Sees("/okr list")
	r.bob.Types("/okr help").Sees("/okr list")
	if _, err := r.database().Exec(t.Context(), `
insert into connections (workspace_id, kind, name, origin, sign_in, sealed, shared, owner_id, state, account_name, created_at, agreed)
select workspace_id, kind, name || n, origin, sign_in, sealed, true, 'U0GONE' || n, 'rejected', account_name, created_at, agreed
from connections, generate_series(1, 20) n`); err != nil {
		t.Fatal(err)
	}
	defer r.slack.Break(slack.Fault{Method: "users.info", Held: make(chan struct{})})()
	r.carol.GoesHome().SeesHome("My Objectives")
	r.bob.GoesHome().SeesHome("My Objectives")
}
