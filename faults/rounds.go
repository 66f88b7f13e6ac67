package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// round is a day of the office: scores change, everything is due, people work, and something happens.
func (o *office) round(ctx context.Context, n int, during func() error) error {
	o.collect(0.6)
	if err := o.nextDay(ctx); err != nil {
		return err
	}
	working, stop := context.WithTimeout(ctx, 2500*time.Millisecond)
	defer stop()
	var people sync.WaitGroup
	people.Go(func() { o.staff.work(working, n) })
	err := during()
	people.Wait()
	if err != nil {
		return err
	}
	if err := o.revive(ctx); err != nil {
		return err
	}
	return o.settle(ctx, false)
}

// collect gives a share of the scorecards another score.
func (o *office) collect(share float64) {
	for _, f := range o.known.followers {
		if share < 1 && !o.chance(share) {
			continue
		}
		o.scores++
		o.systems[f.system].collects(f.reference, o.today(), o.scores)
	}
}

// left counts what is to be done.
const left = `
select (select count(*) from announcements where state in ('pending', 'sending'))
  + (select count(*) from cards where dirty_at is not null and parked = '')
  + (select count(*) from sync_runs where finished_at is null)
  + (select count(*) from sync_asks)
  + (select count(*) from sync_requests where finished_at is null)
  + (select count(*) from rhythms r where r.next_sync_at <= now() and exists (select from follows f where f.rhythm_id = r.id))
  + (select count(*) from connection_slots where leased_until > now())
  + (select count(*) from home_changes)
  + (select count(*) from homes where dirty_at is not null and opened_at > now() - interval '30 days')`

// quiet is longer than a replica waits before it looks again for what is to be done.
const quiet = 3 * time.Second

// settle waits until nothing is left to do, or nobody does anything: then what is left is held for
// processes that died. Wholly moves the clock on over those as well.
func (o *office) settle(ctx context.Context, wholly bool) error {
	began, moved := time.Now(), time.Now()
	n := 0
	for ctx.Err() == nil {
		err := o.asks(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, left).Scan(&n) })
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		last := max(moved.UnixNano(), o.chat.busy.Load(), o.systems[0].busy.Load(), o.systems[1].busy.Load())
		if time.Since(time.Unix(0, last)) > quiet {
			if !wholly {
				return nil
			}
			if err := o.advance(ctx, 11*time.Minute); err != nil {
				return err
			}
			moved = time.Now()
		}
		if time.Since(began) > 3*time.Minute {
			return fmt.Errorf("after three minutes %d things are left to do", n)
		}
		time.Sleep(150 * time.Millisecond)
	}
	return ctx.Err()
}

// calm ends every fault, lets everything be done, and checks that all is as it should be.
func (o *office) calm(ctx context.Context) ([]finding, error) {
	o.mu.Lock()
	o.armed, o.cutting = "", 0
	o.mu.Unlock()
	o.chat.set(&o.chat.losing, 0)
	o.chat.set(&o.chat.limited, 0)
	for _, s := range o.systems {
		s.mu.Lock()
		s.limited = time.Time{}
		s.mu.Unlock()
	}
	if err := o.revive(ctx); err != nil {
		return nil, err
	}
	if err := o.staff.everythingGoesOn(ctx); err != nil {
		return nil, err
	}
	var list []finding
	if err := o.settle(ctx, true); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		list = append(list, finding{lost, err.Error()})
	}
	// One more day without any fault: everything is read, and says what the systems have now. A scorecard
	// that processes died of, one after the other, is given up for a slot and says so; then it takes another day.
	for days, givenUp := 0, 1; givenUp > 0 && days < 2; days++ {
		o.collect(1)
		if err := o.nextDay(ctx); err != nil {
			return nil, err
		}
		if err := o.settle(ctx, true); err != nil {
			list = append(list, finding{lost, err.Error()})
		}
		if err := o.asks(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, "select count(*) from key_results where failure_cause = 'given_up'").Scan(&givenUp)
		}); err != nil {
			return nil, err
		}
	}
	found, err := o.check(ctx)
	list = append(list, found...)
	if err == nil {
		found, err = o.checkHomes(ctx)
		list = append(list, found...)
	}
	return list, errors.Join(err, ctx.Err())
}
