package child

import "syscall"

// EndWithParent has the kernel end a program when we die, even by SIGKILL.
func EndWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
