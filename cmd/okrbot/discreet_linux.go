package main

import "syscall"

// discreet keeps what the process knows out of crash dumps, and away from other processes of the same
// user: they can read neither its memory nor the environment it was started with. Where the system
// refuses, it goes on as it is.
func discreet() {
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
}
