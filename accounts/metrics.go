package accounts

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"okrbot/integrations"
)

var tokensRenewed = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "okrbot_tokens_renewed_total", Help: "Access tokens that were asked for again, by how it went.",
}, []string{"outcome"})

// What can happen is there from the start, as 0: what appears with its first time has no rate.
func init() {
	for _, how := range []string{renewed, refusedRenewal, failedRenewal} {
		tokensRenewed.WithLabelValues(how)
	}
}

// The ways in which a renewal ends.
const (
	renewed        = "renewed"
	refusedRenewal = "refused" // the consent is over, or the client is not taken any more
	failedRenewal  = "failed"  // nobody said no: it is tried again
)

// countRenewal counts how a renewal went; one that was called off does not count.
func countRenewal(err error) {
	how := renewed
	var failure *integrations.Error
	switch {
	case errors.As(err, &failure) && failure.Class == integrations.Unauthorized:
		how = refusedRenewal
	case errors.Is(err, context.Canceled):
		return
	case err != nil:
		how = failedRenewal
	}
	tokensRenewed.WithLabelValues(how).Inc()
}
