package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"okrbot/store/embedded"
)

// runs runs another okrbot command of the office's.
func (o *office) runs(arguments ...string) (out string, code int) {
	o.t.Helper()
	return run(o.t, o.path, o.dir, o.environment, arguments...)
}

// history is all scores in a data folder.
func (o *office) history(dir string) string {
	o.t.Helper()
	cmd := exec.Command(o.path, "export", "--history")
	cmd.Env = inTime(append(slices.Clone(o.environment), "DATA_DIR="+dir))
	out, err := cmd.Output()
	if err != nil {
		o.t.Fatal(err)
	}
	return string(out)
}

// TestCommandsWorkBesideServe has them talk to the Postgres that serve runs.
func TestCommandsWorkBesideServe(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	s := o.serve()
	s.says("okrbot is ready")
	if out, code := o.runs("export"); code != 0 || strings.Count(out, "Fewer open incidents") != officeKeyResults {
		t.Errorf("export: %d %s", code, out)
	}
	if out, code := o.runs("keys", "rekey"); code != 0 || !strings.Contains(out, "0 secrets left") {
		t.Errorf("keys rekey: %d %s", code, out)
	}
	if out, code := o.runs("doctor"); code != 0 {
		t.Errorf("doctor: %d %s", code, out)
	}
	csv := filepath.Join(o.dir, "okrs.csv")
	line := "objective,objective_owner,first_day,last_day,time_zone,key_result,owner,kind,start_value,target_value\nCalm,alice,2026-10-01,2026-12-31,UTC,Quiet,alice,decrease,10,2\n"
	if err := os.WriteFile(csv, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := o.runs("import", "--apply", csv); code != 0 || !strings.Contains(out, "Saved.") {
		t.Errorf("import: %d %s", code, out)
	}
	// A second serve on the same data is refused as before, and the first one lives.
	if out, code := run(t, o.path, o.dir, append(slices.Clone(o.environment), "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0"), "serve"); code == 0 || !strings.Contains(out, "another okrbot uses the data") {
		t.Errorf("a second serve: %d %s", code, out)
	}
	if out, code := o.runs("export"); code != 0 || !strings.Contains(out, "Quiet") {
		t.Errorf("export: %d %s", code, out)
	}
	// Through a pipe, which cannot be read twice.
	for _, file := range []string{"/dev/stdin", "-"} {
		cmd := exec.Command(o.path, "import", file, "--apply")
		cmd.Dir, cmd.Env = o.dir, inTime(o.environment)
		cmd.Stdin = strings.NewReader(strings.ReplaceAll(line, "Quiet", "Quieter "+file))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Saved.") {
			t.Errorf("import %s: %v %s", file, err, out)
		}
	}
	if out, code := o.runs("export"); code != 0 || !strings.Contains(out, "Quieter /dev/stdin") || !strings.Contains(out, "Quieter -") {
		t.Errorf("export: %d %s", code, out)
	}
	s.stop()
}

// TestBackupAndRestore is the drill: what was backed up is found again in an empty folder.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	s := o.serve()
	s.says("okrbot is ready")
	s.syncsAll()
	file := filepath.Join(o.dir, "okrbot.backup")
	if out, code := o.runs("backup", file); code != 0 || !strings.Contains(out, "keep ENCRYPTION_KEYSET too") {
		t.Fatalf("backup beside serve: %d %s", code, out)
	}
	s.stop()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	if out, code := o.runs("backup", file); code == 0 || !strings.Contains(out, "is there already") {
		t.Errorf("over a file: %d %s", code, out)
	}
	if out, code := o.runs("backup", filepath.Join(o.dir, "nowhere", "okrbot.backup")); code == 0 || !strings.Contains(out, "there is no folder "+filepath.Join(o.dir, "nowhere")) {
		t.Errorf("into no folder: %d %s", code, out)
	}
	before := o.history(filepath.Join(o.dir, "data"))
	if strings.Count(before, ",score,") < officeKeyResults {
		t.Fatalf("export: %s", before)
	}
	at := slices.IndexFunc(o.environment, func(v string) bool { return strings.HasPrefix(v, "DATA_DIR=") })
	elsewhere := func(dir string, arguments ...string) (string, int) {
		environment := slices.Clone(o.environment)
		environment[at] = "DATA_DIR=" + dir
		return run(t, o.path, o.dir, environment, arguments...)
	}
	fresh := filepath.Join(o.dir, `a b'c\d`)
	if out, code := elsewhere(fresh, "restore", file); code != 0 || !strings.Contains(out, "again") {
		t.Fatalf("restore: %d %s", code, out)
	}
	if after := o.history(fresh); after != before {
		t.Errorf("after: %s\nbefore: %s", after, before)
	}
	if out, code := elsewhere(fresh, "keys", "rekey"); code != 0 { // every sealed secret opens
		t.Errorf("keys: %d %s", code, out)
	}

	t.Run("OverDataOnlyWhenAsked", func(t *testing.T) {
		was := children(t, fresh)
		if out, code := elsewhere(fresh, "restore", file); code == 0 || !strings.Contains(out, "--replace") {
			t.Errorf("%d %s", code, out)
		}
		if now := children(t, fresh); now != was {
			t.Errorf("it left %s", now)
		}
		if out, code := elsewhere(fresh, "restore", "--replace", file); code != 0 || !strings.Contains(out, "postgres.before-") {
			t.Errorf("%d %s", code, out)
		}
		if after := o.history(fresh); after != before {
			t.Errorf("after: %s", after)
		}
	})
	t.Run("AFailedOneLeavesAllAsItWas", func(t *testing.T) {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		half, letter := filepath.Join(o.dir, "half"), filepath.Join(o.dir, "letter")
		if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(letter, []byte("dear"), 0o600); err != nil {
			t.Fatal(err)
		}
		was := children(t, fresh)
		for path, says := range map[string]string{half: "Nothing was changed", letter: "is no backup"} {
			if out, code := elsewhere(fresh, "restore", "--replace", path); code == 0 || !strings.Contains(out, says) {
				t.Errorf("%s: %d %s", path, code, out)
			}
		}
		// Other keys than the backup's.
		other, _ := run(t, o.path, o.dir, nil, "keys", "new")
		environment := append(slices.Clone(o.environment), "ENCRYPTION_KEYSET="+other)
		environment[at] = "DATA_DIR=" + fresh
		if out, code := run(t, o.path, o.dir, environment, "restore", "--replace", file); code != 78 || !strings.Contains(out, "ENCRYPTION_KEYSET lacks key") {
			t.Errorf("with other keys: %d %s", code, out)
		}
		if now := children(t, fresh); now != was {
			t.Errorf("it left %s, before it was %s", now, was)
		}
		if after := o.history(fresh); after != before {
			t.Errorf("after: %s", after)
		}
	})
	t.Run("NotThroughAPipe", func(t *testing.T) {
		environment := slices.Clone(o.environment)
		environment[at] = "DATA_DIR=" + filepath.Join(o.dir, "piped")
		cmd := exec.Command(o.path, "restore", "/dev/stdin")
		cmd.Dir, cmd.Env, cmd.Stdin = o.dir, inTime(environment), strings.NewReader("PGDMP")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "Write the backup to a disk first") {
			t.Errorf("%v %s", err, out)
		}
	})
	t.Run("WithoutKeysNoneAreMade", func(t *testing.T) {
		dir := filepath.Join(o.dir, "keyless")
		out, code := run(t, o.path, o.dir, []string{"PATH=" + os.Getenv("PATH"), "DATA_DIR=" + dir}, "restore", file)
		if code == 0 || !strings.Contains(out, "keyset.json") {
			t.Errorf("%d %s", code, out)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Error("it made a folder")
		}
	})
	t.Run("AnOuterDatabaseIsForPostgresTools", func(t *testing.T) {
		for _, command := range []string{"backup", "restore"} {
			out, code := run(t, o.path, o.dir, append(slices.Clone(o.environment), "DATABASE_URL=postgres://127.0.0.1:1/x"), command, file)
			if code == 0 || !strings.Contains(out, "pg_") {
				t.Errorf("%s: %d %s", command, code, out)
			}
		}
	})
	t.Run("WithoutAClientOneIsNamed", func(t *testing.T) {
		if _, err := embedded.Client("pg_dump", 9); err == nil || !strings.Contains(err.Error(), "postgresql-client-9") {
			t.Errorf("%v", err)
		}
	})
}

func children(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("ls", "-1", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestAnOlderBinarySaysWhatItIs before it touches a database that a newer one has migrated.
func TestAnOlderBinarySaysWhatItIs(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	own, err := embedded.Start(context.Background(), embedded.Options{Dir: o.postgres(), Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Stop()
	conn, err := pgx.Connect(context.Background(), own.DSN())
	if err != nil {
		t.Fatal(err)
	}
	// What a newer version could have done, too.
	_, err = conn.Exec(context.Background(), "insert into goose_db_version (version_id, is_applied) values (99999, true); alter table canary rename to other")
	conn.Close(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	own.Stop()
	for _, command := range [][]string{{"serve"}, {"migrate"}, {"export"}, {"keys", "rekey"}} {
		out, code := o.runs(command...)
		if code != 78 || !strings.Contains(out, "the database is at version 99999, this okrbot knows up to ") || !strings.Contains(out, "Nothing was changed") {
			t.Errorf("%v: %d %s", command, code, out)
		}
	}
}
