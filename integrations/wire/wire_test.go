package wire

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for written, want := range map[string]string{
		"0": "0", "-0": "0", "-0.0": "0", "39": "39", "1.50": "1.5", "1e2": "100", "1E-9": "0.000000001", "-12.25": "-12.25",
		"123456789012345678": "123456789012345678", "0.123456789": "0.123456789", "1e-99": "0",
		"0.1234567890": "too_many_decimals", "1234567890123456789": "not_a_number", "1e18": "too_many_digits", "9e99": "too_many_digits", "1e100": "not_a_number",
		"NaN": "not_a_number", "Infinity": "not_a_number", "0x10": "not_a_number", "1_000": "not_a_number", "1,5": "not_a_number", " 1": "not_a_number", "1 ": "not_a_number", "+1": "not_a_number", ".5": "not_a_number", "5.": "not_a_number", "٣": "not_a_number",
	} {
		for _, v := range []any{json.Number(written), written} {
			d, cause := Number(v)
			got := cause
			if d.Valid {
				got = d.Decimal.String()
			}
			if got != want {
				t.Errorf("%T %s: got %s, want %s", v, written, got, want)
			}
		}
	}
	for _, v := range []any{nil, ""} {
		if d, cause := Number(v); d.Valid || cause != "" {
			t.Errorf("%#v is no value; got %v, %s", v, d, cause)
		}
	}
	for _, v := range []any{true, map[string]any{}, []any{}, 1.5} {
		if _, cause := Number(v); cause != "not_a_number" {
			t.Errorf("%#v: %q", v, cause)
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
	}
}

func TestOrigins(t *testing.T) {
	got := Origins([]string{" Build.example.com/", "h:8443", "https://h:443", "http://127.0.0.1:9000", "http://h:80", "u@h", "ftp://h", "h/path", "https://h?x", "", ":80"})
	want := []string{"https://build.example.com", "https://h:8443", "https://h", "http://127.0.0.1:9000", "http://h"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
