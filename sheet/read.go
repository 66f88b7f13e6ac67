package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"okrbot/okr"
)

// lines are the lines of a CSV, one by one.
type lines struct {
	csv   *csv.Reader
	bound *bound
	first int      // the line of the names
	names []string // of the columns; empty: one without a name
	taken int      // lines before those that csv counts
	last  int      // the line read last
}

// open reads the names of the columns. It takes what spreadsheets write: UTF-8 with and without a
// byte order mark, UTF-16, whatever separates the columns and ends the lines.
func open(from io.Reader) (*lines, []Problem, error) {
	first := func(says string) (*lines, []Problem, error) { return nil, []Problem{{Line: 1, Says: says}}, nil }
	text, says, err := decoded(from)
	switch {
	case err != nil:
		return nil, nil, err
	case says != "":
		return first(says)
	}
	comma, taken, err := separated(text)
	if err != nil {
		return nil, nil, err
	}
	l := &lines{bound: &bound{from: text, left: longestLine}, taken: taken}
	l.csv = csv.NewReader(l.bound)
	l.csv.Comma = comma
	l.csv.FieldsPerRecord = -1
	l.csv.ReuseRecord = true
	names, err := l.csv.Read()
	if errors.Is(err, io.EOF) {
		return first("This file is empty. Begin with what `okrbot export` writes.")
	}
	if p, stop := malformed(err); p != nil || stop != nil {
		return nil, p, stop
	}
	l.first, _ = l.csv.FieldPos(0)
	l.first += taken
	l.last = l.first
	for _, name := range names {
		l.names = append(l.names, columnName(name))
	}
	return l, nil, nil
}

// Reader reads key results with their objectives from the lines of a CSV.
type Reader struct {
	*lines
	columns []*column // as the file has them; nil: one without a name
}

// required are the columns without which nothing can be made of a line.
var required = []string{"objective", "objective_owner", "first_day", "last_day", "time_zone", "key_result", "owner", "kind", "target_value"}

// NewReader reads the names of the columns. With problems there is no reader.
func NewReader(from io.Reader) (*Reader, []Problem, error) {
	l, problems, err := open(from)
	if l == nil {
		return nil, problems, err
	}
	return newReader(l)
}

func newReader(l *lines) (*Reader, []Problem, error) {
	r := &Reader{lines: l}
	if says := misnamed(l.names, Columns(), required); says != "" {
		return nil, []Problem{{Line: l.first, Says: says}}, nil
	}
	for _, name := range l.names {
		var found *column
		if at := slices.IndexFunc(columns, func(c column) bool { return c.name == name }); at >= 0 {
			found = &columns[at]
		}
		r.columns = append(r.columns, found)
	}
	return r, nil, nil
}

// columnName is a column's name as people type it.
func columnName(typed string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(okr.Visible(typed))), " ", "_")
}

// isColumn says whether a column has this name.
func isColumn(name string) bool {
	return slices.Contains(Columns(), name) || slices.Contains(historyColumns, name)
}

// misnamed says what is wrong with the names of a file's columns, all in one, so that the names that
// there are stand in it once.
func misnamed(names, known, required []string) string {
	seen := map[string]bool{}
	var unknown, twice, missing []string
	for i, name := range names {
		switch {
		case name == "": // a spreadsheet's empty column, as a rule
		case !slices.Contains(known, name):
			unknown = append(unknown, fmt.Sprintf("%d, %q", i+1, shortened(name)))
		case seen[name]:
			twice = append(twice, name)
		default:
			seen[name] = true
		}
	}
	for _, name := range required {
		if !seen[name] {
			missing = append(missing, name)
		}
	}
	all := strings.Join(known, ", ")
	var says []string
	switch {
	case len(seen) == 0:
		says = append(says, "The first line names none of the columns. Begin with what `okrbot export` writes: "+all+".")
		missing = nil
	case len(unknown) == 1:
		says = append(says, "Column "+unknown[0]+", is unknown. Take it out, or name it as one of "+all+".")
	case len(unknown) > 1:
		says = append(says, "Columns "+some(unknown)+" are unknown. Take them out, or name each as one of "+all+".")
	}
	switch len(missing) {
	case 0:
	case 1:
		says = append(says, "The column "+missing[0]+" is missing. Add it.")
	default:
		says = append(says, "The columns "+some(missing)+" are missing. Add them.")
	}
	switch len(twice) {
	case 0:
	case 1:
		says = append(says, "The column "+twice[0]+" is there twice. Take one out.")
	default:
		says = append(says, "The columns "+some(twice)+" are there twice. Take one of each out.")
	}
	return strings.Join(says, " ")
}

// some names a few, and counts the rest.
func some(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return and(append(slices.Clone(names[:most]), fmt.Sprintf("%d more", more)))
	}
	return and(names)
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

// next returns the cells of the next line that is not blank, and its number, or io.EOF. After a problem
// there is nothing more to read.
func (l *lines) next() (cells []string, number int, p *Problem, err error) {
	for {
		l.bound.left = longestLine
		cells, err := l.csv.Read()
		if errors.Is(err, io.EOF) {
			return nil, 0, nil, io.EOF
		}
		if p, stop := malformed(err); p != nil || stop != nil {
			if stop != nil {
				return nil, 0, nil, stop
			}
			p[0].Line = max(p[0].Line+l.taken, l.last+1)
			return nil, p[0].Line, &p[0], nil
		}
		if n := blankUntil(cells); n == 0 || n == 1 && strings.Trim(shown(cells[0]), ",;\t|\"") == "" || l.areNames(cells) {
			continue // spreadsheets leave empty lines, and lines of empty cells; files put together have the names again
		}
		number, _ := l.csv.FieldPos(0)
		l.last = number + l.taken
		return cells, l.last, nil, nil
	}
}

// shown is a cell of ours or Slack's, without what does not show: chats and web pages leave such
// characters around what is copied from them.
func shown(cell string) string {
	if !utf8.ValidString(cell) {
		return cell // Visible would leave out what is wrong with it
	}
	return strings.TrimSpace(okr.Visible(cell))
}

// areNames says whether a line is that of the names once more.
func (l *lines) areNames(cells []string) bool {
	n := blankUntil(cells)
	return n > 1 && n <= len(l.names) && strings.Join(l.names[n:], "") == "" &&
		!slices.ContainsFunc(l.names[:n], func(name string) bool { return name == "" }) &&
		slices.EqualFunc(l.names[:n], cells[:n], func(name, cell string) bool { return columnName(cell) == name })
}

// Next returns the next line, or io.EOF. After a problem with how the file is written there is nothing
// more to read.
func (r *Reader) Next() (Line, *Problem, error) {
	cells, number, p, err := r.next()
	if err != nil || p != nil {
		return Line{Number: number}, p, err
	}
	l := Line{Number: number, cells: slices.Clone(cells[:min(len(cells), len(r.columns))])}
	if says := r.fits(cells); says != "" {
		return l, &Problem{Line: number, Says: says}, nil
	}
	for len(l.cells) < len(r.columns) {
		l.cells = append(l.cells, "") // Excel leaves out what is empty at the end
	}
	return l, nil, nil
}

// blankUntil is how many cells there are without the empty ones at the end.
func blankUntil(cells []string) int {
	n := len(cells)
	for n > 0 && shown(cells[n-1]) == "" {
		n--
	}
	return n
}

// fits says what is wrong with the number of a line's cells. Cells that are left out at its end are
// empty ones, as long as the line has what it cannot do without.
func (r *Reader) fits(cells []string) string {
	filled, least := blankUntil(cells), 0
	alone := r.alone(cells)
	for i, c := range r.columns {
		switch {
		case c == nil && i < filled && shown(cells[i]) != "":
			return fmt.Sprintf("Column %d has no name, and something in it. Name it in the first line, or empty it.", i+1)
		case c != nil && slices.Contains(required, c.name) && (c.objective || !alone):
			least = i + 1
		}
	}
	if filled > len(r.columns) || len(cells) < least {
		return fmt.Sprintf("This line has %s, the first has %d. Words with a separator in them need quotation marks around the cell.",
			okr.CountWords(len(cells), "cell"), len(r.columns))
	}
	return ""
}

// alone says whether a line has an objective and nothing else.
func (r *Reader) alone(cells []string) bool {
	for i, c := range r.columns {
		if i < len(cells) && c != nil && !c.objective && shown(cells[i]) != "" {
			return false
		}
	}
	return true
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
	number, _ := okr.ParseKey(r.cell(l, "key"))
	return number
}

// cell is what a line has in a column, as Row reads it; empty where the file lacks the column.
func (r *Reader) cell(l Line, name string) string {
	if i := slices.Index(r.names, name); i >= 0 && i < len(l.cells) {
		return shown(l.cells[i])
	}
	return ""
}

// has says whether the file has a column.
func (r *Reader) has(name string) bool { return slices.Contains(r.names, name) }

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
	row.Alone = r.alone(l.cells)
	for i, c := range r.columns {
		if c == nil || row.Alone && !c.objective {
			continue
		}
		cell := shown(l.cells[i])
		if c.form == text {
			cell = strings.TrimSpace(unguard(cell))
			if kept := c.cell(before); cell == strings.TrimSpace(okr.Visible(kept)) {
				cell = kept // what does not show is not exported, and nobody took it out
			}
		}
		switch {
		case !utf8.ValidString(cell):
			wrong[c.name] = notUTF8
		case c.read != nil:
			if says := c.read(&row, cell); says != "" {
				wrong[c.name] = says
			}
		}
	}
	if row.Alone || len(wrong) > 0 || before.KeyResult.ID == 0 || len(Differences(before, row)) > 0 || len(moves(before.Objective, row.Objective)) > 0 {
		// What is there already and stays as it is may be from when the rules were others.
		note(wrong, true, row.Objective.Check())
		if !row.Alone {
			row.checkKeyResult(before, wrong)
		}
	}
	var problems []Problem
	for _, c := range columns {
		if says := wrong[c.name]; says != "" {
			problems = append(problems, Problem{Line: l.Number, Column: c.name, Says: says, Anywhere: ofTheFile(says)})
		}
	}
	return row, problems
}

const notUTF8 = "This cell is not UTF-8. Save the file again as “CSV UTF-8”."

// formats are what is said of cells that a program wrote in the way of its country, or in an encoding of
// its own. Whatever columns it wrote so, it is one cause.
var formats = func() []string {
	list := []string{notUTF8}
	_, err := okr.ParseDay("22.11.2026")
	list = append(list, err.Error())
	for _, number := range []string{"1234,5", "1.2E+10"} {
		_, err := okr.ParseNumber(number)
		list = append(list, err.Error())
	}
	return list
}()

// ofTheFile says whether a problem comes from how the file was written, and not from one cell.
func ofTheFile(says string) bool { return slices.Contains(formats, says) }

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
func (r *Row) checkKeyResult(before Row, wrong map[string]string) {
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
	if c := k.Confidence; c.Level == "" {
		k.Confidence = okr.Confidence{}
	} else if c.Day == 0 {
		say("confidence_day", "Write the day on which this was said.")
	}
	if says := k.CheckPhases(r.Objective.Period); says != "" && r.way() != before.way() && wrong["first_day"]+wrong["last_day"] == "" {
		say("phased_targets", says)
	}
	problems := k.Check()
	if wrong["time_zone"] != "" {
		delete(problems, "cadence")
	}
	note(wrong, false, problems)
}

// way is all that phased targets are held against, and they themselves.
func (r *Row) way() [6]string {
	k := r.KeyResult
	return [6]string{string(k.Kind), string(k.Method), plain(k.Start), plain(k.Target), r.Objective.Period.Words(), okr.PhasesText(k.Phases)}
}
