package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// most is how much memory a process has had at most so far, in MiB.
func (s *serving) most() int {
	s.o.t.Helper()
	status := read(s.o.t, fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(status)
	if m == nil {
		s.o.t.Fatal(status)
	}
	kib, err := strconv.Atoi(m[1])
	if err != nil {
		s.o.t.Fatal(err)
	}
	return kib >> 10
}

// withFiles has it started so that it can open no more files than that.
func (o *office) withFiles(most int) {
	o.t.Helper()
	path := filepath.Join(o.dir, "with-few-files")
	script := fmt.Sprintf("#!/bin/sh\nulimit -n %d\nexec '%s' \"$@\"\n", most, o.path)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		o.t.Fatal(err)
	}
	o.path = path
}

// With one core and 128 MiB, and with few files, a crowd comes of which each says as much as is taken of
// anybody, and does not come to an end. It is sent out; people are answered meanwhile, and the memory is not
// full of what strangers say.
func TestACrowdFindsLittleRoomAndFillsItNot(t *testing.T) {
	const crowd, mebibyte = 300, 1 << 20
	tries := map[string]int{"LittleMemory": 0}
	if os.Getenv("SOAK") != "" {
		tries["FewFiles"] = 256
	}
	for name, files := range tries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			if o.environment = append(o.environment, "GOMAXPROCS=1", "GOMEMLIMIT=128MiB"); files > 0 {
				o.withFiles(files)
			}
			s := o.serve()
			s.says("okrbot is ready")
			s.lists()
			before := s.most()
			much := bytes.Repeat([]byte("x"), mebibyte-1)
			var all sync.WaitGroup
			for range crowd {
				all.Go(func() {
					conn, err := net.Dial("tcp", o.variable("LISTEN_ADDR"))
					if err != nil {
						return
					}
					t.Cleanup(func() { _ = conn.Close() })
					_, _ = io.WriteString(conn, "POST /slack/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n")
					_, _ = conn.Write(much)
				})
			}
			all.Wait()
			if said := s.lists(); !strings.Contains(said, "Fewer open incidents") {
				t.Errorf("people read %s", said)
			}
			most := s.most()
			if t.Logf("it had %d MiB before the crowd, and %d with it", before, most); most > 220 {
				t.Error("it fills its memory")
			}
		})
	}
}
