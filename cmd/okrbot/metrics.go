package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river/rivertype"

	"okrbot/jobs"
	"okrbot/store"
)

// figures are the metrics of this process that are asked for when they are read: those that only
// count are where they happen. docs/running.md has all of them.
func (r *running) figures() prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	for what, figure := range map[string]func() int64{
		"due":  func() int64 { due, _ := r.jobs.Looks(); return due },
		"said": func() int64 { _, said := r.jobs.Looks(); return said },
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "okrbot_looks_total", Help: "How often this process looked for what is due, and for what is to be said.", ConstLabels: prometheus.Labels{"what": what},
		}, func() float64 { return float64(figure()) }))
	}
	b := builtFrom()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "okrbot_build_info", Help: "Always 1: which okrbot this is.",
		ConstLabels: prometheus.Labels{"version": b.version, "revision": b.revision, "goversion": b.goVersion},
	}, func() float64 { return 1 }))
	registry.MustRegister(poolFigures(r.pools), &databaseFigures{r.store, r.log})
	return registry
}

// namedPool is a pool with what it is for.
type namedPool struct {
	*pgxpool.Pool
	name string
}

// poolFigures are how far each pool of this process is used.
type poolFigures []namedPool

var poolConnections = prometheus.NewDesc("okrbot_db_pool_connections",
	"Connections to Postgres, by pool and state; all states of a pool together are what it may open.", []string{"pool", "state"}, nil)

// Describe is for the registry.
func (poolFigures) Describe(to chan<- *prometheus.Desc) { to <- poolConnections }

// Collect looks at the pools.
func (f poolFigures) Collect(to chan<- prometheus.Metric) {
	for _, p := range f {
		now := p.Stat()
		for state, n := range map[string]int32{
			"used": now.AcquiredConns(), "idle": now.IdleConns(), "opening": now.ConstructingConns(), "unopened": max(0, now.MaxConns()-now.TotalConns()),
		} {
			to <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, float64(n), p.name, state)
		}
	}
}

// databaseFigures are what the database says of all processes together. Where it does not say it, they
// are missing: figures of before would look as if all were well.
type databaseFigures struct {
	store *store.Store
	log   *slog.Logger
}

var (
	dueLag = prometheus.NewDesc("okrbot_due_lag_seconds",
		"For how long what is due longest has waited to be read; 0 where nothing is due.", nil, nil)
	queueJobs = prometheus.NewDesc("okrbot_queue_jobs",
		"Jobs that have not ended, by queue and state.", []string{"queue", "state"}, nil)
	queueOldest = prometheus.NewDesc("okrbot_queue_oldest_seconds",
		"For how long the oldest job of a queue has waited for somebody to take it; 0 where none waits.", []string{"queue"}, nil)
)

// Describe is for the registry.
func (*databaseFigures) Describe(to chan<- *prometheus.Desc) {
	to <- dueLag
	to <- queueJobs
	to <- queueOldest
}

// Collect asks the database. Queues and states are there also where they are empty.
func (f *databaseFigures) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	now, err := f.store.Figures(ctx)
	if err != nil {
		f.log.Warn("the database does not say how much there is to do", "error", err)
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(dueLag, now.DueLag.Seconds())
	type place struct{ queue, state string }
	count, oldest := map[place]int{}, map[string]time.Duration{}
	for _, queue := range jobs.Queues {
		oldest[queue] = 0
		for _, state := range []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled} {
			count[place{queue, string(state)}] = 0
		}
	}
	for _, q := range now.Queues {
		count[place{q.Queue, q.State}] = q.Jobs
		if q.State == string(rivertype.JobStateAvailable) {
			oldest[q.Queue] = q.Oldest
		}
	}
	for at, n := range count {
		gauge(queueJobs, float64(n), at.queue, at.state)
	}
	for queue, waited := range oldest {
		gauge(queueOldest, waited.Seconds(), queue)
	}
}
