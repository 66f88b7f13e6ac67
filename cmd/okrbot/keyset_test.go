package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// keepsItsKeys has the office's keys in the file beside the data, where the embedded Postgres has them.
func (o *office) keepsItsKeys() (file string) {
	o.t.Helper()
	file = filepath.Join(o.dir, "data", "keyset.json")
	if err := os.WriteFile(file, []byte(o.variable("ENCRYPTION_KEYSET")+"\n"), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.environment = slices.DeleteFunc(o.environment, func(v string) bool { return strings.HasPrefix(v, "ENCRYPTION_KEYSET=") })
	return file
}

// Keys that are missing are said to be, by whoever looks for them: new ones would open nothing, and hide it.
func TestMissingKeysAreNotMadeAgain(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	file := o.keepsItsKeys()
	csv := filepath.Join(o.dir, "okrs.csv")
	if out, code := o.runs("export"); code != 0 || os.WriteFile(csv, []byte(out[strings.Index(out, "objective"):]), 0o600) != nil {
		t.Fatalf("export: %d %s", code, out)
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	sealed := fmt.Sprint("is sealed with key ", o.keys.PrimaryID())
	for _, c := range []struct {
		arguments string
		code      int
		says      string
	}{
		{"serve", 78, sealed}, {"serve --no-web", 78, sealed}, {"migrate", 78, sealed}, {"doctor", 1, sealed},
		{"import " + csv, 78, "there is no " + file}, {"keys rekey", 78, "there is no " + file}, {"keys add", 78, "there is no " + file},
		// What is not sealed can be taken out.
		{"export", 0, "Fewer open incidents 7"},
		{"backup " + filepath.Join(o.dir, "okrbot.backup"), 0, "keep " + file},
	} {
		out, code := o.runs(strings.Fields(c.arguments)...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: %d %s", c.arguments, code, out)
		}
		if _, err := os.Lstat(file); err == nil {
			t.Fatalf("%s made keys", c.arguments)
		}
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	if out, code := o.runs("migrate"); code != 0 {
		t.Errorf("with the keys: %d %s", code, out)
	}
}

// With the embedded Postgres the keys are turned where they are, and nobody loses what is sealed.
func TestKeysAreTurnedInTheirFile(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	outside := slices.Clone(o.environment)
	file := o.keepsItsKeys()
	holds := func(keys int) {
		t.Helper()
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, old, err := parse(t, string(raw)).Newest(); err != nil || old+1 != keys {
			t.Errorf("it holds %d keys, %v, want %d", old+1, err, keys)
		}
	}
	s := o.serve()
	s.says("okrbot is ready")
	if out, code := o.runs("keys", "add"); code != 0 || !strings.Contains(out, "Use --write") {
		t.Errorf("keys add: %d %s", code, out)
	}
	holds(1)
	if out, code := o.runs("keys", "add", "--write"); code != 0 || !strings.Contains(out, "Restart okrbot") {
		t.Errorf("keys add --write: %d %s", code, out)
	}
	holds(2)
	s.stop()
	s = o.serve()
	s.says("okrbot is ready")
	if out, code := o.runs("keys", "drop", "--write"); code != 1 || !strings.Contains(out, "2 secrets under an old key. Run `okrbot keys rekey` first") {
		t.Errorf("keys drop: %d %s", code, out)
	}
	holds(2)
	if out, code := o.runs("keys", "rekey"); code != 0 {
		t.Errorf("keys rekey: %d %s", code, out)
	}
	if out, code := o.runs("keys", "drop"); code != 0 || !strings.Contains(out, "Use --write") {
		t.Errorf("keys drop: %d %s", code, out)
	}
	holds(2)
	both, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, code := o.runs("keys", "drop", "--write")
	if code != 0 || !strings.Contains(out, "Taken out: 1 key.") {
		t.Errorf("keys drop --write: %d %s", code, out)
	}
	holds(1)
	// Backups from before need the old key, and this was its only copy.
	beside, err := filepath.Glob(file + ".before-*")
	if err != nil || len(beside) != 1 || !strings.Contains(out, beside[0]) {
		t.Fatalf("the keyset from before is in %q, %v; it said %s", beside, err, out)
	}
	if kept, err := os.ReadFile(beside[0]); err != nil || string(kept) != string(both) {
		t.Errorf("the keyset from before is not what is kept, %v", err)
	}
	if info, err := os.Stat(beside[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the keyset from before: %v, %v", info, err)
	}
	if out, code := o.runs("keys", "drop", "--write"); code != 0 || !strings.Contains(out, "no old key") {
		t.Errorf("keys drop where there is no old key: %d %s", code, out)
	}
	if again, err := filepath.Glob(file + ".before-*"); err != nil || len(again) != 1 {
		t.Errorf("nothing was taken out, and kept is %q, %v", again, err)
	}
	s.stop()
	s = o.serve()
	s.says("okrbot is ready")
	s.syncsAll() // by the sign-in that is sealed
	s.stop()
	for _, command := range []string{"add", "drop"} {
		if out, code := run(t, o.path, o.dir, outside, "keys", command, "--write"); code != 1 || !strings.Contains(out, "ENCRYPTION_KEYSET is set") {
			t.Errorf("keys %s --write: %d %s", command, code, out)
		}
	}
	holds(1)
}

// Who only looks makes neither keys nor a database.
func TestWhoLooksMakesNothing(t *testing.T) {
	t.Parallel()
	path, dir := binary(t), folder(t)
	data := filepath.Join(dir, "data")
	environment := []string{"PATH=" + os.Getenv("PATH"), "DATA_DIR=" + data, "SLACK_BOT_TOKEN=xoxb-1", "SLACK_SIGNING_SECRET=x", "SLACK_API_URL=http://127.0.0.1:1/api/"}
	csv := filepath.Join(dir, "okrs.csv")
	if err := os.WriteFile(csv, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for arguments, says := range map[string]string{
		"export": "there is no database in", "import " + csv: "there is no database in", "backup " + filepath.Join(dir, "b"): "there is no database in",
		"keys rekey": "there is no database in", "keys add": "the keys are missing", "doctor": "`okrbot serve` makes it at its first start",
	} {
		if out, code := run(t, path, dir, environment, strings.Fields(arguments)...); code == 0 || !strings.Contains(out, says) {
			t.Errorf("%s: %d %s", arguments, code, out)
		}
		if now := children(t, dir); now != "okrs.csv\n" {
			t.Fatalf("%s made %s", arguments, now)
		}
	}
	// What begins makes both.
	if out, code := run(t, path, dir, environment, "migrate"); code != 0 {
		t.Fatalf("migrate: %d %s", code, out)
	}
	file := filepath.Join(data, "keyset.json")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parse(t, string(raw))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	// A redirect empties a file before any command reads it.
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	if out, code := run(t, path, dir, environment, "keys", "add"); code != 78 || !strings.Contains(out, "is empty") {
		t.Errorf("%d %s", code, out)
	}
}

// The keys are there whole or not at all, also where the disk is full.
func TestKeysOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED %s: no small disk can be mounted: %v %s\n", t.Name(), err, out)
		t.Skipf("no small disk can be mounted: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	filler, file := filepath.Join(dir, "filler"), filepath.Join(dir, "keyset.json")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("it is not full")
	}
	if err := newKeysetFile(file); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
	if now := children(t, dir); now != "filler\n" {
		t.Errorf("it left %s", now)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := newKeysetFile(file); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parse(t, string(raw))
	// Who comes second keeps the first one's.
	if err := newKeysetFile(file); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(file); err != nil || string(again) != string(raw) {
		t.Errorf("other keys took their place: %v", err)
	}
	if now := children(t, dir); now != "keyset.json\n" {
		t.Errorf("it left %s", now)
	}
}

// The sandbox's keys are in no copy: who lost them begins again.
func TestTheSandboxWithoutItsKeysBeginsAgain(t *testing.T) {
	t.Parallel()
	path, dir, port := binary(t), folder(t), ports(t)
	startSandbox(t, path, dir, port).stop(t)
	file := filepath.Join(dir, ".okrbot", "sandbox", "keyset.json")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, path, dir, []string{"PATH=" + os.Getenv("PATH")}, "sandbox", "--port", fmt.Sprint(port))
	if code != 1 || !strings.Contains(out, "the sandbox's keys are missing") || !strings.Contains(out, "`okrbot sandbox --fresh`") {
		t.Errorf("%d %s", code, out)
	}
	if _, err := os.Lstat(file); err == nil {
		t.Error("it made others")
	}
	startSandbox(t, path, dir, port, "--fresh")
}

func TestKeysThatCannotBeReadSayWhatToDo(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.Mkdir(filepath.Join(dir, "keyset.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Config{DataDir: dir}.Keyset()
	if err == nil || !strings.Contains(err.Error(), "keyset.json in it cannot be read: is a directory; it must be readable by the user that okrbot runs as") {
		t.Error(err)
	}
}
