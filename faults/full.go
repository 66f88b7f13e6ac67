package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// owned gives a folder with all in it to whoever owns another one.
func owned(as, folder string) error {
	info, err := os.Stat(as)
	if err != nil {
		return err
	}
	of := info.Sys().(*syscall.Stat_t)
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(of.Uid), int(of.Gid))
	})
}

// errNoDisk says that the data is on no disk of its own, so that it cannot be filled.
var errNoDisk = errors.New("skipped: only root can mount a disk of its own to fill")

// fullDisks fill the disk that the data is on while people work, and free it again.
func fullDisks(ctx context.Context, o *office, times int) (int, error) {
	if !onOwnDisk(o.dir) {
		return 0, errNoDisk
	}
	filled := 0
	return o.rounds(ctx, times, func() int { return filled }, func(int) error {
		time.Sleep(o.moment(time.Second))
		free, err := fill(filepath.Join(o.dir, "filler"))
		if err != nil {
			return err
		}
		filled++
		o.note("full", "disk")
		time.Sleep(3 * time.Second)
		if err := free(); err != nil {
			return err
		}
		// Postgres gives up where it cannot write its log, and whoever looks after it starts it again.
		select {
		case <-o.server.Done():
			return o.startDatabase(ctx)
		case <-time.After(500 * time.Millisecond):
			return nil
		}
	})
}

// fill writes a file until nothing fits any more.
func fill(path string) (free func() error, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	chunk := make([]byte, 1<<20)
	for size := len(chunk); size > 0; {
		if _, err := f.Write(chunk[:size]); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			return nil, err
		}
	}
	return func() error { return os.Remove(path) }, nil
}

const diskSize = "2g"

// mount gives a folder a disk of its own in memory, where that may be done.
func mount(dir string) (unmount func(), err error) {
	if os.Geteuid() != 0 {
		return func() {}, nil
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size="+diskSize); err != nil {
		return func() {}, nil // in a container that may not
	}
	return func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			fmt.Fprintln(os.Stderr, "faults: unmounting", dir, err)
		}
	}, nil
}

func onOwnDisk(dir string) bool {
	var own, parent syscall.Stat_t
	return syscall.Stat(dir, &own) == nil && syscall.Stat(filepath.Dir(dir), &parent) == nil && own.Dev != parent.Dev
}
