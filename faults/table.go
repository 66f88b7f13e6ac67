package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// table is what a run came to.
type table struct {
	share   float64
	seed    uint64
	command string
	began   time.Time

	mu              sync.Mutex
	asked, answered int64
	rows            []row
}

// row is one kind of fault.
type row struct {
	name    string
	times   int
	found   []finding
	took    time.Duration
	skipped string
}

func (r row) count(k kind) int {
	n := 0
	for _, f := range r.found {
		if f.kind == k {
			n++
		}
	}
	return n
}

// add tells of a row at once: a run is long.
func (t *table) add(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
	tell("%s: %d times in %s, %d findings", r.name, r.times, r.took.Round(time.Second), len(r.found))
	told := map[kind]int{}
	for _, f := range r.found {
		if told[f.kind]++; told[f.kind] <= 10 && f.kind != repeated {
			tell("  %s: %s", f.kind, f.says)
		}
	}
}

// heard adds what people of an office asked for, and how much of it was answered in words.
func (t *table) heard(asked, answered int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked, t.answered = t.asked+asked, t.answered+answered
}

// failed says whether something was found that was not promised.
func (r row) failed() bool { return len(r.found) > r.count(repeated) }

func (t *table) failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.rows, row.failed)
}

// String has the kinds in the order in which they are listed, not in that in which they ended.
func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	place := map[string]int{}
	for n, f := range slices.Concat(faults, long) {
		place[f.name] = n
	}
	slices.SortFunc(t.rows, func(a, b row) int { return place[a.name] - place[b.name] })
	var s strings.Builder
	fmt.Fprintf(&s, "%s, %d cores, %s, for %s; `%s`, seed %d.\n\n", t.began.UTC().Format("2006-01-02 15:04"), runtime.NumCPU(), runtime.Version(), time.Since(t.began).Round(time.Second), t.command, t.seed)
	s.WriteString("| fault | times | lost | doubled | duplicate posts | posted once more, and saying so | during a Retry-After | secrets | cross-tenant |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range t.rows {
		if r.skipped != "" {
			fmt.Fprintf(&s, "| %s | %s | | | | | | | |\n", r.name, r.skipped)
			continue
		}
		fmt.Fprintf(&s, "| %s | %d |", r.name, r.times)
		for _, k := range []kind{lost, doubled, duplicate, repeated, early, secretOut, tenant} {
			fmt.Fprintf(&s, " %d |", r.count(k))
		}
		s.WriteString("\n")
	}
	fmt.Fprintf(&s, "\nMeanwhile people asked for %d things, of which %d were answered in words.\n", t.asked, t.answered)
	return s.String()
}

const (
	begins = "<!-- figures -->"
	ends   = "<!-- /figures -->"
)

// into puts the table between its marks in a file. What stands there of kinds that were not run this time
// stays, with the line that says when and how it was measured.
func (t *table) into(name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(raw), begins)
	stood, after, closed := strings.Cut(rest, ends)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table: a line %q, later a line %q", name, begins, ends)
	}
	now := t.String()
	return os.WriteFile(name, []byte(before+begins+"\n"+t.without(stood)+now+ends+after), 0o644)
}

// without are the tables of earlier runs without the kinds of this one; one that has no other goes whole.
// A table is three paragraphs: when and how, its rows, and what people asked for meanwhile.
func (t *table) without(stood string) string {
	var kept strings.Builder
	paragraphs := strings.Split(strings.TrimSpace(stood), "\n\n")
	for ; len(paragraphs) >= 3; paragraphs = paragraphs[3:] {
		lines := strings.Split(paragraphs[1], "\n")
		lines = slices.DeleteFunc(lines, func(line string) bool {
			return slices.ContainsFunc(t.rows, func(r row) bool { return strings.HasPrefix(line, "| "+r.name+" |") })
		})
		if len(lines) > 2 { // more than its head
			fmt.Fprintf(&kept, "%s\n\n%s\n\n%s\n\n", paragraphs[0], strings.Join(lines, "\n"), paragraphs[2])
		}
	}
	return kept.String()
}

// save keeps the logs of a run that went wrong.
func (t *table) save(dir string) {
	to := filepath.Join(os.TempDir(), fmt.Sprintf("okrbot-faults-%d", t.seed), filepath.Base(dir))
	logs, _ := filepath.Glob(filepath.Join(dir, "*.log")) // the pattern is well formed
	if len(logs) == 0 || os.MkdirAll(to, 0o700) != nil {
		return
	}
	dumps, _ := filepath.Glob(filepath.Join(dir, "*.sql")) // as well
	if exec.Command("cp", append(append(logs, dumps...), to)...).Run() == nil {
		tell("the logs, and the database as it was after the first finding, are in %s", to)
	}
}
