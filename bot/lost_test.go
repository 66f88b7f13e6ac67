package bot_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/sandbox/slack"
)

// history lets the app read the channels it is in, which no manifest asks for.
func history(r *room, o *slack.Options) {
	o.Scopes = []string{
		"commands", "chat:write", "users:read", "channels:read", "groups:read", "im:write", "files:write",
		"channels:history", "groups:history", "im:history",
	}
	onTheDatabasesClock(r, o)
}

// onTheDatabasesClock dates messages by the clock that tests move.
func onTheDatabasesClock(r *room, o *slack.Options) { o.Now = r.now }

// losesAnswers has Slack take the next posts to a channel and drop its answers.
func (r *room) losesAnswers(channel string, times int) (fix func()) {
	return r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: channel, Lost: true, Times: times})
}

// goesOn lets time pass, in steps that any wait between two tries is over in.
func (r *room) goesOn(steps int) {
	r.t.Helper()
	for range steps {
		r.settles()
		r.later(11 * time.Minute)
	}
	r.settles()
}

// says is what a channel sees of a check-in from 3 on, one by one.
func says(value string) string {
	if value == "3" {
		return "Interviews held  3"
	}
	return "→ " + value
}

// Slack takes each post and drops ten answers: where the app may look, it finds what stands there.
func TestAPostWhoseAnswerIsLostStandsOnce(t *testing.T) {
	r := newRoom(t, history)
	r.losesAnswers("C0ITOKRS", 10)
	r.byHand("Interviews held", "12")
	r.goesOn(3)
	if n := r.bob.Counts("(<@U0ALICE> · Ship it"); n != 1 {
		t.Errorf("the card stands %d times:\n%s", n, r.bob.Screen())
	}
	for _, value := range []string{"3", "4", "5"} {
		r.alice.Types("/okr check-in KR-1 " + value).Sees("Saved.")
		r.goesOn(3)
		if n := r.bob.Counts(says(value)); n != 1 {
			t.Errorf("the change to %s stands %d times:\n%s", value, n, r.bob.Screen())
		}
	}
	if n := r.bob.Counts("repeated"); n != 0 {
		t.Errorf("%d say that they are repeated", n)
	}
	if n := r.bob.Counts("*5*"); n != 1 { // on the card that was found
		t.Errorf("the card is not current:\n%s", r.bob.Screen())
	}
	if n := r.alice.In("dm-U0ALICE").Counts("did not say"); n != 0 {
		t.Errorf("alice hears %d times of what stands there", n)
	}
	r.tried(4, 1) // a card and three changes
}

// Where the app may not look, a post is repeated once, says so, and is then given up.
func TestAPostWhoseAnswerIsLostIsRepeatedOnce(t *testing.T) {
	r := newRoom(t, onTheDatabasesClock)
	fix := r.losesAnswers("C0ITOKRS", 0)
	r.byHand("Interviews held", "12")
	r.goesOn(10)
	if n := r.bob.Counts("(<@U0ALICE> · Ship it"); n != 2 {
		t.Errorf("the card stands %d times:\n%s", n, r.bob.Screen())
	}
	r.alice.Types("/okr check-in KR-1 3").Sees("Saved.")
	r.goesOn(10)
	if all, marked := r.bob.Counts(says("3")), r.bob.Counts("(repeated"); all != 2 || marked != 2 { // the card, the change
		t.Errorf("the change stands %d times, %d as repeated:\n%s", all, marked, r.bob.Screen())
	}
	r.alice.In("dm-U0ALICE").Sees("Slack did not say whether a message about *KR-1* Interviews held arrived in <#C0ITOKRS>", "It is not posted again. Look there")
	if n := r.alice.Counts("It is not posted again"); n != 2 { // the card, the change
		t.Errorf("alice was told %d times:\n%s", n, r.alice.Screen())
	}
	// With Slack well again, what comes next is said as ever, and once. The card stands twice already.
	fix()
	r.alice.In("#it-okrs").Types("/okr check-in KR-1 4").Sees("Saved.")
	r.goesOn(2)
	if all, marked := r.bob.Counts(says("4")), r.bob.Counts("(repeated"); all != 1 || marked != 2 {
		t.Errorf("the next change stands %d times:\n%s", all, r.bob.Screen())
	}
	r.tried(3, 2) // a card, and two changes of which one was lost
}

// What surely did not arrive says nothing of the post before it: a card whose answer is lost stands twice at most,
// the second time as repeated.
func TestACardWhoseRepetitionIsPutOffIsRepeatedOnce(t *testing.T) {
	r := newRoom(t, onTheDatabasesClock)
	r.refusalsExpected = true
	fix := r.losesAnswers("C0ITOKRS", 0)
	r.byHand("Interviews held", "12")
	r.settles()
	fix()
	fix = r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "C0ITOKRS", Error: "ratelimited", After: 30, Times: 1})
	r.goesOn(1)
	fix()
	r.losesAnswers("C0ITOKRS", 0)
	r.goesOn(10)
	if all, marked := r.bob.Counts("(<@U0ALICE> · Ship it"), r.bob.Counts("(repeated"); all != 2 || marked != 1 {
		t.Errorf("the card stands %d times, %d as repeated:\n%s", all, marked, r.bob.Screen())
	}
}

// Neither does a channel that takes nothing for a while: when it does again, the card is looked for.
func TestACardWhoseAnswerIsLostIsFoundAfterAChannelTookNothing(t *testing.T) {
	r := newRoom(t, history)
	r.refusalsExpected = true
	r.losesAnswers("C0ITOKRS", 1)
	r.byHand("Interviews held", "12")
	r.settles()
	fix := r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "C0ITOKRS", Error: "restricted_action"})
	r.alice.Types("/okr check-in KR-1 3").Sees("Saved.")
	r.goesOn(2)
	fix()
	r.alice.Types("/okr check-in KR-1 4").Sees("Saved.")
	r.goesOn(3)
	if n := r.bob.Counts("(<@U0ALICE> · Ship it"); n != 1 {
		t.Errorf("the card stands %d times:\n%s", n, r.bob.Screen())
	}
}

// A post that Slack never took is not lost where the app may look: it says that it is not there.
func TestAPostThatDidNotArriveIsPosted(t *testing.T) {
	r := newRoom(t, history)
	r.refusalsExpected = true
	r.byHand("Interviews held", "12")
	r.settles()
	r.slack.Break(slack.Fault{Method: "chat.postMessage", Channel: "C0ITOKRS", Status: 502, Times: 4})
	r.alice.Types("/okr check-in KR-1 3").Sees("Saved.")
	r.goesOn(6)
	if all, marked := r.bob.Counts(says("3")), r.bob.Counts("(repeated"); all != 1 || marked != 0 {
		t.Errorf("the change stands %d times, %d as repeated:\n%s", all, marked, r.bob.Screen())
	}
}

// A summary of a close-out goes the same ways.
func TestASummaryWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		option roomOption
		stands int
		told   int
	}{"Looking": {history, 1, 0}, "NotLooking": {onTheDatabasesClock, 2, 1}} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, c.option)
			r.refusalsExpected = true
			r.byHand("Interviews held", "12")
			r.settles()
			r.beyond(r.objective(), 1)
			r.losesAnswers("C0ITOKRS", 0)
			r.alice.Types("/okr close-out").Submits("Close out").SeesNoModal()
			r.goesOn(10)
			if n := r.bob.Counts("Closed out"); n != c.stands {
				t.Errorf("the summary stands %d times:\n%s", n, r.bob.Screen())
			}
			if n := r.alice.In("dm-U0ALICE").Counts("Slack did not say whether this arrived"); n != c.told {
				t.Errorf("alice was told %d times:\n%s", n, r.alice.Screen())
			}
		})
	}
}

// People get what they asked for twice at most.
func TestAnOutcomeWhoseAnswerIsLost(t *testing.T) {
	r := newRoom(t, onTheDatabasesClock)
	r.refusalsExpected = true
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.isRead()
	r.settles()
	r.slack.Break(slack.Fault{Method: "response_url", Status: 404})
	r.losesAnswers("U0ALICE", 0)
	r.collects(77)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1")
	r.goesOn(10)
	if n := r.alice.In("dm-U0ALICE").Counts("→ 77"); n < 1 || n > 2 {
		t.Errorf("alice was told %d times:\n%s", n, r.alice.Screen())
	}
	r.alice.In("#it-okrs").Types("/okr export csv")
	r.slack.Break(slack.Fault{Method: "files.completeUploadExternal", Lost: true})
	r.goesOn(10)
	sent := func(e slack.Exchange) bool { return e.What == "files.completeUploadExternal" }
	n := 0
	for _, e := range r.slack.Wire() {
		if sent(e) {
			n++
		}
	}
	if n != 2 {
		t.Errorf("an export was sent %d times", n)
	}
}

// What the metadata of our messages says is our own numbers, and nothing of what people wrote.
func TestMarksAreNumbers(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr check-in KR-1 3").Sees("Saved.")
	r.settles()
	var marks []string
	for _, c := range r.slack.Sees("bob").Channels {
		for _, m := range c.Messages {
			payload, _ := m.Metadata["event_payload"].(map[string]any)
			if id, _ := payload["id"].(string); id != "" {
				marks = append(marks, id)
			}
		}
	}
	slices.Sort(marks)
	if !regexp.MustCompile(`^announcement-[\d-]+ card-[\d-]+$`).MatchString(strings.Join(marks, " ")) {
		t.Errorf("marks are %q", marks)
	}
}
