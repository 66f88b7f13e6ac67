package command

import (
	"strings"
	"testing"
)

// Whatever is typed is read without losing a word, and names nothing that is not in it.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{
		"sync KR-1", "KR – 7", "check-in KR-1 42 after the audit", "<@U123|name>'s", "*<#C123|it-okrs>*,", "KR-1,KR-2", "“KR-1”", "list <https://a.b|c>", "ＫＲ－１", "&lt;!channel&gt;",
		"\u200bsync\u00a0KR-1", "\"Fewer open incidents\" 42", "", "\xff", "kr 1 2",
	} {
		f.Add(seed)
	}
	// What has no width stands in ids as well, and is left out.
	letters := func(text string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range Words(text) {
			if id, ok := w.Person(); ok && !strings.Contains(letters(text), id) {
				t.Errorf("%q mentions %q", text, id)
			}
			if id, ok := w.Channel(); ok && !strings.Contains(letters(text), id) {
				t.Errorf("%q mentions %q", text, id)
			}
			if n, ok := w.Key(); ok && n <= 0 {
				t.Errorf("%q names KR-%d", text, n)
			}
			_, _ = w.Sign(), w.Address() // must not panic
			_, _ = w.NoKey()
		}
		_, _, _ = Verb(text, func(name string) bool { return name == "check-in" })
		_, _, _ = First(text, Word.Key)
		_, _, _ = InQuotes(text)
		_, _ = Spoken(text), plainTitle(text)
	})
}
