// Package child is what a program needs that runs others as its children and looks at them from outside.
package child

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// ports are those that FreeAddress chooses from: below the ones that systems give to whoever asks for any, and to
// connections (from 32768 on with Linux, later elsewhere), so that nobody takes one between the look and its use.
const firstPort, ports = 10_000, 20_000

var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// FreeAddress has a port that nobody listens at, and that this process was not given before.
func FreeAddress() (string, error) {
	given.Lock()
	defer given.Unlock()
	var last error
	for range 1000 {
		port := firstPort + rand.IntN(ports)
		if given.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			last = err
			continue
		}
		given.ports[port] = true
		return l.Addr().String(), l.Close()
	}
	return "", fmt.Errorf("looking for a free port: %w", last)
}

// Dialler says which of some processes made the connection from a local TCP port; false where none did.
func Dialler(port int, pids []int) (int, bool) {
	inode := ""
	raw, _ := os.ReadFile("/proc/net/tcp") // where it cannot be read, nobody is found
	from := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 9 && strings.HasSuffix(f[1], from) {
			inode = "socket:[" + f[9] + "]"
		}
	}
	if inode == "" {
		return 0, false
	}
	for _, pid := range pids {
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // the pattern is well formed
		for _, fd := range open {
			if at, err := os.Readlink(fd); err == nil && at == inode {
				return pid, true
			}
		}
	}
	return 0, false
}
