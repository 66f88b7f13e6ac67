package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"okrbot/okr"
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
	run := func(command interface{ Run(*invocation) error }) (string, error) {
		t.Setenv("DATABASE_URL", dsn) // each command takes the secrets out of its environment
		t.Setenv("ENCRYPTION_KEYSET", keys.Reveal())
		var out strings.Builder
		err := command.Run(&invocation{ctx: ctx, out: &out})
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
	if err != nil || !strings.Contains(out, "1 objectives and 1 key results to add") || !strings.Contains(out, "Run it again with --apply") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(importCommand{File: path, Apply: true, Workspace: "T1"}); err != nil || !strings.HasSuffix(out, "Saved.\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(exportCommand{Workspace: "T1"}); err != nil || !strings.Contains(out, "Calm,U1ALICE,2026-10-01,2026-12-31,UTC,,KR-1,Fewer,U1ALICE,,decrease,10,2,") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(exportCommand{Workspace: "T2", JSON: true}); err != nil || out != "[\n]\n" {
		t.Errorf("%v\n%q", err, out)
	}
}
