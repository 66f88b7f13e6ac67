package bot_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okrbot/bot/desk"
)

func TestWhatIsTooLargeOrTooSlowIsCutOff(t *testing.T) {
	r := newRoom(t)
	if status, _ := r.post(r.signed("/slack/commands", formType, "text="+strings.Repeat("x", 1<<20), time.Now())); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a megabyte and more: %d", status)
	}
	endless, err := http.NewRequest(http.MethodPost, r.app+"/slack/commands", &zeros{left: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(endless); err == nil { // the server may hang up while we still send
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("a gigabyte in chunks: %d", resp.StatusCode)
		}
		_ = resp.Body.Close()
	}

	body := &zeros{left: 1 << 30}
	w := httptest.NewRecorder()
	r.bot.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/slack/interactions", body))
	if read := 1<<30 - body.left; w.Code != http.StatusRequestEntityTooLarge || read > 1<<20+1 {
		t.Errorf("%d after %d bytes", w.Code, read)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := desk.Server(r.bot.Handler())
	go func() { _ = front.Serve(desk.Limit(listener)) }()
	defer front.Close()
	dial := func(say string) net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, say); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	var slow []net.Conn
	for range 300 {
		slow = append(slow, dial("POST /slack/commands HTTP/1.1\r\nHost: okrbot\r\nX-Slow: "))
	}
	dripping := dial("POST /slack/commands HTTP/1.1\r\nHost: okrbot\r\nContent-Length: 1000\r\n\r\na")
	slow = append(slow, dripping)
	req := r.signed("/slack/commands", formType, r.command("help").Encode(), time.Now())
	req.URL.Host = listener.Addr().String()
	if status, _ := r.post(req); status != http.StatusOK {
		t.Errorf("a good delivery among slow ones: %d", status)
	}
	// It did not wait for them: the slowest is still there.
	_ = dripping.SetReadDeadline(time.Now())
	if _, err := dripping.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a good delivery waited until a slow one was cut off: %v", err)
	}
	began := time.Now()
	for i, conn := range slow {
		_ = conn.SetReadDeadline(began.Add(patience))
		answer, err := io.ReadAll(conn)
		if nerr, ok := err.(net.Error); ok && nerr.Timeout() {
			t.Fatalf("slow connection %d is still open after %v (%q)", i, time.Since(began), answer)
		}
		_ = conn.Close()
	}
}

func TestSoManyConnectionsAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const most = 1024
		arriving := make(arrivals)
		door := desk.Limit(arriving)
		come := func() (letIn bool) {
			theirs, ours := net.Pipe()
			t.Cleanup(func() { _ = theirs.Close() })
			synctest.Wait() // the door waits: for somebody to come, or for somebody to leave
			select {
			case arriving <- ours:
				return true
			default:
				return false
			}
		}
		in := make(chan net.Conn, 2*most)
		go func() {
			for {
				conn, err := door.Accept()
				if err != nil {
					return
				}
				in <- conn
			}
		}()
		for n := range most {
			if !come() {
				t.Fatalf("%d are let in, want %d", n, most)
			}
		}
		if come() {
			t.Fatalf("more than %d are let in", most)
		}
		left := <-in
		_ = left.Close()
		_ = left.Close() // whoever leaves twice makes one place
		if !come() {
			t.Error("a place that was left is not given away")
		}
		if come() {
			t.Error("one who left made two places")
		}
		close(arriving)
		_ = (<-in).Close()
	})
}

// arrivals are connections from nowhere.
type arrivals chan net.Conn

func (a arrivals) Accept() (net.Conn, error) {
	if conn, ok := <-a; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (a arrivals) Close() error   { return nil }
func (a arrivals) Addr() net.Addr { return &net.TCPAddr{} }

// zeros is a long body that costs nothing.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}
