package store

import (
	"context"
	"fmt"
	"time"
)

// Figures are what an operator watches of the database, for all processes together.
type Figures struct {
	DueLag time.Duration // for how long what is due longest has waited to be read
	Queues []QueueFigure
}

// QueueFigure is how many jobs of a queue are in a state, and for how long the oldest of them has been
// due.
type QueueFigure struct {
	Queue, State string
	Jobs         int
	Oldest       time.Duration
}

// Figures asks for them; jobs that ended are not counted.
func (r Statements) Figures(ctx context.Context) (Figures, error) {
	var f Figures
	lag, err := r.q.DueLag(ctx)
	if err != nil {
		return f, fmt.Errorf("asking for how long what is due has waited: %w", err)
	}
	f.DueLag = seconds(lag)
	// River's own table, of which sqlc does not know.
	rows, err := r.db.Query(ctx, `
		select queue, state::text, count(*)::int, greatest(extract(epoch from now() - min(scheduled_at)), 0)::float8
		from river_job
		where state in ('available', 'pending', 'retryable', 'running', 'scheduled')
		group by queue, state
		order by queue, state`)
	if err != nil {
		return f, fmt.Errorf("counting jobs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var q QueueFigure
		var oldest float64
		if err := rows.Scan(&q.Queue, &q.State, &q.Jobs, &oldest); err != nil {
			return f, fmt.Errorf("counting jobs: %w", err)
		}
		q.Oldest = seconds(oldest)
		f.Queues = append(f.Queues, q)
	}
	if err := rows.Err(); err != nil {
		return f, fmt.Errorf("counting jobs: %w", err)
	}
	return f, nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
