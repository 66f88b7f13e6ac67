package main

import "syscall"

// endWithParent has the kernel end a program when we die, even by SIGKILL.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
