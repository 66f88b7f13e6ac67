// Package ingress serves HTTP to whoever comes: it bounds how long a peer may take to say what it
// wants and how many are there at once, and holds the place of nobody who only sits in it.
package ingress

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	headWithin = 2 * time.Second // a request's line and headers
	saidWithin = 5 * time.Second // the whole request
	writtenIn  = 60 * time.Second

	mostConnected = 1024

	// A connection on which nothing is asked is kept for those who proved who they are; others make
	// another one.
	idleTrusted  = 60 * time.Second
	idleStranger = 5 * time.Second
)

// Server is an http.Server that holds at most so many connections. When they are all taken, who comes
// gets the place of the one that has waited longest, for its next request or with half of one: of
// those who never proved who they are first. A request that came whole is let end.
type Server struct {
	http  http.Server
	crowd crowd
}

// New makes a server of a handler.
func New(h http.Handler, most int) *Server {
	s := &Server{crowd: crowd{most: most, inside: map[*guest]struct{}{}}}
	s.crowd.changed.L = &s.crowd.mu
	s.http = http.Server{
		Handler: handler{h}, ReadHeaderTimeout: headWithin, ReadTimeout: saidWithin, WriteTimeout: writtenIn, IdleTimeout: idleTrusted,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, guestKey{}, c) },
		ConnState: func(c net.Conn, state http.ConnState) {
			if g, ok := c.(*guest); ok {
				g.went(state)
			}
		},
	}
	return s
}

// Serve serves what comes until the server is shut.
func (s *Server) Serve(l net.Listener) error { return s.http.Serve(&door{l, &s.crowd}) }

// Shutdown lets requests that are under way end until ctx does.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// Close cuts off whoever is there.
func (s *Server) Close() error { return s.http.Close() }

// Trust notes that who sent a request proved who they are.
func Trust(ctx context.Context) {
	if g, ok := ctx.Value(guestKey{}).(*guest); ok {
		g.crowd.mu.Lock()
		defer g.crowd.mu.Unlock()
		g.trusted = true
	}
}

type guestKey struct{}

// crowd is who is there.
type crowd struct {
	most    int
	mu      sync.Mutex
	changed sync.Cond // somebody left, or may be asked to
	inside  map[*guest]struct{}
}

// guest is one connection.
type guest struct {
	net.Conn
	crowd *crowd

	// What follows is the crowd's.
	trusted bool
	busy    bool      // a whole request came and is worked on
	since   time.Time // else: the connection waits for a request, or for the rest of one
	idle    *time.Timer
}

type door struct {
	net.Listener
	crowd *crowd
}

func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return d.crowd.admit(conn), nil
}

// admit gives somebody a place, and waits for one as long as everybody is busy.
func (c *crowd) admit(conn net.Conn) *guest {
	g := &guest{Conn: conn, crowd: c, since: time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.inside) >= c.most {
		if out := c.leastOfAll(); out != nil {
			c.sendOut(out)
		} else {
			c.changed.Wait()
		}
	}
	c.inside[g] = struct{}{}
	return g
}

// leastOfAll is who leaves first; nil when everybody is busy.
func (c *crowd) leastOfAll() (least *guest) {
	for g := range c.inside {
		switch {
		case g.busy:
		case least == nil, least.trusted && !g.trusted, least.trusted == g.trusted && g.since.Before(least.since):
			least = g
		}
	}
	return least
}

// sendOut closes a connection. Who reads or writes there learns of it, and closes it too.
func (c *crowd) sendOut(g *guest) {
	delete(c.inside, g)
	g.still()
	_ = g.Conn.Close()
	c.changed.Signal()
}

// still ends the wait for the end of a pause.
func (g *guest) still() {
	if g.idle != nil {
		g.idle.Stop()
		g.idle = nil
	}
}

// Close leaves the place to somebody else.
func (g *guest) Close() error {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	if _, ok := g.crowd.inside[g]; !ok {
		return net.ErrClosed
	}
	delete(g.crowd.inside, g)
	g.still()
	g.crowd.changed.Signal()
	return g.Conn.Close()
}

// went notes what HTTP makes of a connection.
func (g *guest) went(state http.ConnState) {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	switch state {
	case http.StateActive: // its first byte; it waits until the whole is there
		g.still()
	case http.StateIdle:
		g.busy, g.since = false, time.Now()
		if _, ok := g.crowd.inside[g]; ok && !g.trusted {
			g.pause()
		}
		g.crowd.changed.Signal()
	}
}

// pause ends with the connection, unless something is asked on it.
func (g *guest) pause() {
	var own *time.Timer
	own = time.AfterFunc(idleStranger, func() {
		g.crowd.mu.Lock()
		defer g.crowd.mu.Unlock()
		if _, ok := g.crowd.inside[g]; ok && g.idle == own {
			g.crowd.sendOut(g)
		}
	})
	g.idle = own
}

// heard notes that a request came whole.
func (g *guest) heard() {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	g.busy = true
}

// handler tells requests that are whole from those of which a part is still to come.
type handler struct{ http.Handler }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g, ok := r.Context().Value(guestKey{}).(*guest); ok {
		if r.ContentLength == 0 {
			g.heard()
		} else {
			r.Body = &body{r.Body, g}
		}
	}
	h.Handler.ServeHTTP(w, r)
}

type body struct {
	io.ReadCloser
	of *guest
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.of.heard()
	}
	return n, err
}
