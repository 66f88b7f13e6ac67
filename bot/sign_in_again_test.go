package bot_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"

	"okrbot/sandbox/seed"
	sandbox "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack/conversation"
)

// TestAPrivateSignInTakesThePlaceOfNothingShared connects privately where a shared connection is refused.
func TestAPrivateSignInTakesThePlaceOfNothingShared(t *testing.T) {
	r := newRoom(t)
	const share = "Everybody in this workspace may read scorecards through it"
	r.carol.Types("/okr connect").Sees("== Connect ServiceNow ==").Fills("ServiceNow URL", r.instance).
		Chooses("Sign in with", "Personal Access Token").Sees("REST API key").Fills("Personal Access Token", seed.APIKey).
		Chooses("Share", share).Submits("Connect").Sees("is connected").Closes()
	refused := func() { r.do("update connections set state = 'rejected', refusals = 2, refusal = 'No.'") }
	refused()
	r.connects(r.carol)
	if n := r.number("select count(*) from connections where state = 'active' and shared"); n != 0 {
		t.Error("a sign-in that was to be private is shared")
	}
	if n := r.number("select count(*) from connections where state = 'active' and sign_in = 'basic'"); n != 1 {
		t.Errorf("%d private connections, want 1", n)
	}
	// The same user again is the same connection, and the same key too.
	refused()
	r.connects(r.carol)
	if all, active := r.number("select count(*) from connections"), r.number("select count(*) from connections where state = 'active'"); all != 2 || active != 1 {
		t.Errorf("%d connections, of which %d work; want 2 and 1", all, active)
	}
}

// TestWhoConnectsAgainSeesWhatIsRead proves the same as Reconnect.
func TestWhoConnectsAgainSeesWhatIsRead(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "60")
	r.isRead()
	r.do("update connections set state = 'rejected', refusals = 2, refusal = 'No.'")
	read, ok := r.servicenow.Named("Number of open incidents")
	if !ok {
		t.Fatal("the seed has another name")
	}
	fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.NotThere, Ref: read.ID})
	r.alice.Types("/okr connect").Sees("== Connect ServiceNow ==").Fills("ServiceNow URL", r.instance).
		Fills("Username", seed.User).Fills("Password", seed.Password).Submits("Connect").
		Sees("cannot see the scorecards of KR-1")
	if n := r.number("select count(*) from connections where state = 'rejected'"); n != 1 {
		t.Error("the sign-in was replaced by one that cannot see what is read")
	}
	fix()
	r.alice.Fills("Password", seed.Password).Submits("Connect").Sees("is connected").Closes()
	if n := r.number("select count(*) from connections where state = 'active'"); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// TestAReconnectNamesWhomItIsReadFor: whose connection it is, and everybody where it is shared.
func TestAReconnectNamesWhomItIsReadFor(t *testing.T) {
	r := oauthRoom(t)
	r.connectsByOAuth(r.bob, "bob")
	for _, step := range []struct{ change, page, slack string }{
		{"update connections set shared = false", "okrbot reads for <b>bob</b>.", "to be read for *bob*. Was that you?"},
		{"update connections set shared = true", "okrbot reads for <b>bob</b> and everybody in that workspace.", "to be read for *bob* and everybody in this workspace."},
	} {
		r.do(step.change)
		r.carol.Types("/okr connections").Presses("Manage").Presses("Reconnect").Chooses("Sign in with", "OAuth").Submits("Connect")
		b := r.browser().opens(r.linkOf(r.carol, "carol")).sends()
		b.sees(http.StatusOK, "Log in").sends("user_name", "okr.reader", "user_password", "sandbox").
			sees(http.StatusOK, "would like to connect").sends("answer", "allow").
			sees(http.StatusOK, "Is that right?", step.page).sends("answer", "yes")
		r.carol.Sees("Was that you?", step.slack).Presses("No, forget it").Sees("forgotten").Closes().Closes() // with the window below
	}
}

// TestScoresAreShownToWhoMayReadThem: an administrator tests another's private connection, and a browser signs in for
// somebody who has not said yet that it was they.
func TestScoresAreShownToWhoMayReadThem(t *testing.T) {
	r := oauthRoom(t)
	read := slices.DeleteFunc(r.servicenow.Scorecards(), func(s sandbox.Scorecard) bool { return s.Hidden || len(s.Roles) > 0 || len(s.Scores) == 0 })
	score := slices.MinFunc(read, func(a, b sandbox.Scorecard) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) }).Name + ": "
	link := r.asksForOAuth(r.bob, "bob")
	r.browser().opens(link).sends().logsIn("allow").sees(http.StatusOK, "One more step, in Slack")
	r.bob.Sees("Was that you?", "One score").DoesNotSee(score).Presses("Yes, connect").Sees("is connected").Closes()
	test := func(p *conversation.Person) *conversation.Person {
		return p.Types("/okr connections").Presses("Manage").Presses("Test connection").Sees("*One score*")
	}
	test(r.bob).Sees(score).Closes()
	test(r.carol).DoesNotSee(score).Closes()
	r.do("update connections set shared = true")
	test(r.carol).Sees(score).Closes()
}
