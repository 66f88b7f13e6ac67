package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestTheFileIsCurrent(t *testing.T) {
	root := filepath.Join("..", "..")
	want, err := collected(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the binary is linked from; `make licenses`, and read the diff", file)
	}
}

func TestALicenceThatNobodyHasReadIsRefused(t *testing.T) {
	m := &module{Dir: t.TempDir()}
	if err := m.read(); err == nil {
		t.Error("a module without a licence is taken")
	}
	if err := os.WriteFile(filepath.Join(m.Dir, "LICENSE"), []byte("You may look at it on Mondays."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.read(); err == nil {
		t.Error("an unknown licence is taken")
	}
}
