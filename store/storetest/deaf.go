package storetest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Deaf is a way to a database on which the acknowledgement of a commit can be lost: while it is deaf, the
// next one cuts its connection instead of arriving, once.
type Deaf struct {
	DSN  string
	Next atomic.Bool
	// Last has the next acknowledgement be the last word of the database.
	Last atomic.Bool
	// Hold is called with the next acknowledgement, which arrives when it returns.
	Hold atomic.Pointer[func()]
	gone atomic.Bool
}

// NewDeaf opens such a way, which ends with the test.
func NewDeaf(t testing.TB, dsn string) *Deaf {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	at := l.Addr().(*net.TCPAddr)
	d := &Deaf{DSN: fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", at.IP, at.Port, config.User, config.Database)}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			if d.gone.Load() {
				_ = in.Close()
				continue
			}
			out, err := net.Dial("unix", filepath.Join(config.Host, fmt.Sprintf(".s.PGSQL.%d", config.Port)))
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { defer out.Close(); _, _ = io.Copy(out, in) }()
			go func() { defer in.Close(); defer out.Close(); d.back(in, out) }()
		}
	}()
	return d
}

// back passes on what the server says. An acknowledgement is too short to arrive in two parts here.
func (d *Deaf) back(in, out net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := out.Read(buf)
		commits := bytes.Contains(buf[:n], []byte("COMMIT\x00"))
		if d.gone.Load() || commits && d.Next.CompareAndSwap(true, false) {
			return
		}
		if commits && d.Last.Load() {
			d.gone.Store(true)
		}
		if hold := d.Hold.Load(); commits && hold != nil && d.Hold.CompareAndSwap(hold, nil) {
			(*hold)()
		}
		if _, failed := in.Write(buf[:n]); err != nil || failed != nil {
			return
		}
	}
}
