package main

import (
	"fmt"

	"okrbot/secret"
	"okrbot/store"
)

type migrateCommand struct{}

// Run brings the database to this version. Any number of processes may do so at once.
func (migrateCommand) Run(in *invocation) error {
	config, err := loadConfig(forKeys)
	if err != nil {
		return err
	}
	database, err := openDatabase(in.ctx, config, logger(config))
	if err != nil {
		return err
	}
	defer database.Close()
	keys, err := config.Keyset()
	if err != nil {
		return err
	}
	if err := prepare(in, database, keys); err != nil {
		return err
	}
	fmt.Fprintln(in.out, "The database is at this version.")
	return nil
}

// prepare refuses keys that do not fit before anything is changed, then migrates.
func prepare(in *invocation, database database, keys *secret.Keyset) error {
	pool, err := store.Open(in.ctx, database.dsn, 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := store.New(pool, keys)
	if err := s.ProveKeys(in.ctx); err != nil {
		return configError{err}
	}
	if err := store.Migrate(in.ctx, database.dsn); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return s.ProveKeys(in.ctx)
}

// configError is a mistake in the configuration that only the database could tell.
type configError struct{ error }

func (configError) ExitCode() int { return 78 }
