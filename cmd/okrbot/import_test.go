package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"okrbot/okr"
	"okrbot/sandbox/slack"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/storetest"
)

// TestExportAndImportOnTheMachine goes the whole way: dry, with a problem, saved, and back.
func TestExportAndImportOnTheMachine(t *testing.T) {
	dsn := storetest.New(t)
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s := storetest.Open(t, dsn)
	var beside strings.Builder
	run := func(command interface{ Run(*invocation) error }) (string, error) {
		t.Setenv("DATABASE_URL", dsn) // each command takes the secrets out of its environment
		t.Setenv("ENCRYPTION_KEYSET", keys.Reveal())
		var out strings.Builder
		err := command.Run(&invocation{ctx: ctx, out: &out, err: &beside})
		return out.String(), err
	}
	if _, err := run(exportCommand{}); err == nil || !strings.Contains(err.Error(), "there is no workspace yet") {
		t.Errorf("without a workspace: %v", err)
	}
	for _, id := range []string{"T1", "T2"} {
		if err := s.SaveWorkspace(ctx, store.Workspace{ID: id, Name: "Acme", BotUserID: "UBOT"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SavePerson(ctx, store.Person{Actor: okr.Actor{Workspace: "T1", ID: "U1ALICE", Kind: okr.Member}, Name: "alice", Zone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	if _, err := run(exportCommand{}); err == nil || !strings.Contains(err.Error(), "--workspace: T1 (Acme), T2 (Acme)") {
		t.Errorf("with two workspaces: %v", err)
	}
	path := filepath.Join(t.TempDir(), "okrs.csv")
	write := func(line string) {
		t.Helper()
		head := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value\n"
		if err := os.WriteFile(path, []byte(head+line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Calm,alice,2026-10-01,2026-12-31,UTC,Fewer,alice,decrease,10,ten\n")
	if out, err := run(importCommand{File: path, Apply: true, Workspace: "T1"}); err == nil || !strings.Contains(out, "line 2, target_value: This is not a number.") {
		t.Errorf("%v\n%s", err, out)
	}
	write("Calm,alice,2026-10-01,2026-12-31,UTC,Fewer,alice,decrease,10,2\n")
	out, err := run(importCommand{File: path, Workspace: "T1"})
	if err != nil || !strings.Contains(out, "To add: 1 objective and 1 key result.\nTo hear by direct message what is theirs now, or not any more: 1 person. With --tell-nobody nobody does.\n") || !strings.Contains(out, "Run it again with --apply") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(importCommand{File: path, Apply: true, Workspace: "T1"}); err != nil || !strings.Contains(out, "Saved.\nReadings, check-ins and values by hand are in another file") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(exportCommand{Workspace: "T1"}); err != nil || !strings.Contains(out, "Calm,U1ALICE,2026-10-01,2026-12-31,UTC,,O-1,,,KR-1,Fewer,U1ALICE,,decrease,10,2,") {
		t.Errorf("%v\n%s", err, out)
	}
	told := func(says string) {
		t.Helper()
		pool, err := store.Open(ctx, dsn, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var text string
		if err := pool.QueryRow(ctx, "select coalesce(string_agg(t.person_id || ': ' || t.says, '|'), '') from tellings t join river_job j on j.kind = 'tell_person' and (j.args->>'telling')::bigint = t.id").Scan(&text); err != nil || text != says {
			t.Errorf("people are told %q, %v; want %q", text, err, says)
		}
	}
	told("U1ALICE: :dart: Whoever runs okrbot here imported a file.\nYou own or co-own now:\n• *O-1* Calm\n• *KR-1* Fewer under *O-1* Calm\n`/okr list mine` shows your key results, `/okr objectives` your objectives.")
	exported, err := run(exportCommand{Workspace: "T1"})
	if err != nil || !strings.Contains(beside.String(), "`okrbot export --history` writes those") {
		t.Errorf("%v\n%s", err, &beside)
	}
	if err := os.WriteFile(path, []byte(exported), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(importCommand{File: path, Apply: true, Workspace: "T1"}); err != nil || out != "Nothing to add or change. As they are already: 1 key result.\n" {
		t.Errorf("%v\n%s", err, out)
	}
	// The history goes its own way, and comes back.
	said := "key,what,day,value,person,note\nKR-1,reading,2026-10-20,9,,\nKR-1,check_in,2026-10-20,9,alice,\"=1, two\nlines\"\n"
	if err := os.WriteFile(path, []byte(said), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(importCommand{File: path, Apply: true, Workspace: "T1"}); err != nil || !strings.Contains(out, "line 2: add to KR-1: 1 value and 1 check-in\nTo add: 2 entries of histories.\nSaved.\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(exportCommand{Workspace: "T1", History: true}); err != nil || !strings.Contains(out, "KR-1,check_in,2026-10-20,9,U1ALICE,,\"'=1, two\nlines\",,,") {
		t.Errorf("%v\n%s", err, out)
	}
	// Who is not to be told is not.
	write("Calm,alice,2026-10-01,2026-12-31,UTC,More,alice,decrease,10,2\n")
	if out, err := run(importCommand{File: path, Apply: true, Workspace: "T1", TellNobody: true}); err != nil || !strings.Contains(out, "To add: 1 key result.\nSaved.") {
		t.Errorf("%v\n%s", err, out)
	}
	told("U1ALICE: :dart: Whoever runs okrbot here imported a file.\nYou own or co-own now:\n• *O-1* Calm\n• *KR-1* Fewer under *O-1* Calm\n`/okr list mine` shows your key results, `/okr objectives` your objectives.")
	if out, err := run(exportCommand{Workspace: "T2", JSON: true}); err != nil || out != "[\n]\n" {
		t.Errorf("%v\n%q", err, out)
	}
}

// TestOwnersAreLookedUpInSlack has owners who never typed /okr, by id and by e-mail address.
func TestOwnersAreLookedUpInSlack(t *testing.T) {
	dsn := storetest.New(t)
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.Open(t, dsn)
	for _, id := range []string{"T0SANDBOX", "T2"} {
		if err := s.SaveWorkspace(t.Context(), store.Workspace{ID: id, Name: "Acme", BotUserID: "UBOT"}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "okrs.csv")
	lines := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value\n"
	for i, owner := range []string{"erin@example.com", "U7FRANK"} {
		lines += fmt.Sprintf("Calm,U6ERIN,2026-10-01,2026-12-31,UTC,Part %d,%s,decrease,10,2\n", i, owner)
	}
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(workspace, token, api string) (string, error) {
		t.Setenv("DATABASE_URL", dsn)
		t.Setenv("ENCRYPTION_KEYSET", keys.Reveal())
		t.Setenv("SLACK_BOT_TOKEN", token)
		if api != "" {
			t.Setenv("SLACK_API_URL", api)
		}
		var out strings.Builder
		err := importCommand{File: path, Apply: true, Workspace: workspace}.Run(&invocation{ctx: context.Background(), out: &out})
		return out.String(), err
	}
	local := func(scopes ...string) string {
		w := slack.New(slack.Options{Scopes: scopes})
		w.AddPerson(slack.Person{ID: "U6ERIN", Name: "erin", Email: "erin@example.com", Zone: "UTC"})
		w.AddPerson(slack.Person{ID: "U7FRANK", Name: "frank", Email: "frank@example.com", Zone: "UTC", Gone: true})
		t.Cleanup(w.Close)
		web := httptest.NewServer(w)
		t.Cleanup(web.Close)
		return web.URL + "/api/"
	}
	for _, refused := range []struct{ workspace, token, api, says string }{
		{"T0SANDBOX", "", "", "lines 2 and 3, objective_owner and owner: This person has not used okrbot yet, and Slack cannot be asked who it is: SLACK_BOT_TOKEN is not set"},
		{"T0SANDBOX", "xoxb-sandbox", local("users:read"), "line 2, owner: okrbot may not look people up by e-mail address: it lacks the scope `users:read.email`."},
		{"T2", "xoxb-sandbox", local(), "SLACK_BOT_TOKEN is of the workspace T0SANDBOX."},
		{"T0SANDBOX", "xoxb-wrong", local(), "`okrbot doctor` says what is wrong with the way to Slack."},
	} {
		if out, err := run(refused.workspace, refused.token, refused.api); err == nil || !strings.Contains(out, refused.says) || strings.Count(out, "okrbot yet") > 1 {
			t.Errorf("%v\n%s\nwant %q", err, out, refused.says)
		}
	}
	out, err := run("T0SANDBOX", "xoxb-sandbox", local())
	if err != nil || !strings.Contains(out, "Saved.") || !strings.Contains(out, "note: frank (U7FRANK) has left this workspace") {
		t.Fatalf("%v\n%s", err, out)
	}
	k, err := s.KeyResult(t.Context(), "T0SANDBOX", 1)
	if err != nil || k.Owner != "U6ERIN" {
		t.Errorf("owned by %q: %v", k.Owner, err)
	}
}

// TestAnImportSaysWhenFirstValuesCome has key results that read a connection, one of them paused, and
// then a connection that is not signed in.
func TestAnImportSaysWhenFirstValuesCome(t *testing.T) {
	dsn := storetest.New(t)
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	s, ctx := storetest.Open(t, dsn), t.Context()
	alice := okr.Actor{Workspace: "T1", ID: "U1ALICE", Kind: okr.Member}
	if err := errors.Join(s.SaveWorkspace(ctx, store.Workspace{ID: "T1", Name: "Acme", BotUserID: "UBOT"}), s.SavePerson(ctx, store.Person{Actor: alice, Name: "alice", Zone: "UTC"})); err != nil {
		t.Fatal(err)
	}
	var acme store.Connection
	err = s.InTx(ctx, func(tx *store.Tx) (err error) {
		acme, err = tx.CreateConnection(ctx, alice, store.Connection{Kind: "servicenow", Name: "acme", Origin: "https://acme.service-now.com", SignIn: "basic"}, map[string]string{"username": "u"}, "")
		if err != nil {
			return err
		}
		return tx.SaveScorecards(ctx, acme, []store.Listed{{Scorecard: store.Scorecard{Reference: "ref", Name: "Open incidents", Unit: "#", Frequency: "daily"}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "okrs.csv")
	imports := func(lines ...string) string {
		t.Helper()
		file := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value,cadence,connection,reference,paused\n"
		for _, line := range lines {
			file += "Calm,alice,2026-10-01,2026-12-31,UTC," + line + "\n"
		}
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("DATABASE_URL", dsn)
		t.Setenv("ENCRYPTION_KEYSET", keys.Reveal())
		var out strings.Builder
		if err := (importCommand{File: path, Apply: true}).Run(&invocation{ctx: context.Background(), out: &out}); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		return out.String()
	}
	out := imports("One,alice,decrease,10,2,daily,acme,ref,", "Two,alice,decrease,10,2,daily,acme,ref,false", "Three,alice,decrease,10,2,daily,acme,ref,true", "Four,alice,decrease,10,2,,,,")
	if !regexp.MustCompile(`First values come within (1 minute|[2-9] minutes|1[01] minutes) for 2 key results, as long as .okrbot serve. runs\.\nNo values come for 1 key result while paused: `).MatchString(out) {
		t.Error(out)
	}
	if out := imports("Five,alice,decrease,10,2,,,,"); strings.Contains(out, "values come") {
		t.Errorf("people update it:\n%s", out)
	}
	pool, err := store.Open(ctx, dsn, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "update connections set state = 'rejected'"); err != nil {
		t.Fatal(err)
	}
	if out := imports("Six,alice,decrease,10,2,daily,acme,ref,"); !strings.Contains(out, "No values come for 1 key result until their connection is signed in again") {
		t.Error(out)
	}
}

// TestAPartOfAScorecardIsImported has what is never listed, since its whole is.
func TestAPartOfAScorecardIsImported(t *testing.T) {
	dsn := storetest.New(t)
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	s, ctx := storetest.Open(t, dsn), t.Context()
	alice := okr.Actor{Workspace: "T1", ID: "U1ALICE", Kind: okr.Member}
	if err := errors.Join(s.SaveWorkspace(ctx, store.Workspace{ID: "T1", Name: "Acme", BotUserID: "UBOT"}), s.SavePerson(ctx, store.Person{Actor: alice, Name: "alice", Zone: "UTC"})); err != nil {
		t.Fatal(err)
	}
	err = s.InTx(ctx, func(tx *store.Tx) error {
		acme, err := tx.CreateConnection(ctx, alice, store.Connection{Kind: "servicenow", Name: "acme", Origin: "https://acme.service-now.com", SignIn: "basic"}, map[string]string{"username": "u"}, "")
		if err != nil {
			return err
		}
		return tx.SaveScorecards(ctx, acme, []store.Listed{{Scorecard: store.Scorecard{Reference: "open", Name: "Open incidents", Unit: "#", Frequency: "daily", Direction: "minimize", Precision: 1}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "okrs.csv")
	imports := func(file string) (string, error) {
		t.Helper()
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("DATABASE_URL", dsn)
		t.Setenv("ENCRYPTION_KEYSET", keys.Reveal())
		var out strings.Builder
		err := (importCommand{File: path, Apply: true}).Run(&invocation{ctx: context.Background(), out: &out})
		return out.String(), err
	}
	const head = "objective,objective_owner,first_day,last_day,time_zone,key,key_result,owner,kind,start_value,target_value,unit,decimals,cadence,connection,reference,scorecard\n"
	if out, err := imports(head +
		"Calm,alice,2026-10-01,2026-12-31,UTC,KR-1,Critical,alice,decrease,10,2,incidents,0,daily,acme,open:priority:1,Open incidents > Priority = 1 - Critical\n" +
		"Calm,alice,2026-10-01,2026-12-31,UTC,KR-2,Nameless,alice,decrease,10,2,,,daily,acme,open:priority:2:avg,\n"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for number, want := range map[int]store.Source{
		1: {Reference: "open:priority:1", Name: "Open incidents > Priority = 1 - Critical"},
		2: {Reference: "open:priority:2:avg", Name: "Open incidents"},
	} {
		k, err := s.KeyResult(ctx, "T1", number)
		if err != nil {
			t.Fatal(err)
		}
		if got := k.Source; got.Reference != want.Reference || got.Name != want.Name || got.Unit != "#" || got.Direction != "minimize" || got.Frequency != "" || got.Precision.Known {
			t.Errorf("KR-%d reads %+v", number, got)
		}
		if number == 1 && (k.Unit != "incidents" || k.Precision != 0) || number == 2 && k.Precision != 1 {
			t.Errorf("KR-%d has %q and %d decimals", number, k.Unit, k.Precision)
		}
	}
	out, err := imports(head + "Calm,alice,2026-10-01,2026-12-31,UTC,,Gone,alice,decrease,10,2,,,daily,acme,closed:priority:1,Closed incidents\n")
	if err == nil || !strings.Contains(out, "line 2, reference: This connection does not list such a scorecard.") {
		t.Errorf("%v\n%s", err, out)
	}
}
