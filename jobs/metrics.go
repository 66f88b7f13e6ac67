package jobs

import (
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"okrbot/integrations"
	"okrbot/store"
)

var (
	workShare = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "okrbot_work_share", Help: "How many portions of work run at once; below one, the part of the time in which one does.",
	})
	workWaiting = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "okrbot_work_waiting", Help: "Portions of work that wait for their turn.",
	})
	synced = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "okrbot_sync_key_results_total", Help: "Key results that were due or asked for, by what became of them and, where they were not read, why.",
	}, []string{"outcome", "class"})
	scoresStored = promauto.NewCounter(prometheus.CounterOpts{
		Name: "okrbot_scores_stored_total", Help: "Scores that were kept: of new days, and those that changed.",
	})
	stuckJobs = promauto.NewCounter(prometheus.CounterOpts{
		Name: "okrbot_stuck_jobs_total", Help: "Jobs that did not end with their time, and whose places were given to others.",
	})
)

// unclassed is the class of what was read.
const unclassed = "none"

// failedAgain is the outcome of what has failed in its slot already, and did once more when it was tried again or
// asked for: how many key results fail is not how often each is tried.
const failedAgain = "failed_again"

// What can happen is there from the start, as 0: what appears with its first time has no rate.
func init() {
	for _, what := range []string{store.Unchanged, store.Changed, store.Restated, store.Superseded} {
		synced.WithLabelValues(what, unclassed)
	}
	for _, class := range integrations.Classes {
		synced.WithLabelValues(store.Failed, string(class))
		synced.WithLabelValues(failedAgain, string(class))
		synced.WithLabelValues(store.Again, string(class))
	}
}

// tally is what a part did, to be counted once it is true.
type tally struct {
	outcomes map[outcome]int
	failed   map[cause]int // of these, the key results that fail for the first time in their slot, by why
	scores   int
}

type outcome struct{ outcome, class string }

type cause struct{ class, cause string }

// tally sums up what was written. What is tried again has failed with its feed's answer.
func (a *applying) tally(s sorted) tally {
	t := tally{outcomes: map[outcome]int{}, failed: map[cause]int{}, scores: a.stored}
	for what, n := range a.batch.Outcomes() {
		if what != store.Failed && what != store.Again {
			t.outcomes[outcome{what, unclassed}] += n
		}
	}
	for _, f := range a.failures {
		what := store.Failed
		if a.still[f.KeyResult] {
			what = failedAgain
		} else {
			t.failed[cause{f.Failure.Class, f.Failure.Cause}]++
		}
		t.outcomes[outcome{what, f.Failure.Class}]++
	}
	for _, f := range a.part.follows {
		var failure *integrations.Error
		if s.again[f.KeyResult] && errors.As(s.ending[f.Feed].Err, &failure) {
			t.outcomes[outcome{store.Again, string(failure.Class)}]++
		}
	}
	return t
}

func (t tally) count() {
	for o, n := range t.outcomes {
		synced.WithLabelValues(o.outcome, o.class).Add(float64(n))
	}
	scoresStored.Add(float64(t.scores))
}

// log says why key results were not read, with the causes of docs/servicenow.md: a line for each cause of a part,
// however many key results it has, and none for each time that they are tried again.
func (t tally) log(log *slog.Logger, connection int64) {
	for why, n := range t.failed {
		log.Warn("key results were not read", "connection", connection, "class", why.class, "cause", why.cause, "key_results", n)
	}
}
