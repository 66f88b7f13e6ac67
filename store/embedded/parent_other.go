//go:build !linux

package embedded

import "syscall"

// dieWithParent is not to be had here: a server whose parent was killed is found by its
// postmaster.pid at the next start, and named.
func dieWithParent(*syscall.SysProcAttr) {}
