package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/sandbox/slack/conversation"
	"okrbot/store"
)

// TestWhoMay tries every command about a key result as everybody, at the place where they would.
func TestWhoMay(t *testing.T) {
	r := ready(t) // alice's
	r.addsKeyResult(r.alice, "Happier customers", "Customer satisfaction", "4.5")
	people := map[string]*conversation.Person{"owner": r.alice, "colleague": r.bob, "administrator": r.carol, "guest": r.dave}
	for _, c := range []struct {
		command string
		done    string
		may     []string
	}{
		{"/okr show KR-1", "Fewer open incidents", []string{"owner", "colleague", "administrator"}},
		{"/okr list", "Fewer open incidents", []string{"owner", "colleague", "administrator", "guest"}},
		{"/okr sync KR-2", "Syncing KR-2", []string{"owner", "administrator"}},
		{"/okr edit KR-1", "Target Value", []string{"owner", "administrator"}},
		{"/okr pause KR-1", "KR-1 is paused", []string{"owner", "administrator"}},
		{"/okr resume KR-1", "KR-1", []string{"owner", "administrator"}},
		{"/okr remove KR-1", "Remove KR-1", []string{"owner", "administrator"}},
		{"/okr add-objective", "Objective", []string{"owner", "colleague", "administrator"}},
		{"/okr add-kr", "Key Result", []string{"owner", "colleague", "administrator"}},
		{"/okr connect", "ServiceNow URL", []string{"owner", "colleague", "administrator"}},
	} {
		for who, person := range people {
			before := len(strings.Split(person.Screen(), "\n"))
			person.Types(c.command)
			if slices.Contains(c.may, who) {
				person.Sees(c.done)
			} else {
				var fresh string
				r.until(c.command+" as "+who+" being told whom to ask", func() bool {
					lines := strings.Split(person.Screen(), "\n")
					fresh = strings.Join(lines[min(before-1, len(lines)):], "\n")
					return strings.Contains(fresh, "sk ")
				})
				if strings.Contains(fresh, "--- modal") {
					t.Errorf("%s as %s: it opens:\n%s", c.command, who, person.Screen())
				}
			}
			person.Closes()
			r.later(time.Minute)
		}
	}
}

// TestAnotherWorkspaceIsAnotherWorld swaps ids of another workspace into all that carries one.
func TestAnotherWorkspaceIsAnotherWorld(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true
	ctx := context.Background()
	const secretPlan = "Their secret plan"
	them := okr.Actor{Workspace: "T0OTHER", ID: "U0ALICE", Kind: okr.Admin}
	if err := r.store.SaveWorkspace(ctx, store.Workspace{ID: them.Workspace, Name: "Other", BotUserID: "U0BOT"}); err != nil {
		t.Fatal(err)
	}
	var keyResult store.KeyResult
	var connection store.Connection
	var objective okr.Objective
	var draft store.Draft
	err := r.store.InTx(ctx, func(tx *store.Tx) error {
		var err error
		connection, err = tx.CreateConnection(ctx, them, store.Connection{Kind: "servicenow", Name: secretPlan, Origin: r.instance, SignIn: "basic", Shared: true}, map[string]string{"username": "u", "password": "p"}, "")
		if err != nil {
			return err
		}
		// The planner would read its directory, whose it is or not.
		if _, err := tx.Pgx().Exec(ctx, "update connections set directory_due_at = now() + interval '1000 years' where id = $1", connection.ID); err != nil {
			return err
		}
		objective, _, err = tx.CreateObjective(ctx, them, okr.Objective{Title: secretPlan, Owner: them.ID, Zone: "UTC", Period: okr.Period{First: okr.DayOf(time.Now()) - 30, Last: okr.DayOf(time.Now()) + 60}}, "")
		if err != nil {
			return err
		}
		number := func(n int64) decimal.NullDecimal { return decimal.NewNullDecimal(decimal.NewFromInt(n)) }
		k := store.KeyResult{KeyResult: okr.KeyResult{
			Workspace: them.Workspace, Objective: objective.ID, Title: secretPlan, Owner: them.ID, Kind: okr.Increase, Start: number(1), Target: number(9),
			Method: okr.Latest, Weight: decimal.NewFromInt(1), Cadence: okr.Cadence{Zone: "UTC"},
		}, Objective: objective}
		keyResult, _, err = tx.CreateKeyResult(ctx, them, k, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if draft, err = r.store.CreateDraft(ctx, them, view.CallbackWizard, view.StepDetails, map[string]any{"Title": secretPlan}); err != nil {
		t.Fatal(err)
	}
	theirs := func() string {
		var lines []string
		for _, line := range strings.Split(r.everything(), "\n") {
			if strings.Contains(line, them.Workspace) {
				lines = append(lines, line)
			}
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	before := theirs()
	if !strings.Contains(before, secretPlan) {
		t.Fatal("there is nothing to be read")
	}
	o := r.slack.Options()
	id := fmt.Sprint(keyResult.ID)
	interact := func(payload map[string]any) string {
		payload["team"], payload["user"], payload["api_app_id"], payload["trigger_id"] = map[string]any{"id": o.TeamID}, map[string]any{"id": "U0ALICE"}, o.AppID, "1.2.3"
		raw, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		status, body := r.post(r.signed("/slack/interactions", formType, url.Values{"payload": {string(raw)}}.Encode(), time.Now()))
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", raw, status, body)
		}
		return body
	}
	answers := ""
	for _, text := range []string{"show", "edit", "sync", "pause", "resume", "remove", "check-in"} {
		_, body := r.post(r.signed("/slack/commands", formType, r.command(text+" KR-"+fmt.Sprint(keyResult.Number)).Encode(), time.Now()))
		if !strings.Contains(body, "There is no KR-") {
			t.Errorf("/okr %s: %s", text, body)
		}
		answers += body
	}
	for _, action := range []string{view.ActionSync, view.ActionDetails, view.ActionCheckIn} {
		answers += interact(map[string]any{"type": "block_actions", "actions": []any{map[string]any{"action_id": action, "block_id": "b", "type": "button", "value": id}}, "container": map[string]any{"type": "message"}})
	}
	for _, verb := range []string{"sync", "edit", "pause", "resume", "remove", "details", "check_in"} {
		answers += interact(map[string]any{"type": "block_actions", "actions": []any{map[string]any{"action_id": view.ActionMore, "block_id": "b", "type": "overflow", "selected_option": map[string]any{"value": verb + ":" + id}}}, "container": map[string]any{"type": "message"}})
	}
	mine, err := r.store.CreateDraft(ctx, okr.Actor{Workspace: o.TeamID, ID: "U0ALICE", Kind: okr.Member}, view.CallbackWizard, "source", map[string]any{"Connection": connection.ID, "KeyResult": keyResult.ID, "Objective": objective.ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, callback := range []string{view.CallbackWizard, view.CallbackRemove, view.CallbackCheckIn, view.CallbackObjective, view.CallbackConnect, view.CallbackSync} {
		for _, metadata := range []string{draft.ID, mine.ID, id, ""} {
			for _, kind := range []string{"view_submission", "block_suggestion", "view_closed"} {
				answers += interact(map[string]any{"type": kind, "block_id": view.FieldScorecard, "action_id": "v", "value": "their", "view": map[string]any{
					"id": "V1", "type": "modal", "callback_id": callback, "private_metadata": metadata, "hash": "1.2",
					"state": map[string]any{"values": map[string]any{
						view.FieldConnection: map[string]any{"v": map[string]any{"selected_option": map[string]any{"value": fmt.Sprint(connection.ID)}}},
						view.FieldObjective:  map[string]any{"v": map[string]any{"selected_option": map[string]any{"value": fmt.Sprint(objective.ID)}}},
						view.BlockSync:       map[string]any{"v": map[string]any{"selected_option": map[string]any{"value": id}}},
						"value":              map[string]any{"v": map[string]any{"value": "5"}},
					}},
				}})
			}
		}
	}
	r.bot.Close()
	if strings.Contains(answers, secretPlan) || strings.Contains(r.said(), secretPlan) {
		t.Error("something of the other workspace was told")
	}
	if after := theirs(); after != before {
		t.Errorf("the other workspace was changed:\n%s\n--- was\n%s", after, before)
	}
}
