package command

import (
	"regexp"
	"slices"
	"strings"
)

// LongestPhrase is how many words a name that is typed has at most: a status, a period, a system.
const LongestPhrase = 3

// BeforeNames are words that stand between a value and whose it is: "42 for fewer incidents".
var BeforeNames = []string{"for", "to", "on", "in", "at"}

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
// by the writer, and what stands as code is shown and not said: false where they alone hold the mention.
func Addressed(text, id string) (said string, ok bool) {
	whole := text
	text = unquoted(text)
	shown, hidden := code(text), text != whole
	var mentions [][]int
	for _, at := range inBrackets.FindAllStringIndex(text, -1) {
		who, ok := mentioned(personMention, text[at[0]:at[1]])
		switch {
		case !ok || id != "" && who != id:
		case slices.ContainsFunc(shown, func(c []int) bool { return c[0] <= at[0] && at[1] <= c[1] }):
			hidden = true
		default:
			mentions = append(mentions, at)
		}
	}
	if len(mentions) == 0 {
		return strings.TrimSpace(text), !hidden
	}
	first, end := mentions[0], len(text)
	if id != "" { // "@okrbot @okrbot list", and "@okrbot list @okrbot": once is enough
		for last := len(mentions) - 1; last > 0 && strings.Trim(text[mentions[last][1]:end], aroundMention) == ""; last-- {
			mentions, end = mentions[:last], mentions[last][0]
		}
		for _, next := range mentions[1:] {
			if strings.Trim(text[first[1]:next[0]], aroundMention) == "" {
				first = []int{first[0], next[1]}
			}
		}
	}
	after := strings.TrimLeft(text[first[1]:end], behindMention)
	if after = strings.TrimLeft(after, " \u00a0,:;"); strings.TrimSpace(after) != "" {
		return after, true
	}
	return strings.TrimRight(strings.TrimSpace(text[:first[0]]), beforeMention), true
}

// WithoutSlash is what a mention says without the slash command before it: "@okrbot /okr list" is "@okrbot list".
func WithoutSlash(said string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(said), " ")
	if !strings.EqualFold(first, "/okr") {
		return said
	}
	return strings.TrimSpace(rest)
}

// What people put around a mention, "(@okrbot) list" and "*@okrbot*: list", right behind it, and before it.
const (
	behindMention = ")]*_~,:;.!?"
	beforeMention = " \u00a0([*_~,"
	aroundMention = behindMention + " \u00a0([\t\n" // and beforeMention, each once
)

// fenced is what Slack shows as code: between three backticks, over lines, or between two within one.
var fenced = regexp.MustCompile("(?s)```.+?```|`[^`\n]+`")

// code is where a message has what is shown as code.
func code(text string) [][]int { return fenced.FindAllStringIndex(text, -1) }

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
