package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/store/embedded"
)

// outer has the office's database run by itself, as another machine's would.
func (o *office) outer() *embedded.Server {
	o.t.Helper()
	own, err := embedded.Start(context.Background(), embedded.Options{Dir: o.postgres()})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(own.Stop)
	return own
}

// administers runs statements as whoever looks after the database does, in a session that may write
// whatever is set for others.
func (o *office) administers(statements ...string) {
	o.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, o.dsn()+" options='-c default_transaction_read_only=off'")
	if err != nil {
		o.t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			o.t.Fatalf("%s: %v", s, err)
		}
	}
}

// variable is the value of one of the office's.
func (o *office) variable(name string) string {
	for _, v := range o.environment {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// asks is what an address of okrbot's answers.
func asks(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	client := http.Client{Timeout: patience}
	resp, err := client.Get("http://" + address + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(raw))
}

// becomes waits until /readyz says something, at both doors, and is how long that took.
func (s *serving) becomes(status int, words string) time.Duration {
	s.o.t.Helper()
	began := time.Now()
	for _, address := range []string{s.o.variable("LISTEN_ADDR"), s.o.variable("OPS_ADDR")} {
		for {
			got, body := asks(s.o.t, address, "/readyz")
			if got == status && strings.Contains(body, words) {
				break
			}
			if time.Since(began) > patience {
				s.o.t.Fatalf("/readyz says %d %q, not %d %q: %s", got, body, status, words, s.said)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return time.Since(began)
}

// lists has Alice type /okr list, and is what it answers.
func (s *serving) lists() string {
	s.o.t.Helper()
	body := url.Values{"team_id": {"T0SANDBOX"}, "user_id": {"U0ALICE"}, "channel_id": {"C0DESK"}, "command": {"/okr"}, "text": {"list"}, "trigger_id": {fmt.Sprint(time.Now().UnixNano())}}.Encode()
	at := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(s.o.variable("SLACK_SIGNING_SECRET")))
	fmt.Fprintf(mac, "v0:%s:%s", at, body)
	req, err := http.NewRequest(http.MethodPost, "http://"+s.o.variable("LISTEN_ADDR")+"/slack/commands", strings.NewReader(body))
	if err != nil {
		s.o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", at)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.o.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.o.t.Fatalf("%d %s %v", resp.StatusCode, raw, err)
	}
	return string(raw)
}

// goesOn shows that people are answered and key results synced.
func (s *serving) goesOn(after string) {
	s.o.t.Helper()
	for began := time.Now(); ; {
		said := s.lists()
		if strings.Contains(said, "Fewer open incidents") {
			break
		}
		if time.Since(began) > patience {
			s.o.t.Fatalf("after %s people read %s: %s", after, said, s.said)
		}
	}
	began := time.Now()
	s.syncsAll()
	s.o.t.Logf("after %s all is synced within %s", after, time.Since(began).Round(time.Millisecond))
}

// A database that moves to another server leaves sessions behind that cannot write. They are given up,
// whoever watches is told, and all goes on by itself.
func TestFailOver(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	own := o.outer()
	o.environment = append(o.environment, "DATABASE_URL="+o.dsn())
	s := o.serve()
	s.says("okrbot is ready")
	s.becomes(http.StatusOK, "ready")
	s.goesOn("the start")

	// As after a fail-over: sessions that are open are read-only, new ones are not.
	o.administers("alter role okrbot set default_transaction_read_only = off", "alter system set default_transaction_read_only = on", "select pg_reload_conf()")
	if said := s.lists(); !strings.Contains(said, "Fewer open incidents") {
		t.Errorf("whoever asks first reads %s: %s", said, s.said)
	}
	s.goesOn("the sessions became read-only")
	s.becomes(http.StatusOK, "ready")

	// Nothing can be written by anybody.
	o.administers("alter role okrbot set default_transaction_read_only = on", "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'")
	t.Log("told after", s.becomes(http.StatusServiceUnavailable, "the database is read-only, as a standby is"))
	if status, body := asks(t, o.variable("LISTEN_ADDR"), "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz says %d %s: it would be started again for nothing", status, body)
	}
	o.administers("alter role okrbot set default_transaction_read_only = off")
	t.Log("ready again after", s.becomes(http.StatusOK, "ready"))
	s.goesOn("the database could be written to again")

	o.administers("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'")
	s.goesOn("the sessions were ended")

	own.Stop()
	t.Log("told after", s.becomes(http.StatusServiceUnavailable, "there is no socket in the folder of the address"))
	o.outer()
	t.Log("ready again after", s.becomes(http.StatusOK, "ready"))
	s.goesOn("the server was started again")
	if lines := strings.Count(s.said.String(), "\n"); lines > 500 {
		t.Errorf("it logged %d lines", lines)
	}
}
