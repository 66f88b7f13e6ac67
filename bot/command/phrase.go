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

// First is the key result or the objective that a text begins with, by whichever key is looked for, and
// the text after it.
func First(text string, key func(Word) (number int, ok bool)) (number int, rest string, ok bool) {
	const longest = 3 // "KR - 7"
	left, tried := text, ""
	for i, field := range Parted(text) {
		if i == longest {
			break
		}
		tried += " " + field
		_, left, _ = strings.Cut(left, field)
		if words := Words(tried); len(words) == 1 {
			if number, ok = key(words[0]); ok {
				return number, strings.TrimSpace(left), true
			}
		}
	}
	return 0, text, false
}

// Addressed is what a message says to whom it mentions: what comes after the first mention, else what
// comes before it. Without an id it is the first mention of anybody. Lines that quote somebody are not said
// by the writer: false where they alone hold the mention.
func Addressed(text, id string) (said string, ok bool) {
	whole := text
	text = unquoted(text)
	for _, at := range inBrackets.FindAllStringIndex(text, -1) {
		who, ok := mentioned(personMention, text[at[0]:at[1]])
		if !ok || id != "" && who != id {
			continue
		}
		if after := strings.TrimLeft(text[at[1]:], " \u00a0,:;"); strings.TrimSpace(after) != "" {
			return after, true
		}
		return strings.TrimSpace(text[:at[0]]), true
	}
	return strings.TrimSpace(text), text == whole
}

// unquoted is a message without the lines that quote another one: Slack writes "&gt;" before each, or
// "&gt;&gt;&gt;" before the first of all that is left.
func unquoted(text string) string {
	var own strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "&gt;&gt;&gt;") {
			break
		}
		if !strings.HasPrefix(line, "&gt;") {
			own.WriteString(line)
		}
	}
	return own.String()
}
