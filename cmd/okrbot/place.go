package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// link gives a file a second name.
var link = os.Link

// place gives a finished file its name, in the same folder, and never over a file that has it already: that is
// fs.ErrExist.
func place(made, name string) error {
	err := link(made, name)
	switch {
	case err == nil:
		err = os.Remove(made)
	case !errors.Is(err, fs.ErrExist):
		err = placeWithoutLinks(made, name)
	}
	if err == nil {
		syncFolder(filepath.Dir(name))
	}
	return err
}

// placeWithoutLinks is place on file systems that have no hard links, as FAT and some network shares: okrbots take
// turns by the folder, and what somebody else puts there in the instant between the look and the name is lost.
func placeWithoutLinks(made, name string) error {
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close() // which gives it free
	for err = syscall.EINTR; errors.Is(err, syscall.EINTR); {
		err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return &fs.PathError{Op: "flock", Path: folder.Name(), Err: err}
	}
	switch _, err := os.Lstat(name); {
	case err == nil:
		return &fs.PathError{Op: "rename", Path: name, Err: fs.ErrExist}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return os.Rename(made, name)
}

// writeAside writes a file beside the place that it is for, readable by this user alone, and has it on the disk:
// a full one leaves nothing half written.
func writeAside(name, text string) (made string, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".") // 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// replace has a file hold another text from one moment to the next, whatever happens meanwhile. It stays whose it
// was, and where it is, also behind a symbolic link.
func replace(name, text string) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	was, err := os.Stat(name)
	if err != nil {
		return err
	}
	made, err := writeAside(name, text)
	if err != nil {
		return err
	}
	err = os.Chmod(made, was.Mode().Perm())
	if of, ok := was.Sys().(*syscall.Stat_t); ok && err == nil && os.Geteuid() == 0 {
		err = os.Chown(made, int(of.Uid), int(of.Gid))
	}
	if err == nil {
		err = os.Rename(made, name)
	}
	if err != nil {
		os.Remove(made)
		return err
	}
	syncFolder(filepath.Dir(name))
	return nil
}

// syncFolder has a new name outlive a loss of power, where the file system can and the folder can be read.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		f.Close()
	}
}
