package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// profile keeps, where it is asked for, what the program's CPU and Postgres' sessions are at for a
// while: okrbot.NAME.pprof and postgres.NAME.txt. It returns at once.
func (r *running) profile(ctx context.Context, p *program, name string, long time.Duration) (done func()) {
	folder := r.bench.profiles
	if folder == "" {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		samples := make(chan error, 1)
		go func() { samples <- r.sessions(ctx, filepath.Join(folder, "postgres."+name+".txt"), long) }()
		err := fetchProfile(ctx, p, filepath.Join(folder, "okrbot."+name+".pprof"), long)
		if err != nil {
			r.bench.tell("profiling okrbot: %v", err)
		}
		if err := <-samples; err != nil {
			r.bench.tell("profiling Postgres: %v", err)
		}
	}()
	return func() { <-ended }
}

func fetchProfile(ctx context.Context, p *program, file string, long time.Duration) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.ops, int(long.Seconds())), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, resp.Body)
	return err
}

// sessions looks thirty times a second at what Postgres' sessions do, and writes what was seen most.
func (r *running) sessions(ctx context.Context, file string, long time.Duration) error {
	seen := map[string]int{}
	looks := 0
	for began := time.Now(); time.Since(began) < long; looks++ {
		rows, err := r.watch.Query(ctx, `
			select coalesce(wait_event_type || ':' || wait_event, 'CPU'), left(regexp_replace(query, '\s+', ' ', 'g'), 90)
			from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid() and state = 'active'`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var wait, query string
			if err := rows.Scan(&wait, &query); err != nil {
				return err
			}
			seen[wait+"\t"+query]++
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := pause(ctx, 33*time.Millisecond); err != nil {
			return err
		}
	}
	lines := slices.SortedFunc(maps.Keys(seen), func(a, b string) int { return seen[b] - seen[a] })
	var out strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&out, "%6.2f sessions\t%s\n", float64(seen[line])/float64(max(1, looks)), line)
	}
	return os.WriteFile(file, []byte(out.String()), 0o600)
}

// countStatements starts Postgres again so that it counts its statements, where it comes with what
// that takes.
func (b *bench) countStatements(ctx context.Context) error {
	const counts = "pg_stat_statements"
	conn, err := pgx.Connect(ctx, b.server.DSN())
	if err != nil {
		return fmt.Errorf("connecting to Postgres: %w", err)
	}
	var there bool
	err = conn.QueryRow(ctx, "select exists (select from pg_available_extensions where name = $1)", counts).Scan(&there)
	conn.Close(ctx)
	if err != nil || !there {
		return err
	}
	if err := b.execute(ctx, "alter system set shared_preload_libraries = "+counts); err != nil {
		return err
	}
	b.server.Stop()
	if err := b.postgres(ctx); err != nil {
		return err
	}
	return b.execute(ctx, "alter system set "+counts+".track_planning = on", "select pg_reload_conf()")
}

// statements begins to count what the program asks Postgres. What it gives writes it into
// statements.NAME.txt, the dearest first.
func (r *running) statements(ctx context.Context, name string) (done func()) {
	nothing := func() {}
	if r.bench.profiles == "" {
		return nothing
	}
	if err := r.change(ctx, "create extension if not exists pg_stat_statements"); err != nil {
		r.bench.tell("Postgres does not count statements: %v", err)
		return nothing
	}
	if err := r.change(ctx, "select pg_stat_statements_reset()"); err != nil {
		r.bench.tell("Postgres does not count statements: %v", err)
		return nothing
	}
	return func() {
		if err := r.counted(ctx, filepath.Join(r.bench.profiles, "statements."+name+".txt")); err != nil {
			r.bench.tell("counting statements: %v", err)
		}
	}
}

func (r *running) counted(ctx context.Context, file string) error {
	rows, err := r.watch.Query(ctx, `
		select s.calls, s.rows, s.total_plan_time, s.total_exec_time, s.wal_bytes::bigint, left(regexp_replace(s.query, '\s+', ' ', 'g'), 100)
		from pg_stat_statements s join pg_database d on d.oid = s.dbid
		where d.datname = current_database()
		order by s.total_plan_time + s.total_exec_time desc`)
	if err != nil {
		return err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%8s %9s %10s %10s %10s\n", "calls", "rows", "plan ms", "run ms", "WAL kB")
	var calls, count, wal int64
	var plan, run float64
	for rows.Next() {
		var c, n, w int64
		var p, e float64
		var query string
		if err := rows.Scan(&c, &n, &p, &e, &w, &query); err != nil {
			return err
		}
		calls, count, plan, run, wal = calls+c, count+n, plan+p, run+e, wal+w
		fmt.Fprintf(&out, "%8d %9d %10.1f %10.1f %10.1f  %s\n", c, n, p, e, float64(w)/1000, query)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	fmt.Fprintf(&out, "%8d %9d %10.1f %10.1f %10.1f  all of them\n", calls, count, plan, run, float64(wal)/1000)
	return os.WriteFile(file, []byte(out.String()), 0o600)
}

// updates writes what of each table was updated in the copy, and how much of it without the table's
// indexes, into updates.NAME.txt.
func (r *running) updates(ctx context.Context, name string) error {
	rows, err := r.watch.Query(ctx, `
		select relname, n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where n_tup_upd > 0 order by n_tup_upd - n_tup_hot_upd desc`)
	if err != nil {
		return err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%9s %9s\n", "updated", "HOT")
	for rows.Next() {
		var table string
		var updated, inPlace int64
		if err := rows.Scan(&table, &updated, &inPlace); err != nil {
			return err
		}
		fmt.Fprintf(&out, "%9d %9d  %s\n", updated, inPlace, table)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.bench.profiles, "updates."+name+".txt"), []byte(out.String()), 0o600)
}
