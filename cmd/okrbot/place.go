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

// placeWithoutLinks is place on file systems that have no hard links, as FAT and some network shares: who makes
// the name first has it.
func placeWithoutLinks(made, name string) error {
	taken, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	taken.Close()
	if err := os.Rename(made, name); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
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
