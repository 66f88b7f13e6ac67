//go:build !linux

package child

import "syscall"

// EndWithParent is not to be had here.
func EndWithParent() *syscall.SysProcAttr { return nil }
