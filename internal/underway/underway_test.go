package underway_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"okrbot/internal/underway"
)

// What comes while others are waited for is done before the wait ends, or not begun: a WaitGroup panics.
func TestWhatComesWhileOthersAreWaitedFor(t *testing.T) {
	for range 200 {
		var w underway.Work
		var begun, done atomic.Int64
		var comers sync.WaitGroup
		for range 8 {
			comers.Go(func() {
				for w.Go(func() { done.Add(1) }) {
					begun.Add(1)
				}
			})
		}
		w.Close()
		atClose := done.Load()
		comers.Wait()
		if begun.Load() != atClose || done.Load() != atClose {
			t.Fatalf("%d were begun, of which %d were done when the wait ended, and %d later", begun.Load(), atClose, done.Load())
		}
		if w.Go(func() { t.Error("it ran after the end") }) {
			t.Fatal("it was begun after the end")
		}
		w.Close()
	}
}
