package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"okrbot/internal/child"
)

const signingSecret = "bench-signing-secret"

// program is an okrbot that runs.
type program struct {
	cmd    *exec.Cmd
	listen string // its public address
	ops    string // and its operator's
	ready  time.Duration
	log    string // a file
	ended  chan struct{}
}

func (p *program) pid() int { return p.cmd.Process.Pid }

func (p *program) door() string { return "http://" + p.listen }

// environment is what the program is told, in a world.
func (r *running) environment(dsn, listen, ops string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"DATABASE_URL=" + dsn, "ENCRYPTION_KEYSET=" + r.written.Reveal(), "LISTEN_ADDR=" + listen, "OPS_ADDR=" + ops,
		"SLACK_BOT_TOKEN=" + botToken, "SLACK_SIGNING_SECRET=" + signingSecret, "SLACK_API_URL=" + r.slack.server.URL + "/api/",
		"SERVICENOW_EXTRA_HOSTS=" + strings.Join(r.origins, ","), "OPS_PPROF=true",
	}
}

// once runs a command of the program to its end.
func (r *running) once(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, r.bench.program, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = r.bench.dir, r.environment(r.dsn, "127.0.0.1:0", "127.0.0.1:0"), nil
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("okrbot %s: %w: %s", args[0], err, lastLines(string(out)))
	}
	return nil
}

// serve starts the program on a database and returns when it is ready. It ends with the world that
// it runs in, or by stop.
func (r *running) serve(ctx context.Context, dsn string, args ...string) (*program, error) {
	p := &program{ended: make(chan struct{})}
	var addresses [2]string
	for i := range addresses {
		var err error
		if addresses[i], err = child.FreeAddress(); err != nil {
			return nil, err
		}
	}
	p.listen, p.ops = addresses[0], addresses[1]
	p.log = filepath.Join(r.bench.dir, fmt.Sprintf("%s-%d.log", r.name, len(r.programs)))
	log, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("keeping what okrbot says: %w", err)
	}
	p.cmd = exec.Command(r.bench.program, append([]string{"serve"}, args...)...)
	p.cmd.Dir, p.cmd.Env, p.cmd.SysProcAttr = r.bench.dir, r.environment(dsn, p.listen, p.ops), child.EndWithParent()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	began := time.Now()
	started := make(chan error, 1)
	go func() {
		// Linux ends the program with the thread that started it, so that must live as long.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
		log.Close()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting okrbot: %w", err)
	}
	r.programs = append(r.programs, p)
	at := p.door() + "/readyz"
	if len(args) > 0 && args[0] == "--no-web" {
		at = "http://" + p.ops + "/metrics"
	}
	ready, err := wait(ctx, 2*time.Millisecond, 2*time.Minute, func() (bool, error) {
		select {
		case <-p.ended:
			return false, fmt.Errorf("okrbot ended at its start: %s", p.said())
		default:
		}
		resp, err := http.Get(at)
		if err != nil {
			return false, nil
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
	if err == nil && !ready {
		err = fmt.Errorf("okrbot was not ready after two minutes: %s", p.said())
	}
	p.ready = time.Since(began)
	return p, err
}

// said is the end of what the program said.
func (p *program) said() string {
	raw, err := os.ReadFile(p.log)
	if err != nil {
		return "and what it said is lost"
	}
	return lastLines(string(raw))
}

func lastLines(out string) string {
	out = strings.TrimSpace(out)
	return out[max(0, len(out)-500):]
}

// stop ends the program as an operator does, and takes no longer than a supervisor.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}
