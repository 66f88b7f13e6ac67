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
		"1e17": "100000000000000000", "1.234": "1.234", "1.2345678901E10": "12345678901", "71.42857142857143": "71.428571429", "0.1234567885": "0.123456788",
	} {
		got, _, problem := number(json.Number(written))
		if problem != nil || got.Decimal.String() != want {
			t.Errorf("%s: got %v, %v; want %s", written, got, problem, want)
		}
	}
	for text, cause := range map[any]string{
		json.Number("1e400"): "number_too_large", json.Number("1e18"): "number_too_large", json.Number("1234567890123456789"): "number_too_large", json.Number("1e-12"): "number_too_small",
		"NaN": "nan", "Infinity": "infinite", "-Infinity": "infinite", "null": "not_a_number", "0x10": "not_a_number", "1_000": "localized_number", "+5": "localized_number", ".5": "localized_number",
		"5.": "localized_number", "1e5e5": "not_a_number", " 5": "localized_number", "5 ": "localized_number", "5%": "localized_number", "$5": "localized_number", "٥": "localized_number", "५": "localized_number", "５": "localized_number",
		"1,5": "localized_number", "1.234": "localized_number", "-999.000": "localized_number", "1.234.567": "localized_number", "1 234": "localized_number", "−5": "localized_number", "½": "not_a_number",
		true: "not_a_number", 5: "not_a_number",
	} {
		if got, _, problem := number(text); problem == nil || problem.Cause != cause || got.Valid {
			t.Errorf("%v: got %v, %v; want %s", text, got, problem, cause)
		}
	}
	for _, nothing := range []any{nil, ""} {
		if got, _, problem := number(nothing); problem != nil || got.Valid {
			t.Errorf("%v: got %v, %v", nothing, got, problem)
		}
	}
}

// What is taken is what was written, and nothing else is.
func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"14.0", "1.0E7", "-0", "1.234", "1,234", "1e400", "NaN", "", "0.1234567891", "999999999999999999", "1e-9", "1e-10", "23.333333333333332", "5e-10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range []any{text, json.Number(text)} {
			got, _, problem := number(v)
			if problem != nil || !got.Valid {
				if got.Valid || problem != nil && (problem.Says == "" || problem.Next == "") {
					t.Errorf("%q: %v, %v", text, got, problem)
				}
				continue
			}
			want, err := decimal.NewFromString(text)
			if digits, _, _ := strings.Cut(strings.ToLower(text), "e"); strings.Trim(digits, "-.0") == "" && got.Decimal.IsZero() {
				want, err = decimal.Zero, nil // whatever its exponent, which may be larger than the library reads
			}
			if err != nil || strings.Trim(text, "0123456789+-.eE") != "" || want.IsZero() != got.Decimal.IsZero() || !got.Decimal.Equal(want.RoundBank(9)) || got.Decimal.Abs().GreaterThanOrEqual(decimal.New(1, 18)) {
				t.Errorf("%q became %s", text, got.Decimal)
			}
		}
	})
}
