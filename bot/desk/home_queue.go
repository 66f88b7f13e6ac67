package desk

import (
	"context"
	"sync"

	"okrbot/okr"
)

// drawnAtOnce is how many Home tabs are drawn at once. Nobody waits for most of them: they follow an
// answer, and whoever waits for one comes first.
const drawnAtOnce = 2

// homeQueue is the Home tabs that are to be drawn.
type homeQueue struct {
	drawing chan struct{}

	mu      sync.Mutex
	waiting map[homeOf]bool
}

type homeOf struct{ workspace, person string }

func newHomeQueue() *homeQueue {
	return &homeQueue{drawing: make(chan struct{}, drawnAtOnce), waiting: map[homeOf]bool{}}
}

// acquire waits until a person's Home tab may be drawn; release ends the turn. It is false where that is
// not needed: the same tab waits already, and will show what happened until it is drawn.
func (h *homeQueue) acquire(ctx context.Context, of okr.Actor) (release func(), ok bool) {
	whose := homeOf{of.Workspace, of.ID}
	h.mu.Lock()
	there := h.waiting[whose]
	h.waiting[whose] = true
	h.mu.Unlock()
	if there {
		return nil, false
	}
	defer func() {
		h.mu.Lock()
		delete(h.waiting, whose)
		h.mu.Unlock()
	}()
	select {
	case h.drawing <- struct{}{}:
		return func() { <-h.drawing }, true
	case <-ctx.Done():
		return nil, false
	}
}
