package desk

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"okrbot/okr"
)

func TestAHomeTabIsDrawnForAllThatHappenedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHomeQueue()
		var changed atomic.Int64
		var mu sync.Mutex
		shown, drawn, most, now := map[string]int64{}, map[string]int{}, 0, 0
		done := make(chan bool)
		show := func(person string) {
			defer func() { done <- true }()
			release, ok := h.acquire(t.Context(), okr.Actor{Workspace: "T1", ID: person})
			if !ok {
				return
			}
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			saw := changed.Load()
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			shown[person], drawn[person] = saw, drawn[person]+1
			now--
			mu.Unlock()
			release()
		}
		shows := 0
		for range 20 {
			for _, person := range []string{"U1", "U2", "U3", "U4"} {
				changed.Add(1)
				shows++
				go show(person)
				synctest.Wait()
			}
		}
		for range shows {
			<-done
		}
		if most != drawnAtOnce {
			t.Errorf("%d were drawn at once, want %d", most, drawnAtOnce)
		}
		for n, person := range []string{"U1", "U2", "U3", "U4"} {
			if last := int64(76 + n + 1); shown[person] < last {
				t.Errorf("%s was shown change %d, want at least %d", person, shown[person], last)
			}
			if drawn[person] > 2 {
				t.Errorf("%s's was drawn %d times", person, drawn[person])
			}
		}
	})
}

func TestAHomeTabThatGaveUpDoesNotKeepTheNextFromBeingDrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHomeQueue()
		of := func(person string) okr.Actor { return okr.Actor{Workspace: "T1", ID: person} }
		var releases []func()
		for _, person := range []string{"U1", "U2"} {
			release, ok := h.acquire(t.Context(), of(person))
			if !ok {
				t.Fatal("no turn")
			}
			releases = append(releases, release)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ok := h.acquire(ctx, of("U3")); ok {
			t.Error("three are drawn at once")
		}
		for _, release := range releases {
			release()
		}
		if _, ok := h.acquire(t.Context(), of("U3")); !ok {
			t.Error("U3 has no turn")
		}
	})
}
