package bot_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"okrbot/bot/desk"
	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
)

// becomes makes somebody something else in Slack. Either five minutes go by, or Slack tells of it.
func (r *room) becomes(name string, told bool, edit func(*slack.Person)) {
	r.t.Helper()
	r.slack.ChangePerson(name, edit)
	if told {
		r.slack.TellChange(name)
		return
	}
	r.later(6 * time.Minute)
}

// TestStaleRightsDoNotWorkOnce takes rights away, and tries at once what they were for.
func TestStaleRightsDoNotWorkOnce(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"after five minutes": false, "as Slack tells of it": true} {
		t.Run(name, func(t *testing.T) {
			r := ready(t) // alice's
			r.refusalsExpected = true
			r.carol.Types("/okr remove KR-1").Sees("Remove KR-1")
			r.becomes("carol", told, func(p *slack.Person) { p.Admin = false })
			r.carol.Submits("Remove").Sees("Ask <@U0ALICE>")
			r.becomes("bob", told, func(p *slack.Person) { p.Guest = true })
			r.bob.Types("/okr add-objective").Sees("Guests cannot")
			r.becomes("alice", told, func(p *slack.Person) { p.Gone = true })
			r.alice.Types("/okr pause KR-1").Sees("okrbot is for members of this workspace")
			if n := r.number("select count(*) from key_results where not paused"); n != 1 {
				t.Error("somebody without the right changed KR-1")
			}
		})
	}
}

// TestStaleRightsDoNotWorkByAnotherOrder puts the key result before the verb, which is no verb then.
func TestStaleRightsDoNotWorkByAnotherOrder(t *testing.T) {
	r := ready(t) // alice's
	r.becomes("alice", false, func(p *slack.Person) { p.Gone = true })
	r.alice.Types("/okr KR-1 pause").Sees("okrbot is for members of this workspace")
	if n := r.number("select count(*) from key_results where not paused"); n != 1 {
		t.Error("somebody without the right changed KR-1")
	}
}

// TestALinkIsForWhoMayStill takes rights away after the link into the browser was sent.
func TestALinkIsForWhoMayStill(t *testing.T) {
	t.Parallel()
	for what, edit := range map[string]func(*slack.Person){
		"deactivated": func(p *slack.Person) { p.Gone = true },
		"guest":       func(p *slack.Person) { p.Guest = true },
	} {
		for name, told := range map[string]bool{" after five minutes": false, " as Slack tells of it": true} {
			t.Run(what+name, func(t *testing.T) {
				r := newPublicRoom(t)
				r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Submits("Connect")
				link := r.linkOf(r.alice, "alice")
				b := r.browser().opens(link).sees(http.StatusOK, "Username")
				r.becomes("alice", told, edit)
				b.sends("username", "okr.reader", "password", "sandbox").sees(http.StatusNotFound, "This page is over")
				r.browser().opens(link).sees(http.StatusNotFound, "This page is over")
				if n := len(r.servicenow.Calls()); n != 0 {
					t.Errorf("ServiceNow was asked %d times", n)
				}
			})
		}
	}
}

// TestWhereSlackDoesNotSayNobodyAdministers goes on by what is known, but for what an administrator may.
func TestWhereSlackDoesNotSayNobodyAdministers(t *testing.T) {
	r := newPublicRoom(t)
	r.refusalsExpected = true
	r.carol.Types("/okr connect").Fills("ServiceNow URL", r.instance).Submits("Connect")
	link := r.linkOf(r.carol, "carol")
	r.carol.Closes()
	r.addsObjective(r.alice, "Run a calm service desk")
	r.carol.Types("/okr settings").Sees("behind its pace").Closes()
	fix := r.slack.Break(slack.Fault{Method: "users.info", Error: "internal_error"})
	r.later(6 * time.Minute)
	r.carol.Types("/okr settings").Sees("Only administrators of this workspace can change the settings")
	r.carol.Types("/okr list").Sees("All key results")
	r.alice.Types("/okr add-objective").Sees("Objective").Closes()
	r.browser().opens(link).sees(http.StatusServiceUnavailable, "Slack does not answer")
	fix()
	r.browser().opens(link).sees(http.StatusOK, "Username")
	r.carol.Types("/okr settings").Sees("behind its pace").Closes()
}

// TestWhoIsSavedSlowlyIsKnown has Slack say at once who somebody is, and the database take longer to keep it than
// Slack would have had to say it.
func TestWhoIsSavedSlowlyIsKnown(t *testing.T) {
	r := newRoom(t)
	asked := r.slack.Calls("users.info")
	held, err := r.database().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "lock table people in share row exclusive mode"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		for r.slack.Calls("users.info") == asked && t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(desk.LookUpWithin + 200*time.Millisecond)
		ended <- held.Rollback(context.Background())
	}()
	r.alice.Types("/okr help").Sees("/okr add-kr")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWhoLostARightIsToldSo takes rights away while the windows and the questions of a connection are open: that is
// no mistake of okrbot's.
func TestWhoLostARightIsToldSo(t *testing.T) {
	t.Parallel()
	demoted, guest := func(p *slack.Person) { p.Admin = false }, func(p *slack.Person) { p.Guest = true }
	const gone = "This connection is gone, or not yours to look after"
	t.Run("an administrator saves", func(t *testing.T) {
		r := newRoom(t)
		r.connects(r.alice)
		r.carol.Types("/okr connections").Presses("Manage").Sees("== Connection ==").Fills("Name", "Mine")
		r.becomes("carol", true, demoted)
		r.carol.Submits("Save").SeesNoModal().Sees(gone)
	})
	t.Run("its maker saves", func(t *testing.T) {
		r := newRoom(t)
		r.connects(r.alice)
		r.alice.Types("/okr connections").Presses("Manage").Sees("== Connection ==").Fills("Name", "Mine")
		r.becomes("alice", true, guest)
		r.alice.Submits("Save").SeesNoModal().Sees(gone)
	})
	t.Run("a guest confirms", func(t *testing.T) {
		r := oauthRoom(t)
		link := r.asksForOAuth(r.alice, "alice")
		r.alice.Closes()
		r.browser().opens(link).sends().logsIn("allow")
		r.alice.Sees("Was that you?")
		r.becomes("alice", true, guest)
		r.alice.In("dm-U0ALICE").Presses("Yes, connect").Sees("Guests cannot connect other systems, so nothing is read through this sign-in")
		if n := r.number("select count(*) from connections where state = 'active'"); n != 0 {
			t.Error("a guest connected")
		}
	})
	t.Run("while it is checked", func(t *testing.T) {
		r := newRoom(t)
		r.servicenow.Break(servicenow.Fault{Kind: servicenow.Slow, After: 4})
		r.alice.Types("/okr connect").Fills("ServiceNow URL", r.instance).Fills("Username", "okr.reader").Fills("Password", "sandbox").Submits("Connect").Sees("Checking")
		r.becomes("alice", true, guest)
		r.alice.Sees("You may not do this any more, so nothing was saved")
		if n := r.number("select count(*) from connections"); n != 0 {
			t.Error("a guest connected")
		}
	})
}
