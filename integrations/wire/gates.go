package wire

import (
	"context"
	"sync"

	"golang.org/x/time/rate"
)

// Gates keep us courteous: one token bucket for each system. The zero value is open.
type Gates struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

// perSecond and burst bound calls to one system. A batch of a hundred passes without waiting.
const (
	perSecond = 200
	burst     = 200
)

// Wait waits until the system may be asked again, or until ctx ends.
func (g *Gates) Wait(ctx context.Context, origin string) error {
	g.mu.Lock()
	if g.of == nil {
		g.of = map[string]*rate.Limiter{}
	}
	gate, ok := g.of[origin]
	if !ok {
		gate = rate.NewLimiter(perSecond, burst)
		g.of[origin] = gate
	}
	g.mu.Unlock()
	return gate.Wait(ctx)
}
