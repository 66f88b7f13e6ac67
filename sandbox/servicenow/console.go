package servicenow

import (
	"fmt"
	"net/http"
	"slices"
	"sort"
	"time"
)

// Call is one request that was answered.
type Call struct {
	At       time.Time
	Method   string
	Path     string
	Query    string
	User     string
	Status   int
	Items    int // requests within it: more than 1 for the Batch API
	Took     time.Duration
	Followed bool // it carried a cookie: a client with a jar would mix its users' sessions
}

// keptCalls bounds the record.
const keptCalls = 20000

func (i *Instance) record(r *http.Request, status, items int, took time.Duration) {
	name, _, _ := r.BasicAuth()
	i.mu.Lock()
	defer i.mu.Unlock()
	if key := r.Header.Get("x-sn-apikey"); key != "" {
		name = i.keys[key]
	}
	if len(i.calls) < keptCalls {
		i.calls = append(i.calls, Call{
			At: i.now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, User: name,
			Status: status, Items: items, Took: took, Followed: r.Header.Get("Cookie") != "",
		})
	}
	i.changed()
}

// Calls are the requests answered so far, oldest first.
func (i *Instance) Calls() []Call {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.calls)
}

// ForgetCalls starts the record again.
func (i *Instance) ForgetCalls() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls = nil
}

// SetLatency delays every answer.
func (i *Instance) SetLatency(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.latency = d
}

// SetBatchQuota is how long a call of the Batch API may take before the rest of it is left undone.
func (i *Instance) SetBatchQuota(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.batchQuota = d
}

// Add puts a scorecard onto the instance.
func (i *Instance) Add(s Scorecard) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, ok := i.scorecards[s.ID]; !ok {
		i.order = append(i.order, s.ID)
	}
	own := s
	own.Scores = slices.Clone(s.Scores)
	sort.SliceStable(own.Scores, func(a, b int) bool { return own.Scores[a].Day.Before(own.Scores[b].Day) })
	i.scorecards[s.ID] = &own
	i.changed()
}

// Remove deletes a scorecard.
func (i *Instance) Remove(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.scorecards, id)
	i.order = slices.DeleteFunc(i.order, func(other string) bool { return other == id })
	i.changed()
}

// Collect adds a score for a day, or restates that day's.
func (i *Instance) Collect(id string, day time.Time, value float64) error {
	return i.edit(id, func(s *Scorecard) {
		day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
		for n := range s.Scores {
			if s.Scores[n].Day.Equal(day) {
				s.Scores[n].Value = value
				return
			}
		}
		s.Scores = append(s.Scores, Score{Day: day, Value: value})
		sort.SliceStable(s.Scores, func(a, b int) bool { return s.Scores[a].Day.Before(s.Scores[b].Day) })
	})
}

// Change edits a scorecard: its unit, target, direction, name.
func (i *Instance) Change(id string, edit func(*Scorecard)) error { return i.edit(id, edit) }

func (i *Instance) edit(id string, edit func(*Scorecard)) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	s, ok := i.scorecards[id]
	if !ok {
		return fmt.Errorf("no scorecard %s", id)
	}
	edit(s)
	i.changed()
	return nil
}

// Scorecards are all scorecards, in the order they were added.
func (i *Instance) Scorecards() []Scorecard {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := make([]Scorecard, 0, len(i.order))
	for _, id := range i.order {
		s := *i.scorecards[id]
		s.Scores = slices.Clone(s.Scores)
		list = append(list, s)
	}
	return list
}

// Named is the scorecard of that name.
func (i *Instance) Named(name string) (Scorecard, bool) {
	for _, s := range i.Scorecards() {
		if s.Name == name {
			return s, true
		}
	}
	return Scorecard{}, false
}

// Watch tells of changes and calls until stop is called; several may become one.
func (i *Instance) Watch() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.watchers[c] = true
	return c, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		delete(i.watchers, c)
	}
}

func (i *Instance) changed() {
	for c := range i.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
