package main

import "syscall"

// diskSpace is how many bytes a folder's disk has free for us, and in all.
func diskSpace(dir string) (free, whole uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}
