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
