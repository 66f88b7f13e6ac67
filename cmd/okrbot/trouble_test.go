package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Each reason why nobody can listen at an address has its own way out: only one of them is another program.
func TestWhyNobodyCanListen(t *testing.T) {
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"taken":    {syscall.EADDRINUSE, "another program listens there already. Stop it, or set X"},
		"low":      {syscall.EACCES, "ports below 1024 are for root. Take a port from 1024 on"},
		"another":  {syscall.EADDRNOTAVAIL, "this machine has no such address. Leave the address out"},
		"name":     {&net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}, "the host's name is not known here. Write an address of this machine"},
		"whatever": {syscall.EMFILE, "too many open files. Set X"},
	} {
		err := &net.OpError{Op: "listen", Net: "tcp", Err: row.err}
		if says := noPort(err, "set X to another one").Error(); !strings.Contains(says, row.want) || !strings.HasSuffix(says, "et X to another one") {
			t.Errorf("%s: %s", name, says)
		}
	}
}

// What cannot be begun says what to set, and to what.
func TestServeSaysWhatToSet(t *testing.T) {
	t.Parallel()
	path, dir := binary(t), folder(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	good := []string{"PATH=" + os.Getenv("PATH"), "SLACK_BOT_TOKEN=xoxb-1", "SLACK_SIGNING_SECRET=s", "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0"}
	for name, row := range map[string]struct{ set, want string }{
		"an address of another machine": {"LISTEN_ADDR=203.0.113.1:0", "LISTEN_ADDR: listening on 203.0.113.1:0: this machine has no such address"},
		"a folder in a file":            {"DATA_DIR=" + file, "Set DATA_DIR to a folder in which this user may write"},
	} {
		if out, code := run(t, path, dir, append(good, row.set), "serve"); code != 1 || !strings.Contains(out, row.want) {
			t.Errorf("%s: %d %s", name, code, out)
		}
	}
}

// A port that leaves no room for the four after it is no port that somebody uses.
func TestTheSandboxSaysWhichPortsThereAre(t *testing.T) {
	t.Parallel()
	path, dir := binary(t), folder(t)
	for _, port := range []int{-1, 0, 65532, 99999} {
		if out, code := run(t, path, dir, nil, "sandbox", fmt.Sprintf("--port=%d", port)); code != 1 || !strings.Contains(out, "choose one from 1 to 65531") {
			t.Errorf("%d: %d %s", port, code, out)
		}
	}
}

// Tokens that Slack does not take are named by their variable, with what to do.
func TestATokenThatSlackRefusesIsNamed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.environment = append(o.environment, "SLACK_BOT_TOKEN=xoxb-"+canary)
	s := o.serve()
	s.says("set SLACK_BOT_TOKEN to what that gives; `okrbot doctor` says more")
	s.says("okrbot is ready")
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.done
	o.environment = append(o.environment, "SLACK_APP_TOKEN=xapp-"+canary)
	out, code := o.runs("serve")
	if code != 1 || !strings.Contains(out, "okrbot: SLACK_APP_TOKEN: Slack opens no Socket Mode with it (invalid_auth). Make an app-level token") || strings.Contains(out, canary) {
		t.Errorf("%d %s", code, out)
	}
}

// Who stops a command reads that it was stopped, and not what failed for that.
func TestWhoStopsACommandReadsThatItWasStopped(t *testing.T) {
	t.Parallel()
	path, dir := binary(t), folder(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	keyset, _ := run(t, path, dir, nil, "keys", "new")
	for _, command := range []string{"doctor", "export", "migrate"} {
		cmd := exec.Command(path, command)
		cmd.Dir, cmd.Env = dir, inTime([]string{"DATABASE_URL=postgres://u:p@" + silent.Addr().String() + "/d", "ENCRYPTION_KEYSET=" + strings.TrimSpace(keyset),
			"SLACK_BOT_TOKEN=xoxb-1", "SLACK_SIGNING_SECRET=s", "SLACK_API_URL=http://127.0.0.1:1/"})
		var said complaint
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		conn, err := silent.Accept() // it waits for an answer from here on
		if err != nil {
			t.Fatal(err)
		}
		_ = cmd.Process.Signal(os.Interrupt)
		err = cmd.Wait()
		_ = conn.Close()
		if out := said.String(); err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(out, "okrbot: stopped before it was done") || strings.Contains(out, "\nfix ") {
			t.Errorf("%s: %v %s", command, err, out)
		}
	}
}
