//go:build unix

package ingress

import "syscall"

// ConnectionLimit is how many connections may be open beside what else the process opens. short says that
// the system lets it open too little for all of them.
func ConnectionLimit(others int) (limit int, short bool) {
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) != nil || files.Cur >= uint64(mostConnected+others) {
		return mostConnected, false
	}
	return max(16, int(files.Cur)-others), true
}
