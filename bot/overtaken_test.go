package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okrbot/bot/view"
	"okrbot/sandbox/slack"
)

// holdsTheNextUpdate keeps Slack's next change of a view waiting. Let go, it has come to an end: it was drawn,
// or given up.
func (r *room) holdsTheNextUpdate() (letGo func()) {
	held, waits := context.WithCancel(context.Background())
	r.t.Cleanup(waits)
	r.slack.Break(slack.Fault{Method: "views.update", Held: held.Done(), Times: 1})
	before := len(r.log.String())
	return func() {
		r.t.Helper()
		drawn := r.slack.Calls("views.update")
		waits()
		r.until("the update's end", func() bool {
			said := r.log.String()[before:]
			return strings.Contains(said, "a view was overtaken") || strings.Contains(said, "changing a view") || r.slack.Calls("views.update") >= drawn+2
		})
	}
}

// TestWhatWasTypedDoesNotCoverWhatCameAfter: what the values make is drawn late, over nothing that the
// person went on to.
func TestWhatWasTypedDoesNotCoverWhatCameAfter(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true // on a machine so busy that what is held is given up
	r.addsObjective(r.alice, "Ship it")
	details := func(title string) {
		r.alice.Types("/okr add-kr "+title).Sees("== Add key result ==").
			Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
			Sees("Start Value").Fills("Start Value", "0")
	}
	types := func(value string) {
		t.Helper()
		if err := r.slack.Fill("alice", "Target Value", value); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("saved", func(t *testing.T) {
		details("Interviews held")
		letGo := r.holdsTheNextUpdate()
		types("12")
		r.alice.Submits("Save").Sees("KR-1 is added")
		letGo()
		r.alice.Sees("KR-1 is added").DoesNotSee("Target Value").Closes()
	})
	t.Run("back", func(t *testing.T) {
		details("Candidates met")
		letGo := r.holdsTheNextUpdate()
		types("12")
		r.alice.Presses("Back").Sees("Pull data from external applications")
		letGo()
		r.alice.Sees("Pull data from external applications").DoesNotSee("Target Value").
			Submits("Next").Sees("Target Value: 12").Submits("Save").Sees("KR-2 is added").Closes()
	})
}

// TestASyncDoesNotCoverWhatWasDoneMeanwhile: a sync's outcome is drawn in the details late, when the key result
// is another one already.
func TestASyncDoesNotCoverWhatWasDoneMeanwhile(t *testing.T) {
	r := ready(t)
	r.collects(77)
	held, letGo := context.WithCancel(context.Background())
	defer letGo()
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==", "*135*")
	r.slack.Break(slack.Fault{Method: "views.update", Held: held.Done(), Times: 1})
	r.alice.Presses("Sync Integration Data").Sees("Syncing KR-1").Closes()
	r.until("the outcome is being drawn", func() bool { return r.slack.HeldCalls() == 1 })
	r.alice.Presses("Pause syncing").Sees("KR-1 is paused").Closes()
	letGo()
	r.until("it was drawn", func() bool { return r.slack.HeldCalls() == 0 })
	r.alice.Sees("== KR-1 ==", "<@U0ALICE> paused") // which no card says
}

// TestWhatWasPressedDoesNotCoverTheNextStep: a button of a step comes after its submit, as Slack may send two
// things that were done at once.
func TestWhatWasPressedDoesNotCoverTheNextStep(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr Fewer incidents").Sees("== Add key result ==").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores")
	v, ok := r.slack.Top("alice")
	if !ok {
		t.Fatal("there is no modal")
	}
	r.alice.Submits("Connect").Sees("Target Value")
	drafts := func() string { return r.words("select string_agg(version || step, ' ') from drafts") }
	before := drafts()
	for n, action := range []string{view.ActionPreview, view.ActionBack, view.ActionNewConnect, view.FieldScorecard} {
		if status, answer := r.post(r.pressedIn(v, action, n)); status != http.StatusOK || answer != "" {
			t.Errorf("%s: %d %s", action, status, answer)
		}
	}
	if after := drafts(); after != before {
		t.Errorf("the draft was at %q and is at %q", before, after)
	}
	r.alice.Fills("Target Value", "40").Submits("Save").Sees("KR-1 is added").Closes()
}

// pressedIn is a button or a field of alice's view as it was.
func (r *room) pressedIn(v slack.SeenView, action string, nth int) *http.Request {
	r.t.Helper()
	o := r.slack.Options()
	raw, err := json.Marshal(map[string]any{
		"type": "block_actions", "team": map[string]any{"id": o.TeamID}, "user": map[string]any{"id": "U0ALICE"}, "api_app_id": o.AppID, "trigger_id": fmt.Sprint("1.2.", nth),
		"container": map[string]any{"type": "view", "view_id": v.ID},
		"view": map[string]any{
			"id": v.ID, "hash": v.Hash, "type": "modal", "callback_id": v.Content["callback_id"], "private_metadata": v.Content["private_metadata"],
			"blocks": v.Content["blocks"], "state": map[string]any{"values": v.State},
		},
		"actions": []any{map[string]any{"action_id": action, "block_id": action, "type": "button", "value": ""}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.signed("/slack/interactions", formType, url.Values{"payload": {string(raw)}}.Encode(), time.Now())
}
