// Package wire is what connectors share below their own words: whom they dial, what they take for
// a body, for JSON and for a number.
//
// It knows no system. What goes wrong has a cause, a word of Causes, and each connector has its
// own sentence for it.
package wire

// Causes are all that this package can name. An empty cause is none.
var Causes = []string{
	// Nobody answered.
	"no_such_host", "lookup_failed", "unreachable", "address_not_allowed", "too_slow",
	"certificate_expired", "certificate_host", "certificate_unknown", "certificate_bad", "tls",
	// The answer is not whole, or not JSON with one reading.
	"truncated", "bad_gzip", "too_large", "malformed",
	// It is no number that can be taken without guessing.
	"not_a_number", "nan", "infinite", "localized_number", "number_too_large", "number_too_small",
}
