package bot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/store"
)

var storeAll = store.Filter{}

// submits sends a wizard's view as it came back, with other metadata, by somebody.
func (r *room) submits(person, callback, metadata, mark string, state map[string]any, stamp int) *http.Request {
	r.t.Helper()
	o := r.slack.Options()
	raw, err := json.Marshal(map[string]any{
		"type": "view_submission", "team": map[string]any{"id": o.TeamID}, "user": map[string]any{"id": person}, "api_app_id": o.AppID, "trigger_id": fmt.Sprint(stamp),
		"view": map[string]any{
			"id": "V1", "type": "modal", "callback_id": callback, "private_metadata": metadata, "hash": "1.2", "state": map[string]any{"values": state},
			"blocks": []any{map[string]any{"type": "section", "block_id": mark, "text": map[string]any{"type": "mrkdwn", "text": "x"}}},
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.signed("/slack/interactions", formType, url.Values{"payload": {string(raw)}, "n": {fmt.Sprint(stamp)}}.Encode(), time.Now())
}

// details are the fields of a form that can be saved.
func details() map[string]any {
	text := func(s string) map[string]any {
		return map[string]any{"v": map[string]any{"type": "plain_text_input", "value": s}}
	}
	return map[string]any{"start": text("0"), "target": text("12")}
}

// atDetails brings alice to the last step of the wizard, and returns the view she looks at.
func (r *room) atDetails() slack.SeenView {
	r.t.Helper()
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "12").Sees("[[Save]]")
	v, ok := r.slack.Top("alice")
	if !ok {
		r.t.Fatal("there is no modal")
	}
	return v
}

func (r *room) keyResults() int {
	r.t.Helper()
	return r.number("select count(*) from key_results")
}

func TestAnEditedOrBorrowedDraftIsNotTaken(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	v := r.atDetails()
	metadata, _ := v.Content["private_metadata"].(string)
	callback, _ := v.Content["callback_id"].(string)
	if len(metadata) < 30 {
		t.Fatalf("the draft is %q", metadata)
	}
	handler := r.bot.Handler()
	refused := func(why string, req *http.Request) {
		t.Helper()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		if body := w.Body.String(); w.Code != http.StatusBadRequest && (w.Code != http.StatusOK || !strings.Contains(body, "again")) {
			t.Errorf("%s: %d %s", why, w.Code, body)
		}
	}
	n := 0
	for i := range metadata {
		for _, c := range []byte{'0', 'f', 'X', ' ', 0x7f} {
			if metadata[i] == c {
				continue
			}
			n++
			refused("an edited draft", r.submits("U0ALICE", callback, metadata[:i]+string(rune(c))+metadata[i+1:], "", details(), n))
		}
	}
	for _, other := range []string{"", "null", metadata + "0", metadata[1:], strings.Repeat("a", 3000), "00000000-0000-0000-0000-000000000000", "' or 1=1 --", "\x00", "{}"} {
		n++
		refused("another draft", r.submits("U0ALICE", callback, other, "", details(), n))
	}
	refused("somebody else's draft", r.submits("U0BOB", callback, metadata, "", details(), n+1))
	refused("an administrator's hand on it", r.submits("U0CAROL", callback, metadata, "", details(), n+2))
	refused("another form", r.submits("U0ALICE", view.CallbackObjective, metadata, "", details(), n+3))
	if k := r.keyResults(); k > 0 {
		t.Errorf("%d key results were made", k)
	}
	r.later(31 * time.Minute)
	r.alice.Submits("Save").Sees("This form has expired", "Nothing was saved")
	if k := r.keyResults(); k > 0 {
		t.Errorf("%d key results were made of an expired draft", k)
	}
}

func TestManySubmitsAreOneKeyResult(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	second := r.replica()
	for wizards := 1; wizards <= 3; wizards++ {
		v := r.atDetails()
		raw, err := json.Marshal(v.State)
		if err != nil {
			t.Fatal(err)
		}
		var state map[string]any
		if err := json.Unmarshal(raw, &state); err != nil {
			t.Fatal(err)
		}
		metadata, _ := v.Content["private_metadata"].(string)
		callback, _ := v.Content["callback_id"].(string)
		blocks, _ := v.Content["blocks"].([]any)
		first, _ := blocks[0].(map[string]any)
		mark, _ := first["block_id"].(string)
		var all sync.WaitGroup
		for n := range 40 {
			all.Go(func() {
				handler := r.bot.Handler()
				if n%2 == 1 {
					handler = second.Handler()
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r.submits("U0ALICE", callback, metadata, mark, state, 1000*wizards+n))
				if w.Code != http.StatusOK {
					t.Errorf("%d", w.Code)
				}
			})
		}
		all.Wait()
		if k := r.keyResults(); k != wizards {
			t.Fatalf("%d key results after %d wizards", k, wizards)
		}
		r.alice.Closes()
	}
}

func TestTheOlderOfTwoTabsIsToldSo(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", "12").Submits("Save").Sees("KR-1 is added").Closes()
	alice := okr.Actor{Workspace: r.slack.Options().TeamID, ID: "U0ALICE", Kind: okr.Member}
	r.alice.Types("/okr edit KR-1").Fills("Target Value", "20").Sees("[[Save]]")
	older, _ := r.slack.Top("alice")
	r.carol.Types("/okr edit KR-1").Fills("Target Value", "30").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Submits("Save").Sees("changed")
	list, err := r.store.KeyResults(t.Context(), alice.Workspace, storeAll)
	if err != nil || len(list) != 1 || list[0].Target.Decimal.String() != "30" {
		t.Errorf("the newer tab's words are lost: %v %v, in the view %s", list, err, older.Text())
	}
}

func TestALateTriggerSavesNothing(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	defer r.slack.Break(slack.Fault{Method: "views.open", Error: "expired_trigger_id"})()
	r.alice.Types("/okr add-kr").Sees("Nothing was saved; do it again")
	if n := r.keyResults(); n > 0 {
		t.Errorf("%d key results", n)
	}
}

// Hundreds of windows open while the system that is read says nothing, and none waits for it.
func TestHundredsOfWindowsOpenWhileASystemIsSilent(t *testing.T) {
	r := ready(t)
	r.settles()
	r.servicenow.Break(servicenow.Fault{Kind: servicenow.Stall})
	const crowd, each = 8, 25
	commands := []string{"add-kr", "edit KR-1", "connect", "check-in KR-1", "remove KR-1"}
	before := r.slack.Calls("views.open")
	var all sync.WaitGroup
	for n := range crowd {
		all.Go(func() {
			for m := range each {
				if err := r.slack.Types([]string{"alice", "carol"}[n%2], "it-okrs", "/okr "+commands[(n+m)%len(commands)]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	r.until("each has its window", func() bool { return r.slack.Calls("views.open")-before >= crowd*each })
	if n := r.keyResults(); n != 1 {
		t.Errorf("%d key results", n)
	}
}
