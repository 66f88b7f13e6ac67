package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// deepest is how deep an answer may nest. ServiceNow's nest four deep.
const deepest = 32

var errLoose = errors.New("more than one reading")

// Strict reads JSON that has one reading. It refuses what encoding/json forgives: text after the
// value, a name twice in one object, bytes that are not UTF-8, a byte order mark. Numbers stay as
// they were written.
func Strict(body []byte) (v any, cause string) {
	if !utf8.Valid(body) {
		return nil, "malformed"
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := value(d, 0)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil, "truncated"
	}
	if err != nil {
		return nil, unquoted(body[min(int(d.InputOffset()), len(body)):])
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, "malformed"
	}
	return v, ""
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

func value(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > deepest {
		return nil, errLoose
	}
	switch t {
	case json.Delim('{'):
		fields := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, ok := name.(string)
			if _, twice := fields[key]; twice || !ok {
				return nil, errLoose
			}
			if fields[key], err = value(d, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return fields, err
	case json.Delim('['):
		elements := []any{}
		for d.More() {
			element, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			elements = append(elements, element)
		}
		_, err := d.Token()
		return elements, err
	}
	return t, nil
}
