package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// setting is how a sync of all key results of a world is measured.
type setting struct {
	share    float64       // of the scorecards that have a newer score
	replicas int           // 1 where it is not said
	far      time.Duration // added to each round trip to Postgres
	loaded   bool          // every core of the machine is kept busy beside it
	warm     bool          // after a sync that found nothing new, as one of a process that has run for a while
	patience time.Duration // after this time it is left undone
}

// synced is what came of it.
type synced struct {
	setting
	all, changed int           // key results
	took         time.Duration // from the first call to the last key result
	since        time.Duration // from the moment at which they fell due
	left         int           // key results that were not read within the patience
	right        int           // that have the value of their scorecard
	crashes      int
	calls, items int
	references   int
	bot, server  time.Duration // CPU time, of okrbot and of Postgres
	spent        spent
	peak         float64   // MiB, of the process that had most
	parts        []float64 // each replica's share of the calls
}

// reads is how often a scorecard was read.
func (s synced) reads() float64 { return float64(s.items) / float64(s.references) }

func (s synced) cpu() time.Duration { return s.bot + s.server }

// each is what one key result took of the CPU.
func (s synced) each() time.Duration { return s.cpu() / time.Duration(s.all) }

// rate is key results a second.
func (s synced) rate() float64 { return float64(s.all) / s.took.Seconds() }

// complete says whether each key result was read and has the right value.
func (s synced) complete() bool { return s.left == 0 && s.right == s.all }

// outcome is the end of a sync in words, where it is not what it should be.
func (s synced) outcome() string {
	switch {
	case s.left > 0:
		return fmt.Sprintf("%d %% done after %s", 100*(s.all-s.left)/s.all, seconds(s.since))
	case s.right != s.all:
		return fmt.Sprintf("done in %s, but %s key results have another value than their scorecard", seconds(s.since), thousands(s.all-s.right))
	}
	return "done in " + seconds(s.since)
}

// sync has every key result of a copy of a world fall due at once and measures how they are read.
func (b *bench) sync(ctx context.Context, name string, how setting) (s synced, err error) {
	r, err := b.open(ctx, name)
	if err != nil {
		return s, err
	}
	defer r.close(ctx)
	return r.sync(ctx, how)
}

// warmUp has all read once with nothing new, and waits until nothing is left to do.
func (r *running) warmUp(ctx context.Context, patience time.Duration) error {
	if err := r.allDue(ctx); err != nil {
		return err
	}
	done, err := wait(ctx, 50*time.Millisecond, patience, func() (bool, error) {
		n, err := r.count(ctx, anyUnsynced)
		return n == 0, err
	})
	if err == nil && !done {
		err = errors.New("a sync that finds nothing new does not end")
	}
	if err != nil {
		return err
	}
	return pause(ctx, time.Second) // what was read is noted as such
}

func (r *running) sync(ctx context.Context, how setting) (s synced, err error) {
	s = synced{setting: how, all: r.all(), references: r.references()}
	dsn := r.dsn
	if how.far > 0 {
		var end func()
		if dsn, end, err = far(ctx, dsn, how.far); err != nil {
			return s, err
		}
		defer end()
	}
	var pids []int
	for range max(1, how.replicas) {
		p, err := r.serve(ctx, dsn)
		if err != nil {
			return s, err
		}
		pids = append(pids, p.pid())
	}
	if how.replicas > 1 {
		r.callers.tell(pids...)
		defer r.callers.tell()
	}
	if how.warm {
		if err := r.warmUp(ctx, how.patience); err != nil {
			return s, err
		}
	}
	if err := r.settle(ctx); err != nil {
		return s, err
	}
	if how.loaded {
		end, err := load(ctx)
		if err != nil {
			return s, err
		}
		defer end()
	}
	r.slow()
	if s.changed, err = r.collect(how.share, 0); err != nil {
		return s, err
	}
	server, err := r.postmaster(ctx)
	if err != nil {
		return s, err
	}
	used := func() (bot, postgres time.Duration, err error) {
		for _, pid := range pids {
			_, of, err := stat(pid)
			if err != nil {
				return 0, 0, err
			}
			bot += of
		}
		postgres, err = family(server)
		return bot, postgres, err
	}
	named := fmt.Sprintf("%s.%.0f%%.%d", r.world.name, 100*how.share, r.bench.copies)
	counted := r.statements(ctx, named)
	profiled := r.profile(ctx, r.programs[0], named, 10*time.Second)
	defer profiled()
	before, err := r.writes(ctx)
	if err != nil {
		return s, err
	}
	bot, postgres, err := used()
	if err != nil {
		return s, err
	}
	due := time.Now()
	if err := r.allDue(ctx); err != nil {
		return s, err
	}
	// As long as scorecards are unread the database is not asked: that would be measured too.
	if _, err := wait(ctx, 5*time.Millisecond, how.patience/2, func() (bool, error) {
		_, items := r.calls()
		return items >= s.references, nil
	}); err != nil {
		return s, err
	}
	done, err := wait(ctx, 10*time.Millisecond, how.patience-time.Since(due), func() (bool, error) {
		n, err := r.count(ctx, anyUnsynced)
		return n == 0, err
	})
	if err != nil {
		return s, err
	}
	ended := time.Now()
	s.since = ended.Sub(due)
	s.took = ended.Sub(r.firstCall())
	s.bot, s.server, err = used()
	if err != nil {
		return s, err
	}
	s.bot, s.server = s.bot-bot, s.server-postgres
	counted()
	s.calls, s.items = r.calls()
	for _, pid := range pids {
		s.parts = append(s.parts, r.callers.share(pid))
		if of, err := peak(pid); err == nil {
			s.peak = max(s.peak, of)
		}
	}
	if err := pause(ctx, 1500*time.Millisecond); err != nil { // Postgres' statistics follow a second later
		return s, err
	}
	after, err := r.writes(ctx)
	if err != nil {
		return s, err
	}
	if r.bench.profiles != "" {
		if err := r.updates(ctx, named); err != nil {
			return s, err
		}
	}
	s.spent = spent{after.wal - before.wal, after.rows - before.rows, after.inPlace - before.inPlace}
	if !done {
		if s.left, err = r.count(ctx, unsynced); err != nil {
			return s, err
		}
	}
	if s.crashes, err = r.count(ctx, crashed); err != nil {
		return s, err
	}
	s.right, err = r.right(ctx)
	return s, err
}
