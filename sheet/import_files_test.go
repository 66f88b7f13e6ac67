package sheet_test

import (
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"okrbot/okr"
	"okrbot/sheet"
	"okrbot/store"
)

// TestWhatSurroundsCellsIsNothing: what chats, web pages and old tools leave around a cell, a line and a file.
func TestWhatSurroundsCellsIsNothing(t *testing.T) {
	c, s := newCompany(t), &slack{}
	line := "Calm,U1ALICE,2026-10-01,2026-12-31,UTC,,Part,bob,increase,0,8\r\n"
	for name, file := range map[string]string{
		"an owner with marks":         header + strings.ReplaceAll(line, "bob", "\u200ebob\u200b"),
		"days with marks":             header + strings.ReplaceAll(line, "2026-10-01", "\u200e2026-10-01\u200e"),
		"numbers with marks":          header + strings.ReplaceAll(line, ",0,8", ",\ufeff0,\u00a08\u202c"),
		"an address with its name":    header + strings.ReplaceAll(line, "bob", "Erin E. <Erin@Example.com>"),
		"an address as Slack has it":  header + strings.ReplaceAll(line, "bob", "<mailto:erin@example.com|erin@example.com>"),
		"lines of what does not show": header + "\ufeff\r\n" + line + "\u200b,,,\r\n\x00\x00",
		"an old end of file":          header + line + "\x1a",
		"another separator's blanks":  header + line + ";;;;;;\r\n\t\t\r\n",
		"the names once more":         header + header + line + strings.ToUpper(strings.TrimSpace(header)) + ",,\r\n",
	} {
		var out strings.Builder
		o, err := sheet.Check(ctx, c.store, "T1", strings.NewReader(file), &out, &sheet.Beside{People: sheet.CachePeople(s)})
		if c.must(err); o.Problems != 0 || o.KeyResults != 1 {
			t.Errorf("%s: %+v\n%s", name, o, &out)
		}
	}
	file := strings.ReplaceAll(header, "kind", "co_owners,kind") + strings.ReplaceAll(line, "bob", `U1ALICE,"bob, U3ANN;U4ANN"`)
	if o, said := c.imports(file); o.Problems != 0 {
		t.Fatal(said)
	}
	if k, err := c.store.KeyResult(ctx, "T1", 1); err != nil || !slices.Equal(k.CoOwners, []string{"U2BOB", "U3ANN", "U4ANN"}) {
		t.Errorf("%q, %v", k.CoOwners, err)
	}
}

// TestPeopleAreNamedByWhatShows: a name with marks is the same name, for one person and for two.
func TestPeopleAreNamedByWhatShows(t *testing.T) {
	c := newCompany(t)
	for id, name := range map[string]string{"U6ERIN": "\u2068Erin E.\u2069", "U7BOB": "bob\u200e"} {
		c.must(c.store.SavePerson(ctx, store.Person{Actor: okr.Actor{Workspace: "T1", ID: id, Kind: okr.Member}, Name: name, Zone: "UTC"}))
	}
	file := header + "Calm,U1ALICE,2026-10-01,2026-12-31,UTC,,Part,erin e.,increase,0,8\r\n"
	if o, said := c.imports(file); o.Problems != 0 {
		t.Fatal(said)
	}
	if k, err := c.store.KeyResult(ctx, "T1", 1); err != nil || k.Owner != "U6ERIN" {
		t.Errorf("it is owned by %q: %v", k.Owner, err)
	}
	if o, said := c.check(strings.NewReplacer("erin e.", "Bob", "Part", "Other").Replace(file)); o.Problems != 1 || !strings.Contains(said, "line 2, owner: Several people are called \"Bob\". Write Slack's id of one.") {
		t.Errorf("%+v\n%s", o, said)
	}
}

// TestASpreadsheetsOwnFormatIsOneProblem: days and numbers as a country writes them, in whatever columns.
func TestASpreadsheetsOwnFormatIsOneProblem(t *testing.T) {
	c := newCompany(t)
	file := header + strings.Repeat("Calm;U1ALICE;01.10.2026;31.12.2026;UTC;;Part;bob;increase;0,5;8,5\r\n", 30)
	o, said := c.check(strings.ReplaceAll(header, ",", ";") + strings.TrimPrefix(file, header))
	if want := "lines 2–31, first_day and last_day: Write the day as year, month and day: 2026-11-22.\n" +
		"lines 2–31, start_value and target_value: Write the number without separators and with a point for the decimals: 1234.5.\n"; o.Problems != 2 || said != want {
		t.Errorf("%+v\n%s", o, said)
	}
	timed := strings.Replace(header, "kind", "connection,reference,cadence,time,kind", 1) +
		"Calm,U1ALICE,2026-10-01,2026-12-31,UTC,,Part,alice,acme.service-now.com (okr.reader),\"'=ref,1\",daily,9:30:00,increase,0,8\r\n"
	if o, said := c.imports(timed); o.Problems != 0 {
		t.Fatal(said)
	}
	if k, err := c.store.KeyResult(ctx, "T1", 1); err != nil || k.Cadence.Hour != 9 || k.Cadence.Minute != 30 {
		t.Errorf("%+v, %v", k.Cadence, err)
	}
}

// TestWhatSpreadsheetsWriteIsTaken has one table in the encodings, with the separators and line ends of
// spreadsheets, and with what they leave behind.
func TestWhatSpreadsheetsWriteIsTaken(t *testing.T) {
	c := newCompany(t)
	c.furnish()
	file := c.exported()
	if !strings.HasPrefix(file, "\xef\xbb\xbfobjective,") {
		t.Fatalf("an export begins with %q: Excel takes it for Windows-1252", file[:12])
	}
	bare := strings.TrimPrefix(file, "\xef\xbb\xbf")
	rows, err := csv.NewReader(strings.NewReader(bare)).ReadAll()
	c.must(err)
	separated := func(by string) string {
		var out strings.Builder
		for _, row := range rows {
			for i, cell := range row {
				if i > 0 {
					out.WriteString(by)
				}
				out.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
			}
			out.WriteString("\r\n")
		}
		return out.String()
	}
	wide := func(order binary.AppendByteOrder, marked bool) string {
		var out []byte
		if marked {
			out = order.AppendUint16(out, 0xfeff)
		}
		for _, unit := range utf16.Encode([]rune(separated("\t"))) {
			out = order.AppendUint16(out, unit)
		}
		return string(out)
	}
	trailing := strings.ReplaceAll(bare, "\r\n", ",,, ,\r\n")
	shorter := regexp.MustCompile(`(?m),+\r$`).ReplaceAllString(bare, "\r")
	for name, file := range map[string]string{
		"marked": file, "bare": bare, "semicolons": separated(";"), "tabs": separated("\t"), "bars": separated("|"),
		"sep=,": "sep=,\r\n" + bare, "sep=;": "sep=;\r\n" + separated(";"), `"sep=;"`: "\"sep=;\"\n" + separated(";"), "SEP, saved again": "SEP=;,,,\r\n" + bare,
		"marked sep": "\xef\xbb\xbfsep=^\r\n" + separated("^"),
		"UTF-16 LE":  wide(binary.LittleEndian, true), "UTF-16 BE": wide(binary.BigEndian, true),
		"UTF-16 LE unmarked": wide(binary.LittleEndian, false), "UTF-16 BE unmarked": wide(binary.BigEndian, false),
		"Unix": strings.ReplaceAll(bare, "\r\n", "\n"), "old Mac": strings.ReplaceAll(bare, "\r\n", "\r"),
		"empty columns at the end": trailing, "without empty cells at the end": shorter,
		"blank lines":    "\r\n \r\n" + strings.ReplaceAll(bare, "\r\n", "\r\n\r\n , ,\r\n\"\",\"\"\r\n"),
		"names as typed": strings.Replace(bare, "objective_owner", " Objective Owner ", 1),
	} {
		o, said := c.check(file)
		if o.Problems+o.Objectives+o.KeyResults+o.Changed+o.ChangedObjectives != 0 || o.Same != 8 {
			t.Errorf("%s: %+v\n%.600s", name, o, said)
		}
	}
}

// TestFilesThatAreNoTable are refused with a sentence each.
func TestFilesThatAreNoTable(t *testing.T) {
	c := newCompany(t)
	long := func(start string, n int) io.Reader {
		return io.MultiReader(strings.NewReader(start), io.LimitReader(endless('x'), int64(n)))
	}
	for name, f := range map[string]struct {
		file io.Reader
		says string
	}{
		"a separator that is none":      {strings.NewReader("sep=\x00\r\nfoo\r\n"), "line 2: The first line names none of the columns."},
		"a separator of names by NULs":  {strings.NewReader("sep=\x00\r\n" + strings.ReplaceAll(header, ",", "\x00")), "line 2: The first line names none of the columns."},
		"a separator that is no letter": {strings.NewReader("sep=\xff\r\nfoo\r\n"), "line 2: The first line names none of the columns."},
		"one line without end":          {long("objective", 100<<20), "line 1: From here on one line is longer than a megabyte."},
		"a cell without end":            {long(header+"Calm,U1ALICE,", 100<<20), "line 2: From here on one line is longer than a megabyte."},
		"quotes without end":            {long("\"objective", 100<<20), "line 1: From here on one line is longer than a megabyte."},
		"quotes that end the file":      {strings.NewReader(header + "\"Calm,U1ALICE\r\n"), "line 2: A quotation mark is alone here."},
		"a workbook without end":        {long("PK\x03\x04", 100<<20), "line 1: This file is a workbook."},
		"half a UTF-16":                 {strings.NewReader("\xff\xfeo\x00b\x00j"), "line 1: The first line names none of the columns."},
		"a picture":                     {strings.NewReader("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "The first line names none of the columns."},
	} {
		var out strings.Builder
		o, err := sheet.Check(ctx, c.store, "T1", f.file, &out, nil)
		if err != nil || o.Problems != 1 || !strings.Contains(out.String(), f.says) {
			t.Errorf("%s: %+v, %v, want %q in\n%.300q", name, o, err, f.says, out.String())
		}
	}
}

// endless is a file of one letter.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// TestAHundredThousandLines imports them in memory that does not grow with them, and says how long it took.
func TestAHundredThousandLines(t *testing.T) {
	const many, each = 100_000, 25
	c := newCompany(t)
	file, err := os.CreateTemp(t.TempDir(), "*.csv")
	c.must(err)
	defer file.Close()
	fmt.Fprint(file, header)
	for i := range many {
		fmt.Fprintf(file, "Objective %d,U1ALICE,2026-10-01,2026-12-31,Europe/Berlin,,Key result number %d,U2BOB,increase,0,%d\r\n", i/each, i, i+1)
	}
	runtime.GC()
	began, peak := time.Now(), heap{}
	o, err := sheet.Import(ctx, c.store, "T1", file, &peak, nil)
	c.must(err)
	t.Logf("%v, at most %d MiB", time.Since(began), peak.most>>20)
	if o.KeyResults != many || o.Objectives != many/each || o.Problems != 0 {
		t.Errorf("%+v", o)
	}
	if peak.most > 64<<20 {
		t.Errorf("it took %d MiB of memory", peak.most>>20)
	}
}

// heap is a place to write to that looks now and then at how much memory is in use.
type heap struct {
	lines int
	most  uint64
}

func (h *heap) Write(p []byte) (int, error) {
	if h.lines++; h.lines%5000 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		h.most = max(h.most, m.HeapAlloc)
	}
	return io.Discard.Write(p)
}
