package embedded

import "syscall"

// dieWithParent has the kernel end the server when its parent dies, even by SIGKILL. SIGINT is
// the fast and clean shutdown.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
