//go:build !linux

package main

import "syscall"

// endWithParent is not to be had here.
func endWithParent() *syscall.SysProcAttr { return nil }
