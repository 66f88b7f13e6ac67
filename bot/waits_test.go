package bot_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"okrbot/bot"
	"okrbot/bot/view"
	"okrbot/jobs"
	"okrbot/sandbox/slack"
)

// postsOnce has a process post something, and is how long it is to wait with that; 0: it was posted.
func (r *room) postsOnce(by *bot.Bot, channel string) time.Duration {
	r.t.Helper()
	_, _, err := by.Slack.Post(context.Background(), channel, view.Text("Hello"))
	var u *jobs.Undelivered
	if err != nil && (!errors.As(err, &u) || u.Kind != jobs.NotSent || u.After <= 0) {
		r.t.Fatal(err)
	}
	if u == nil {
		return 0
	}
	return u.After
}

// Where Slack asks to wait, nobody posts meanwhile: not the process that it asked, nor another one,
// whatever it is about. Elsewhere they go on.
func TestWhereSlackAsksToWaitNobodyPosts(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	other := r.replica()
	r.byHand("Interviews held", "12")
	r.settles()

	r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "U0ALICE", Error: "ratelimited", After: 30, Times: 1})
	if wait := r.postsOnce(r.bot, "U0ALICE"); wait != 30*time.Second {
		t.Fatalf("Slack asked for %s", wait)
	}
	calls := r.slack.Calls("chat.postMessage")
	for name, by := range map[string]*bot.Bot{"the process that was asked": r.bot, "another one": other} {
		if wait := r.postsOnce(by, "U0ALICE"); wait <= 0 || wait > 30*time.Second {
			t.Errorf("%s waits for %s", name, wait)
		}
	}
	if n := r.slack.Calls("chat.postMessage"); n != calls {
		t.Errorf("Slack was called %d times while it had asked to wait", n-calls)
	}
	if wait := r.postsOnce(other, "U0BOB"); wait != 0 {
		t.Errorf("bob is told nothing for %s, though Slack asked for it with alice", wait)
	}
	r.later(31 * time.Second)
	if wait := r.postsOnce(other, "U0ALICE"); wait != 0 {
		t.Errorf("it is over, and alice is told nothing for %s", wait)
	}

	// What a job was asked to wait with keeps others as well.
	r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "C0ITOKRS", Error: "ratelimited", After: 600, Times: 1})
	r.alice.Types("/okr check-in KR-1 4").Sees("Saved.")
	r.until("Slack has asked a job to wait", func() bool {
		return r.number("select count(*) from places where channel_id = 'C0ITOKRS' and waits_until > now() and failures = 1") == 1
	})
	if wait := r.postsOnce(other, "C0ITOKRS"); wait <= time.Minute {
		t.Errorf("others wait for %s where a job was to wait", wait)
	}
	r.later(11 * time.Minute)
	r.settles()
	r.bob.Sees("*KR-1* Interviews held  4")
}
