package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/store/embedded"
)

// migrations have 8 processes bring an empty database to this version at once; in every second one of
// these somebody is killed in the middle. The schema is the same each time.
func migrations(ctx context.Context, o *office, times int) (int, error) {
	first := ""
	for n := range times {
		if n > 0 && o.enough() {
			return n, nil
		}
		name := fmt.Sprintf("empty_%d", n)
		if err := o.asks(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "drop database if exists "+name+" with (force)")
			if err == nil {
				_, err = conn.Exec(ctx, "create database "+name)
			}
			return err
		}); err != nil {
			return n, err
		}
		if err := o.migrate(ctx, name, n%2 == 1); err != nil {
			return n, err
		}
		schema, err := o.dump(ctx, name, "--schema-only", "--restrict-key=same")
		if err != nil {
			schema, err = o.dump(ctx, name, "--schema-only")
		}
		if err != nil {
			return n, err
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(schema))
		if first == "" {
			first = sum
		}
		if sum != first {
			return n, fmt.Errorf("database %s has another schema than the first one", name)
		}
		if err := o.asks(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "drop database if exists "+name+" with (force)")
			return err
		}); err != nil {
			return n, err
		}
	}
	return times, nil
}

// migrate runs `okrbot migrate` 8 times at once on a database; with one killed, and run again.
func (o *office) migrate(ctx context.Context, name string, kill bool) error {
	dsn := fmt.Sprintf("postgres://okrbot@/%s?host=%s&sslmode=disable", name, o.folder())
	migrate := func(dies time.Duration) error {
		cmd := exec.CommandContext(ctx, o.program, "migrate")
		cmd.Dir = o.dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + o.dir, "DATABASE_URL=" + dsn, "ENCRYPTION_KEYSET_FILE=" + filepath.Join(o.dir, "keyset")}
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			return err
		}
		if dies > 0 {
			time.AfterFunc(dies, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
			_ = cmd.Wait() // it may have been done before
			return nil
		}
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("okrbot migrate: %w: %s", err, said.String())
		}
		return nil
	}
	dies := 100*time.Millisecond + o.moment(1500*time.Millisecond)
	return together(8, func(n int) error {
		if kill && n == 0 {
			if err := migrate(dies); err != nil {
				return err
			}
		}
		return migrate(0)
	})
}

// dump is what pg_dump says of a database.
func (o *office) dump(ctx context.Context, name string, args ...string) ([]byte, error) {
	var version int
	if err := o.asks(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&version)
	}); err != nil {
		return nil, err
	}
	program, err := embedded.Client("pg_dump", version)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, append([]string{"-h", o.folder(), "-U", "okrbot", "-d", name}, args...)...)
	cmd.Env = embedded.Environment()
	return cmd.Output()
}

// copied has pg_basebackup copy the database into a folder that follows it.
func (o *office) copied(ctx context.Context, dir string) error {
	var version int
	if err := o.asks(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&version)
	}); err != nil {
		return err
	}
	program, err := embedded.Client("pg_basebackup", version)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "-h", o.folder(), "-U", "okrbot", "-D", dir, "-R", "-X", "stream", "-c", "fast")
	cmd.Env = embedded.Environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("copying the database: %w: %s", err, out)
	}
	// The socket stands beside the data, and its lock was copied with it.
	if err := os.Remove(filepath.Join(dir, ".s.PGSQL.5432.lock")); err != nil && !os.IsNotExist(err) {
		return err
	}
	// Postgres runs as an account of its own, where we are root.
	return owned(o.folder(), dir)
}
