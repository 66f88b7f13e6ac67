package sheet

import (
	"fmt"
	"slices"
	"strings"

	"okrbot/okr"
)

// Problem is what is wrong at a place of a file, said to whoever made the file.
type Problem struct {
	Line     int
	Column   string // empty: the line as a whole
	Says     string
	Anywhere bool // the same in another column has the same cause
}

// problems are what is wrong with a file, each cause once with all of its lines.
type problems struct {
	list  []*cause
	known map[[2]string]*cause
	more  int // causes beyond those that are told
}

// toldMost is how many problems of a file are told: who has more begins with these.
const toldMost = 200

// cause is one problem, wherever it is found.
type cause struct {
	says    string
	columns []string
	runs    [][2]int // of lines that follow each other, first and last
}

// add notes a problem, and says whether its cause is a new one.
func (ps *problems) add(p Problem) (fresh bool) {
	key := [2]string{p.Column, p.Says}
	if p.Anywhere {
		key[0] = ""
	}
	c := ps.known[key]
	switch {
	case c == nil && len(ps.list) == toldMost:
		ps.more++
		return true
	case c == nil:
		if ps.known == nil {
			ps.known = map[[2]string]*cause{}
		}
		c = &cause{says: p.Says}
		ps.known[key], ps.list, fresh = c, append(ps.list, c), true
	}
	if p.Column != "" && !slices.Contains(c.columns, p.Column) {
		c.columns = append(c.columns, p.Column)
	}
	if last := len(c.runs) - 1; last >= 0 && c.runs[last][0] <= p.Line && p.Line <= c.runs[last][1]+1 {
		c.runs[last][1] = max(p.Line, c.runs[last][1])
	} else {
		c.runs = append(c.runs, [2]int{p.Line, p.Line})
	}
	return fresh
}

// String is where it is, and what: "lines 2–31 and 40, owner: Nobody here is …".
func (c *cause) String() string {
	const most = 12
	var at []string
	more := 0
	for i, r := range c.runs {
		switch {
		case i >= most:
			more += r[1] - r[0] + 1
		case r[0] == r[1]:
			at = append(at, fmt.Sprint(r[0]))
		case r[0]+1 == r[1]:
			at = append(at, fmt.Sprint(r[0]), fmt.Sprint(r[1]))
		default:
			at = append(at, fmt.Sprintf("%d–%d", r[0], r[1]))
		}
	}
	where := "line " + at[0]
	if more > 0 {
		where = "lines " + strings.Join(at, ", ") + " and " + okr.CountWords(more, "more line")
	} else if len(at) > 1 || c.runs[0][0] != c.runs[0][1] {
		where = "lines " + and(at)
	}
	if len(c.columns) > 0 {
		where += ", " + and(c.columns)
	}
	return where + ": " + c.says
}

// and writes "a", "a and b", "a, b and c".
func and(list []string) string {
	last := len(list) - 1
	if last == 0 {
		return list[0]
	}
	return strings.Join(list[:last], ", ") + " and " + list[last]
}
