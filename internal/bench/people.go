package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"okrbot/bot/view"
	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store"
)

// timed is what one gesture takes that is done again and again, one after the other.
type timed struct {
	took []time.Duration // in order
	cpu  time.Duration   // of okrbot and Postgres, for one
}

func (t timed) at(part float64) time.Duration { return t.took[int(part*float64(len(t.took)-1))] }

// repeat does a gesture so many times, once before it counts.
func (r *running) repeat(ctx context.Context, p *program, g gesture, times int) (t timed, err error) {
	server, err := r.postmaster(ctx)
	if err != nil {
		return t, err
	}
	used := func() (time.Duration, error) {
		_, bot, err := stat(p.pid())
		if err != nil {
			return 0, err
		}
		postgres, err := family(server)
		return bot + postgres, err
	}
	var before time.Duration
	for n := range times + 1 {
		if n == 1 {
			if before, err = used(); err != nil {
				return t, err
			}
		}
		began := time.Now()
		refused, err := g.ask(ctx, http.DefaultClient, p.door(), n)
		if err == nil && refused {
			err = errors.New("it was refused")
		}
		if err != nil {
			return t, fmt.Errorf("%s: %w", g.what, err)
		}
		if n > 0 {
			t.took = append(t.took, time.Since(began))
		}
	}
	after, err := used()
	t.cpu = (after - before) / time.Duration(times)
	slices.Sort(t.took)
	return t, err
}

// measureLists has somebody list what is at risk in the whole workspace, and what is theirs.
func measureLists(ctx context.Context, b *bench) ([]row, error) {
	r, err := b.open(ctx, "company")
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	p, err := r.serve(ctx, r.dsn)
	if err != nil {
		return nil, err
	}
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	someone := func(int) okr.Actor { return okr.Actor{Workspace: team, ID: owner(0), Kind: okr.Member} }
	times := pick(b, 40, 20)
	mine, err := r.repeat(ctx, p, command("list", someone, "Fewer open incidents"), times)
	if err != nil {
		return nil, err
	}
	risk, err := r.repeat(ctx, p, command("list at-risk", someone, "response_type"), times)
	if err != nil {
		return nil, err
	}
	const bound = 50 * time.Millisecond
	more := risk.at(0.5).Seconds() / mine.at(0.5).Seconds()
	return []row{{
		what:     fmt.Sprintf("`/okr list at-risk` in a workspace of %s key results: CPU, p50, p99", thousands(r.all())),
		measured: fmt.Sprintf("%s, %d, %d ms", milli(risk.cpu), risk.at(0.5).Milliseconds(), risk.at(0.99).Milliseconds()),
		beside:   fmt.Sprintf("`/okr list`: %s, %d, %d ms", milli(mine.cpu), mine.at(0.5).Milliseconds(), mine.at(0.99).Milliseconds()),
		goals:    []goal{atMost("≤ 3 × `list`", more, 3), atMost("≤ 50 ms CPU", risk.cpu.Seconds(), bound.Seconds())},
	}}, nil
}

func milli(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// measureSearch types two letters again and again, where a connection lists very many scorecards.
func measureSearch(ctx context.Context, b *bench) ([]row, error) {
	const directory = 10000
	r, err := b.open(ctx, "company")
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	ids, err := r.connectionIDs(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := secret.Parse(r.written)
	if err != nil {
		return nil, err
	}
	draft, err := store.New(r.watch, keys).CreateDraft(ctx, head, view.CallbackWizard, view.StepScorecard, map[string]any{"Connection": ids[0]})
	if err != nil {
		return nil, err
	}
	p, err := r.serve(ctx, r.dsn)
	if err != nil {
		return nil, err
	}
	someone, of := func(int) okr.Actor { return head }, func(int) string { return draft.ID }
	times := pick(b, 200, 50)
	few, err := r.repeat(ctx, p, typeAhead(someone, of, func(int) string { return "op" }, "Open incidents of group"), times)
	if err != nil {
		return nil, err
	}
	if err := r.change(ctx, addScorecards, ids[0], r.scorecards, directory); err != nil {
		return nil, err
	}
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	many, err := r.repeat(ctx, p, typeAhead(someone, of, func(n int) string { return fmt.Sprintf("%02x", n%256) }, "Requests of team"), times)
	if err != nil {
		return nil, err
	}
	const bound = 300 * time.Millisecond
	return []row{{
		what:     fmt.Sprintf("Ranked results for two letters, of %s scorecards: p50, p95", thousands(directory)),
		measured: fmt.Sprintf("%d, %d ms", many.at(0.5).Milliseconds(), many.at(0.95).Milliseconds()),
		beside:   fmt.Sprintf("of %d: %d, %d ms", r.scorecards, few.at(0.5).Milliseconds(), few.at(0.95).Milliseconds()),
		goals:    []goal{atMost("p95 ≤ 300 ms", many.at(0.95).Seconds(), bound.Seconds())},
	}}, nil
}

// measureStart starts the program on a database with all key results and leaves it alone.
func measureStart(ctx context.Context, b *bench) ([]row, error) {
	r, err := b.open(ctx, "company")
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	p, err := r.serve(ctx, r.dsn)
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, 10*time.Second); err != nil {
		return nil, err
	}
	idle, err := resident(p.pid())
	if err != nil {
		return nil, err
	}
	return []row{{
		what:     fmt.Sprintf("`serve` ready on a database with %s key results; its memory ten seconds later (RSS)", thousands(r.all())),
		measured: fmt.Sprintf("%s; %.0f MiB", seconds(p.ready), idle),
		goals:    []goal{atMost("within 1 s", p.ready.Seconds(), 1), atMost("< 100 MiB", idle, 100)},
	}}, nil
}
