// Command bench measures what the README promises, prints it as a table, and fails when a promise
// is not kept.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"okrbot/store/embedded"
)

// row is one line of the table.
type row struct {
	what, measured, target string
	missed                 bool
}

// part measures one promise on a Postgres server.
type part struct {
	name    string
	measure func(ctx context.Context, server *embedded.Server) ([]row, error)
}

var parts = []part{{"sync", measureSync}, {"ack", measureAck}, {"search", measureSearch}, {"serve", measureServe}}

func main() {
	only := flag.String("only", "", "measure one part: sync, ack, search or serve")
	flag.Parse()
	// Only failures are told beside the table.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kept, err := run(ctx, os.Stdout, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if !kept {
		os.Exit(1)
	}
}

// run measures and prints, and answers whether every target was met.
func run(ctx context.Context, out io.Writer, only string) (bool, error) {
	if only != "" && !slices.ContainsFunc(parts, func(p part) bool { return p.name == only }) {
		return false, fmt.Errorf("no part %q: choose sync, ack, search or serve", only)
	}
	fmt.Fprintf(out, "| What | Measured | Target | |\n|---|---|---|---|\n")
	kept := true
	for _, p := range parts {
		if only != "" && p.name != only {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s …\n", p.name)
		rows, err := alone(ctx, p)
		if err != nil {
			return false, fmt.Errorf("measuring %s: %w", p.name, err)
		}
		for _, r := range rows {
			fmt.Fprintf(out, "| %s | %s | %s | %s |\n", r.what, r.measured, r.target, verdict(r))
			kept = kept && !r.missed
		}
	}
	return kept, nil
}

// alone measures a part on a Postgres server of its own, so that none tidies up after another.
func alone(ctx context.Context, p part) ([]row, error) {
	dir, err := os.MkdirTemp("", "okrbot-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the database: %w", err)
	}
	defer os.RemoveAll(dir)
	// Fsync is on, and every setting is Postgres' own: what is measured is what people get.
	server, err := embedded.Start(ctx, embedded.Options{Dir: filepath.Join(dir, "data"), Logger: slog.Default(), Fsync: true})
	if err != nil {
		return nil, fmt.Errorf("starting Postgres: %w", err)
	}
	defer server.Stop()
	return p.measure(ctx, server)
}

func verdict(r row) string {
	switch {
	case r.target == "":
		return ""
	case r.missed:
		return "**missed**"
	}
	return "met"
}
