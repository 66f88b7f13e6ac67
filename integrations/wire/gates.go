package wire

import (
	"context"
	"sync"

	"golang.org/x/time/rate"
)

// Gates keep us courteous: a token bucket for each system, and one for each user of it. The zero
// value is open.
type Gates struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

// How many calls a second, and how many at once, one system and one user of it get. A batch of a
// hundred passes without waiting.
const (
	perSystem, systemBurst = 200, 200
	perUser, userBurst     = 100, 100
)

// Wait waits until the system may be asked again, or until ctx ends.
func (g *Gates) Wait(ctx context.Context, origin, user string) error {
	if err := g.gate(origin, perSystem, systemBurst).Wait(ctx); err != nil {
		return err
	}
	return g.gate(origin+" "+user, perUser, userBurst).Wait(ctx)
}

func (g *Gates) gate(name string, each rate.Limit, burst int) *rate.Limiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of == nil {
		g.of = map[string]*rate.Limiter{}
	}
	gate, ok := g.of[name]
	if !ok {
		gate = rate.NewLimiter(each, burst)
		g.of[name] = gate
	}
	return gate
}
