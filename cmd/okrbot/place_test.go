package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A finished file gets its name with hard links and without, and never over another one.
func TestAFileIsPlacedOnce(t *testing.T) {
	for name, with := range map[string]func(string, string) error{
		"links": os.Link,
		"no links": func(made, name string) error {
			return &os.LinkError{Op: "link", Old: made, New: name, Err: syscall.EPERM}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := link
			link = with
			t.Cleanup(func() { link = before })
			dir := t.TempDir()
			to := filepath.Join(dir, "okrbot.backup")
			made, err := writeAside(to, "whole")
			if err != nil {
				t.Fatal(err)
			}
			if err := place(made, to); err != nil {
				t.Fatal(err)
			}
			again, err := writeAside(to, "another")
			if err != nil {
				t.Fatal(err)
			}
			if err := place(again, to); !errors.Is(err, fs.ErrExist) {
				t.Errorf("over a file: %v", err)
			}
			_ = os.Remove(again)
			raw, err := os.ReadFile(to)
			info, _ := os.Stat(to)
			if err != nil || string(raw) != "whole" || info.Mode().Perm() != 0o600 {
				t.Errorf("%q %v %v", raw, info.Mode(), err)
			}
			if now := children(t, dir); now != "okrbot.backup\n" {
				t.Errorf("it leaves %s", now)
			}
		})
	}
}

// A file that is replaced stays where it is and whose it was.
func TestAFileIsReplacedWhereItIs(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	kept := filepath.Join(elsewhere, "kept")
	if err := os.WriteFile(kept, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(kept, 12345, 12346); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "keyset.json")
	if err := os.Symlink(kept, name); err != nil {
		t.Fatal(err)
	}
	if err := replace(name, "new"); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(kept)
	info, _ := os.Stat(kept)
	if err != nil || string(raw) != "new" || info.Mode().Perm() != 0o640 {
		t.Errorf("%q %v %v", raw, info.Mode(), err)
	}
	if of := info.Sys().(*syscall.Stat_t); os.Geteuid() == 0 && (of.Uid != 12345 || of.Gid != 12346) {
		t.Errorf("it is of %d and %d", of.Uid, of.Gid)
	}
	if where, err := os.Readlink(name); err != nil || where != kept {
		t.Errorf("the link leads to %q, %v", where, err)
	}
	if now := children(t, elsewhere); now != "kept\n" {
		t.Errorf("it leaves %s", now)
	}
}
