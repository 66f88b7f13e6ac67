package command

import "strings"

// LongestPhrase is how many words a name that is typed has at most: a status, a period, a system.
const LongestPhrase = 3

// Phrase is some words as one text, in their plain form.
func Phrase(words []Word) string {
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = w.Plain
	}
	return strings.Join(plain, " ")
}

// SameWords compares without the blanks and dashes between words: "at-risk", "at risk" and "atrisk".
func SameWords(a, b string) bool {
	run := strings.NewReplacer(" ", "", "-", "", "_", "")
	return run.Replace(a) == run.Replace(b)
}
