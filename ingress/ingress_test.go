package ingress

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// house is a server in a world in which time passes by itself.
type house struct {
	t        *testing.T
	arriving arrivals
}

// open serves on a path for those who prove who they are, one for strangers, and one that takes a while.
func open(t *testing.T, most int) *house {
	mux := http.NewServeMux()
	mux.HandleFunc("/known", func(_ http.ResponseWriter, r *http.Request) { Trust(r.Context()) })
	mux.HandleFunc("/stranger", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/long", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(30 * time.Second)
	})
	h := &house{t: t, arriving: make(arrivals)}
	s := New(mux, most)
	ended := make(chan error)
	go func() { ended <- s.Serve(h.arriving) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		time.Sleep(time.Minute) // whoever is being answered
	})
	return h
}

// comes is a peer that says something.
func (h *house) comes(say string) *peer {
	h.t.Helper()
	theirs, ours := net.Pipe()
	h.t.Cleanup(func() { _ = theirs.Close() })
	h.arriving <- ours
	time.Sleep(time.Millisecond)
	p := &peer{t: h.t, conn: theirs, r: bufio.NewReader(theirs)}
	p.says(say)
	return p
}

type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (p *peer) says(what string) {
	if what != "" {
		go func() { _, _ = io.WriteString(p.conn, what) }()
	}
	synctest.Wait()
}

// asks waits for an answer.
func (p *peer) asks(path string) {
	p.t.Helper()
	p.says("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(p.r, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %v, %v", path, resp, err)
	}
	time.Sleep(time.Millisecond)
}

// isThere says whether the connection still is.
func (p *peer) isThere() bool {
	synctest.Wait()
	_ = p.conn.SetReadDeadline(time.Now().Add(time.Nanosecond))
	_, err := p.r.ReadByte()
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestTheOneThatWaitedLongestMakesPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, 4)
		known, busy := h.comes(""), h.comes("POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
		known.asks("/known")
		idle, dripping := h.comes(""), h.comes("POST /stranger HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		idle.asks("/stranger")
		if !known.isThere() || !busy.isThere() || !idle.isThere() || !dripping.isThere() {
			t.Fatal("somebody was sent out before all places were taken")
		}
		silent := h.comes("")
		if dripping.isThere() || !idle.isThere() {
			t.Error("who waited longest is still there, or another was sent out")
		}
		silent.asks("/stranger")
		h.comes("").asks("/stranger")
		if idle.isThere() {
			t.Error("who waited longest is still there")
		}
		for range 10 {
			h.comes("").asks("/stranger")
		}
		if !known.isThere() || !busy.isThere() {
			t.Error("somebody known, or who is being answered, made place for strangers")
		}
	})
}

// Strangers say a part of something large each: those who have waited longest make place for what the others
// say, who is known and who is being answered stays, and what was let go of is not counted any more.
func TestWhatStrangersSayFillsNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, 100)
		part := strings.Repeat("x", 1<<20)
		large := "POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 2097152\r\n\r\n" + part
		known := h.comes("")
		known.asks("/known")
		busy := h.comes(large + part)
		for range 2 {
			small := h.comes("POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
			var crowd []*peer
			for range 40 {
				crowd = append(crowd, h.comes(large))
			}
			there := 0
			for i, p := range crowd {
				if is := p.isThere(); is {
					there++
				} else if there > 0 {
					t.Errorf("%d of the crowd was sent out before one that waited longer", i)
				}
			}
			if there != 30 { // and two are of the one that is being answered
				t.Errorf("%d of the crowd are there", there)
			}
			if small.isThere() {
				t.Error("who waited longest is there")
			}
			if !known.isThere() || !busy.isThere() {
				t.Error("somebody known, or who is being answered, was sent out")
			}
			_ = known.conn.SetReadDeadline(time.Time{})
			known.asks("/known")
			for _, p := range crowd {
				_ = p.conn.Close()
			}
			synctest.Wait()
		}
		if resp := h.comes("GET /stranger HTTP/1.1\r\nHost: x\r\nX-Much: " + part + "\r\n\r\n").answer(); resp != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("headers of a megabyte are answered %d", resp)
		}
	})
}

// answer is the status of what comes.
func (p *peer) answer() int {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Time{})
	resp, err := http.ReadResponse(p.r, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode
}

func TestWhoIsBeingAnsweredIsNotSentOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, 2)
		const long = "GET /long HTTP/1.1\r\nHost: x\r\n\r\n"
		first, second := h.comes(long), h.comes(long)
		third := h.comes("")
		third.says("GET /stranger HTTP/1.1\r\nHost: x\r\n\r\n")
		if !first.isThere() || !second.isThere() || !third.isThere() {
			t.Fatal("somebody was sent out")
		}
		began := time.Now()
		_ = first.conn.SetReadDeadline(time.Time{})
		if resp, err := http.ReadResponse(first.r, nil); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		_ = third.conn.SetReadDeadline(time.Time{})
		if resp, err := http.ReadResponse(third.r, nil); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		if took := time.Since(began); took > 31*time.Second {
			t.Errorf("the third waited %v", took)
		}
	})
}

func TestWaitsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, 100)
		stranger, known := h.comes(""), h.comes("")
		stranger.asks("/stranger")
		known.asks("/known")
		again := h.comes("")
		again.asks("/stranger")
		silent, head, body := h.comes(""), h.comes("GET / HTTP/1.1\r\n"), h.comes("POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
		time.Sleep(headWithin)
		if head.rest(); silent.isThere() || head.isThere() {
			t.Error("who says nothing, or half of a head, is still there")
		}
		time.Sleep(idleStranger - headWithin - time.Second)
		again.asks("/stranger") // its wait begins again
		time.Sleep(time.Second)
		if stranger.isThere() || !known.isThere() || !again.isThere() {
			t.Error("a stranger who asks nothing is kept, or somebody is not")
		}
		time.Sleep(time.Second)
		body.rest()
		if body.isThere() {
			t.Error("half of a body is still waited for")
		}
		time.Sleep(idleTrusted)
		if again.isThere() || known.isThere() {
			t.Error("somebody is kept for ever")
		}
	})
}

// rest is what was said to the peer.
func (p *peer) rest() string {
	_ = p.conn.SetReadDeadline(time.Now().Add(40 * time.Second))
	said, _ := io.ReadAll(p.r)
	return string(said)
}

func TestWhoLeavesTwiceMakesOnePlace(t *testing.T) {
	l := &limiter{most: 1, open: map[*connection]struct{}{}}
	l.changed.L = &l.mu
	a, _ := net.Pipe()
	b, _ := net.Pipe()
	first := l.admit(a)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	l.admit(b)
	if err := first.Close(); !errors.Is(err, net.ErrClosed) || len(l.open) != 1 {
		t.Errorf("%v, and %d are open", err, len(l.open))
	}
}

// arrivals are connections from nowhere.
type arrivals chan net.Conn

func (a arrivals) Accept() (net.Conn, error) {
	if conn, ok := <-a; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (a arrivals) Close() error {
	close(a)
	return nil
}

func (a arrivals) Addr() net.Addr { return &net.TCPAddr{} }
