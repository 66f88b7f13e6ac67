package wire

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

const (
	mostWhole  = 18 // digits before the point that a value is kept with
	mostPlaces = 9  // digits after it
	longestRaw = 64 // characters of a number's text that are kept beside it; a double has at most 25
)

var (
	// written is the grammar of numbers: JSON's, with zeros in front. How large it is, is judged after.
	written = regexp.MustCompile(`^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$`)
	// grouped is text that is a whole number with a point between its thousands to half the world.
	grouped    = regexp.MustCompile(`^-?[1-9][0-9]{0,2}\.[0-9]{3}$`)
	notANumber = regexp.MustCompile(`^(?i)[+-]?nan$`)
	infinite   = regexp.MustCompile(`^(?i)[+\-\x{2212}]?(inf|infinity|∞)$`)
	// localized is text for people's eyes: digits of any script with what languages and units put
	// before, between and after them.
	localized = regexp.MustCompile(`^[.,\p{Sc}%‰+\-\x{2212}\s\p{Z}]*\p{Nd}[\p{Nd}.,'’_٫٬\s\p{Z}]*([%‰°\p{Sc}+\-\x{2212}\s\p{Z}]|\pL{1,12}\.?)*$`)
)

// Number takes a JSON number, or a string that holds one, exactly, its exponent applied, and judges
// it then: at most 18 digits before the point; decimals beyond the ninth are rounded half to even, and
// what was read is given beside it. Null, nothing and "" are no value.
func Number(v any) (d decimal.NullDecimal, asRead, cause string) {
	var text string
	switch v := v.(type) {
	case nil:
		return decimal.NullDecimal{}, "", ""
	case json.Number:
		text = v.String()
	case string:
		if text = v; text == "" {
			return decimal.NullDecimal{}, "", ""
		}
		if grouped.MatchString(text) {
			return decimal.NullDecimal{}, "", "localized_number"
		}
	default:
		return decimal.NullDecimal{}, "", "not_a_number"
	}
	parts := written.FindStringSubmatch(text)
	if parts == nil {
		return decimal.NullDecimal{}, "", unwritten(text)
	}
	n, exact, cause := kept(parts[2], parts[3], parts[4])
	if cause != "" {
		return decimal.NullDecimal{}, "", cause
	}
	if parts[1] == "-" {
		n = n.Neg()
	}
	if !exact {
		if asRead = text; len(text) > longestRaw {
			asRead = text[:longestRaw] + "…"
		}
	}
	return decimal.NewNullDecimal(n), asRead, ""
}

// plain is a JSON number as most are: without an exponent, and of so few digits that it is kept as it
// is. It is what Number makes of it, only sooner.
func plain(written []byte) (n decimal.Decimal, ok bool) {
	digits := bytes.TrimPrefix(written, []byte("-"))
	whole, places, _ := bytes.Cut(digits, []byte("."))
	if len(places) > mostPlaces || len(whole)+len(places) > mostWhole {
		return n, false
	}
	value, exponent := int64(0), -int32(len(places))
	for _, part := range [][]byte{whole, places} {
		for _, digit := range part {
			if digit < '0' || digit > '9' {
				return n, false
			}
			value = 10*value + int64(digit-'0')
		}
	}
	if value == 0 {
		return decimal.Zero, true
	}
	for value%10 == 0 {
		value, exponent = value/10, exponent+1
	}
	if len(digits) < len(written) {
		value = -value
	}
	return decimal.New(value, exponent), true
}

// unwritten is why a text is no number.
func unwritten(text string) (cause string) {
	if len(text) > longestRaw {
		return "not_a_number"
	}
	switch {
	case notANumber.MatchString(text):
		return "nan"
	case infinite.MatchString(text):
		return "infinite"
	case localized.MatchString(text):
		return "localized_number"
	}
	return "not_a_number"
}

// kept is the number that is stored for digits before and after the point and an exponent. It works
// on the digits as they are written: 1e400000000 written out takes more memory than there is.
func kept(whole, places, exponent string) (n decimal.Decimal, exact bool, cause string) {
	digits := strings.TrimLeft(whole, "0")
	point := int64(len(digits)) // how many digits stand before the point
	if digits == "" {
		rest := strings.TrimLeft(places, "0")
		digits, point = rest, int64(len(rest)-len(places))
	} else {
		digits += places
	}
	digits = strings.TrimRight(digits, "0")
	if digits == "" {
		return decimal.Zero, true, "" // −0 is 0, whatever its exponent
	}
	point += power(exponent)
	if point > mostWhole {
		return n, false, "number_too_large"
	}
	keep := point + mostPlaces // so many of the digits
	if keep >= int64(len(digits)) {
		n = whole64(digits).Shift(int32(point) - int32(len(digits)))
		return n, true, ""
	}
	if keep < 0 {
		return n, false, "number_too_small"
	}
	head, tail := digits[:keep], digits[keep:]
	n = whole64(head)
	up := tail > "5" // more than half: a tail has no zeros at its end
	if tail == "5" {
		up = keep > 0 && (head[keep-1]-'0')%2 == 1
	}
	if up {
		n = n.Add(decimal.NewFromInt(1))
	}
	n = n.Shift(-mostPlaces)
	switch {
	case n.IsZero():
		return n, false, "number_too_small"
	case n.GreaterThanOrEqual(decimal.New(1, mostWhole)):
		return n, false, "number_too_large" // it was rounded up to it
	}
	return n, false, ""
}

// whole64 is a whole number of at most 27 digits.
func whole64(digits string) decimal.Decimal {
	if digits == "" {
		return decimal.Zero
	}
	return decimal.RequireFromString(digits)
}

// power is an exponent, or one that is as good as any beyond a billion.
func power(exponent string) int64 {
	const beyond = 1 << 30
	n, err := strconv.ParseInt(exponent, 10, 32)
	switch {
	case exponent == "":
		return 0
	case err != nil && strings.HasPrefix(exponent, "-"):
		return -beyond
	case err != nil:
		return beyond
	}
	return n
}
