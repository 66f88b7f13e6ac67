// Package document is a plain web server with JSON documents, and with the faults that such servers
// have.
//
// It imports nothing of the product.
package document

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Document is what is served at one path.
type Document struct {
	// Make gives what the document says at a moment.
	Make func(now time.Time) any
	// Header and Secret are what every request must carry; without a header anybody may read.
	Header, Secret string
	// Modified is told as Last-Modified, unless it is zero.
	Modified time.Time
}

// Server is a web server, an http.Handler.
type Server struct {
	now func() time.Time

	mu        sync.Mutex
	documents map[string]Document
	faults    []*Fault
	calls     []Call
}

// Call is a request that came.
type Call struct {
	Path   string // with its query
	Header http.Header
}

// New makes an empty server with its own clock; time.Now when nil.
func New(now func() time.Time) *Server {
	if now == nil {
		now = time.Now
	}
	return &Server{now: now, documents: map[string]Document{}}
}

// Put serves a document at a path, in place of what was there.
func (s *Server) Put(path string, d Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[path] = d
}

// Calls are the requests so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// ServeHTTP answers as a web server does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	// A cookie would bind later requests to this one; a good client keeps none.
	w.Header().Set("Set-Cookie", "seen=1; Path=/")
	s.mu.Lock()
	s.calls = append(s.calls, Call{Path: r.URL.RequestURI(), Header: r.Header.Clone()})
	d, there := s.documents[r.URL.Path]
	f := s.first(func(f *Fault) bool { return f.Pointer == "" })
	s.mu.Unlock()
	if f != nil && f.answer(w, r) {
		return
	}
	switch {
	case !there:
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	case d.Header != "" && r.Header.Get(d.Header) != d.Secret:
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	case r.Method != http.MethodGet:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	body, err := json.Marshal(s.said(d, now))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !d.Modified.IsZero() {
		w.Header().Set("Last-Modified", d.Modified.UTC().Format(http.TimeFormat))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if f != nil {
		body = f.change(w, body)
	}
	_, _ = w.Write(body)
}
