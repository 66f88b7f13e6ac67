package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// mark is the byte order mark in UTF-8. With it Excel takes a CSV for UTF-8 when it is opened by
// double click.
const mark = "\xef\xbb\xbf"

// peeked is how much of a file is looked at before it is read: longer than any first line.
const peeked = 64 << 10

// decoded is a file as UTF-8 without a mark, each line ended by a line feed, in whatever encoding and
// with whatever line ends a spreadsheet wrote it. Says is what is wrong when it is no text.
func decoded(file io.Reader) (text *bufio.Reader, says string, err error) {
	raw := bufio.NewReaderSize(file, peeked)
	start, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", fmt.Errorf("reading the file: %w", err)
	}
	if bytes.HasPrefix(start, []byte("PK\x03\x04")) || bytes.HasPrefix(start, []byte("\xd0\xcf\x11\xe0")) {
		return nil, "This file is a workbook. Save its sheet as “CSV UTF-8”.", nil
	}
	var encoding transform.Transformer = unicode.BOMOverride(transform.Nop)
	switch { // Excel's “Unicode text” is UTF-16; some tools leave out its mark
	case len(start) >= 2 && start[0] != 0 && start[1] == 0:
		encoding = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	case len(start) >= 2 && start[0] == 0 && start[1] != 0:
		encoding = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	}
	text = bufio.NewReaderSize(&unixLines{from: transform.NewReader(raw, encoding)}, peeked)
	return text, "", nil
}

// unixLines ends each line with a line feed: Windows writes a carriage return before it, and old
// Macs wrote one alone.
type unixLines struct {
	from     io.Reader
	returned bool // the byte before was a carriage return
}

func (u *unixLines) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := u.from.Read(p)
		kept := p[:0]
		for _, b := range p[:n] {
			switch {
			case b == '\n' && u.returned: // it ended with the carriage return
			case b == '\r':
				kept = append(kept, '\n')
			default:
				kept = append(kept, b)
			}
			u.returned = b == '\r'
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

// named is Excel's own first line, which says what separates the columns; saved again, it has empty
// cells behind it.
var named = regexp.MustCompile(`^"?(?i:sep)=([^\n]?)"?[,;\t|"]*[ ]*$`)

// separated finds what separates the columns: what the file says, or what its first line has most
// names of columns by. It takes away what stands before the names, and returns how many lines
// that were.
func separated(text *bufio.Reader) (comma rune, taken int, err error) {
	candidates := []rune{',', ';', '\t', '|'}
	line, whole, err := firstLine(text)
	for ; err == nil && whole; line, whole, err = firstLine(text) {
		m := named.FindStringSubmatch(line)
		if m == nil && strings.Trim(line, "\" ,;|\t") != "" {
			break
		}
		if m != nil {
			if r, _ := utf8.DecodeRuneInString(m[1]); r != utf8.RuneError && r != '"' && r != 0 {
				candidates = append([]rune{r}, candidates...)
			}
		}
		_, _ = text.Discard(len(line) + 1)
		taken++
	}
	if err != nil {
		return 0, 0, err
	}
	most := -1
	for _, r := range candidates {
		n := 0
		for _, name := range strings.Split(line, string(r)) {
			if isColumn(columnName(strings.Trim(name, `" `))) {
				n++
			}
		}
		if n > most {
			comma, most = r, n
		}
	}
	return comma, taken, nil
}

func firstLine(text *bufio.Reader) (line string, whole bool, err error) {
	start, err := text.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, fmt.Errorf("reading the file: %w", err)
	}
	line, _, whole = strings.Cut(string(start), "\n")
	return line, whole, nil
}
