package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"okrbot/store/embedded"
)

// database is where the bot keeps its data: the configured Postgres, or one of its own.
type database struct {
	dsn string
	own *embedded.Server // nil when DATABASE_URL names another one
}

// openDatabase answers with DATABASE_URL, or starts the embedded Postgres under DATA_DIR, and tells
// what it does. ctx bounds the start alone: the database ends with Close, after all who use it.
func openDatabase(ctx context.Context, c Config, log *slog.Logger, tell func(doing string)) (database, error) {
	if c.DatabaseURL.Reveal() != "" {
		return database{dsn: c.DatabaseURL.Reveal()}, nil
	}
	own, err := embedded.Start(ctx, embedded.Options{Dir: filepath.Join(c.DataDir, "postgres"), Logger: log, Fsync: true, Tell: tell})
	if err != nil {
		return database{}, fmt.Errorf("starting the embedded Postgres: %w", err)
	}
	return database{dsn: own.DSN(), own: own}, nil
}

// Close stops the embedded Postgres, if there is one.
func (d database) Close() {
	if d.own != nil {
		d.own.Stop()
	}
}

// teller has a log hear what is being done.
func teller(log *slog.Logger) func(doing string) {
	return func(doing string) { log.Info(doing) }
}
