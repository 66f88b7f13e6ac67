// Package underway counts what runs beside its caller, so that a stop can wait for it.
package underway

import "sync"

// Work is what runs beside its callers until it is closed. Other than to a sync.WaitGroup, something may
// come to it while it is waited for, and afterwards: a request can outlive the door that it came by.
type Work struct {
	mu     sync.Mutex
	closed bool
	all    sync.WaitGroup
}

// Go begins something, unless the work is closed, and says whether.
func (w *Work) Go(do func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.all.Go(do)
	return true
}

// Close has nothing begin any more, and waits for what runs.
func (w *Work) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.all.Wait()
}
