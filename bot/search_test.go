package bot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/bot/view"
	"okrbot/sandbox/seed"
	"okrbot/sandbox/servicenow"
)

// looks opens the wizard at its scorecard.
func (r *room) looks() {
	r.t.Helper()
	r.alice.Types("/okr add-kr").Fills("Key Result", "Found").Submits("Next").Sees("Scorecard: ")
}

// offered is what the type-ahead of scorecards offers, option by option.
func (r *room) offered(typed string) []string {
	r.t.Helper()
	top, _ := r.slack.Top("alice")
	blocks, _ := top.Content["blocks"].([]any)
	for _, b := range blocks {
		block, _ := b.(map[string]any)["block_id"].(string)
		if view.Name(block) != view.FieldScorecard {
			continue
		}
		options, err := r.slack.Suggest("alice", top.ID, block, "v", typed)
		if err != nil {
			r.t.Fatal(err)
		}
		list := make([]string, len(options))
		for i, o := range options {
			list[i] = fmt.Sprint(o["text"], o["description"])
		}
		return list
	}
	r.t.Fatal("no scorecard is asked for")
	return nil
}

// offers wants words among what is offered. A live search has a quarter of a second, which a busy
// machine can miss: whoever is told so asks again.
func (r *room) offers(typed string, words ...string) {
	r.t.Helper()
	const late = "did not answer in time"
	got := strings.Join(r.offered(typed), "\n")
	for end := time.Now().Add(20 * time.Second); strings.Contains(got, late) && !slices.Contains(words, late) && time.Now().Before(end); {
		got = strings.Join(r.offered(typed), "\n")
	}
	for _, w := range words {
		if !strings.Contains(got, w) {
			r.t.Errorf("%q offers %s, not %q", typed, got, w)
		}
	}
}

func TestASearchThatFindsNothingSaysWhy(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	r.offers("no such thing", "Nothing by that name", "another word")
	r.offers("incidents, satisfaction", "Nothing has all of these parts", "comma")
	r.offers("incidents, requests", "Incidents, requests and changes")
	r.offers("collector health", "Internal: collector health", "not on the Analytics Hub")
	r.servicenow.SetRoles(seed.User)
	r.offers("zzz", "may not look for scorecards", "pa_viewer")
	r.servicenow.SetRoles(seed.User, "pa_viewer")
	fix := r.servicenow.Break(servicenow.Fault{Kind: servicenow.Slow, After: 2})
	r.offers("yyy", "did not answer in time")
	fix()
	r.offers("xxx", "Nothing by that name") // once the slow one is over

	r.alice.Chooses("Scorecard", "Nothing by that name").
		Sees("ServiceNow does not say whether a scorecard is hidden from this sign-in or not there.").
		Submits("Connect").
		Sees("complete this required field").
		Chooses("Scorecard", "Internal: collector health").
		Sees("Last 12 scores").
		Submits("Connect").
		Sees("Start Value").
		Closes()
}

func TestFavouritesAndKeyIndicatorsComeFirst(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	got := strings.Join(r.offered("incidents"), "\n")
	at := -1
	for _, name := range []string{
		"Incidents resolved within SLA",     // a favourite whose name starts with the word
		"Number of open incidents",          // a favourite
		"Number of open critical incidents", // a key indicator
		"Incidents caused by problems",      // starts with the word
		"Major incidents",
	} {
		i := strings.Index(got, name)
		if i <= at {
			t.Errorf("%s comes at %d, after what comes at %d:\n%s", name, i, at, got)
		}
		at = i
	}
	r.alice.Closes()
}

// TestTheSameQueryTwiceIsAnsweredTwice: within one second Slack signs the same query the same way.
func TestTheSameQueryTwiceIsAnsweredTwice(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	r.looks()
	r.offers("open incidents", "Number of open incidents")
	var asked url.Values
	for _, e := range r.slack.Wire() {
		if payload, ok := e.Sent.(map[string]any); ok && e.What == "block_suggestion" {
			raw, err := json.Marshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			asked = url.Values{"payload": {string(raw)}}
		}
	}
	now := time.Now()
	for range 3 {
		status, body := r.post(r.signed("/slack/options", formType, asked.Encode(), now))
		if status != http.StatusOK || !strings.Contains(body, "Number of open incidents") {
			t.Errorf("%d %s", status, body)
		}
	}
	r.alice.Closes()
}
