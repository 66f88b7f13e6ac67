// Package secret keeps what must not be seen: it seals secrets to their place, and gives the
// program a type that does not print them.
package secret

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// String holds a secret. However it is printed, formatted, logged or encoded, it says
// "[redacted]"; only Reveal reads it. Where fmt cannot ask it, within a struct's private fields, it
// prints an address.
type String struct{ plain *string }

// New wraps a secret as early as it is read.
func New(plain string) String { return String{&plain} }

// Reveal gives the secret to the one call that needs it. Every use of it is worth a look in review.
func (s String) Reveal() string {
	if s.plain == nil {
		return ""
	}
	return *s.plain
}

// Empty says whether there is no secret.
func (s String) Empty() bool { return s.Reveal() == "" }

func (s String) String() string               { return redacted }
func (s String) GoString() string             { return redacted }
func (s String) Format(f fmt.State, _ rune)   { fmt.Fprint(f, redacted) }
func (s String) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (s String) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (s String) LogValue() slog.Value         { return slog.StringValue(redacted) }

// UnmarshalText wraps a secret that a configuration reader found.
func (s *String) UnmarshalText(plain []byte) error {
	*s = New(string(plain))
	return nil
}
