package servicenow

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

func TestNumbers(t *testing.T) {
	for written, want := range map[string]string{
		"14.0": "14", "0": "0", "-0.0": "0", "1.0E7": "10000000", "1.0E-5": "0.00001", "-6.0": "-6", "-0.08571428": "-0.08571428",
		"999999999999999999": "999999999999999999", "0.123456789": "0.123456789", "1234567.891": "1234567.891", "76": "76",
		"1e17": "100000000000000000", "1.234": "1.234",
	} {
		got, problem := number(json.Number(written))
		if problem != nil || got.Decimal.String() != want {
			t.Errorf("%s: got %v, %v; want %s", written, got, problem, want)
		}
	}
	for text, cause := range map[any]string{
		json.Number("1e400"): "not_a_number", json.Number("1e18"): "too_many_digits", json.Number("1234567890123456789"): "not_a_number", json.Number("0.1234567891"): "too_many_decimals",
		"NaN": "not_a_number", "Infinity": "not_a_number", "-Infinity": "not_a_number", "null": "not_a_number", "0x10": "not_a_number", "1_000": "not_a_number", "+5": "not_a_number", ".5": "not_a_number",
		"5.": "not_a_number", "1e5e5": "not_a_number", " 5": "not_a_number", "5 ": "not_a_number", "5%": "not_a_number", "$5": "not_a_number", "٥": "not_a_number", "५": "not_a_number", "５": "not_a_number",
		"1,5": "not_a_number", "1.234": "not_a_number", "-999.000": "not_a_number", "1.234.567": "not_a_number", "1 234": "not_a_number", "−5": "not_a_number", "½": "not_a_number",
		true: "not_a_number", 5: "not_a_number",
	} {
		if got, problem := number(text); problem == nil || problem.Cause != cause || got.Valid {
			t.Errorf("%v: got %v, %v; want %s", text, got, problem, cause)
		}
	}
	for _, nothing := range []any{nil, ""} {
		if got, problem := number(nothing); problem != nil || got.Valid {
			t.Errorf("%v: got %v, %v", nothing, got, problem)
		}
	}
}

// What is taken is what was written, and nothing else is.
func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"14.0", "1.0E7", "-0", "1.234", "1,234", "1e400", "NaN", "", "0.1234567891", "999999999999999999", "1e-9", "1e-10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range []any{text, json.Number(text)} {
			got, problem := number(v)
			if problem != nil || !got.Valid {
				if got.Valid || problem != nil && (problem.Says == "" || problem.Next == "") {
					t.Errorf("%q: %v, %v", text, got, problem)
				}
				continue
			}
			want, err := decimal.NewFromString(text)
			if err != nil || strings.Trim(text, "0123456789+-.eE") != "" || !got.Decimal.Equal(want.Round(9)) || got.Decimal.Abs().GreaterThanOrEqual(decimal.New(1, 18)) {
				t.Errorf("%q became %s", text, got.Decimal)
			}
		}
	})
}
