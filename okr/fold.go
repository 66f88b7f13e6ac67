package okr

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is a name or a title as it is compared with what people type: letters of either case are one, of any
// script, and so are ß and ss, both Greek sigmas and the Turkish letters i; quotes, dashes, digits and letters
// of full width are plain, what does not show is left out, and there is one blank where there are some.
// Accents stay. Who changes this empties the columns of folded texts in the database: they are filled again.
func Fold(words string) string {
	if plainASCII(words) {
		return strings.Join(strings.Fields(strings.ToLower(words)), " ")
	}
	words = strings.Map(foldRune, norm.NFC.String(Visible(words)))
	words = norm.NFC.String(cases.Fold().String(words))
	for strings.Contains(words, "i\u0307") {
		words = strings.ReplaceAll(words, "i\u0307", "i")
	}
	return strings.Join(strings.Fields(words), " ")
}

// SortKey is a name or a title as lists order it, character by character: folded, and without the accents of
// Latin, Greek and Cyrillic letters, so that Ä stands beside A.
func SortKey(words string) string {
	folded := Fold(words)
	if plainASCII(folded) {
		return folded
	}
	bare := strings.Map(func(r rune) rune {
		if r >= '\u0300' && r <= '\u036f' {
			return -1
		}
		return r
	}, norm.NFD.String(folded))
	return norm.NFC.String(bare)
}

func plainASCII(words string) bool {
	for i := range len(words) {
		if words[i] < ' ' || words[i] >= 0x7f {
			return false
		}
	}
	return true
}

func foldRune(r rune) rune {
	switch {
	case strings.ContainsRune("“”„‟«»", r):
		return '"'
	case strings.ContainsRune("‘’‚‛ʼ", r):
		return '\''
	case r == 'İ', r == 'ı':
		return 'i'
	}
	return PlainRune(r)
}

// PlainRune is a character as the one key of a keyboard gives it: any dash is the dash, and letters
// and digits of full width, as Japanese and Chinese keyboards give them, are plain.
func PlainRune(r rune) rune {
	switch {
	case unicode.Is(unicode.Pd, r), r == '\u2212', r == '\u02d7', r == '\u2043', r == '\u207b', r == '\u2796':
		return '-'
	case r >= '\uff01' && r <= '\uff5e':
		return r - '\uff01' + '!'
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return -1
	case r > unicode.MaxASCII && unicode.IsDigit(r):
		return digit(r)
	}
	return r
}

// digit is a digit of another script as one of ours. Unicode keeps ten of a script in a row.
func digit(r rune) rune {
	for _, in := range unicode.Digit.R16 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return '0' + (r-rune(in.Lo))%10
		}
	}
	for _, in := range unicode.Digit.R32 {
		if rune(in.Lo) <= r && r <= rune(in.Hi) {
			return '0' + (r-rune(in.Lo))%10
		}
	}
	return r
}
