// Package ontime keeps from going out what comes after its deadline: a process that was frozen goes on before its
// timers have fired, and another one may have done by then what it was about to do.
package ontime

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Transport sends a request only while the deadline of its context is ahead, by the clock and not by a timer. It looks
// before anything is dialled, and again whenever a part of the body is about to leave; what is cut off there is no
// request, and its error is context.DeadlineExceeded.
type Transport struct{ http.RoundTripper }

// RoundTrip sends a request that comes in time.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	by, bounded := r.Context().Deadline()
	if !bounded {
		return t.RoundTripper.RoundTrip(r)
	}
	if over(by) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, context.DeadlineExceeded
	}
	if r.Body == nil || r.Body == http.NoBody {
		return t.RoundTripper.RoundTrip(r)
	}
	out := r.WithContext(r.Context()) // a copy: who sends a request does not change it
	out.Body = body{r.Body, by}
	if r.GetBody != nil {
		out.GetBody = func() (io.ReadCloser, error) {
			again, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			return body{again, by}, nil
		}
	}
	return t.RoundTripper.RoundTrip(out)
}

type body struct {
	io.ReadCloser
	by time.Time
}

func (b body) Read(p []byte) (int, error) {
	if over(b.by) {
		return 0, context.DeadlineExceeded
	}
	return b.ReadCloser.Read(p)
}

// over says whether a deadline is behind us. The clock that measures durations stands still while a machine sleeps, so
// the other one is asked too; where that was set forward meanwhile, what was to be sent is tried again.
func over(by time.Time) bool {
	now := time.Now()
	return now.After(by) || now.Round(0).After(by.Round(0))
}
