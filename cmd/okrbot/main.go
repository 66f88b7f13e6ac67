// Command okrbot is a Slack bot that keeps Key Results true from ServiceNow scorecards.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // cadences need every zone, also where the system has none

	"github.com/alecthomas/kong"
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the bot: the web side that Slack talks to and the workers."`
	Sandbox sandboxCommand `cmd:"" help:"Try everything in a browser: the bot with a local Slack and a local ServiceNow, no account anywhere."`
	Migrate migrateCommand `cmd:"" help:"Bring the database to this version and stop. serve does it too."`
	Doctor  doctorCommand  `cmd:"" help:"Check the configuration, the database, the keys, Slack, PUBLIC_URL and each connection, and say what to fix."`
	Keys    keysCommand    `cmd:"" help:"Make, add and rotate the keys that seal secrets."`
	Export  exportCommand  `cmd:"" help:"Write all objectives and key results to standard output, as CSV or JSON."`
	Import  importCommand  `cmd:"" help:"Add and change objectives and key results from a CSV: says first what it would do."`
	Backup  backupCommand  `cmd:"" help:"Write the embedded database into a file, also while serve runs."`
	Restore restoreCommand `cmd:"" help:"Make the embedded database from a file that backup wrote."`
	Ready   readyCommand   `cmd:"" help:"Ask the okrbot that serves here whether it is ready, for health checks."`
	Version versionCommand `cmd:"" help:"Print the version, and what it was built from."`

	Print kong.VersionFlag `name:"version" help:"Print the version, and what it was built from."`
}

func main() {
	discreet()
	var chosen commands
	parsed := kong.Parse(&chosen,
		kong.Name("okrbot"),
		kong.Description("Key Results that keep themselves true: a Slack bot that reads ServiceNow scorecards."),
		kong.Vars{"version": "okrbot " + builtFrom().String()},
		kong.UsageOnError(),
	)
	ctx, stop := signals()
	err := parsed.Run(&invocation{ctx: ctx, out: os.Stdout, err: os.Stderr})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("stopped before it was done (%w)", err)
	}
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// invocation is what every command gets.
type invocation struct {
	ctx context.Context
	out io.Writer
	err io.Writer // for words beside what is written to out; nil: nobody reads them
}

// notes is where words go that must not stand in out.
func (in *invocation) notes() io.Writer {
	if in.err == nil {
		return io.Discard
	}
	return in.err
}

// signals returns a context that ends at the first SIGINT or SIGTERM. The second one ends the
// process at once: by then somebody means it.
func signals() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	heard := make(chan os.Signal, 2)
	signal.Notify(heard, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-heard
		cancel()
		<-heard
		os.Exit(1)
	}()
	return ctx, cancel
}

// exitCode prints an error for people and picks the process's exit status: 78 is EX_CONFIG of
// sysexits.h, so that a supervisor can tell a bad configuration from a crash.
func exitCode(err error, to io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(to, "okrbot:", err)
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

// logger writes to standard error, as text or JSON.
func logger(c Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level()}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
