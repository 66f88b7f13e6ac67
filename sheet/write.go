package sheet

import (
	"bufio"
	"encoding/json"
	"io"
	"regexp"
	"strings"

	"okrbot/okr"
)

// Writer writes rows in one format.
type Writer interface {
	Write(Row) error
	// Close writes the end. What it writes to stays open.
	Close() error
}

// CSV writes rows by RFC 4180, in UTF-8 with its mark, the names of the columns first. What does not
// show in people's words is left out.
func CSV(to io.Writer) Writer { return &csvWriter{csvFile: newCSV(to, Columns())} }

type csvWriter struct {
	*csvFile
	cells []string
}

func (w *csvWriter) Write(r Row) error {
	w.cells = w.cells[:0]
	for _, c := range columns {
		cell := c.cell(r)
		if c.form == text {
			cell = words(cell)
		}
		w.cells = append(w.cells, cell)
	}
	return w.line(w.cells)
}

// csvFile is a CSV that is being written.
type csvFile struct{ w *bufio.Writer }

func newCSV(to io.Writer, names []string) *csvFile {
	f := &csvFile{bufio.NewWriter(to)}
	_, _ = f.w.WriteString(mark)
	_ = f.line(names) // bufio keeps its first error for the end
	return f
}

func (f *csvFile) line(cells []string) (err error) {
	for i, cell := range cells {
		if i > 0 {
			_ = f.w.WriteByte(',')
		}
		if strings.ContainsAny(cell, "\",;\t\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		_, _ = f.w.WriteString(cell)
	}
	_, err = f.w.WriteString("\r\n")
	return err
}

// Close writes the end. What it writes to stays open.
func (f *csvFile) Close() error { return f.w.Flush() }

// words is a cell of people's words.
func words(cell string) string { return guard(okr.Visible(cell)) }

// formula is how a cell begins that a spreadsheet takes for a formula, guarded or not. Those of East
// Asia take full-width and small signs too, and some take off blanks before they look.
var formula = regexp.MustCompile(`^'*(?:[\t\r\n]|[\pZ\s\v\x{85}]*[=+\-@＝＋－＠﹦﹢﹣﹫])`)

// guard has a spreadsheet take words for words, by an apostrophe before what it would take for a
// formula. What looks guarded already gets one more, so that unguard gives everything back.
func guard(cell string) string {
	if formula.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// unguard is the words that guard was given.
func unguard(cell string) string {
	if strings.HasPrefix(cell, "'") && formula.MatchString(cell) {
		return cell[1:]
	}
	return cell
}

// JSON writes rows as one list of objects. The names are those of the columns; what a row has not
// is null.
func JSON(to io.Writer) Writer {
	return &jsonWriter{w: bufio.NewWriter(to), before: "[\n"}
}

type jsonWriter struct {
	w      *bufio.Writer
	before string // what stands before the next row
}

func (w *jsonWriter) Write(r Row) error {
	_, _ = w.w.WriteString(w.before + "{")
	w.before = ",\n"
	for i, c := range columns {
		if i > 0 {
			_ = w.w.WriteByte(',')
		}
		raw, err := c.json(r)
		if err != nil {
			return err
		}
		_, _ = w.w.WriteString(`"` + c.name + `":`)
		_, _ = w.w.Write(raw)
	}
	return w.w.WriteByte('}')
}

func (c column) json(r Row) ([]byte, error) {
	cell := c.cell(r)
	switch {
	case c.form == list && (c.objective || !r.Alone):
		return json.Marshal(strings.Fields(cell))
	case cell == "":
		return []byte("null"), nil
	case c.form == number, c.form == flag:
		return []byte(cell), nil // plain decimals, true and false are JSON as they are
	}
	return json.Marshal(okr.Visible(cell))
}

func (w *jsonWriter) Close() error {
	if w.before == "[\n" {
		_, _ = w.w.WriteString("[")
	}
	_, _ = w.w.WriteString("\n]\n")
	return w.w.Flush()
}
