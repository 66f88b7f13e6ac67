package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
	"okrbot/secret"
	"okrbot/store"
	"okrbot/store/embedded"
)

// office is an okrbot with its embedded database, a Slack and a ServiceNow, and key results that are
// due each day.
type office struct {
	t           *testing.T
	path, dir   string
	environment []string
	keys        *secret.Keyset
	now         *vendor.Instance
	instance    *httptest.Server // where that is
}

const (
	officeKeyResults = 40
	officePassword   = "canary-office-5b21"
)

// officeSignIn is what the office signs in to its ServiceNow with.
func officeSignIn() map[string]string {
	return map[string]string{"username": "okr.reader", "password": officePassword}
}

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, path: binary(t), dir: folder(t), now: vendor.New(vendor.Options{})}
	workspace := slack.New(slack.Options{})
	workspace.AddPerson(slack.Person{ID: "U0ALICE", Name: "alice", RealName: "Alice", Zone: "UTC", Email: "alice@example.com"})
	workspace.AddChannel("C0DESK", "service-desk", false, "alice", "okrbot")
	t.Cleanup(workspace.Close)
	chat, instance := httptest.NewServer(workspace), httptest.NewServer(o.now)
	o.instance = instance
	t.Cleanup(chat.Close)
	t.Cleanup(instance.Close)
	o.now.AddUser("okr.reader", officePassword, "pa_viewer")
	written, err := secret.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	if o.keys, err = secret.Parse(written); err != nil {
		t.Fatal(err)
	}
	known := workspace.Options()
	first := ports(t)
	o.environment = []string{
		"PATH=" + os.Getenv("PATH"), "DATA_DIR=" + filepath.Join(o.dir, "data"), "ENCRYPTION_KEYSET=" + written.Reveal(),
		"SLACK_BOT_TOKEN=" + known.BotToken, "SLACK_SIGNING_SECRET=" + known.SigningSecret, "SLACK_API_URL=" + chat.URL + "/api/",
		"SERVICENOW_EXTRA_HOSTS=" + instance.URL, fmt.Sprintf("LISTEN_ADDR=127.0.0.1:%d", first), fmt.Sprintf("OPS_ADDR=127.0.0.1:%d", first+1),
	}
	o.fill(instance.URL)
	return o
}

// fill makes the database, with a clock that can be moved.
func (o *office) fill(origin string) {
	o.t.Helper()
	ctx := context.Background()
	own, err := embedded.Start(ctx, embedded.Options{Dir: o.postgres(), Fsync: true})
	if err != nil {
		o.t.Fatal(err)
	}
	defer own.Stop()
	conn, err := pgx.Connect(ctx, own.DSN())
	if err != nil {
		o.t.Fatal(err)
	}
	err = embedded.InstallClock(ctx, conn)
	conn.Close(ctx)
	if err == nil {
		err = store.Migrate(ctx, own.DSN(), nil)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	pool, err := store.Open(ctx, own.DSN(), 2)
	if err != nil {
		o.t.Fatal(err)
	}
	defer pool.Close()
	s := store.New(pool, o.keys)
	alice := okr.Actor{Workspace: "T0SANDBOX", ID: "U0ALICE", Kind: okr.Member}
	if err := s.ProveKeys(ctx); err != nil {
		o.t.Fatal(err)
	}
	err = s.SaveWorkspace(ctx, store.Workspace{ID: alice.Workspace, Name: "Acme", BotUserID: "U0OKRBOT"})
	if err == nil {
		err = s.SavePerson(ctx, store.Person{Actor: alice, Name: "alice", Zone: "UTC"})
	}
	if err != nil {
		o.t.Fatal(err)
	}
	err = s.InTx(ctx, func(tx *store.Tx) error {
		day := okr.DayOf(tx.Now)
		due := tx.Now.UTC().Add(12 * time.Hour).Hour() // not by itself while a test runs
		objective, _, err := tx.CreateObjective(ctx, alice, okr.Objective{Title: "Run a calm service desk", Owner: alice.ID, Zone: "UTC", Channel: "C0DESK", Period: okr.Period{First: day - 60, Last: day + 300}}, "")
		if err != nil {
			return err
		}
		c, err := tx.CreateConnection(ctx, alice, store.Connection{Kind: "servicenow", Name: "acme", Origin: origin, SignIn: "basic"}, officeSignIn(), "")
		if err != nil {
			return err
		}
		for n := range officeKeyResults {
			id := fmt.Sprintf("%032x", n+1)
			scores := []vendor.Score{{Day: day.Time(), Value: float64(50 + n)}}
			o.now.Add(vendor.Scorecard{ID: id, Name: fmt.Sprintf("Open incidents %d", n), Unit: "#", Direction: 2, Frequency: 10, Scores: scores})
			k := store.KeyResult{Objective: objective}
			k.Title, k.Owner, k.Kind, k.Method = fmt.Sprintf("Fewer open incidents %d", n), alice.ID, okr.Decrease, okr.Latest
			k.Start, k.Target, k.Weight = decimal.NewNullDecimal(decimal.NewFromInt(100)), decimal.NewNullDecimal(decimal.NewFromInt(10)), decimal.NewFromInt(1)
			k.Channel, k.Integrated, k.Cadence = "C0DESK", true, okr.Cadence{Every: okr.Daily, Hour: due, Zone: "UTC"}
			k.Source = store.Source{Connection: c.ID, Reference: id, Name: "Open incidents", Unit: "#", Frequency: "daily"}
			if _, _, err := tx.CreateKeyResult(ctx, alice, k, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) postgres() string { return filepath.Join(o.dir, "data", "postgres") }

// serving is a running `okrbot serve`.
type serving struct {
	o    *office
	cmd  *exec.Cmd
	said *complaint
	done chan error
}

func (o *office) serve(flags ...string) *serving {
	o.t.Helper()
	s := &serving{o: o, cmd: exec.Command(o.path, append([]string{"serve"}, flags...)...), said: &complaint{}, done: make(chan error, 1)}
	s.cmd.Dir, s.cmd.Env, s.cmd.Stderr, s.cmd.Stdout = o.dir, inTime(o.environment), s.said, s.said
	if err := s.cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	o.t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

func (s *serving) says(words string) {
	s.o.t.Helper()
	for began := time.Now(); !strings.Contains(s.said.String(), words); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > patience {
			s.o.t.Fatalf("it did not say %q within %s: %s", words, patience, s.said)
		}
		select {
		case err := <-s.done:
			s.o.t.Fatalf("it ended with %v before it said %q: %s", err, words, s.said)
		default:
		}
	}
}

// due moves the database's clock by a day, so that every key result is.
func (s *serving) due() {
	s.o.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.o.dsn())
	if err != nil {
		s.o.t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := embedded.AdvanceClock(ctx, conn, 24*time.Hour); err != nil {
		s.o.t.Fatal(err)
	}
}

func (o *office) dsn() string {
	return fmt.Sprintf("host=%s user=okrbot dbname=postgres sslmode=disable", o.postgres())
}

// stop ends it as a supervisor does, and is how long that took.
func (s *serving) stop() time.Duration {
	s.o.t.Helper()
	began := time.Now()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.done:
		if err != nil {
			s.o.t.Errorf("SIGTERM ended it with %v: %s", err, s.said)
		}
	case <-time.After(patience):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // its goroutines are printed
		<-s.done
		s.o.t.Fatalf("it lives %s after SIGTERM: %s", patience, s.said)
	}
	took := time.Since(began)
	if said := s.said.String(); !strings.Contains(said, "msg=stopped") && !strings.Contains(said, `msg="stopped before`) {
		s.o.t.Errorf("it does not say that it stopped: %s", said)
	}
	for line := range strings.Lines(s.said.String()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN") || strings.Contains(line, "terminating connection") || strings.HasPrefix(line, "okrbot:") {
			s.o.t.Errorf("it complained: %s", line)
		}
	}
	return took
}

// stops is how many random moments are tried; STOPS makes it another number.
func stops(t *testing.T) int {
	if n := os.Getenv("STOPS"); n != "" {
		many, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		return many
	}
	return 8
}

// TestStopsAtRandomMoments stops it while it starts, and while it syncs from a ServiceNow that
// answers at once, soon, or later than a stop can wait for. Nothing fails, nothing is lost.
func TestStopsAtRandomMoments(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	var took []time.Duration
	for n := range stops(t) {
		o.now.SetLatency([]time.Duration{0, 200 * time.Millisecond, 5 * time.Second}[n%3])
		s := o.serve()
		// From its first word on: before, the program has not begun, and a signal ends it as any other.
		s.says("level=INFO")
		if n%4 != 3 {
			s.says("okrbot is ready")
			s.due()
		}
		// A random moment: what is tested is that it does not matter which.
		time.Sleep(time.Duration(rand.N(3000)) * time.Millisecond)
		took = append(took, s.stop())
		if t.Failed() {
			t.Fatalf("at stop %d", n+1)
		}
	}
	slices.Sort(took)
	t.Logf("%d stops took %v", len(took), took)
	// For a quiet machine, with nothing beside it.
	if half := took[len(took)/2]; os.Getenv("SOAK") != "" && half > 2*time.Second {
		t.Errorf("half of the stops took %v and longer", half)
	}
	// What was handed back is read by the next one.
	o.now.SetLatency(0)
	o.now.ForgetCalls()
	s := o.serve()
	s.says("okrbot is ready")
	s.syncsAll()
	s.stop()
}

// syncsAll makes every key result due, and waits until each was read.
func (s *serving) syncsAll() {
	s.o.t.Helper()
	ctx := context.Background()
	pool, err := store.Open(ctx, s.o.dsn(), 1)
	if err != nil {
		s.o.t.Fatal(err)
	}
	defer pool.Close()
	known := store.New(pool, s.o.keys)
	before, err := known.Now(ctx)
	if err != nil {
		s.o.t.Fatal(err)
	}
	s.due()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		list, err := known.KeyResults(ctx, "T0SANDBOX", store.Filter{})
		if err != nil {
			s.o.t.Fatal(err)
		}
		read := 0
		for _, k := range list {
			if k.SyncedAt.After(before) {
				read++
			}
		}
		if read == officeKeyResults {
			return
		}
		if time.Since(began) > patience {
			s.o.t.Fatalf("%d of %d key results were read: %s", read, officeKeyResults, s.said)
		}
	}
}

// TestASecondSignalEndsItAtOnce is for somebody who means it.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	s := o.serve()
	s.says("okrbot is ready")
	// A request for which a stop waits.
	address := o.environment[slices.IndexFunc(o.environment, func(v string) bool { return strings.HasPrefix(v, "LISTEN_ADDR=") })]
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "LISTEN_ADDR="))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprint(conn, "POST /slack/commands HTTP/1.1\r\nHost: okrbot\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	if said, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(said, "100 Continue") {
		t.Fatalf("%q %v", said, err)
	}
	for ended := false; !ended; {
		_ = s.cmd.Process.Signal(os.Interrupt)
		select {
		case <-s.done:
			ended = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("it ended with %d", code)
	}
}

// TestServeNamesATakenPort at once, and makes no database first.
func TestServeNamesATakenPort(t *testing.T) {
	t.Parallel()
	path := binary(t)
	for _, variable := range []string{"LISTEN_ADDR", "OPS_ADDR"} {
		t.Run(variable, func(t *testing.T) {
			dir := folder(t)
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			environment := []string{"PATH=" + os.Getenv("PATH"), "SLACK_BOT_TOKEN=xoxb-1", "SLACK_SIGNING_SECRET=s", "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", variable + "=" + taken.Addr().String()}
			out, code := run(t, path, dir, environment, "serve")
			if code != 1 || !strings.Contains(out, "okrbot: "+variable+": listening on "+taken.Addr().String()) {
				t.Errorf("%d: %s", code, out)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("it made %v first", left)
			}
		})
	}
}
