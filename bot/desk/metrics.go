package desk

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"okrbot/jobs"
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
	posts = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "okrbot_posts_total", Help: "Messages that were to be posted in a channel or to a person, by how it went.",
	}, []string{"outcome"})
	slackRequests = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "okrbot_slack_requests_total", Help: "Requests to Slack, by method and how it went.",
	}, []string{"method", "outcome"})
)

// slackMethods are those that we call. The last two are addresses that Slack hands out.
var slackMethods = []string{
	"auth.test", "chat.getPermalink", "chat.postEphemeral", "chat.postMessage", "chat.update", "conversations.history", "conversations.info", "conversations.members", "conversations.open", "files.completeUploadExternal", "files.getUploadURLExternal",
	"users.info", "users.list", "views.open", "views.publish", "views.push", "views.update", "response_url", "upload_url",
}

// How requests to Slack end.
const (
	wentWell    = "ok"
	wentLimited = "rate_limited" // Slack asks to wait
	wentNowhere = "unreachable"  // it surely did not arrive, and is tried again
	wentRefused = "refused"      // Slack does not take it, however often it is tried
	wentUnclear = "unknown"      // it may have arrived: the answer was lost, or says nothing
)

// What can happen is there from the start, as 0: what appears with its first time has no rate.
func init() {
	for _, kind := range []gestureKind{aCommand, anAction, aSubmit, aClose, aQuery, anEvent, aMention, aShort} {
		for _, result := range []string{"ok", "error", "panic", "too slow", "too much", "no database", "unclear", "under way", "replay", "foreign"} {
			gestures.WithLabelValues(string(kind), result)
		}
	}
	for _, outcome := range []string{wentWell, wentLimited, wentNowhere, wentRefused, wentUnclear} {
		posts.WithLabelValues(outcome)
		for _, method := range slackMethods {
			slackRequests.WithLabelValues(method, outcome)
		}
	}
}

// counted counts a request to Slack, types its error, and notes where it says that the app is not
// installed. What was not sent for that reason is not counted.
func (s *Slack) counted(method string, err error) error {
	err = undelivered(err)
	if CodeOf(err) == notInstalled {
		return err
	}
	s.installed.of(err)
	slackRequests.WithLabelValues(method, ending(err)).Inc()
	return err
}

func countPost(err error) {
	if CodeOf(err) != notInstalled {
		posts.WithLabelValues(ending(err)).Inc()
	}
}

func ending(err error) string {
	var u *jobs.Undelivered
	switch {
	case err == nil:
		return wentWell
	case errors.As(err, &u) && u.After > 0, CodeOf(err) == "ratelimited", CodeOf(err) == "rate_limited":
		return wentLimited
	case errors.As(err, &u) && u.Kind == jobs.NotSent:
		return wentNowhere
	case errors.As(err, &u) && (u.Kind == jobs.Permanent || u.Kind == jobs.Gone):
		return wentRefused
	}
	return wentUnclear
}
