package bot_test

import (
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// callsSince are the methods that were called since, but for the question whether the app is installed.
func (r *room) callsSince(before int) []string {
	var list []string
	for _, e := range r.slack.Wire()[before:] {
		if e.From == "app" && e.What != "auth.test" {
			list = append(list, e.What)
		}
	}
	return list
}

// Once the app is removed nothing goes to Slack any more, and what was to be said waits until it is
// installed again.
func TestWithoutTheAppNothingGoesToSlack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused string
		tells   bool
		calls   int // that find out
	}{
		"Told":         {"account_inactive", true, 0},
		"Inactive":     {"account_inactive", false, 1},
		"Revoked":      {"token_revoked", false, 1},
		"AnotherToken": {"invalid_auth", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, func(r *room, _ *slack.Options) { r.asks = 50 * time.Millisecond })
			r.refusalsExpected = true
			r.connects(r.alice)
			r.addsObjective(r.alice, "Run a calm service desk")
			r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
			r.isRead()
			r.settles()
			r.slack.Uninstall(c.refused)
			if c.tells {
				r.slack.SaysGoodbye()
			}
			before := len(r.slack.Wire())
			r.passes(1, 77)
			r.until("a reading", func() bool {
				return r.number("select count(*) from announcements where state in ('pending', 'sending')") == 1
			})
			for range 5 {
				r.settles()
				r.later(10 * time.Minute)
			}
			if calls := r.callsSince(before); len(calls) != c.calls {
				t.Errorf("calls to Slack: %q, want %d", calls, c.calls)
			}
			if n := r.number("select count(*) from announcements where state = 'parked'"); n != 0 {
				t.Errorf("%d announcements were given up", n)
			}
			r.slack.Install()
			r.settles()
			r.later(10 * time.Minute)
			r.bob.Sees("→ 77")
			r.settles()
			if n := r.bob.Counts("→ 77"); n != 1 {
				t.Errorf("the change stands %d times:\n%s", n, r.bob.Screen())
			}
		})
	}
}

// Who does something in Slack has the app: it is asked at once, and not in a minute.
func TestSomebodyWhoActsShowsThatTheAppIsThere(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	r.alice.Types("/okr").Sees("You have no key results yet")
	r.slack.Uninstall("account_inactive")
	r.slack.SaysGoodbye()
	r.slack.Install()
	r.alice.Types("/okr add-objective").Sees("Objective").Closes()
	if n := r.slack.Calls("views.open"); n != 1 {
		t.Errorf("views.open was called %d times", n)
	}
}
