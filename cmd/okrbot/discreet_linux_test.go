package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"okrbot/secret"
)

// TestAProcessKeepsItsSecretsToItself looks at one from outside, as another process of its user could:
// at what it would leave behind, and at what it was started with.
func TestAProcessKeepsItsSecretsToItself(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // a database that does not answer: it waits
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	keys, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	program, err := os.ReadFile(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "okrbot")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	first := ports(t)
	secrets := map[string]string{
		"DATABASE_URL":      fmt.Sprintf("postgres://okrbot:canary-password@%s/okrbot?sslmode=disable", silent.Addr()),
		"ENCRYPTION_KEYSET": keys.Reveal(), "SLACK_BOT_TOKEN": "xoxb-canary-token", "SLACK_SIGNING_SECRET": "canary-signing-secret",
	}
	open := []string{"PATH=" + os.Getenv("PATH"), fmt.Sprintf("LISTEN_ADDR=127.0.0.1:%d", first), fmt.Sprintf("OPS_ADDR=127.0.0.1:%d", first+1)}
	files, values := open, open
	for name, value := range secrets {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		files, values = append(files[:len(files):len(files)], name+"_FILE="+file), append(values[:len(values):len(values)], name+"="+value)
	}
	for name, environment := range map[string][]string{"files": files, "values": values} {
		t.Run(name, func(t *testing.T) {
			said := &complaint{}
			cmd := exec.Command(path, "serve")
			cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, inTime(environment), said, said
			if os.Getuid() == 0 { // then as somebody else: root reads what it wants
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			defer func() {
				_ = cmd.Process.Kill()
				<-ended
			}()
			for began := time.Now(); !listens(first); time.Sleep(10 * time.Millisecond) {
				if time.Since(began) > patience {
					t.Fatalf("it does not begin: %s", said)
				}
			}
			of := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
			limits, err := os.ReadFile(of + "limits")
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(limits)) {
				if words := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (words[4] != "0" || words[5] != "0") {
					t.Errorf("it may leave a dump: %s", line)
				}
			}
			// What nobody but root may look at belongs to root.
			info, err := os.Stat(of + "environ")
			if err != nil {
				t.Fatal(err)
			}
			if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 {
				t.Errorf("its environment is the user %d's to read", owner)
			}
			held := said.String()
			for _, file := range []string{"cmdline", "environ"} {
				raw, err := os.ReadFile(of + file)
				if err != nil && !errors.Is(err, fs.ErrPermission) {
					t.Fatal(err)
				}
				if file != "environ" || name == "files" { // what it was started with stays there, for root
					held += string(raw)
				}
			}
			for variable, value := range secrets {
				for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value))} {
					if strings.Contains(held, form) || strings.Contains(held, "canary") {
						t.Errorf("%s can be read from outside", variable)
					}
				}
			}
		})
	}
}

func listens(port int) bool {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		conn.Close()
	}
	return err == nil
}
