package okrbot_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sections are the rows that docs/reliability.md has, by their letter.
var sections = map[string]int{"A": 14, "B": 8, "C": 8, "D": 11, "E": 13, "F": 7, "G": 15, "H": 8, "I": 24}

// Each promise of docs/reliability.md names tests that there are, says whether they prove it whole, and none
// is missing or there twice.
func TestEveryPromiseHasItsTest(t *testing.T) {
	there := testNames(t)
	row := regexp.MustCompile(`(?m)^\| ([A-I]\d+) \| (.+?) \| (.+?) \| (.+) \|$`)
	seen := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(text(t, "docs/reliability.md"), -1) {
		id, promise, how, proof := m[1], m[2], m[3], m[4]
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
		if how != "whole" && !strings.HasPrefix(how, "whole, with `make faults`, which ") && !(strings.HasPrefix(how, "in part: ") && len(how) > 20) {
			t.Errorf("%s (%s) says neither `whole` nor what is not proven: %q", id, promise, how)
		}
		names := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`").FindAllStringSubmatch(proof, -1)
		if len(names) == 0 {
			t.Errorf("%s (%s) names no test", id, promise)
		}
		for _, name := range names {
			if !there[name[1]] {
				t.Errorf("%s names %s, which there is not", id, name[1])
			}
		}
	}
	n := 0
	for letter, rows := range sections {
		for i := range rows {
			n++
			if id := fmt.Sprint(letter, i+1); !seen[id] {
				t.Errorf("%s is missing", id)
			}
		}
	}
	if n != len(seen) {
		t.Errorf("%d rows, want %d", len(seen), n)
	}
}

// testNames are all tests that there are.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, name := range submatches(text(t, path), `(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`) {
			names[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
