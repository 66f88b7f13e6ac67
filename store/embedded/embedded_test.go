package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/store/embedded"
)

// folder is one that the server's user can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "okrbot-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func start(t *testing.T, dir string) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(context.Background(), embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// One that runs and says nothing, as one that hangs, is not waited for without end.
func TestASilentServerIsSaidToBe(t *testing.T) {
	dir := folder(t)
	start(t, dir)
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	if _, err := embedded.RunningWithin(t.Context(), embedded.Options{Dir: dir}, 10*time.Millisecond); !errors.Is(err, embedded.ErrSilent) {
		t.Errorf("%v", err)
	}
}

func ask[T any](t *testing.T, s *embedded.Server, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var v T
	if err := conn.QueryRow(context.Background(), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDataIsKeptBetweenRuns(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, dir)
	if n := ask[int](t, s, "with made as (select 1) select 41 + count(*)::int from made"); n != 42 {
		t.Errorf("got %d", n)
	}
	_ = ask[string](t, s, "select set_config('x.y', 'z', false)")
	conn, err := pgx.Connect(context.Background(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(context.Background(), "create table kept (n int); insert into kept values (7)"); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(context.Background())
	if raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid")); err == nil && strings.Contains(string(raw), "127.0.0.1") {
		t.Error("it listens on the network")
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data is open to others: %v %v", info.Mode(), err)
	}
	s.Stop()
	select {
	case <-s.Done():
	default:
		t.Error("it lives after Stop")
	}
	if n := ask[int](t, start(t, dir), "select n from kept"); n != 7 {
		t.Errorf("got %d", n)
	}
}

// Whatever a folder is called, its database is found there, also by others.
func TestFoldersOfAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`a b'c\d`, `it's`, `back\`, "one,two", `"quoted" name`, "host=other", "über $HOME %s", strings.Repeat("long", 20)} {
		dir := filepath.Join(folder(t), name)
		s := start(t, dir)
		if n := ask[int](t, s, "select 7"); n != 7 {
			t.Errorf("%s: got %d", name, n)
		}
		if dsn, err := embedded.Running(context.Background(), embedded.Options{Dir: dir}); err != nil || dsn != s.DSN() {
			t.Errorf("%s: another one finds %q, %v, not %q", name, dsn, err, s.DSN())
		}
		s.Stop()
	}
}

func TestASecondServerOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, dir)
	_, err := embedded.Start(context.Background(), embedded.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("got %v", err)
	}
	if n := ask[int](t, s, "select 1"); n != 1 {
		t.Error("the first one is disturbed")
	}
}

// As root the data belongs to another user, who must reach it: of two that start at once in a folder
// with nothing in it, none may find it half made and go elsewhere.
func TestAllWhoStartAtOnceFindOneFolder(t *testing.T) {
	for range 300 {
		dir := filepath.Join(folder(t), ".okrbot", "sandbox", "postgres")
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if got, err := embedded.Place(embedded.Options{Dir: dir}); err != nil || got != dir {
					t.Errorf("the data is in %q, %v", got, err)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}
	}
}

func TestDataOfAnotherVersionIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, dir).Stop()
	version := filepath.Join(dir, "PG_VERSION")
	true_, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(version, []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := listing(t, dir)
	_, err = embedded.Start(context.Background(), embedded.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "Postgres 9") || !strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("got %v", err)
	}
	if after := listing(t, dir); after != before {
		t.Error("the data was changed")
	}
	if err := os.WriteFile(version, true_, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			fmt.Fprintln(&all, path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestAFolderOfSomethingElseIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	letter := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(letter, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Start(context.Background(), embedded.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "not a database") {
		t.Errorf("got %v", err)
	}
	if raw, err := os.ReadFile(letter); err != nil || string(raw) != "dear" {
		t.Errorf("the letter: %q %v", raw, err)
	}
}

func TestAStalePidFileIsSurvived(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, dir).Stop()
	// The process id of something that lives and is no Postgres: this test.
	stale := fmt.Sprintf("%d\n%s\n1\n5432\n%s\n\n 1 1\nready\n", os.Getpid(), dir, dir)
	if err := os.WriteFile(filepath.Join(dir, "postmaster.pid"), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		t.Log("as root the file belongs to another user than the server's; Postgres reads it all the same")
		_ = exec.Command("chown", "--reference", dir, filepath.Join(dir, "postmaster.pid")).Run()
	}
	start(t, dir)
}

func TestAKilledServerLeavesWhatWasCommitted(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	// As serve runs it: without Fsync the last commits may be lost, which tests do not mind.
	s, err := embedded.Start(context.Background(), embedded.Options{Dir: dir, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	conn, err := pgx.Connect(context.Background(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), "create table kept (n int); insert into kept values (7)"); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(postmaster, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Done():
	case <-time.After(patience):
		t.Fatal("nobody is told that the server ended")
	}
	if _, err := os.Stat(filepath.Join(dir, "postmaster.pid")); err != nil {
		t.Fatalf("no stale postmaster.pid, so this proves nothing: %v", err)
	}
	if n := ask[int](t, start(t, dir), "select n from kept"); n != 7 {
		t.Errorf("got %d", n)
	}
}

// patience is how long a test waits for what should come. A busy machine needs much of it; where
// all is well none of it is used up.
const patience = time.Minute

// Who is asked to stop still needs the database: to record what ended, and to hand back the rest.
func TestTheServerOutlivesTheContextOfItsStart(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := embedded.Start(ctx, embedded.Options{Dir: folder(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	conn, err := pgx.Connect(context.Background(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	cancel()
	select {
	case <-s.Done():
		t.Fatal("it was pulled away")
	case <-time.After(300 * time.Millisecond): // a fast shutdown ends sessions within a few
	}
	if _, err := conn.Exec(context.Background(), "create table kept (n int)"); err != nil {
		t.Error(err)
	}
	s.Stop()
	select {
	case <-s.Done():
	default:
		t.Error("it lives after Stop")
	}
}

func TestAStartThatIsCalledOffLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	dir := folder(t)
	_, err := embedded.Start(ctx, embedded.Options{Dir: dir, Tell: func(string) { cancel() }})
	if err == nil {
		t.Error("it started")
	}
	start(t, dir)
}

func TestTheServerOfAKilledParentEnds(t *testing.T) {
	if dir := os.Getenv("PARENT_OF"); dir != "" {
		s, err := embedded.Start(context.Background(), embedded.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("ready", s.DSN())
		select {}
	}
	t.Parallel()
	dir := folder(t)
	cmd := exec.Command(os.Args[0], "-test.run", "^TestTheServerOfAKilledParentEnds$")
	cmd.Env = append(os.Environ(), "PARENT_OF="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "ready") {
		t.Fatalf("%q %v", line, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	killed := time.Now()
	for {
		if err := syscall.Kill(postmaster, 0); errors.Is(err, syscall.ESRCH) || zombie(postmaster) {
			break
		}
		if time.Since(killed) > patience {
			t.Fatal("the server lives on")
		}
		time.Sleep(20 * time.Millisecond)
	}
	start(t, dir)
}

// zombie says whether a process has ended and waits for somebody to note it.
func zombie(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(raw), ") Z ")
}

func TestTheClockMovesForAllConnections(t *testing.T) {
	t.Parallel()
	s := start(t, folder(t))
	conn, err := pgx.Connect(context.Background(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	if err := embedded.InstallClock(context.Background(), conn); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(context.Background())
	before := ask[time.Time](t, s, "select now()")
	conn, err = pgx.Connect(context.Background(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := embedded.AdvanceClock(context.Background(), conn, 49*time.Hour); err != nil {
		t.Fatal(err)
	}
	if moved := ask[time.Time](t, s, "select now()").Sub(before); moved < 49*time.Hour || moved > 49*time.Hour+time.Minute {
		t.Errorf("the clock moved by %v", moved)
	}
}
