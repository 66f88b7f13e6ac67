package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// A finished file gets its name with hard links and without, and never over another one.
func TestAFileIsPlacedOnce(t *testing.T) {
	for name, with := range linkings {
		t.Run(name, func(t *testing.T) {
			links(t, with)
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

// linkings are file systems with hard links and without.
var linkings = map[string]func(string, string) error{
	"links": os.Link,
	"no links": func(made, name string) error {
		return &os.LinkError{Op: "link", Old: made, New: name, Err: syscall.EPERM}
	},
}

func links(t *testing.T, with func(string, string) error) {
	t.Helper()
	before := link
	link = with
	t.Cleanup(func() { link = before })
}

// Of many who make keys at once each reads the same ones, and nobody an empty file.
func TestManyMakeKeysAtOnce(t *testing.T) {
	for name, with := range linkings {
		t.Run(name, func(t *testing.T) {
			links(t, with)
			for range 20 {
				c := Config{DataDir: t.TempDir()}
				held := make(chan string, 16)
				var all sync.WaitGroup
				for range cap(held) {
					all.Go(func() {
						if err := newKeysetFile(c.keysetFile()); err != nil {
							t.Error(err)
						}
						raw, err := os.ReadFile(c.keysetFile())
						if err != nil {
							t.Error(err)
						}
						held <- string(raw)
					})
				}
				all.Wait()
				close(held)
				first := <-held
				parse(t, first)
				for other := range held {
					if other != first {
						t.Errorf("one holds %d bytes, another %d others", len(first), len(other))
					}
				}
				if now := children(t, c.DataDir); now != "keyset.json\n" {
					t.Errorf("it leaves %s", now)
				}
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
