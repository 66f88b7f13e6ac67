package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // goose's way to Postgres
	"github.com/pressly/goose/v3"

	"github.com/jackc/pgx/v5"
)

// errNoBefore says that the version before cannot be had.
var errNoBefore = errors.New("skipped: the version before is not in this copy's history; it needs a whole clone, and git")

// before is an earlier version of the program.
type before struct {
	program string
	schema  int64 // its newest migration
}

// migrationsIn are in this copy of the source, where the harness is run.
const migrationsIn = "store/migrations"

// build has an earlier version built beside. Without a commit it is the newest whose newest migration is older
// than ours.
func (o *office) build(ctx context.Context, commit string) (b before, err error) {
	ask := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", args...).Output()
		return strings.TrimSpace(string(out)), err
	}
	if commit == "" {
		names, err := filepath.Glob(migrationsIn + "/*.sql")
		if err != nil || len(names) == 0 {
			return b, errNoBefore
		}
		added, err := ask("log", "--diff-filter=A", "--format=%H", "-1", "--", names[len(names)-1])
		if err != nil || added == "" {
			return b, errNoBefore
		}
		commit = added + "^"
	}
	dir := filepath.Join(o.dir, "before")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return b, err
	}
	archive := exec.CommandContext(ctx, "sh", "-c", `git archive "$1" | tar -x -C "$2"`, "sh", commit, dir)
	if archive.Run() != nil || exec.CommandContext(ctx, "test", "-f", filepath.Join(dir, "go.mod")).Run() != nil {
		return b, errNoBefore
	}
	names, err := filepath.Glob(filepath.Join(dir, migrationsIn, "*.sql"))
	if err != nil || len(names) == 0 {
		return b, errNoBefore
	}
	number, _, _ := strings.Cut(filepath.Base(names[len(names)-1]), "_")
	if b.schema, err = strconv.ParseInt(number, 10, 64); err != nil {
		return b, err
	}
	b.program = filepath.Join(o.dir, "okrbot-before")
	build := exec.CommandContext(ctx, "go", "build", "-o", b.program, "./cmd/okrbot")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return b, fmt.Errorf("building the version before: %w: %s", err, out)
	}
	return b, os.RemoveAll(dir)
}

// versions have two replicas of the version before work, and a third one of this version come to them: it
// migrates while they work, all three do for two days, and the two are replaced one after the other. It counts
// the replicas of the version before that worked beside this one.
func versions(ctx context.Context, o *office, times int) (int, error) {
	old, err := o.build(ctx, o.earlier)
	if err != nil {
		return 0, err
	}
	worked := 0
	defer func() {
		for _, r := range o.replicas {
			r.program = o.program
		}
	}()
	for n := 0; worked < times && (worked == 0 || !o.enough()); n++ {
		if err := o.upgrades(ctx, old, 100*n); err != nil {
			return worked, err
		}
		worked += len(o.replicas) - 1
		for _, look := range []func(context.Context) ([]finding, error){o.checkRanks, o.calm} {
			found, err := look(ctx)
			if err != nil {
				return worked, err
			}
			o.sawAtOnce = append(o.sawAtOnce, found...)
		}
	}
	return worked, nil
}

// upgrades goes from the version before to this one.
func (o *office) upgrades(ctx context.Context, old before, days int) error {
	for _, r := range o.replicas {
		if _, err := r.terminate(); err != nil {
			return err
		}
	}
	if err := o.takesBack(ctx, old.schema); err != nil {
		return fmt.Errorf("taking migrations back: %w", err)
	}
	newest := o.replicas[len(o.replicas)-1]
	olds := o.replicas[:len(o.replicas)-1]
	for _, r := range olds {
		r.program = old.program
		if err := r.start(); err != nil {
			return err
		}
	}
	for _, r := range olds {
		if err := r.ready(ctx); err != nil {
			return err
		}
	}
	working, stop := context.WithCancel(ctx)
	var people sync.WaitGroup
	people.Go(func() { o.staff.work(working, days) })
	o.collect(0.6)
	err := o.nextDay(ctx)
	if err == nil {
		time.Sleep(o.moment(2 * time.Second))
		newest.program = o.program
		if err = newest.start(); err == nil {
			err = newest.ready(ctx)
		}
	}
	stop()
	people.Wait()
	if err != nil {
		return err
	}
	if err := o.settle(ctx, false); err != nil {
		return err
	}
	for day := range 2 {
		if err := o.round(ctx, days+day+1, func() error { return nil }); err != nil {
			return err
		}
	}
	return o.round(ctx, days+3, func() error {
		for _, r := range olds {
			time.Sleep(o.moment(time.Second))
			if _, err := r.terminate(); err != nil {
				return err
			}
			r.program = o.program
			if err := o.revive(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// takesBack takes migrations back until the database is as an earlier version left it.
func (o *office) takesBack(ctx context.Context, schema int64) error {
	db, err := sql.Open("pgx", o.dsn())
	if err != nil {
		return err
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS(migrationsIn))
	if err != nil {
		return err
	}
	_, err = provider.DownTo(ctx, schema)
	return err
}

// checkRanks: every key result is ranked soon, whichever version judged it.
func (o *office) checkRanks(ctx context.Context) ([]finding, error) {
	n := 0
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(200 * time.Millisecond) {
		err := o.asks(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, "select count(*) from key_results where rank = 0").Scan(&n)
		})
		if err != nil || n == 0 {
			return nil, err
		}
	}
	return []finding{{lost, fmt.Sprintf("%d key results have no rank", n)}}, nil
}
