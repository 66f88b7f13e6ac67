package ontime

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// thawed is the context of a process that is frozen past its deadline: its timers have not fired.
type thawed struct {
	context.Context
	by time.Time
}

func (t thawed) Deadline() (time.Time, bool) { return t.by, true }

// slow is a body that comes in single bytes, after each of which the process is frozen for as long.
type slow struct {
	io.Reader
	frozen time.Duration
}

func (s slow) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p[:1])
	time.Sleep(s.frozen)
	return n, err
}

func TestNothingIsSentAfterItsDeadline(t *testing.T) {
	var arrived atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			arrived.Add(1)
		}
	}))
	defer server.Close()
	client := Transport{server.Client().Transport}
	for name, c := range map[string]struct {
		by      time.Time
		frozen  time.Duration
		arrives bool
	}{
		"in time":               {by: time.Now().Add(time.Hour), arrives: true},
		"before it is dialled":  {by: time.Now().Add(-time.Second)},
		"while it goes out":     {by: time.Now().Add(300 * time.Millisecond), frozen: 100 * time.Millisecond},
		"by the wall clock too": {by: time.Now().Add(-time.Second).Round(0)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, length := range []int64{-1, 10} {
				before := arrived.Load()
				r, err := http.NewRequestWithContext(thawed{t.Context(), c.by}, http.MethodPost, server.URL, slow{strings.NewReader("text=hello"), c.frozen})
				if err != nil {
					t.Fatal(err)
				}
				r.ContentLength = length
				resp, err := client.RoundTrip(r)
				if err == nil {
					resp.Body.Close()
				}
				if sent := arrived.Load() > before; sent != c.arrives || errors.Is(err, context.DeadlineExceeded) == c.arrives {
					t.Errorf("sent: %v; %v", sent, err)
				}
			}
		})
	}
}

// What is sent once more on another connection is looked at again.
func TestABodyThatIsTakenAgainIsLookedAtToo(t *testing.T) {
	by := time.Now().Add(time.Hour)
	r, err := http.NewRequestWithContext(thawed{t.Context(), by}, http.MethodPost, "http://127.0.0.1", strings.NewReader("text=hello"))
	if err != nil {
		t.Fatal(err)
	}
	given := r.GetBody
	_, _ = Transport{taker(func(out *http.Request) {
		if again, err := out.GetBody(); err != nil {
			t.Error(err)
		} else if raw, err := io.ReadAll(again); err != nil || string(raw) != "text=hello" {
			t.Errorf("%q, %v", raw, err)
		} else if _, ours := again.(body); !ours {
			t.Error("the second body is not looked at")
		}
	})}.RoundTrip(r)
	if _, ours := r.Body.(body); ours || given == nil {
		t.Error("the request was changed")
	}
}

type taker func(*http.Request)

func (t taker) RoundTrip(r *http.Request) (*http.Response, error) {
	t(r)
	return nil, errors.New("taken")
}
