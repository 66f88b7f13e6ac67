package bot

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	gestures = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "okrbot_gestures_total", Help: "What people did in Slack, by kind and how it went.",
	}, []string{"kind", "result"})
	ackSeconds = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "okrbot_ack_seconds", Help: "Time until Slack had our answer; Slack waits three seconds.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 2.5},
	})
	waitingTurns = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "okrbot_gestures_waiting", Help: "Gestures that wait for their turn to be acted on.",
	})
)
