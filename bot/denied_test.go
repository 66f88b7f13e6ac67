package bot_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"okrbot/bot"
	"okrbot/sandbox/slack"
)

// gesture is something that somebody could do: a command, a press, a submit.
type gesture struct {
	what string
	form url.Values     // of a command
	does map[string]any // of the others
}

// TestWhoMayNotChangesNothing has each verb, each button, menu and form that an owner and an administrator were
// shown, and each shortcut, used by everybody who may not, with the very payloads that they would send. Nothing
// that is not theirs is changed, asked for or read. Then the owner uses the same, and something is.
func TestWhoMayNotChangesNothing(t *testing.T) {
	r := ready(t) // alice's
	r.refusalsExpected = true
	r.slack.AddPerson(slack.Person{ID: "U0HELPER", Name: "helper", RealName: "Helper", Bot: true, Admin: true})
	r.slack.AddPerson(slack.Person{ID: "U0LEFT", Name: "left", RealName: "Left", Gone: true, Admin: true})
	r.slack.AddPerson(slack.Person{ID: "U0FOREIGN", Name: "foreign", RealName: "Foreign", Foreign: true, Team: "T0ELSEWHERE", Admin: true})
	r.byHandForm("Interviews held", "Run a calm service desk")
	r.alice.Submits("Save").Sees("is added").Closes()
	for _, command := range []string{"show KR-1", "edit KR-1", "remove KR-1", "check-in KR-2", "edit O-1", "remove O-1", "connect"} {
		r.alice.Types("/okr " + command).Sees("== ").Closes()
	}
	for _, words := range []string{"sync", "show O-1", "list", "objectives", "subscribe", "subscriptions"} {
		r.alice.Types("/okr " + words)
	}
	r.settles()
	r.alice.Closes()
	r.alice.Types("/okr connections").Presses("Manage").Presses("Disconnect").Sees("reads through it")
	r.carol.Types("/okr settings").Sees("== ").Closes()
	r.settles()
	r.do("update rhythms set next_sync_at = now() + interval '30 days'") // nothing happens by itself
	r.do("update connections set directory_due_at = now() + interval '30 days'")
	gestures := r.gestures()
	// What Slack tells of a channel is noted whoever asks; what was decided of it is not theirs.
	const decisions = "(select channel_id, consented_by, declined_by from audiences where consented_by <> '' or declined_by <> '')"
	owned := func(more ...string) map[string]string {
		state := map[string]string{}
		for _, table := range append([]string{"workspaces", "objectives", "connections", "key_results", "sources", "readings", "check_ins", "scores", "sync_requests", "sync_runs", "sync_asks", "oauth_clients", "close_outs", "audit_events", decisions}, more...) {
			state[table] = r.words("select coalesce(md5(string_agg(x::text, '|' order by x::text)), '') || count(*) from " + table + " x")
		}
		return state
	}
	looksOnly := []string{"subscriptions", "exports"} // members have their own
	for _, who := range []struct {
		id   string
		also []string
	}{{"U0BOB", nil}, {"U0DAVE", []string{"subscriptions"}}, {"U0HELPER", looksOnly}, {"U0LEFT", looksOnly}, {"U0FOREIGN", looksOnly}} {
		before := owned(who.also...)
		r.does(gestures, who.id)
		r.settles()
		if after := owned(who.also...); !maps.Equal(after, before) {
			for table, was := range before {
				if after[table] != was {
					t.Errorf("%s changed %s", who.id, table)
				}
			}
		}
	}
	before := owned()
	r.does(gestures, "U0ALICE")
	r.settles()
	changed := []string{}
	for table, is := range owned() {
		if before[table] != is {
			changed = append(changed, table)
		}
	}
	for _, table := range []string{"key_results", "check_ins", "audit_events"} {
		if !slices.Contains(changed, table) {
			t.Errorf("what was tried changes nothing in %s for its owner either: %d gestures, %q", table, len(gestures), changed)
		}
	}
}

// gestures are all that can be done with what was shown so far.
func (r *room) gestures() (list []gesture) {
	for _, verb := range append(bot.Verbs(), "") {
		for _, what := range []string{"", "KR-1", "KR-2 5", "O-1", "all", "KR-1 all"} {
			list = append(list, gesture{what: verb + " " + what, form: url.Values{"text": {strings.TrimSpace(verb + " " + what)}}})
		}
	}
	for _, id := range bot.Shortcuts() {
		list = append(list, gesture{what: id, does: map[string]any{"type": "shortcut", "callback_id": id}})
	}
	pressed, _, _ := bot.Routes()
	for _, id := range pressed { // also what was not shown, with what could be meant
		for _, value := range []string{"1", "C0ITOKRS"} {
			list = append(list, gesture{what: id + " " + value, does: map[string]any{"type": "block_actions", "container": map[string]any{"type": "message"},
				"actions": []any{map[string]any{"action_id": id, "block_id": "b", "type": "button", "value": value}}}})
		}
	}
	seen := map[string]bool{}
	add := func(what string, does map[string]any) {
		if raw, _ := json.Marshal(does); !seen[string(raw)] {
			seen[string(raw)] = true
			list = append(list, gesture{what: what, does: does})
		}
	}
	var walk func(node any, view map[string]any)
	press := func(n map[string]any, view map[string]any) {
		id, _ := n["action_id"].(string)
		actions := []map[string]any{}
		if options, ok := n["options"].([]any); ok {
			for _, o := range options {
				actions = append(actions, map[string]any{"action_id": id, "block_id": "b", "type": n["type"], "selected_option": o})
			}
		} else {
			actions = append(actions, map[string]any{"action_id": id, "block_id": "b", "type": n["type"], "value": n["value"]})
		}
		for _, a := range actions {
			does := map[string]any{"type": "block_actions", "actions": []any{a}, "container": map[string]any{"type": "message"}}
			if view != nil {
				does["view"], does["container"] = view, map[string]any{"type": "view", "view_id": "V1"}
			}
			add(fmt.Sprint(id, " ", a["value"], a["selected_option"]), does)
		}
	}
	walk = func(node any, view map[string]any) {
		switch n := node.(type) {
		case string:
			if strings.HasPrefix(n, "{") || strings.HasPrefix(n, "[") {
				var inner any
				if json.Unmarshal([]byte(n), &inner) == nil {
					walk(inner, view)
				}
			}
		case []any:
			for _, child := range n {
				walk(child, view)
			}
		case map[string]any:
			if kind := n["type"]; kind == "modal" || kind == "home" {
				view = map[string]any{"id": "V1", "type": kind, "callback_id": n["callback_id"], "private_metadata": n["private_metadata"], "hash": "1.2", "state": map[string]any{"values": entries(n["blocks"])}}
				if n["submit"] != nil {
					add(fmt.Sprint("submit ", n["callback_id"]), map[string]any{"type": "view_submission", "view": view})
				}
			}
			if id, ok := n["action_id"].(string); ok && id != "v" {
				press(n, view)
			}
			for _, child := range n {
				walk(child, view)
			}
		}
	}
	for _, e := range r.slack.Wire() {
		for _, part := range []any{e.Sent, e.Got} {
			raw, err := json.Marshal(part)
			var sent any
			if err == nil && json.Unmarshal(raw, &sent) == nil {
				walk(sent, nil)
			}
		}
	}
	return list
}

// entries are what somebody could have entered into a form.
func entries(blocks any) map[string]any {
	values := map[string]any{}
	list, _ := blocks.([]any)
	for _, b := range list {
		block, _ := b.(map[string]any)
		element, _ := block["element"].(map[string]any)
		id, _ := block["block_id"].(string)
		if element == nil || id == "" {
			continue
		}
		entry := map[string]any{"type": element["type"], "value": "5"}
		options, _ := element["options"].([]any)
		for _, initial := range []string{"initial_option", "initial_user", "initial_users", "initial_date", "initial_options", "initial_channel", "initial_conversation"} {
			if v, ok := element[initial]; ok {
				entry["selected_"+strings.TrimPrefix(initial, "initial_")] = v
			}
		}
		if v, ok := element["initial_value"].(string); ok && !strings.Contains(id, "value") {
			entry["value"] = v
		}
		if len(options) > 0 && entry["selected_option"] == nil {
			entry["selected_option"], entry["selected_options"] = options[0], options
		}
		action, _ := element["action_id"].(string)
		values[id] = map[string]any{action: entry}
	}
	return values
}

// does has somebody use all of them.
func (r *room) does(list []gesture, who string) {
	r.t.Helper()
	o := r.slack.Options()
	for n, g := range list {
		path, body := "/slack/commands", url.Values(nil)
		if g.form != nil {
			body = r.command(g.form.Get("text"))
			body.Set("user_id", who)
		} else {
			payload := maps.Clone(g.does)
			maps.Copy(payload, map[string]any{"team": map[string]any{"id": o.TeamID}, "user": map[string]any{"id": who}, "api_app_id": o.AppID, "trigger_id": "1.2.3", "channel": map[string]any{"id": "C0ITOKRS"}, "nth": n})
			raw, err := json.Marshal(payload)
			if err != nil {
				r.t.Fatal(err)
			}
			path, body = "/slack/interactions", url.Values{"payload": {string(raw)}}
		}
		if status, answer := r.post(r.signed(path, formType, body.Encode(), time.Now())); status != http.StatusOK {
			r.t.Errorf("%s: %s: %d %s", who, g.what, status, answer)
		}
	}
}
