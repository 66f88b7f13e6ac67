package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"okrbot/store/embedded"
)

const (
	readyIn    = time.Second
	idleFor    = 10 * time.Second
	residentAt = 100 // MiB
)

// measureServe starts the real program on a database with all key results and leaves it alone.
func measureServe(ctx context.Context, server *embedded.Server) ([]row, error) {
	c, err := newCompany(ctx, server, "served", large, false)
	if err != nil {
		return nil, err
	}
	defer c.close()
	dir, err := os.MkdirTemp("", "okrbot-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the program: %w", err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "okrbot")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "okrbot/cmd/okrbot").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building okrbot: %w: %s", err, out)
	}
	api := newSlack()
	defer api.Close()
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ops, err := freeAddress()
	if err != nil {
		return nil, err
	}

	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "serve")
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = []string{
		"DATABASE_URL=" + c.dsn, "ENCRYPTION_KEYSET=" + c.written.Reveal(), "LISTEN_ADDR=" + listen, "OPS_ADDR=" + ops,
		"SLACK_BOT_TOKEN=xoxb-bench", "SLACK_SIGNING_SECRET=" + signingSecret, "SLACK_API_URL=" + api.URL + "/api/",
		"SERVICENOW_EXTRA_HOSTS=" + strings.Join(c.origins, ","),
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting okrbot: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ready, err := untilReady(ctx, "http://"+listen+"/readyz", began, ended)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, said.String())
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(idleFor):
	}
	resident, err := residentMiB(ctx, cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	<-ended
	return []row{
		{what: fmt.Sprintf("`serve` ready on a database with %d key results", keyResults), measured: fmt.Sprintf("%.2f s", ready.Seconds()), target: fmt.Sprintf("within %.0f s", readyIn.Seconds()), missed: ready > readyIn},
		{what: "Its memory, idle (RSS)", measured: fmt.Sprintf("%.0f MiB", resident), target: fmt.Sprintf("below %d MiB", residentAt), missed: resident >= residentAt},
	}, nil
}

func untilReady(ctx context.Context, at string, began time.Time, ended <-chan error) (time.Duration, error) {
	for time.Since(began) < time.Minute {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return 0, err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case err := <-ended:
			return 0, fmt.Errorf("okrbot ended before it was ready: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return 0, fmt.Errorf("okrbot is not ready after a minute")
}

// freeAddress is a port that was free a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// residentMiB is a process's resident memory, by ps.
func residentMiB(ctx context.Context, pid int) (float64, error) {
	out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, fmt.Errorf("asking ps for the memory: %w", err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		return 0, fmt.Errorf("reading the memory: %w", err)
	}
	return kib / 1024, nil
}
