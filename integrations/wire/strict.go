package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// deepest is how deep what is kept of an answer may nest. ServiceNow's nest four deep.
const deepest = 32

var errLoose = errors.New("more than one reading")

// Strict reads JSON that has one reading. It refuses what encoding/json forgives: text after the
// value, a name twice in one object, bytes that are not UTF-8, a byte order mark. Numbers stay as
// they were written.
func Strict(body []byte) (v any, cause string) {
	cause = Read(body, func(r *Reader) (err error) {
		v, err = r.Value()
		return err
	})
	if cause != "" {
		return nil, cause
	}
	return v, ""
}

// Reader reads JSON as strictly as Strict, value by value: what nobody asks for is checked, and not
// kept. Each method reads one value, whatever it is.
type Reader struct{ from *jsontext.Decoder }

// Read has a body that is one value read by do.
func Read(body []byte, do func(*Reader) error) (cause string) {
	if !utf8.Valid(body) {
		return "malformed"
	}
	// What is left to forgive then is half a surrogate pair, which writers make that cut a text short.
	r := &Reader{jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true))}
	err := do(r)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "truncated"
	}
	if err != nil {
		at := r.from.InputOffset()
		var wrong *jsontext.SyntacticError
		if errors.As(err, &wrong) {
			at = wrong.ByteOffset
		}
		return unquoted(body[min(int(at), len(body)):])
	}
	if _, err := r.from.ReadToken(); !errors.Is(err, io.EOF) {
		return "malformed"
	}
	return ""
}

// unquoted is why JSON cannot be read on from here: NaN and Infinity, which writers of doubles put
// where no number can stand, have names of their own.
func unquoted(rest []byte) (cause string) {
	rest = bytes.TrimLeft(rest, ":, \t\r\n")
	switch {
	case bytes.HasPrefix(rest, []byte("NaN")):
		return "nan"
	case bytes.HasPrefix(bytes.TrimPrefix(rest, []byte("-")), []byte("Infinity")):
		return "infinite"
	}
	return "malformed"
}

// Null says whether the next value is null.
func (r *Reader) Null() bool { return r.from.PeekKind() == 'n' }

// Skip reads a value that nobody asks for.
func (r *Reader) Skip() error {
	_, err := r.from.ReadValue()
	return err
}

// Fields reads an object: do reads the value of each name, which it must not keep. It is false where
// the value is none.
func (r *Reader) Fields(do func(name []byte) error) (object bool, err error) {
	if r.from.PeekKind() != '{' {
		return false, r.Skip()
	}
	if err := r.open(); err != nil {
		return true, err
	}
	for r.from.PeekKind() != '}' {
		raw, err := r.from.ReadValue()
		if err != nil {
			return true, err
		}
		name, err := text(raw)
		if err != nil {
			return true, err
		}
		if err := do(name); err != nil {
			return true, err
		}
	}
	_, err = r.from.ReadToken()
	return true, err
}

// List reads an array: do reads each of its elements. It is false where the value is none.
func (r *Reader) List(do func() error) (array bool, err error) {
	if r.from.PeekKind() != '[' {
		return false, r.Skip()
	}
	if err := r.open(); err != nil {
		return true, err
	}
	for r.from.PeekKind() != ']' {
		if err := do(); err != nil {
			return true, err
		}
	}
	_, err = r.from.ReadToken()
	return true, err
}

func (r *Reader) open() error {
	if r.from.StackDepth() > deepest {
		return errLoose
	}
	_, err := r.from.ReadToken()
	return err
}

// Text reads a string, which is only good until the next value is read; false where the value is none.
func (r *Reader) Text() (s []byte, is bool, err error) {
	raw, err := r.from.ReadValue()
	if err != nil || raw.Kind() != '"' {
		return nil, false, err
	}
	s, err = text(raw)
	return s, true, err
}

// text is what a string in JSON says.
func text(raw jsontext.Value) ([]byte, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	if err != nil && utf8.Valid(s) { // half a surrogate pair has become U+FFFD
		err = nil
	}
	return s, err
}

// Number reads what Number takes.
func (r *Reader) Number() (d decimal.NullDecimal, asRead, cause string, err error) {
	raw, err := r.from.ReadValue()
	if err != nil {
		return d, "", "", err
	}
	switch raw.Kind() {
	case 'n':
		return d, "", "", nil
	case '0':
		if n, ok := plain(raw); ok {
			return decimal.NewNullDecimal(n), "", "", nil
		}
		d, asRead, cause = Number(json.Number(raw))
	case '"':
		s, err := text(raw)
		if err != nil {
			return d, "", "", err
		}
		d, asRead, cause = Number(string(s))
	default:
		cause = "not_a_number"
	}
	return d, asRead, cause, nil
}

// Value reads a value as it is: numbers as they were written.
func (r *Reader) Value() (v any, err error) {
	switch r.from.PeekKind() {
	case '{':
		fields := map[string]any{}
		_, err := r.Fields(func(name []byte) (err error) {
			key := string(name)
			fields[key], err = r.Value()
			return err
		})
		return fields, err
	case '[':
		elements := []any{}
		_, err := r.List(func() error {
			element, err := r.Value()
			elements = append(elements, element)
			return err
		})
		return elements, err
	}
	if r.from.StackDepth() > deepest {
		return nil, errLoose
	}
	raw, err := r.from.ReadValue()
	if err != nil {
		return nil, err
	}
	switch raw.Kind() {
	case '"':
		s, err := text(raw)
		return string(s), err
	case '0':
		return json.Number(raw), nil
	case 't', 'f':
		return raw.Kind() == 't', nil
	}
	return nil, nil
}
