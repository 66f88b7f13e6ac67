package main

import (
	"context"
	"fmt"
	"time"
)

// measureMillion looks for what is due of a million key results, and has all of them read.
func measureMillion(ctx context.Context, b *bench) (rows []row, err error) {
	defer b.forget("million", "thousands")
	few, err := b.sync(ctx, "thousands", setting{share: 0.05, patience: b.patience()})
	if err != nil {
		return rows, err
	}
	idleFew, soonFew, err := b.scan(ctx, "thousands")
	if err != nil {
		return rows, err
	}
	idle, soon, err := b.scan(ctx, "million")
	if err != nil {
		return rows, err
	}
	all := b.sizes()["million"].all()
	rows = append(rows, row{
		what:     fmt.Sprintf("%s key results, none due: CPU of looking for it, and time until one that falls due is read", thousands(all)),
		measured: fmt.Sprintf("%.1f %% of a core, %s", 100*idle, seconds(soon)),
		beside:   fmt.Sprintf("%s: %.1f %%, %s", thousands(few.all), 100*idleFew, seconds(soonFew)),
		goals:    []goal{atMost("within 5 s", soon.Seconds(), 5)},
	})
	many, err := b.sync(ctx, "million", setting{share: 0.05, patience: pick(b, 2*time.Hour, 5*time.Minute)})
	if err != nil {
		return rows, err
	}
	return append(rows, row{
		what:     fmt.Sprintf("%s key results on %s scorecards, one of ten with a card, all due, 5 %% changed", thousands(all), thousands(many.references)),
		measured: fmt.Sprintf("%s; each scorecard read %.2f ×; at most %.0f MiB resident", many.outcome(), many.reads(), many.peak),
		beside:   fmt.Sprintf("%s: %s", thousands(few.all), few.outcome()),
		goals:    []goal{must("all right", many.complete()), atMost("read once (≤ 1.1 ×)", many.reads(), 1.1)},
	}, flat(few, many)), nil
}

// scan leaves a world alone in which nothing is due, then has one key result fall due. It says what
// part of a core the looking took, and how long until that one was read.
func (b *bench) scan(ctx context.Context, name string) (core float64, soon time.Duration, err error) {
	r, err := b.open(ctx, name)
	if err != nil {
		return 0, 0, err
	}
	defer r.close(ctx)
	p, err := r.serve(ctx, r.dsn)
	if err != nil {
		return 0, 0, err
	}
	if err := r.settle(ctx); err != nil {
		return 0, 0, err
	}
	server, err := r.postmaster(ctx)
	if err != nil {
		return 0, 0, err
	}
	used := func() (time.Duration, error) {
		_, bot, err := stat(p.pid())
		if err != nil {
			return 0, err
		}
		postgres, err := family(server)
		return bot + postgres, err
	}
	before, err := used()
	if err != nil {
		return 0, 0, err
	}
	alone := pick(b, 30*time.Second, 10*time.Second)
	if err := pause(ctx, alone); err != nil {
		return 0, 0, err
	}
	after, err := used()
	if err != nil {
		return 0, 0, err
	}
	if err := r.change(ctx, makeOneDue); err != nil {
		return 0, 0, err
	}
	due := time.Now()
	_, err = wait(ctx, 5*time.Millisecond, b.patience(), func() (bool, error) {
		calls, _ := r.calls()
		return calls > 0, nil
	})
	return (after - before).Seconds() / alone.Seconds(), time.Since(due), err
}
