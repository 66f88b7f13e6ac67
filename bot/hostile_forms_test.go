package bot_test

import (
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// TestHostileTwoSettings: two administrators have the settings open. Who saves last does not write over
// what the other one saved and they have not seen.
func TestHostileTwoSettings(t *testing.T) {
	r := newRoom(t)
	r.becomes("alice", true, func(p *slack.Person) { p.Admin = true })
	r.carol.Types("/okr settings").Sees("== Settings ==")
	r.alice.Types("/okr settings").Sees("== Settings ==").Fills("Behind up to", "30").Submits("Save").SeesNoModal().Sees("Saved.")
	r.carol.Fills("On track up to", "5").Submits("Save").Sees("== Changed elsewhere ==", "`/okr settings`").Closes()
	if n := r.number("select on_track_points * 1000 + behind_points from workspaces"); n != 10_030 {
		t.Errorf("the bounds are %d", n)
	}
	r.carol.Types("/okr settings").Sees("Behind up to: 30").Fills("On track up to", "5").Submits("Save").SeesNoModal().Sees("Saved.")
	// What both meant alike is saved for both.
	r.carol.Types("/okr settings").Sees("== Settings ==").Fills("On track up to", "7")
	r.alice.Types("/okr settings").Sees("== Settings ==").Fills("On track up to", "7").Submits("Save").SeesNoModal().Sees("Saved.")
	r.carol.Submits("Save").SeesNoModal().Sees("Saved.")
	if n := r.number("select on_track_points * 1000 + behind_points from workspaces"); n != 7_030 {
		t.Errorf("the bounds are %d", n)
	}
}

// TestHostileTwoNamesOfAConnection: its maker and an administrator have its window open.
func TestHostileTwoNamesOfAConnection(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.alice.Types("/okr connections").Presses("Manage").Sees("== Connection ==")
	r.carol.Types("/okr connections").Presses("Manage").Sees("== Connection ==").
		Chooses("Share", "Everybody in this workspace may read scorecards through it").Submits("Save").SeesNoModal().Sees("is saved")
	r.alice.Fills("Name", "Mine alone").Submits("Save").Sees("== Changed elsewhere ==", "`/okr connections`").Closes()
	r.alice.Types("/okr connections").Sees("shared").Presses("Manage").Sees("== Connection ==").Fills("Name", "Everybody's").Submits("Save").SeesNoModal().Sees("is saved")
	if n := r.number("select count(*) from connections where shared and name = 'Everybody''s'"); n != 1 {
		t.Error("it is not shared under its new name")
	}
}

// TestHostileExportOfWhoLostTheRight: an export that waits for Slack is of what its person may take home
// when it is sent, and comes to nobody who left.
func TestHostileExportOfWhoLostTheRight(t *testing.T) {
	r := ready(t) // alice's
	r.refusalsExpected = true
	r.addsObjective(r.bob, "Grow the team")
	waits := r.slack.Break(slack.Fault{Method: "conversations.open", Error: "ratelimited", After: 600})
	r.bob.Types("/okr export csv").Sees("Making your file: all objectives and key results")
	r.carol.Types("/okr export csv").Sees("Making your file")
	r.until("all to wait", r.stored("select count(*) = 2 from exports where held_until > now() + interval '8 minutes' and finished_at is null"))
	waits()
	r.becomes("bob", true, func(p *slack.Person) { p.Guest = true })
	r.becomes("carol", true, func(p *slack.Person) { p.Gone = true })
	r.later(15 * time.Minute)
	if got := r.filesOf("bob")["csv"]; !strings.Contains(got, "Grow the team") || strings.Contains(got, "Fewer open incidents") {
		t.Errorf("a guest takes home: %s", got)
	}
	r.until("the end of all", r.stored("select bool_and(finished_at is not null) from exports"))
	if n := r.number("select count(*) from exports where person_id = 'U0CAROL' and error = 'no_member'"); n != 1 {
		t.Error("somebody who left was sent files")
	}
}
