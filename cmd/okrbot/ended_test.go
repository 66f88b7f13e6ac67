package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// postmaster is the process of the Postgres that runs on a folder.
func postmaster(t *testing.T, dir string) (pid int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(raw), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// endsOf waits until a command has ended, and is its exit status.
func endsOf(t *testing.T, cmd *exec.Cmd, done <-chan error, said fmt.Stringer) int {
	t.Helper()
	select {
	case <-done:
		return cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("it lives %s after its Postgres has ended: %s", patience, said)
		return 0
	}
}

// Nobody but the process itself starts the embedded Postgres: where that has ended, a supervisor has to hear
// of it.
func TestServeEndsWithItsPostgres(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGQUIT} {
		s := o.serve()
		s.says("okrbot is ready")
		if err := syscall.Kill(postmaster(t, o.postgres()), signal); err != nil {
			t.Fatal(err)
		}
		code := endsOf(t, s.cmd, s.done, s.said)
		if said := s.said.String(); code != 1 || !strings.Contains(said, "okrbot: the embedded Postgres has ended (") || !strings.Contains(said, "Start okrbot again") {
			t.Errorf("%s: it ended with %d: %s", signal, code, said)
		}
	}
	// As a supervisor would: all is there again.
	s := o.serve()
	s.says("okrbot is ready")
	s.syncsAll()
	s.stop()
}

func TestTheSandboxEndsWithItsPostgres(t *testing.T) {
	t.Parallel()
	path, dir, port := binary(t), folder(t), ports(t)
	s := startSandbox(t, path, dir, port)
	if err := syscall.Kill(postmaster(t, filepath.Join(dir, ".okrbot", "sandbox", "postgres")), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	code := endsOf(t, s.cmd, done, s.errs)
	if said := s.errs.String(); code != 1 || !strings.Contains(said, "okrbot: the embedded Postgres has ended (signal: killed") {
		t.Errorf("it ended with %d: %s", code, said)
	}
	startSandbox(t, path, dir, port)
}
