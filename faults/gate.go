package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// gate is the way of one replica to Postgres. It reads just enough of Postgres' protocol to know when
// a commit is acknowledged, and can keep that from arriving.
type gate struct {
	listener net.Listener
	to       func() string // the socket of the server that is the database now
	shut     door          // nothing passes while it is
	delay    atomic.Int64  // of what the server says
	// committed hears of each commit before its acknowledgement is passed on, and says whether the
	// connection is cut instead.
	committed func() bool

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func openGate(to func() string, committed func() bool) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{listener: l, to: to, committed: committed, conns: map[net.Conn]bool{}}
	go g.accept()
	return g, nil
}

func (g *gate) port() int { return g.listener.Addr().(*net.TCPAddr).Port }

func (g *gate) close() {
	_ = g.listener.Close()
	g.cut()
}

// cut ends all that passes through.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		_ = c.Close()
	}
}

func (g *gate) keep(c net.Conn, there bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if there {
		g.conns[c] = true
	} else {
		delete(g.conns, c)
	}
}

func (g *gate) accept() {
	for {
		in, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.open(in)
	}
}

// open passes on what comes over a connection, once anything passes: who has given it up by then is not heard of.
func (g *gate) open(in net.Conn) {
	g.shut.wait()
	said, there := still(in)
	if !there {
		_ = in.Close()
		return
	}
	out, err := net.Dial("unix", g.to())
	if err != nil {
		_ = in.Close()
		return
	}
	g.keep(in, true)
	g.keep(out, true)
	end := func() {
		in.Close()
		out.Close()
		g.keep(in, false)
		g.keep(out, false)
	}
	go func() {
		defer end()
		g.forth(out, said)
	}()
	defer end()
	g.back(in, out)
}

// still says whether the other side of a connection is there, and has what it said by now.
func still(in net.Conn) (said *bufio.Reader, there bool) {
	said = bufio.NewReaderSize(in, 32<<10)
	_ = in.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := said.Peek(said.Size())
	_ = in.SetReadDeadline(time.Time{})
	return said, errors.Is(err, os.ErrDeadlineExceeded)
}

// door is open at first.
type door struct {
	mu   sync.Mutex
	shut chan struct{} // until it is opened; nil: it is open
}

// set shuts or opens it.
func (d *door) set(shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case shut && d.shut == nil:
		d.shut = make(chan struct{})
	case !shut && d.shut != nil:
		close(d.shut)
		d.shut = nil
	}
}

// wait waits until it is open.
func (d *door) wait() {
	d.mu.Lock()
	shut := d.shut
	d.mu.Unlock()
	if shut != nil {
		<-shut
	}
}

// forth passes on what okrbot asks.
func (g *gate) forth(dst io.Writer, src io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		g.shut.wait()
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// back passes on what the server answers, message by message.
func (g *gate) back(dst io.Writer, src io.Reader) {
	in := bufio.NewReaderSize(src, 64<<10)
	out := bufio.NewWriterSize(dst, 64<<10)
	wrote := false // a statement of its own wrote something, which its ReadyForQuery acknowledges
	for {
		head, err := in.Peek(5)
		if err != nil {
			return
		}
		size := int(binary.BigEndian.Uint32(head[1:])) + 1
		message := make([]byte, size)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		g.shut.wait()
		if acknowledges(message, &wrote) && g.committed() {
			return // what came before in this answer is lost with it
		}
		if _, err := out.Write(message); err != nil {
			return
		}
		if in.Buffered() == 0 {
			time.Sleep(time.Duration(g.delay.Load()))
			if out.Flush() != nil {
				return
			}
		}
	}
}

// acknowledges says whether a message tells that something was committed: the CommandComplete of a
// COMMIT, or the ReadyForQuery after a statement outside of a transaction that wrote.
func acknowledges(message []byte, wrote *bool) bool {
	body := message[5:]
	switch message[0] {
	case 'C':
		tag := string(body)
		switch {
		case tag == "COMMIT\x00":
			return true
		case len(tag) > 6 && (tag[:6] == "INSERT" || tag[:6] == "UPDATE" || tag[:6] == "DELETE"):
			*wrote = true
		}
	case 'Z':
		was := *wrote
		*wrote = false
		return was && len(body) > 0 && body[0] == 'I'
	}
	return false
}
