// Command bench measures what okrbot promises: the real program, on a Postgres of its own, before a
// local Slack and local ServiceNows. It prints a table with each figure beside its baseline of the
// same run, what was to be reached, and by how much that was missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"okrbot/store/embedded"
)

// part measures some rows of the table. What it measured before something failed it returns too.
type part struct {
	name    string
	measure func(ctx context.Context, b *bench) ([]row, error)
	large   bool // takes an hour: only where it was asked for
}

var parts = []part{
	{name: "ordinary", measure: measureOrdinary},
	{name: "sync", measure: measureSync},
	{name: "far", measure: measureFar},
	{name: "replicas", measure: measureReplicas},
	{name: "slack", measure: measureSlack},
	{name: "acks", measure: measureAcks},
	{name: "lists", measure: measureLists},
	{name: "home", measure: measureHome},
	{name: "search", measure: measureSearch},
	{name: "start", measure: measureStart},
	{name: "many", measure: measureMany},
	{name: "million", measure: measureMillion, large: true},
}

func names() string {
	list := make([]string, len(parts))
	for i, p := range parts {
		list[i] = p.name
	}
	return strings.Join(list, ", ")
}

// The exit statuses.
const (
	allMet      = 0
	someMissed  = 1
	notMeasured = 2
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == burning {
		burn()
	}
	if len(os.Args) > 1 && os.Args[1] == plainly {
		os.Exit(plain())
	}
	b := &bench{worlds: map[string]*world{}}
	only := flag.String("only", "", "measure these parts alone, with commas between: "+names())
	write := flag.String("write", "", "put the table into this file, between its marks")
	flag.BoolVar(&b.quick, "quick", false, "smaller worlds, for development; the goals are not for them")
	flag.BoolVar(&b.large, "large", false, "measure the parts that take an hour")
	flag.StringVar(&b.profiles, "profile", "", "keep in this folder what okrbot's CPU and Postgres' sessions and statements were at, row by row; it costs some speed")
	flag.StringVar(&b.program, "okrbot", "", "measure this program instead of the one that is built from here")
	flag.Parse()
	// Only failures are told beside the table.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := choose(*only, b.large)
	if err == nil && *write != "" && (b.quick || *only != "" || b.large) {
		err = errors.New("-write is for the whole table: leave out -quick, -only and -large")
	}
	var t table
	if err == nil {
		t, err = b.run(ctx, chosen)
	}
	if err == nil && *write != "" {
		err = t.into(*write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(notMeasured)
	}
	os.Exit(t.status())
}

// choose are the parts of that names, or all that are measured as a rule, or all that are large.
func choose(only string, large bool) ([]part, error) {
	if only == "" {
		return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.large != large }), nil
	}
	var chosen []part
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("no part %q: choose of %s", name, names())
		}
		chosen = append(chosen, parts[i])
	}
	return chosen, nil
}

// bench is a run: the program that is measured, and what it is measured on.
type bench struct {
	quick    bool
	large    bool
	program  string
	profiles string
	dir      string
	server   *embedded.Server
	worlds   map[string]*world
	copies   int // of worlds made so far
}

// run measures parts one after another. A part that cannot be measured has a row that says why, and
// the others go on.
func (b *bench) run(ctx context.Context, chosen []part) (table, error) {
	var t table
	var err error
	if b.dir, err = os.MkdirTemp("", "okrbot-bench-"); err != nil {
		return t, fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(b.dir)
	// Postgres may run as another user: one that does not get in keeps its data elsewhere, for good.
	if err := os.Chmod(b.dir, 0o755); err != nil {
		return t, fmt.Errorf("opening a folder: %w", err)
	}
	if b.program == "" {
		b.program = filepath.Join(b.dir, "okrbot")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.program, "okrbot/cmd/okrbot").CombinedOutput(); err != nil {
			return t, fmt.Errorf("building okrbot: %w: %s", err, out)
		}
	}
	// Fsync is on, and every setting is Postgres' own: what is measured is what people get.
	if err = b.postgres(ctx); err != nil {
		return t, err
	}
	defer func() { b.server.Stop() }()
	if b.profiles != "" {
		if err = b.countStatements(ctx); err != nil {
			return t, err
		}
	}
	defer func() {
		for _, w := range b.worlds {
			w.close()
		}
	}()
	t.machine = machine(ctx, b)
	t.begin(os.Stdout)
	for _, p := range chosen {
		began := time.Now()
		b.tell("measuring %s", p.name)
		rows, err := p.measure(ctx, b)
		if ctx.Err() != nil {
			return t, errors.New("stopped before the end")
		}
		if err != nil {
			rows = append(rows, row{what: p.name, measured: "not measured: " + sentence(err), failed: true})
		}
		for _, r := range rows {
			t.add(os.Stdout, r)
		}
		b.tell("%s took %v", p.name, time.Since(began).Round(time.Second))
	}
	return t, nil
}

func (b *bench) postgres(ctx context.Context) (err error) {
	b.server, err = embedded.Start(ctx, embedded.Options{Dir: filepath.Join(b.dir, "data"), Logger: slog.Default(), Fsync: true})
	if err != nil {
		return fmt.Errorf("starting Postgres: %w", err)
	}
	return nil
}

// tell says beside the table how far it is.
func (*bench) tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// pick is a size for the whole table, and one for development.
func pick[T any](b *bench, whole, quick T) T {
	if b.quick {
		return quick
	}
	return whole
}

// wait looks every so often whether something is so, until it is or limit has passed. It says which.
func wait(ctx context.Context, every, limit time.Duration, is func() (bool, error)) (bool, error) {
	for began := time.Now(); ; {
		ok, err := is()
		if ok || err != nil {
			return ok, err
		}
		if time.Since(began) > limit {
			return false, nil
		}
		if err := pause(ctx, every); err != nil {
			return false, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
