package desk

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"
)

// thawed is the context of a process that was frozen past its deadline, before its timers have fired.
type thawed struct{ context.Context }

func (thawed) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

type sent struct{ times int }

func (s *sent) RoundTrip(*http.Request) (*http.Response, error) {
	s.times++
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func TestNothingIsSentAfterItsDeadline(t *testing.T) {
	way := &sent{}
	client := guarded{way, &installation{}}
	late, err := http.NewRequestWithContext(thawed{t.Context()}, http.MethodPost, "https://slack.com/api/chat.postMessage", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RoundTrip(late); !errors.Is(err, context.DeadlineExceeded) || way.times != 0 {
		t.Errorf("%v, and %d were sent", err, way.times)
	}
	if _, err := client.RoundTrip(late.WithContext(t.Context())); err != nil || way.times != 1 {
		t.Errorf("in time: %v, and %d were sent", err, way.times)
	}
}
