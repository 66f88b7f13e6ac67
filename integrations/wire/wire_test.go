package wire

import (
	"encoding/json"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestNumbers(t *testing.T) {
	for written, want := range map[string]string{
		"0": "0", "-0": "0", "-0.0": "0", "0E-400000000": "0", "0e99999999999": "0", "39": "39", "1.50": "1.5", "1e2": "100", "1E-9": "0.000000001", "-12.25": "-12.25", "007": "7",
		"123456789012345678": "123456789012345678", "0.123456789": "0.123456789", "999999999999999999.999999999": "999999999999999999.999999999",
		// Java's doubles.
		"1.2345678901E10": "12345678901", "1.2345678912E8": "123456789.12", "1.0E7": "10000000", "1.0E-5": "0.00001", "9.99E17": "999000000000000000",
		"123456789012345678901234567890e-20": "1234567890.123456789 as 123456789012345678901234567890e-20",
		"0.000000000000000000000000123e24":   "0.123", "1000000000000000000000000e-20": "10000",
		// Averages and percentages: rounded half to even, and what was read is kept.
		"71.42857142857143": "71.428571429 as 71.42857142857143", "23.333333333333332": "23.333333333 as 23.333333333333332", "-0.08571428571428572": "-0.085714286 as -0.08571428571428572",
		"1.23456789E-5": "0.000012346 as 1.23456789E-5", "0.1234567890": "0.123456789", "0.1234567895": "0.12345679 as 0.1234567895", "0.1234567885": "0.123456788 as 0.1234567885",
		"0.12345678850000001": "0.123456789 as 0.12345678850000001", "-2.0000000005": "-2 as -2.0000000005", "2.0000000015": "2.000000002 as 2.0000000015", "5.1E-10": "0.000000001 as 5.1E-10",
		"1E-12": "number_too_small", "-1e-99": "number_too_small", "4.9E-324": "number_too_small", "5E-10": "number_too_small", "0.0000000004": "number_too_small", "1e-400000000": "number_too_small", "1e-99999999999999999999": "number_too_small",
		"1234567890123456789": "number_too_large", "1e18": "number_too_large", "-9e99": "number_too_large", "1.7976931348623157E308": "number_too_large", "1e400": "number_too_large", "1e400000000": "number_too_large", "1e99999999999999999999": "number_too_large",
		"999999999999999999.9999999996": "number_too_large",
		"NaN":                           "nan", "nan": "nan", "Infinity": "infinite", "-Infinity": "infinite", "∞": "infinite",
		"1,5": "localized_number", "1.234,5": "localized_number", "1 234": "localized_number", "1\u202f234": "localized_number", "1'234": "localized_number", "39 %": "localized_number", "$5": "localized_number", "5%": "localized_number",
		"-12 €": "localized_number", "1,234.50 Hours": "localized_number", "٣": "localized_number", "５": "localized_number", "−5": "localized_number", " 1": "localized_number", "1 ": "localized_number", "+1": "localized_number", ".5": "localized_number", "5.": "localized_number", "1_000": "localized_number",
		"0x10": "not_a_number", "1e5e5": "not_a_number", "pending": "not_a_number", "null": "not_a_number", "true": "not_a_number", "½": "not_a_number", "--": "not_a_number", "2026-11-24": "not_a_number",
	} {
		for _, v := range []any{json.Number(written), written} {
			d, asRead, cause := Number(v)
			got := cause
			if d.Valid {
				got = d.Decimal.String()
			}
			if asRead != "" {
				got += " as " + asRead
			}
			if got != want {
				t.Errorf("%T %s: got %s, want %s", v, written, got, want)
			}
		}
	}
	for _, v := range []any{nil, ""} {
		if d, _, cause := Number(v); d.Valid || cause != "" {
			t.Errorf("%#v is no value; got %v, %s", v, d, cause)
		}
	}
	for _, v := range []any{true, map[string]any{}, []any{}, 1.5} {
		if _, _, cause := Number(v); cause != "not_a_number" {
			t.Errorf("%#v: %q", v, cause)
		}
	}
}

// What is kept is what banker's rounding makes of the exact number, whatever its exponent, and never
// 0 where the number is not 0.
func TestNumbersAreReadExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written := rapid.StringMatching(`-?[0-9]{1,24}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact := decimal.RequireFromString(written)
		kept := exact.RoundBank(9)
		d, asRead, cause := Number(json.Number(written))
		switch {
		case kept.Abs().GreaterThanOrEqual(decimal.New(1, 18)):
			if cause != "number_too_large" {
				t.Fatalf("%s: %v %q", written, d, cause)
			}
		case kept.IsZero() && !exact.IsZero():
			if cause != "number_too_small" {
				t.Fatalf("%s: %v %q", written, d, cause)
			}
		case cause != "" || !d.Decimal.Equal(kept) || (asRead == "") != kept.Equal(exact):
			t.Fatalf("%s: %v %q %q", written, d, asRead, cause)
		}
	})
}

// A number that is read out of an answer is what Number makes of it.
func TestNumbersAreReadAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written := rapid.OneOf(
			rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?`), rapid.StringMatching(`-?(0|[1-9][0-9]{0,4}0{0,4})(\.[0-9]{1,4}0{0,4})?`),
			rapid.StringMatching(`"-?[0-9]{1,5}([.,][0-9]{1,4})?"`), rapid.SampledFrom([]string{"null", `""`, "true", "{}", "[1]", `"\u0031"`}),
		).Draw(t, "number")
		v, cause := Strict([]byte(written))
		if cause != "" {
			t.Fatalf("%s: %s", written, cause)
		}
		want, wantAs, wantCause := Number(v)
		var got decimal.NullDecimal
		var as, is string
		if cause := Read([]byte(written), func(r *Reader) (err error) {
			got, as, is, err = r.Number()
			return err
		}); cause != "" {
			t.Fatalf("%s: %s", written, cause)
		}
		if got.Valid != want.Valid || got.Decimal.String() != want.Decimal.String() || got.Decimal.Exponent() != want.Decimal.Exponent() || as != wantAs || is != wantCause {
			t.Fatalf("%s: got %v %q %q, want %v %q %q", written, got, as, is, want, wantAs, wantCause)
		}
	})
}

// A text that its writer cut in the midst of a character keeps no number from being read.
func TestHalfACharacterIsForgiven(t *testing.T) {
	v, cause := Strict([]byte(`{"name":"Calls \ud83d","value":1}`))
	if fields, ok := v.(map[string]any); cause != "" || !ok || fields["name"] != "Calls \ufffd" || fields["value"] != json.Number("1") {
		t.Errorf("got %v, %q", v, cause)
	}
}

// A number of two million digits, or with an exponent of a billion, is judged in no time.
func TestAHugeNumberIsCheap(t *testing.T) {
	digits := strings.Repeat("9", 1<<20)
	for _, written := range []string{digits, "0." + digits, digits + "e-1048576", "1e400000000", "-1e-400000000", "0e400000000", digits + "x"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, asRead, _ := Number(json.Number(written))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 || len(asRead) > 100 {
			t.Errorf("%.20s… of %d took %d bytes, and is kept as %d", written, len(written), took, len(asRead))
		}
	}
}

func TestJSONHasOneReading(t *testing.T) {
	const good = `{"a":[1,{"b":"c"}],"d":null}`
	if _, cause := Strict([]byte(good)); cause != "" {
		t.Errorf("%s: %s", good, cause)
	}
	for n := range len(good) {
		if _, cause := Strict([]byte(good[:n])); cause != "truncated" {
			t.Errorf("%s: %q", good[:n], cause)
		}
	}
	deep := ""
	for range 40 {
		deep += "["
	}
	for _, body := range []string{good + "1", good + good, `{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, "\xef\xbb\xbf" + good, "{\"\xff\":1}", `{'a':1}`, `[1,]`, deep + "]"} {
		if _, cause := Strict([]byte(body)); cause != "malformed" {
			t.Errorf("%s: %q", body, cause)
		}
	}
}

func TestNumbersThatJSONDoesNotKnow(t *testing.T) {
	for body, want := range map[string]string{
		`{"value":NaN}`: "nan", `{"scores":[{"value": 1.0},{"value": NaN}]}`: "nan", `[1, -Infinity]`: "infinite", `{"value":Infinity}`: "infinite", `{"value":"NaN"}`: "", `{"value":nan}`: "malformed",
	} {
		if _, cause := Strict([]byte(body)); cause != want {
			t.Errorf("%s: got %q, want %q", body, cause, want)
		}
	}
}

func TestWaits(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 4, 0, 0, time.UTC)
	for _, row := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "30", 30 * time.Second}, {"Retry-After", "Tue, 24 Nov 2026 08:05:00 GMT", time.Minute}, {"Retry-After", "Tue, 24 Nov 2026 08:00:00 GMT", 0},
		{"Retry-After", "99999999999999999999", longestWait}, {"Retry-After", "-5", 0}, {"Retry-After", "soon", 0},
		{"X-RateLimit-Reset", "1795507500", time.Minute}, {"X-RateLimit-Reset", "x", 0},
	} {
		h := http.Header{}
		h.Set(row.name, row.value)
		if got := RetryAfter(h, now); got != row.want {
			t.Errorf("%s: %s: got %v, want %v", row.name, row.value, got, row.want)
		}
		// A clock that is wrong here makes no wait longer or shorter.
		h.Set("Date", now.Format(http.TimeFormat))
		for _, off := range []time.Duration{-time.Hour, time.Hour} {
			if got := RetryAfter(h, now.Add(off)); got != row.want {
				t.Errorf("%s: %s, %v off: got %v, want %v", row.name, row.value, off, got, row.want)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	got := Origins([]string{" Build.example.com/", "h:8443", "https://h:443", "http://127.0.0.1:9000", "http://h:80", "u@h", "ftp://h", "h/path", "https://h?x", "", ":80"})
	want := []string{"https://build.example.com", "https://h:8443", "https://h", "http://127.0.0.1:9000", "http://h"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
