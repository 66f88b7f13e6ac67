package jobs

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// The name server of these tests: names that it knows lead to this machine, or are answered with what it was told.
func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go answerNames(there)
		return here, nil
	}}
}

// What a name server says, as the standard numbers it.
const (
	resolves   = 0
	servesNot  = 2 // SERVFAIL
	noSuchName = 3 // NXDOMAIN
)

var names sync.Map // what is said of each name

func answerNames(conn net.Conn) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, query); err != nil || len(query) < 17 {
			return
		}
		end, labels := 12, []string{}
		for end < len(query) && query[end] != 0 {
			next := end + int(query[end]) + 1
			labels = append(labels, string(query[end+1:next]))
			end = next
		}
		end += 5
		code, known := names.Load(strings.Join(labels, "."))
		if !known {
			code = noSuchName
		}
		count := byte(0)
		if code == resolves && binary.BigEndian.Uint16(query[end-4:]) == 1 {
			count = 1
		}
		answer := append(append([]byte{}, query[:2]...), 0x81, 0x80|byte(code.(int)), 0, 1, 0, count, 0, 0, 0, 0)
		answer = append(answer, query[12:end]...)
		if count == 1 {
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
		}
		binary.BigEndian.PutUint16(length[:], uint16(len(answer)))
		if _, err := conn.Write(append(length[:], answer...)); err != nil {
			return
		}
	}
}

// A name server that fails for more than a day is told once, asked ever more seldom, and what was missed is read
// when it works.
func TestANameThatDoesNotResolveForADayIsToldOnce(t *testing.T) {
	for name, code := range map[string]int{"ServFail": servesNot, "NXDomain": noSuchName} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			host := strings.ToLower(name) + ".okrbot.test"
			names.Store(host, resolves)
			_, port, _ := strings.Cut(strings.TrimPrefix(r.origin, "http://"), ":")
			r.origin = "http://" + host + ":" + port
			r.client = r.replica(nil)
			r.connection = r.connect()
			k := r.keyResult(r.scorecard(1, 41, 5))
			r.imports(k)
			r.wants("value", r.value(k), "41")
			names.Store(host, code)
			r.client = r.replica(nil) // no connection is open any more
			r.now.ForgetCalls()
			r.nextDay()
			tries, next := 0, time.Time{}
			for range 28 * 2 {
				r.tick()
				if at := r.load(k).RetryAt; !at.IsZero() && !at.Equal(next) {
					tries, next = tries+1, at
				}
				r.advance(30 * time.Minute)
			}
			r.wants("calls", len(r.now.Calls()), 0)
			r.wants("said", r.slack.in(alice.ID), []string{"KR-1 failed"})
			r.wants("state of the connection", r.state(), "active")
			if tries < 12 {
				t.Errorf("it was to be tried again %d times in a day", tries)
			}
			names.Store(host, resolves)
			r.check(r.now.Collect(k.Source.Reference, r.today().Time(), 40))
			for range 4 {
				r.advance(30 * time.Minute)
				r.tick()
			}
			r.wants("value when it is back", r.value(k), "40")
			r.wants("said in all", r.slack.in(alice.ID), []string{"KR-1 failed", "KR-1 recovered"})
		})
	}
}
