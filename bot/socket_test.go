package bot_test

import (
	"strings"
	"testing"

	"okrbot/bot/view"
	"okrbot/sandbox/slack"
)

// Slack silently drops what is answered over the socket from 20 KiB on: none of it may be lost.

func TestALargeAnswerArrivesOverTheSocket(t *testing.T) {
	r := newRoom(t, overSocket)
	r.alice.Types("/okr list").Sees("All key results: none.")
	r.partsOf(25)
	r.do("update key_results set title = 'Part ' || number || repeat(' <&>', 30)")
	answered := r.slack.Calls("response_url")
	r.alice.Types("/okr list").Sees("*All key results* · 1–20 of 25", "[Next]")
	if n := r.slack.Calls("response_url"); n != answered+1 {
		t.Errorf("it came by %d answers to the response_url, want 1", n-answered)
	}
	r.alice.Presses("Next").Sees("· 21–25 of 25")
	r.alice.Types("/okr help list").Sees("/okr list")
	if n := r.slack.Calls("response_url"); n != answered+2 { // the button's is one
		t.Errorf("a small answer came by the response_url")
	}
}

func TestALongTypeAheadArrivesOverTheSocket(t *testing.T) {
	r := newRoom(t, overSocket)
	r.shelf(100, 1, 100)
	r.do("update objectives set title = number || repeat('目', 140)")
	r.alice.Types("/okr add-kr").Sees("== Add key result ==")
	top, _ := r.slack.Top("alice")
	offered := 0
	for _, b := range top.Content["blocks"].([]any) {
		block, _ := b.(map[string]any)["block_id"].(string)
		if view.Name(block) != view.FieldObjective {
			continue
		}
		options, err := r.slack.Suggest("alice", top.ID, block, "v", "")
		if err != nil {
			t.Fatal(err)
		}
		offered = len(options)
	}
	if offered < 20 || offered == 100 {
		t.Errorf("%d of 100 objectives are offered, want as many as Slack takes", offered)
	}
	r.alice.Closes()
}

func TestALargeWindowArrivesOverTheSocket(t *testing.T) {
	r := newRoom(t, overSocket)
	o := r.importsMany(100, 2)
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").Chooses("What goes on", "The 98 key results that did not reach the target").Submits("Close out").
		Sees("== Carry over ==", "1 to 90 of 98 key results").Submits("Next").Sees("91 to 98 of 98 key results").Submits("Close out").SeesNoModal().
		Sees("with 98 key results, KR-101 to KR-198.")
	if n := r.slack.Calls("views.update"); n != 1 {
		t.Errorf("%d windows came by themselves, want the large one", n)
	}
}

// Where Slack does not show a large window, its person is not left with one that asks for a moment.
func TestALargeWindowThatSlackDoesNotShow(t *testing.T) {
	r := newRoom(t, overSocket)
	r.refusalsExpected = true
	o := r.importsMany(100, 2)
	r.beyond(o, 1)
	r.slack.Break(slack.Fault{Method: "views.update", Error: "internal_error", Times: 1})
	r.alice.Types("/okr close-out").Chooses("What goes on", "The 98 key results that did not reach the target").Submits("Close out").
		Sees("Slack did not show what comes next (internal_error).").Closes()
	if !strings.Contains(r.log.String(), "showing a large view") {
		t.Error("the log does not say so")
	}
}
