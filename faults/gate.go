package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// gate is the way of one replica to Postgres. It reads just enough of Postgres' protocol to know when
// a commit is acknowledged, and can keep that from arriving; and which query is asked by its name.
type gate struct {
	listener net.Listener
	to       func() string // the socket of the server that is the database now
	shut     door          // nothing passes while it is
	delay    atomic.Int64  // of what the server says
	// committed hears of each commit before its acknowledgement is passed on, and says whether the
	// connection is cut instead.
	committed func() bool
	// named hears of a query's name before Postgres does, and may ask to hear when it is answered, just before the
	// replica does.
	named func(query string) (answered func())

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func openGate(to func() string, committed func() bool, named func(query string) func()) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{listener: l, to: to, committed: committed, named: named, conns: map[net.Conn]bool{}}
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
	var answered atomic.Pointer[func()] // what hears of the next answer
	go func() {
		defer end()
		g.forth(out, said, &answered)
	}()
	defer end()
	g.back(in, out, &answered)
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

// forth passes on what okrbot asks, message by message.
func (g *gate) forth(dst io.Writer, src *bufio.Reader, answered *atomic.Pointer[func()]) {
	out := bufio.NewWriterSize(dst, 32<<10)
	prepared := map[string]string{}     // the names of queries by those of their statements
	for kindless := 0; ; kindless = 1 { // the first message has no kind before its size
		head, err := src.Peek(4 + kindless)
		if err != nil {
			return
		}
		message := make([]byte, int(binary.BigEndian.Uint32(head[kindless:]))+kindless)
		if _, err := io.ReadFull(src, message); err != nil {
			return
		}
		if kindless > 0 {
			if name := asked(message, prepared); name != "" {
				if hears := g.named(name); hears != nil {
					answered.Store(&hears)
				}
			}
		}
		g.shut.wait()
		if _, err := out.Write(message); err != nil {
			return
		}
		if src.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}

// queryName is how the text of each of okrbot's queries begins.
var queryName = regexp.MustCompile(`^-- name: (\w+) `)

// asked is the name of the query that a message has carried out, empty where it has none do so. Prepared keeps those
// that are to be asked by the name of their statement.
func asked(message []byte, prepared map[string]string) string {
	kind, body := message[0], message[5:]
	first, rest, _ := bytes.Cut(body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch kind {
	case 'P': // Parse: the statement's name and its text
		delete(prepared, string(first))
		if name := queryName.FindSubmatch(second); name != nil {
			prepared[string(first)] = string(name[1])
		}
	case 'B': // Bind: the portal's name and the statement's
		return prepared[string(second)]
	}
	return ""
}

// back passes on what the server answers, message by message.
func (g *gate) back(dst io.Writer, src io.Reader, answered *atomic.Pointer[func()]) {
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
		if message[0] == 'D' || message[0] == 'C' { // a row, or that there was none: the query is answered
			if hears := answered.Swap(nil); hears != nil {
				(*hears)()
			}
		}
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
