// Package child is what a program needs that runs others as its children and looks at them from outside.
package child

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// FreeAddress has a port that was free a moment ago.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
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
