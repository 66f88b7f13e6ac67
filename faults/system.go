package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	vendor "okrbot/sandbox/servicenow"
)

// system is a ServiceNow with the record of its calls and of every score that it ever had.
type system struct {
	office *office
	now    *vendor.Instance
	server *httptest.Server
	way    way
	busy   atomic.Int64

	mu       sync.Mutex
	had      map[score]bool
	newest   map[string]float64
	renewals int // access tokens that were given for a refresh token
	limited  time.Time
	until    time.Time
	early    []time.Time // calls before until
}

// score is one that a scorecard had for a day.
type score struct {
	reference string
	day       string
	value     float64
}

func (o *office) openSystem() *system {
	s := &system{office: o, now: vendor.New(vendor.Options{Now: o.now}), had: map[score]bool{}, newest: map[string]float64{}}
	s.now.AddUser("okr.reader", secrets["password"], "pa_viewer")
	s.server = httptest.NewServer(s)
	return s
}

// ServeHTTP is the instance, and where okrbot is killed that has an answer and has not kept it.
func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.busy.Store(time.Now().UnixNano())
	// Before the body is read, a server does not notice that its caller has left.
	raw, err := io.ReadAll(r.Body)
	if err != nil || !s.way.arrives(r.Context(), s.office) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	token := r.URL.Path == "/oauth_token.do"
	if !token && s.refuses(w) {
		return
	}
	answer := httptest.NewRecorder()
	s.now.ServeHTTP(answer, r)
	s.busy.Store(time.Now().UnixNano())
	point := atRead
	if token {
		point = atToken
		if answer.Code == http.StatusOK && r.PostForm.Get("grant_type") == "refresh_token" {
			s.mu.Lock()
			s.renewals++
			s.mu.Unlock()
		}
	}
	if s.office.reached(point, r.RemoteAddr) {
		cutOff(w)
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// asksToWait has the system say "too many requests" to the next call.
func (s *system) asksToWait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limited = s.office.now()
}

func (s *system) refuses(w http.ResponseWriter) bool {
	const wait = 5 * time.Second
	now := s.office.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.until) && now.After(s.until.Add(time.Second-wait)) {
		s.early = append(s.early, now)
	}
	if s.limited.IsZero() {
		return false
	}
	s.limited, s.until = time.Time{}, now.Add(wait)
	w.Header().Set("Retry-After", "5")
	w.WriteHeader(http.StatusTooManyRequests)
	return true
}

// collects gives a scorecard a score for the present day, which is another one than ever before.
func (s *system) collects(reference string, day time.Time, value float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.had[score{reference, day.Format(time.DateOnly), value}] = true
	s.newest[reference] = value
	_ = s.now.Collect(reference, day, value) // it is there
}
