package okr

import (
	"errors"
	"testing"

	"github.com/shopspring/decimal"
)

// A number that is taken is a decimal that is kept as it is, and one that is not says why.
func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{"42", "-12.5", "+7", "1,234.5", "1.234,5", "1e9", "٤٢", "\u200b42\u00a0", "−5", "5-", "12 %", "$5", ".5", "5.", "999999999999999999.999999999", "1000000000000000000", "", "-0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		v, err := ParseNumber(typed)
		var says Sentence
		if err != nil {
			if !errors.As(err, &says) || says == "" {
				t.Errorf("%q is refused with %v", typed, err)
			}
			return
		}
		if v.Abs().GreaterThanOrEqual(decimal.New(1, 18)) || !v.Equal(v.Round(9)) {
			t.Errorf("%q became %s", typed, v)
		}
		if again, err := ParseNumber(Typed(v)); err != nil || !again.Equal(v) {
			t.Errorf("%q became %s, and that %s, %v", typed, v, again, err)
		}
	})
}

// Phased targets that are taken are written as they are read.
func FuzzParsePhases(f *testing.F) {
	for _, seed := range []string{"2026-10-31: 40", "2026-10-31: 40\n2026-11-30: 20.5\n", "2026-10-31 40", "2026-02-30: 1", ":", "\n\n", "0000-01-01: 1", "2026-10-31:\t-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		phases, err := ParsePhases(typed, "")
		if err != nil {
			if err.Error() == "" {
				t.Errorf("%q is refused without a word", typed)
			}
			return
		}
		again, err := ParsePhases(PhasesText(phases), "")
		if err != nil || len(again) != len(phases) {
			t.Fatalf("%q became %v, and that %v, %v", typed, phases, again, err)
		}
		for i := range phases {
			if phases[i].Day != again[i].Day || !phases[i].Value.Equal(again[i].Value) {
				t.Errorf("%q became %v, and that %v", typed, phases[i], again[i])
			}
		}
	})
}
