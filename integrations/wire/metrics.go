package wire

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	requests = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "okrbot_connector_requests_total", Help: "Requests to the systems that are read, by kind of system and status; \"none\" where no answer came.",
	}, []string{"kind", "status"})
	requestSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "okrbot_connector_requests_seconds", Help: "Time until an answer began, or the request was given up.",
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20},
	}, []string{"kind"})
)

// Counted counts the requests of one kind of system.
type Counted struct{ kind string }

// Count is how a connector begins to count. The statuses that mean something to an operator are there
// from the start, as 0.
func Count(kind string) Counted {
	requestSeconds.WithLabelValues(kind)
	requests.WithLabelValues(kind, "none")
	for _, status := range []int{200, 400, 401, 403, 404, 429, 500, 502, 503, 504} {
		requests.WithLabelValues(kind, strconv.Itoa(status))
	}
	return Counted{kind}
}

// Ask asks once, by a client's Do or a transport's RoundTrip, and counts it.
func (c Counted) Ask(by func(*http.Request) (*http.Response, error), req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := by(req)
	requestSeconds.WithLabelValues(c.kind).Observe(time.Since(began).Seconds())
	status := "none"
	if err == nil {
		status = strconv.Itoa(resp.StatusCode)
	}
	requests.WithLabelValues(c.kind, status).Inc()
	return resp, err
}
