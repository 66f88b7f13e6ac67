package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// fewFiles keep a replica from opening anything more than it has open, connections too.
func fewFiles(ctx context.Context, o *office, times int) (int, error) {
	happened := 0
	return o.rounds(ctx, times, func() int { return happened }, func(int) error {
		r := o.replicas[o.pick(3)]
		time.Sleep(o.moment(500 * time.Millisecond))
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.pid()))
		if err != nil {
			return err
		}
		before, err := limitFiles(r.pid(), uint64(len(open)))
		if err != nil {
			return err
		}
		happened++
		o.note("no files", r.name)
		time.Sleep(3 * time.Second)
		_, err = limitFiles(r.pid(), before)
		return err
	})
}

// limitFiles sets how many files a process may have open, and gives how many that were.
func limitFiles(pid int, most uint64) (before uint64, err error) {
	var old syscall.Rlimit
	set := func(limit, was *syscall.Rlimit) error {
		_, _, no := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(limit)), uintptr(unsafe.Pointer(was)), 0, 0)
		if no != 0 {
			return fmt.Errorf("limiting files: %w", no)
		}
		return nil
	}
	if err := set(nil, &old); err != nil {
		return 0, err
	}
	return old.Cur, set(&syscall.Rlimit{Cur: most, Max: old.Max}, nil)
}
