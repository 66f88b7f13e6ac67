package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/sandbox/servicenow"
	"okrbot/store/embedded"
)

// measureOrdinary lets an hour come in which the key results of a connection fall due by themselves,
// as their cadence says, while the clock moves through the twenty minutes that they are spread over.
func measureOrdinary(ctx context.Context, b *bench) (rows []row, err error) {
	r, err := b.open(ctx, "hour")
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	const apart = 1 // the instance without the Batch API
	r.instances[apart].Break(servicenow.Fault{Kind: servicenow.NoResource, API: servicenow.BatchAPI})
	if _, err := r.serve(ctx, r.dsn); err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, r.dsn)
	if err != nil {
		return nil, fmt.Errorf("connecting to Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// To tomorrow, half an hour before the hour. What was due until then is read, so that okrbot
	// knows its instances as it does on any day.
	tomorrow := (r.today + 1).Time()
	ahead := time.Until(tomorrow.Add(8*time.Hour + 30*time.Minute))
	if err := embedded.AdvanceClock(ctx, conn, ahead); err != nil {
		return nil, err
	}
	if err := r.allDue(ctx); err != nil {
		return nil, err
	}
	if err := r.until(ctx, "the day before is read", func() (int, error) { return r.count(ctx, unsynced) }); err != nil {
		return nil, err
	}
	if err := pause(ctx, 5*time.Second); err != nil { // lists of scorecards that have had their day
		return nil, err
	}
	ids, err := r.connectionIDs(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range r.instances {
		for n := range r.scorecards {
			if err := i.Collect(reference(n), tomorrow.AddDate(0, 0, -1), float64(score(n, 0))); err != nil {
				return nil, err
			}
		}
	}
	r.slow()
	// To ten seconds before the hour, and then as fast as is told.
	if err := embedded.AdvanceClock(ctx, conn, 30*time.Minute-10*time.Second); err != nil {
		return nil, err
	}
	speed := pick[time.Duration](b, 4, 20)
	const step = 500 * time.Millisecond
	began := time.Now()
	var now time.Time
	for now.Before(tomorrow.Add(9*time.Hour + 20*time.Minute)) {
		if err := pause(ctx, step); err != nil {
			return nil, err
		}
		if err := embedded.AdvanceClock(ctx, conn, (speed-1)*step); err != nil {
			return nil, err
		}
		if err := conn.QueryRow(ctx, "select now()").Scan(&now); err != nil {
			return nil, fmt.Errorf("asking for the time: %w", err)
		}
	}
	b.tell("twenty minutes took %v", time.Since(began).Round(time.Second))
	if left, err := r.count(ctx, unsynced); err != nil || left > 0 {
		return nil, errors.Join(err, fmt.Errorf("%d key results were not read in their hour", left))
	}
	right, err := r.right(ctx)
	if err != nil {
		return nil, err
	}
	calls := make([]int, r.connections)
	for n, i := range r.instances {
		calls[n] = len(i.Calls())
	}
	for n := range r.instances {
		goalOf, how, most := "≤ 4", "with the Batch API", 4
		if n == apart {
			most = r.scorecards + 3
			goalOf, how = fmt.Sprintf("≤ %d", most), "without it"
		}
		atOnce, err := r.asked(ctx, n, ids[n])
		if err != nil {
			return rows, err
		}
		rows = append(rows, row{
			what:     fmt.Sprintf("Calls as %d key results on %d scorecards of a connection fall due by themselves within their hour, %s, 100 %% changed (the clock %d times as fast)", r.keyResults, r.scorecards, how, speed),
			measured: fmt.Sprint(calls[n]),
			beside:   fmt.Sprintf("all due at one moment: %d", atOnce),
			goals:    []goal{atMost(goalOf, float64(calls[n]), float64(most)), must("all right", right == r.all())},
		})
	}
	return rows, nil
}

// asked is how many calls the same key results take that fall due at one moment.
func (r *running) asked(ctx context.Context, instance int, connection int64) (int, error) {
	r.slow()
	for n := range r.scorecards {
		if err := r.instances[instance].Collect(reference(n), r.today.Time(), float64(score(n, 0)-1)); err != nil {
			return 0, err
		}
	}
	if err := r.change(ctx, makeDueOf, connection); err != nil {
		return 0, err
	}
	if err := r.until(ctx, "all are read at once", func() (int, error) { return r.count(ctx, unsynced) }); err != nil {
		return 0, err
	}
	return len(r.instances[instance].Calls()), nil
}
