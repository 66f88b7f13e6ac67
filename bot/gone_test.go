package bot_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// leaves has Slack deactivate somebody.
func (r *room) leaves(name string) {
	r.slack.ChangePerson(name, func(p *slack.Person) { p.Gone = true })
}

// Bob made the connection and owns the key result, and has left. No message is sent to him: Slack
// could take it.
func TestWhatIsToldOnceGoesToTheNextInLine(t *testing.T) {
	r := newRoom(t)
	r.connects(r.bob)
	r.addsObjective(r.bob, "Run a calm service desk")
	r.addsKeyResult(r.bob, "Fewer open incidents", "Number of open incidents", "100")
	r.bob.Types("/okr edit KR-1").Presses("More").Fills("Co-owners", "alice").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Sees("*KR-1* Fewer open incidents")
	r.leaves("bob")
	r.servicenow.SetPassword("okr.reader", "another")
	r.later(25 * time.Hour)
	r.alice.Sees("*Not syncing* since") // on the card
	// The co-owner can hand the key result over.
	r.alice.In("dm-U0ALICE").Sees("*Not syncing:* *KR-1*", "ServiceNow refused our sign-in",
		"You hear this because <@U0BOB>, who owns KR-1, is no longer in this workspace. `/okr edit KR-1` gives it another owner.")
	// Administrators' Home says so as long as it needs somebody; a colleague's has nothing to do with it.
	r.alice.GoesHome().SeesHome("*KR-1* Fewer open incidents")
	if home := r.alice.Home(); strings.Contains(home, "[Reconnect]") {
		t.Errorf("alice sees:\n%s", home)
	}
	r.carol.GoesHome().SeesHome("ServiceNow refused our sign-in. Nothing is read through it.", "1 key result depends on it.",
		"<@U0BOB>, who made it, is no longer in this workspace: use a sign-in that stays.").
		PressesAtHome("Reconnect").Sees("Another sign-in for").Closes()
	// An administrator, who never had to do with okrbot, can reconnect.
	r.carol.In("dm-U0CAROL").Sees("ServiceNow refused our sign-in. Nothing is read through it.", "1 key result depends on it.",
		"You hear this because <@U0BOB>, who made it, is no longer in this workspace. Reconnect it with a sign-in that stays, or hand its key results over with `/okr edit`: KR-1.").
		Presses("Reconnect").Fills("Username", "okr.reader").Fills("Password", "another").Submits("Connect").Sees("is connected").Closes()
	r.alice.Sees("Syncing again:")
	r.carol.GoesHome()
	r.until("a Home that needs nobody", func() bool { return !strings.Contains(r.carol.Home(), "[Reconnect]") })
	if n := r.carol.Counts("You hear this because"); n != 1 {
		t.Errorf("the administrator was told %d times:\n%s", n, r.carol.Screen())
	}
}

// Who left after they were told of a refused sign-in: Home asks Slack whether they are still there.
func TestHomeFindsOutThatAMakerHasLeft(t *testing.T) {
	r := newRoom(t)
	r.connects(r.bob)
	r.addsObjective(r.bob, "Run a calm service desk")
	r.addsKeyResult(r.bob, "Fewer open incidents", "Number of open incidents", "100")
	r.servicenow.SetPassword("okr.reader", "another")
	r.later(25 * time.Hour)
	r.bob.In("dm-U0BOB").Sees("ServiceNow refused our sign-in. Nothing is read through it.")
	r.bob.GoesHome().SeesHome("ServiceNow refused our sign-in. Nothing is read through it.", "[Reconnect]")
	r.carol.GoesHome().SeesHome("Nothing here yet")
	if home := r.carol.Home(); strings.Contains(home, "[Reconnect]") {
		t.Errorf("it is bob's to do, and carol sees:\n%s", home)
	}
	r.leaves("bob")
	r.later(10 * time.Minute)
	r.carol.GoesHome().SeesHome("<@U0BOB>, who made it, is no longer in this workspace")
}

// With nobody in between, administrators hear of a key result.
func TestWhereNobodyIsInBetweenAdministratorsHear(t *testing.T) {
	r := newRoom(t)
	r.connects(r.bob)
	r.addsObjective(r.bob, "Run a calm service desk")
	r.addsKeyResult(r.bob, "Fewer open incidents", "Number of open incidents", "100")
	r.leaves("bob")
	r.servicenow.Remove(openIncidents)
	r.later(25 * time.Hour)
	r.until("it is looked for a first time", r.stored("select exists (select from key_results where failure_class = 'not_found')"))
	r.later(61 * time.Minute)
	r.carol.In("dm-U0CAROL").Sees("*Not syncing:* *KR-1*", "The scorecard was asked for twice",
		"You hear this because <@U0BOB>, who owns KR-1, is no longer in this workspace.")
}

// What refused the sign-in is named alike in the notice, on the card and to who asks.
func TestEverybodyIsToldTheSameCause(t *testing.T) {
	r := oauthRoom(t)
	r.connectsByOAuth(r.alice, "alice")
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.servicenow.Revoke("okr.reader")
	const cause = "ServiceNow gives no new access any more"
	r.later(25 * time.Hour)
	r.alice.In("dm-U0ALICE").Sees(cause, "Nothing is read through it.")
	r.alice.In("#it-okrs").Sees("*Not syncing* since", cause).Types("/okr sync KR-1").Sees("could not be synced.\n" + cause)

	// Connecting the instance again puts this connection right.
	link := r.asksForOAuth(r.alice, "alice")
	r.browser().opens(link).sees(http.StatusOK, "Go on to").sends().logsIn("allow").sees(http.StatusOK, "One more step, in Slack")
	r.alice.Sees("Was that you?").Presses("Yes, connect").Sees("is connected").Closes()
	r.until("one connection that works", r.stored("select count(*) = 1 and bool_and(state = 'active') from connections where owner_id = 'U0ALICE'"))
	r.alice.Sees("Syncing again:")
}
