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

	// Nobody knows who speaks before the whole of it is there: so much is taken of a request's line and
	// headers, and so much is held of all bodies together.
	largestHead = 32 << 10
	mostHeld    = 32 << 20

	// A connection on which nothing is asked is kept for those who proved who they are; others make
	// another one.
	idleTrusted  = 60 * time.Second
	idleStranger = 5 * time.Second
)

// Server is an http.Server that holds at most so many connections. When they are all taken, who comes
// gets the place of the one that has waited longest, for its next request or with half of one: of
// those who never proved who they are first. A request that came whole is let end.
type Server struct {
	http    http.Server
	limiter limiter
}

// New makes a server of a handler.
func New(h http.Handler, most int) *Server {
	s := &Server{limiter: limiter{most: most, open: map[*connection]struct{}{}}}
	s.limiter.changed.L = &s.limiter.mu
	s.http = http.Server{
		Handler: handler{h}, ReadHeaderTimeout: headWithin, ReadTimeout: saidWithin, WriteTimeout: writtenIn, IdleTimeout: idleTrusted,
		MaxHeaderBytes: largestHead,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if conn, ok := c.(*connection); ok {
				conn.stateChanged(state)
			}
		},
	}
	return s
}

// Serve serves what comes until the server is shut.
func (s *Server) Serve(l net.Listener) error { return s.http.Serve(&listener{l, &s.limiter}) }

// Shutdown lets requests that are under way end until ctx does.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// Close cuts off whoever is there.
func (s *Server) Close() error { return s.http.Close() }

// Trust notes that who sent a request proved who they are.
func Trust(ctx context.Context) {
	if c, ok := ctx.Value(connectionKey{}).(*connection); ok {
		c.limiter.mu.Lock()
		defer c.limiter.mu.Unlock()
		c.trusted = true
		c.letGo() // how much of theirs is worked on at once is bounded elsewhere
	}
}

type connectionKey struct{}

// limiter bounds how many connections are open at once.
type limiter struct {
	most    int
	mu      sync.Mutex
	changed sync.Cond // somebody left, or may be asked to
	open    map[*connection]struct{}
	held    int // bytes of bodies that strangers have said so far
}

// connection is one that is open.
type connection struct {
	net.Conn
	limiter *limiter

	// What follows is under the limiter's lock.
	trusted bool
	busy    bool      // a whole request came and is worked on
	since   time.Time // else: the connection waits for a request, or for the rest of one
	held    int       // bytes of its request's body
	idle    *time.Timer
}

type listener struct {
	net.Listener
	limiter *limiter
}

func (d *listener) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return d.limiter.admit(conn), nil
}

// admit gives somebody a place, and waits for one as long as everybody is busy.
func (l *limiter) admit(conn net.Conn) *connection {
	c := &connection{Conn: conn, limiter: l, since: time.Now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.open) >= l.most {
		if out := l.evictable(0); out != nil {
			l.evict(out)
		} else {
			l.changed.Wait()
		}
	}
	l.open[c] = struct{}{}
	return c
}

// evictable is the connection that gives up its place first, of those that have said so many bytes at least;
// nil when all are busy.
func (l *limiter) evictable(said int) (least *connection) {
	for c := range l.open {
		switch {
		case c.busy, c.held < said:
		case least == nil, least.trusted && !c.trusted, least.trusted == c.trusted && c.since.Before(least.since):
			least = c
		}
	}
	return least
}

// evict closes a connection. Who reads or writes there learns of it, and closes it too.
func (l *limiter) evict(c *connection) {
	delete(l.open, c)
	c.letGo()
	c.stopIdling()
	_ = c.Conn.Close()
	l.changed.Signal()
}

// stopIdling ends the wait for the next request.
func (c *connection) stopIdling() {
	if c.idle != nil {
		c.idle.Stop()
		c.idle = nil
	}
}

// Close leaves the place to somebody else.
func (c *connection) Close() error {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	if _, ok := c.limiter.open[c]; !ok {
		return net.ErrClosed
	}
	delete(c.limiter.open, c)
	c.letGo()
	c.stopIdling()
	c.limiter.changed.Signal()
	return c.Conn.Close()
}

// stateChanged follows http.Server through the states of a connection.
func (c *connection) stateChanged(state http.ConnState) {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	switch state {
	case http.StateActive: // its first byte; it waits until the whole is there
		c.stopIdling()
	case http.StateIdle:
		c.busy, c.since = false, time.Now()
		if _, ok := c.limiter.open[c]; ok && !c.trusted {
			c.startIdling()
		}
		c.limiter.changed.Signal()
	}
}

// startIdling closes the connection after a while, unless something is asked on it.
func (c *connection) startIdling() {
	var own *time.Timer
	own = time.AfterFunc(idleStranger, func() {
		c.limiter.mu.Lock()
		defer c.limiter.mu.Unlock()
		if _, ok := c.limiter.open[c]; ok && c.idle == own {
			c.limiter.evict(c)
		}
	})
	c.idle = own
}

// requestRead notes that a request came whole.
func (c *connection) requestRead() {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	c.busy = true
}

// hold counts what came of a request's body. Where all have said too much together, those make place that
// have waited longest.
func (c *connection) hold(n int) {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	if _, ok := c.limiter.open[c]; !ok {
		return
	}
	c.held += n
	c.limiter.held += n
	for c.limiter.held > mostHeld {
		out := c.limiter.evictable(1)
		if out == nil {
			return
		}
		c.limiter.evict(out)
	}
}

// letGo ends the count of what the connection has said, under the limiter's lock.
func (c *connection) letGo() {
	c.limiter.held -= c.held
	c.held = 0
}

// requestEnded lets go of what it said.
func (c *connection) requestEnded() {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	c.letGo()
}

// handler tells requests that are whole from those of which a part is still to come.
type handler struct{ http.Handler }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
		if r.ContentLength == 0 {
			c.requestRead()
		} else {
			r.Body = &body{r.Body, c}
			defer c.requestEnded()
		}
	}
	h.Handler.ServeHTTP(w, r)
}

type body struct {
	io.ReadCloser
	of *connection
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.of.hold(n); err == io.EOF {
		b.of.requestRead()
	}
	return n, err
}
