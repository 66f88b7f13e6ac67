package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a measurement is waited for that has no time of its own to keep.
func (b *bench) patience() time.Duration { return pick(b, 5*time.Minute, time.Minute) }

// measureSync has all key results read at once, with a twentieth of the values changed and with all,
// beside the plain design, and beside Postgres' own work on as many rows. Each is done in three fresh copies,
// and the one counts whose time is in the middle.
func measureSync(ctx context.Context, b *bench) (rows []row, err error) {
	for _, way := range []struct{ share, times float64 }{{0.05, 20}, {1, 12}} {
		var undone *synced
		ours, err := middle(b, func() (synced, error) {
			s, err := b.sync(ctx, "company", setting{share: way.share, warm: true, patience: b.patience()})
			if !s.complete() {
				undone = &s
			}
			return s, err
		}, func(s synced) time.Duration { return s.took })
		if err != nil {
			return rows, err
		}
		theirs, err := middle(b, func() (plainSynced, error) {
			return b.plain(ctx, "company", way.share)
		}, func(s plainSynced) time.Duration { return s.took })
		if err != nil {
			return rows, err
		}
		update, err := b.update(ctx, ours.all)
		if err != nil {
			return rows, err
		}
		what := fmt.Sprintf("%s key results of %d instances, %d ms away, fall due after a sync that found nothing new, %.0f %% changed", thousands(ours.all), ours.references/b.sizes()["company"].scorecards, acrossTown.Milliseconds(), 100*way.share)
		if undone != nil {
			rows = append(rows, row{what: what, measured: undone.outcome(), goals: []goal{must("each is read", false)}})
			continue
		}
		faster := theirs.took.Seconds() / ours.took.Seconds()
		cheaper := theirs.cpu().Seconds() / ours.cpu().Seconds()
		speed := ours.rate() / update
		rows = append(rows,
			row{
				what:     what + ": time",
				measured: fmt.Sprintf("%s, %.1f ×", seconds(ours.took), faster),
				beside:   "a job and a call for each: " + seconds(theirs.took),
				goals:    []goal{atLeast(fmt.Sprintf("≥ %.0f ×", way.times), faster, way.times)},
			},
			row{
				what:     "CPU of okrbot and Postgres for it",
				measured: fmt.Sprintf("%s (%s + %s), %.1f ×", seconds(ours.cpu()), seconds(ours.bot), seconds(ours.server), cheaper),
				beside:   fmt.Sprintf("%s (%s + %s)", seconds(theirs.cpu()), seconds(theirs.bot), seconds(theirs.server)),
				goals:    []goal{atLeast(fmt.Sprintf("≥ %.0f ×", way.times), cheaper, way.times)},
			},
			row{
				what:     "Calls for it, and how often each scorecard was read",
				measured: fmt.Sprintf("%s, %.2f ×", thousands(ours.calls), ours.reads()),
				beside:   fmt.Sprintf("%s scorecards", thousands(ours.references)),
				goals:    []goal{atMost("each read once (≤ 1.1 ×)", ours.reads(), 1.1)},
			},
			ofUpdate(ours, update, speed, way.share == 0.05),
			row{
				what:     fmt.Sprintf("What a key result takes then, %.0f %% changed: CPU, WAL, rows updated in place (HOT)", 100*way.share),
				measured: fmt.Sprintf("%s, %s, %s", micro(ours.each()), kilobytes(ours.spent.wal, ours.all), inPlace(ours.spent)),
				beside:   fmt.Sprintf("%s, %s, %s", micro(theirs.cpu()/time.Duration(ours.all)), kilobytes(theirs.spent.wal, ours.all), inPlace(theirs.spent)),
			})
	}
	return rows, nil
}

// middle measures something three times, and returns what took neither longest nor shortest; once in the quick
// mode.
func middle[T any](b *bench, measure func() (T, error), took func(T) time.Duration) (T, error) {
	var all []T
	for range pick(b, 3, 1) {
		one, err := measure()
		if err != nil {
			return one, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(took(a), took(b)) })
	return all[len(all)/2], nil
}

func ofUpdate(ours synced, update, speed float64, bound bool) row {
	r := row{
		what:     "Its rate, beside Postgres' own: `update … from unnest` of as many rows",
		measured: fmt.Sprintf("%s a second, %.1f %%", thousands(int(ours.rate())), 100*speed),
		beside:   thousands(int(update)) + " rows a second",
	}
	if bound {
		r.goals = []goal{atLeast("≥ 15 %", speed, 0.15)}
	}
	return r
}

func micro(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func kilobytes(bytes int64, by int) string {
	return fmt.Sprintf("%.2f kB", float64(bytes)/1000/float64(by))
}

func inPlace(s spent) string {
	if s.rows == 0 {
		return "no row updated"
	}
	return fmt.Sprintf("%.0f %% of %s", 100*float64(s.inPlace)/float64(s.rows), thousands(int(s.rows)))
}

// update is how many rows a second Postgres updates by itself, of as many as there are key results:
// one client, a thousand rows in a statement, each its own transaction. The median of five rounds.
func (b *bench) update(ctx context.Context, rows int) (float64, error) {
	const name = "set_based"
	if err := b.execute(ctx, "create database "+name); err != nil {
		return 0, err
	}
	defer b.execute(context.WithoutCancel(ctx), "drop database "+name+" with (force)")
	conn, err := pgx.Connect(ctx, b.server.DSN()+" dbname="+name)
	if err != nil {
		return 0, fmt.Errorf("connecting to Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, statement := range []string{
		"create table numbers (id bigint primary key, value numeric, next_at timestamptz) with (fillfactor = 60)",
		fmt.Sprintf("insert into numbers select n, n, now() from generate_series(1, %d) n", rows),
		"vacuum analyze numbers", "checkpoint",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return 0, fmt.Errorf("filling a table: %w", err)
		}
	}
	var rates []float64
	for round := range 5 {
		began := time.Now()
		for from := 0; from < rows; from += 1000 {
			var ids []int64
			var values []float64
			for id := from; id < min(from+1000, rows); id++ {
				ids, values = append(ids, int64(id+1)), append(values, float64(id+round))
			}
			if _, err := conn.Exec(ctx, `
				update numbers n set value = v.value, next_at = now()
				from (select unnest($1::bigint[]) as id, unnest($2::numeric[]) as value) v where n.id = v.id`, ids, values); err != nil {
				return 0, fmt.Errorf("updating a table: %w", err)
			}
		}
		rates = append(rates, float64(rows)/time.Since(began).Seconds())
	}
	slices.Sort(rates)
	return rates[2], nil
}

// measureFar has all key results read while Postgres is far away, on a quiet machine and on one that
// is busy with other things.
func measureFar(ctx context.Context, b *bench) (rows []row, err error) {
	for _, way := range []struct{ far, within time.Duration }{{20 * time.Millisecond, 30 * time.Second}, {100 * time.Millisecond, 60 * time.Second}} {
		for _, loaded := range []bool{false, true} {
			s, err := b.sync(ctx, "company", setting{share: 0.05, far: way.far, loaded: loaded, patience: 5 * way.within})
			if err != nil {
				return rows, err
			}
			quiet := "a quiet machine"
			if loaded {
				quiet = "every core busy with something else"
			}
			rows = append(rows, row{
				what:     fmt.Sprintf("%s key results, %d ms more on every round trip to Postgres, 5 %% changed, %s", thousands(s.all), way.far.Milliseconds(), quiet),
				measured: fmt.Sprintf("%s; each scorecard read %.2f ×; %s right; %d counted as crashed", s.outcome(), s.reads(), thousands(s.right), s.crashes),
				beside:   "",
				goals: []goal{
					atMost(fmt.Sprintf("within %.0f s", way.within.Seconds()), s.late(), way.within.Seconds()),
					atMost("read once (≤ 1.1 ×)", s.reads(), 1.1),
					must("all right", s.complete()),
				},
			})
		}
	}
	return rows, nil
}

// late is how long it took in seconds; what was left undone would have taken as long for each again.
func (s synced) late() float64 {
	if s.left == 0 {
		return s.since.Seconds()
	}
	return s.since.Seconds() * float64(s.all) / float64(max(1, s.all-s.left))
}

// measureReplicas has two processes share the work, with Postgres at hand and far away.
func measureReplicas(ctx context.Context, b *bench) (rows []row, err error) {
	for _, away := range []time.Duration{0, 20 * time.Millisecond} {
		one, err := b.sync(ctx, "company", setting{share: 0.05, far: away, patience: b.patience()})
		if err != nil {
			return rows, err
		}
		two, err := b.sync(ctx, "company", setting{share: 0.05, far: away, replicas: 2, patience: b.patience()})
		if err != nil {
			return rows, err
		}
		least := slices.Min(two.parts)
		faster := one.since.Seconds() / two.since.Seconds()
		r := row{
			what: fmt.Sprintf("Two replicas share %s key results, Postgres %s, 5 %% changed", thousands(two.all), at(away)),
			measured: fmt.Sprintf("%.0f and %.0f %% of the calls; each scorecard read %.2f ×; %s, %.2f ×",
				100*two.parts[0], 100*two.parts[1], two.reads(), two.outcome(), faster),
			beside: "one: " + one.outcome(),
			goals:  []goal{atLeast("each ≥ 20 %", least, 0.2), atMost("read once (≤ 1.1 ×)", two.reads(), 1.1), must("all right", two.complete())},
		}
		if away > 0 {
			alone := 30 / one.late()
			r.goals = append(r.goals, atLeast("≥ 1.5 ×, or one within 30 s", max(faster/1.5, alone), 1))
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func at(away time.Duration) string {
	if away == 0 {
		return "at hand"
	}
	return fmt.Sprintf("%d ms away", away.Milliseconds())
}

// measureMany has very many key results with a long history read, on a machine that is busy too.
func measureMany(ctx context.Context, b *bench) (rows []row, err error) {
	defer b.forget("many")
	few, err := b.sync(ctx, "company", setting{share: 0.05, patience: b.patience()})
	if err != nil {
		return rows, err
	}
	for _, loaded := range []bool{false, true} {
		many, err := b.sync(ctx, "many", setting{share: 0.05, loaded: loaded, patience: pick(b, 20*time.Minute, 3*time.Minute)})
		if err != nil {
			return rows, err
		}
		size := b.sizes()["many"]
		what := fmt.Sprintf("%s key results on %d connections and %s scorecards with %d days, 5 %% changed", thousands(many.all), size.connections, thousands(many.references), size.days)
		times := float64(many.all) / float64(few.all)
		if loaded {
			rows = append(rows, row{
				what:     what + ", every core busy with something else",
				measured: fmt.Sprintf("%s; each scorecard read %.2f ×; %d counted as crashed", many.outcome(), many.reads(), many.crashes),
				beside:   fmt.Sprintf("%s: %s on a quiet machine", thousands(few.all), few.outcome()),
				goals:    []goal{must("it ends, all right", many.complete()), atMost("read once (≤ 1.1 ×)", many.reads(), 1.1)},
			})
			continue
		}
		rows = append(rows, row{
			what:     what,
			measured: fmt.Sprintf("%s; each scorecard read %.2f ×; at most %.0f MiB resident", many.outcome(), many.reads(), many.peak),
			beside:   fmt.Sprintf("%s: %s, %.0f MiB", thousands(few.all), few.outcome(), few.peak),
			goals: []goal{
				must("it ends, all right", many.complete()), atMost("in proportion (≤ 1.2 × each)", many.took.Seconds()/few.took.Seconds()/times, 1.2),
				atMost("≤ 128 MiB", many.peak, 128),
			},
		}, flat(few, many))
	}
	return rows, nil
}

// flat is what a key result costs of few and of many.
func flat(few, many synced) row {
	grown := many.each().Seconds() / few.each().Seconds()
	return row{
		what:     fmt.Sprintf("CPU for each key result of %s", thousands(many.all)),
		measured: fmt.Sprintf("%s, %.2f ×", micro(many.each()), grown),
		beside:   fmt.Sprintf("%s of %s", micro(few.each()), thousands(few.all)),
		goals:    []goal{atMost("flat (≤ 1.2 ×)", grown, 1.2)},
	}
}
