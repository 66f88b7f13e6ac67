package wire

import (
	"encoding/json"
	"regexp"

	"github.com/shopspring/decimal"
)

var (
	// written is the grammar of numbers that are taken: at most 18 digits before and 9 after the
	// point. Anything else is refused rather than guessed.
	written = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?$`)
	// fine is a number that only has too many decimals, which gets its own sentence.
	fine = regexp.MustCompile(`^-?[0-9]{1,18}\.[0-9]{10,}([eE][+-]?[0-9]{1,3})?$`)
	// grouped is text that is a whole number with a point between its thousands to half the world.
	grouped = regexp.MustCompile(`^-?[1-9][0-9]{0,2}\.[0-9]{3}$`)
)

// largest is where a value no longer fits what is kept: 18 digits before the point.
var largest = decimal.New(1, 18)

// Number takes a JSON number, or a string that holds one. Null, nothing and "" are no value; any
// other text, a boolean or an object is a misreading.
func Number(v any) (d decimal.NullDecimal, cause string) {
	var text string
	switch v := v.(type) {
	case nil:
		return decimal.NullDecimal{}, ""
	case json.Number:
		text = v.String()
	case string:
		if text = v; text == "" {
			return decimal.NullDecimal{}, ""
		}
		if grouped.MatchString(text) {
			return decimal.NullDecimal{}, "not_a_number"
		}
	default:
		return decimal.NullDecimal{}, "not_a_number"
	}
	if fine.MatchString(text) {
		return decimal.NullDecimal{}, "too_many_decimals"
	}
	if !written.MatchString(text) {
		return decimal.NullDecimal{}, "not_a_number"
	}
	n, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.NullDecimal{}, "not_a_number"
	}
	if n.Abs().GreaterThanOrEqual(largest) {
		return decimal.NullDecimal{}, "too_many_digits"
	}
	if n = n.Round(9); n.IsZero() {
		n = decimal.Zero // −0 is 0
	}
	return decimal.NewNullDecimal(n), ""
}
