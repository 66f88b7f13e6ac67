package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/secret"
	"okrbot/store"
)

type migrateCommand struct{}

// Run brings the database to this version. Any number of processes may do so at once.
func (migrateCommand) Run(in *invocation) error {
	config, log, err := configured(forKeys)
	if err != nil {
		return err
	}
	database, err := openDatabase(in.ctx, config, log, nil)
	if err != nil {
		return err
	}
	defer database.Close()
	keys, err := keysToBeginWith(in.ctx, config, database)
	if err != nil {
		return err
	}
	if err := prepare(in, database, keys, teller(log)); err != nil {
		return err
	}
	fmt.Fprintln(in.out, "The database is at this version.")
	return nil
}

// prepare refuses keys that do not fit before anything is changed, then migrates.
func prepare(in *invocation, database database, keys *secret.Keyset, tell func(doing string)) error {
	if database.direct == "" {
		return errPooled
	}
	pool, err := database.openDirect(in.ctx, 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	s, err := provenStore(in.ctx, pool, keys)
	if err != nil {
		return err
	}
	if tell != nil {
		tell("migrating the database")
	}
	if err := store.Migrate(in.ctx, database.direct, tell); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return proveKeys(in.ctx, s)
}

// provenStore is the store of a database that this version knows, and whose secrets these keys open.
func provenStore(ctx context.Context, pool *pgxpool.Pool, keys *secret.Keyset) (*store.Store, error) {
	if err := proveVersion(ctx, pool); err != nil {
		return nil, err
	}
	s := store.New(pool, keys)
	return s, proveKeys(ctx, s)
}

// proveKeys makes a mistake in the configuration of keys that do not fit, and of nothing else: a
// supervisor starts us again when the database was away, but not when the keys are wrong.
func proveKeys(ctx context.Context, s *store.Store) error {
	err := s.ProveKeys(ctx)
	var unfit store.UnfitKeys
	if errors.As(err, &unfit) {
		return configError{err}
	}
	return err
}

// proveVersion makes a mistake in the configuration of a binary that is older than the database: it
// helps nobody to start that one again.
func proveVersion(ctx context.Context, pool *pgxpool.Pool) error {
	err := store.NotNewer(ctx, pool)
	var newer store.NewerSchema
	if errors.As(err, &newer) {
		return configError{err}
	}
	return err
}

// configError is a mistake in the configuration that only the database could tell.
type configError struct{ error }

func (configError) ExitCode() int { return 78 }
