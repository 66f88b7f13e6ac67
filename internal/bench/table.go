package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
)

// row is one line of the table.
type row struct {
	what     string
	measured string
	beside   string // the baseline, of the same run
	goals    []goal
	failed   bool // it could not be measured, and measured says why
}

// goal is something to be reached.
type goal struct {
	words string
	over  float64 // how many times the bound the figure is on its wrong side; at most 1 is met
}

// atMost is a goal for a figure that is to be small.
func atMost(words string, figure, bound float64) goal { return goal{words, figure / bound} }

// atLeast is a goal for a figure that is to be large.
func atLeast(words string, figure, bound float64) goal { return goal{words, bound / figure} }

// must is a goal that is reached or not.
func must(words string, reached bool) goal {
	if reached {
		return goal{words, 0}
	}
	return goal{words, math.Inf(1)}
}

func (r row) goal() string {
	list := make([]string, len(r.goals))
	for i, g := range r.goals {
		list[i] = g.words
	}
	return strings.Join(list, ", ")
}

func (r row) worst() float64 {
	worst := 0.0
	for _, g := range r.goals {
		worst = max(worst, g.over)
	}
	return worst
}

// verdict says whether a row's goals were met, and by how much not.
func (r row) verdict() string {
	over := r.worst()
	switch {
	case r.failed, len(r.goals) == 0:
		return ""
	case over <= 1:
		return "met"
	case math.IsInf(over, 1) || math.IsNaN(over):
		return "**missed**"
	case over < 2:
		return fmt.Sprintf("**missed** by %.0f %%", math.Ceil(100*(over-1)))
	}
	return fmt.Sprintf("**missed**, %.1f times the bound", over)
}

// table is what a run prints.
type table struct {
	machine string
	rows    []row
}

const (
	heading = "| What | Measured | Beside it, in the same run | Goal | |\n|---|---|---|---|---|\n"
	begins  = "<!-- the table of make bench -->\n"
	ends    = "<!-- the end of it -->\n"
)

func (t *table) begin(out io.Writer) { fmt.Fprintf(out, "%s\n\n%s", t.machine, heading) }

func (t *table) add(out io.Writer, r row) {
	t.rows = append(t.rows, r)
	fmt.Fprint(out, r)
}

// String is the row in Markdown.
func (r row) String() string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", r.what, r.measured, r.beside, r.goal(), r.verdict())
}

// String is the table in Markdown.
func (t *table) String() string {
	var s strings.Builder
	t.begin(&s)
	for _, r := range t.rows {
		s.WriteString(r.String())
	}
	return s.String()
}

// status is the process's.
func (t *table) status() int {
	status := allMet
	for _, r := range t.rows {
		switch {
		case r.failed:
			return notMeasured
		case r.worst() > 1 || math.IsNaN(r.worst()):
			status = someMissed
		}
	}
	return status
}

// into puts the table between its marks in a file.
func (t *table) into(name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading what the table goes into: %w", err)
	}
	before, rest, found := strings.Cut(string(raw), begins)
	_, after, closed := strings.Cut(rest, ends)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table: a line %q, later a line %q", name, strings.TrimSpace(begins), strings.TrimSpace(ends))
	}
	if err := os.WriteFile(name, []byte(before+begins+"\n"+t.String()+"\n"+ends+after), 0o644); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// sentence is an error on one line of a table.
func sentence(err error) string {
	return strings.NewReplacer("\n", " ", "|", "/").Replace(strings.TrimSpace(err.Error()))
}

// seconds are as many digits as say something.
func seconds(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	case s < 100:
		return fmt.Sprintf("%.1f s", s)
	default:
		return fmt.Sprintf("%.0f s", s)
	}
}

// thousands writes a whole number so that it can be read: 100,000.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
