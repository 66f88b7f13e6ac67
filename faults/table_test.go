package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestARunOfSomeKindsKeepsTheFiguresOfTheOthers(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("Before.\n\n"+begins+"\n"+ends+"\n\nAfter.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(command string, times int, names ...string) string {
		t.Helper()
		run := &table{command: command, began: time.Now()}
		for _, name := range names {
			run.rows = append(run.rows, row{name: name, times: times})
		}
		if err := run.into(page); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	has := func(page string, counts map[string]int) {
		t.Helper()
		for what, want := range counts {
			if got := strings.Count(page, what); got != want {
				t.Errorf("%q stands %d times, and should %d times:\n%s", what, got, want, page)
			}
		}
	}
	kill, full, frozen := faults[0].name, "the disk full", "a replica frozen past every lease"
	write("all of it", 10, kill, full, frozen)
	has(write("the disk", 20, full), map[string]int{
		"`all of it`": 1, "`the disk`": 1, "| " + kill + " | 10 |": 1, "| " + full + " | 10 |": 0, "| " + full + " | 20 |": 1,
		"| fault |": 2, "Meanwhile": 2, "Before.": 1, "After.": 1,
	})
	has(write("all again", 30, kill, full, frozen), map[string]int{
		"`all again`": 1, "`all of it`": 0, "`the disk`": 0, "| " + full + " |": 1, "| fault |": 1, "Before.\n\n" + begins: 1, ends + "\n\nAfter.": 1,
	})
}
