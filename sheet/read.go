package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"okrbot/okr"
)

// Problem is what is wrong at a place of a file, said to whoever made the file.
type Problem struct {
	Line   int
	Column string // empty: the line as a whole
	Says   string
}

func (p Problem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Says)
	}
	return fmt.Sprintf("line %d, %s: %s", p.Line, p.Column, p.Says)
}

// Reader reads the lines of a CSV one by one.
type Reader struct {
	csv     *csv.Reader
	bound   *bound
	columns []*column // as the file has them
	last    int       // the line read last
}

// required are the columns without which nothing can be made of a line.
var required = []string{"objective", "objective_owner", "first_day", "last_day", "time_zone", "key_result", "owner", "kind", "target_value"}

// NewReader reads the first line. With problems there is no reader.
func NewReader(from io.Reader) (*Reader, []Problem, error) {
	buffered := bufio.NewReader(from)
	start, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("reading the file: %w", err)
	}
	first := func(says string) (*Reader, []Problem, error) { return nil, []Problem{{Line: 1, Says: says}}, nil }
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")), bytes.IndexByte(start, 0) >= 0:
		return first("This file is UTF-16. Save it anew as “CSV UTF-8”.")
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return first("This file is a workbook. Save its sheet as “CSV UTF-8”.")
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, _ = buffered.Discard(3) // they were there to be peeked at
	}
	r := &Reader{bound: &bound{from: buffered, left: longestLine}}
	r.csv = csv.NewReader(r.bound)
	r.csv.FieldsPerRecord = -1
	r.csv.ReuseRecord = true
	names, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return first("This file is empty. Begin with what `okrbot export` writes.")
	}
	if p, stop := malformed(err); p != nil || stop != nil {
		return nil, p, stop
	}
	if problems := r.header(names); len(problems) > 0 {
		return nil, problems, nil
	}
	return r, nil, nil
}

// header finds the columns that the first line names.
func (r *Reader) header(names []string) (problems []Problem) {
	say := func(says string, args ...any) {
		problems = append(problems, Problem{Line: 1, Says: fmt.Sprintf(says, args...)})
	}
	if len(names) == 1 {
		for separator, name := range map[string]string{";": "semicolons", "\t": "tabs"} {
			if strings.Contains(names[0], separator) {
				say("The columns are separated by %s. Save the file with commas between them, and points for decimals.", name)
				return problems
			}
		}
	}
	seen := map[string]bool{}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		at := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		switch {
		case at < 0:
			say("Column %d, %q, is unknown. Take it out, or name it as one of %s.", i+1, shortened(name), strings.Join(Columns(), ", "))
			continue
		case seen[name]:
			say("The column %s is there twice. Take one out.", name)
		}
		seen[name] = true
		r.columns = append(r.columns, &columns[at])
	}
	for _, name := range required {
		if !seen[name] {
			say("The column %s is missing. Add it.", name)
		}
	}
	return problems
}

func shortened(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return s
}

// Line is one line of the file, not yet understood.
type Line struct {
	Number int
	cells  []string
}

// Next gives the next line, or io.EOF. After a problem with how the file is written there is nothing
// more to read.
func (r *Reader) Next() (Line, *Problem, error) {
	for {
		r.bound.left = longestLine
		cells, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return Line{}, nil, io.EOF
		}
		if p, stop := malformed(err); p != nil || stop != nil {
			if stop != nil {
				return Line{}, nil, stop
			}
			p[0].Line = max(p[0].Line, r.last+1)
			return Line{Number: p[0].Line}, &p[0], nil
		}
		if strings.Join(cells, "") == "" {
			continue // spreadsheets leave empty lines at the end
		}
		number, _ := r.csv.FieldPos(0)
		r.last = number
		l := Line{Number: number, cells: slices.Clone(cells)}
		if len(cells) != len(r.columns) {
			return l, &Problem{Line: number, Says: fmt.Sprintf("This line has %d cells, the first has %d. Words with a comma in them need quotation marks around the cell.", len(cells), len(r.columns))}, nil
		}
		return l, nil, nil
	}
}

// malformed says where and how a file is no CSV; an error that is not the file's fault stays one.
func malformed(err error) ([]Problem, error) {
	var parse *csv.ParseError
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &parse):
		return []Problem{{Line: parse.Line, Says: "A quotation mark is alone here. Put the whole cell into quotation marks, and write those within it twice."}}, nil
	case errors.Is(err, errTooLong):
		return []Problem{{Line: 1, Says: tooLong}}, nil
	}
	return nil, fmt.Errorf("reading the file: %w", err)
}

// longestLine bounds what one line can take of memory.
const longestLine = 1 << 20

const tooLong = "From here on one line is longer than a megabyte. A closing quotation mark is missing, as a rule."

var errTooLong = errors.New("line too long")

// bound ends a line that does not end.
type bound struct {
	from io.Reader
	left int
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.from.Read(p)
	b.left -= n
	return n, err
}

// Key is the number of the key result that a line is about; 0 when it is a new one or none.
func (r *Reader) Key(l Line) int {
	for i, c := range r.columns {
		if c.name == "key" && i < len(l.cells) {
			number, _ := okr.ParseKey(l.cells[i])
			return number
		}
	}
	return 0
}

// blank is a row before anything is known of it: every cell is empty.
func blank() Row {
	var r Row
	for _, c := range columns {
		if c.read != nil {
			_ = c.read(&r, "") // what must not be empty is asked for later
		}
	}
	return r
}

// Row understands a line, and checks it by the rules of what it describes. Before is the row as it
// is now, or a blank one: columns that the file lacks stay as they are.
func (r *Reader) Row(l Line, before Row) (Row, []Problem) {
	row := before
	wrong := map[string]string{} // by column
	row.Alone = true
	for i, c := range r.columns {
		row.Alone = row.Alone && (c.objective || strings.TrimSpace(l.cells[i]) == "")
	}
	for i, c := range r.columns {
		if row.Alone && !c.objective {
			continue
		}
		cell := strings.TrimSpace(l.cells[i])
		if c.form == text {
			cell = strings.TrimSpace(unguard(l.cells[i]))
		}
		switch {
		case !utf8.ValidString(cell):
			wrong[c.name] = "This cell is not UTF-8. Save the file anew as “CSV UTF-8”."
		case strings.ContainsRune(cell, 0):
			wrong[c.name] = unprintable(cell)
		case c.read != nil:
			if says := c.read(&row, cell); says != "" {
				wrong[c.name] = says
			}
		}
	}
	note(wrong, true, row.Objective.Check())
	if !row.Alone {
		row.checkKeyResult(wrong)
	}
	var problems []Problem
	for _, c := range columns {
		if says := wrong[c.name]; says != "" {
			problems = append(problems, Problem{Line: l.Number, Column: c.name, Says: says})
		}
	}
	return row, problems
}

// note takes over what Check says, under the columns' names. What is wrong with a cell as it is
// written was said already.
func note(wrong map[string]string, objective bool, found okr.Problems) {
	for _, c := range columns {
		if says := found[c.field]; c.objective == objective && c.field != "" && says != "" && wrong[c.name] == "" {
			wrong[c.name] = says
		}
	}
}

// checkKeyResult adds to the rules what a form cannot get wrong and a file can.
func (r *Row) checkKeyResult(wrong map[string]string) {
	k := &r.KeyResult
	say := func(column, says string) {
		if wrong[column] == "" {
			wrong[column] = says
		}
	}
	k.Cadence.Zone = r.Objective.Zone
	switch {
	case k.Integrated && r.Reference == "":
		say("reference", "Write the scorecard's reference, as an export of this workspace shows it.")
	case !k.Integrated && r.Reference != "":
		say("connection", "Name the connection that this reference is read through.")
	case !k.Integrated && k.Cadence.Every != "":
		say("cadence", "Without a connection people update this key result, and there is no cadence. Leave it empty.")
	}
	if !k.Integrated {
		k.Cadence = okr.Cadence{Zone: r.Objective.Zone}
		if k.Result.Value.Valid && k.Result.AsOf == 0 {
			say("result_day", "Write the day that the result is of.")
		}
	}
	problems := k.Check()
	if wrong["time_zone"] != "" {
		delete(problems, "cadence")
	}
	note(wrong, false, problems)
}
