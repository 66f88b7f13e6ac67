// Package command reads what people type after /okr.
package command

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"okrbot/okr"
)

// Word is one word of a command.
type Word struct {
	Typed string // as it was typed, to say it back
	Plain string // in small plain letters, without what stood around it, to compare it
	Title bool   // it is a word of titles, and no objective's number although it looks like one: "O365"
}

// Slack writes mentions in a command as <@U123|name> and <#C123|name>, and links as <https://…|label>.
var (
	personMention  = regexp.MustCompile(`^<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>$`)
	channelMention = regexp.MustCompile(`^<#([CG][A-Z0-9]+)(?:\|[^<>]*)?>$`)
	inBrackets     = regexp.MustCompile(`<([@#]|[a-z]+:)[^<>]*>`)
	entity         = regexp.MustCompile(`&(amp|lt|gt);`)
)

// Person is whom a word mentions.
func (w Word) Person() (id string, ok bool) { return mentioned(personMention, w.Typed) }

// Channel is the channel that a word mentions.
func (w Word) Channel() (id string, ok bool) { return mentioned(channelMention, w.Typed) }

// Sign is whether a word was typed as the name of a channel or of a person, "#" or "@", and is no
// mention: Slack did not know it. Else it is empty.
func (w Word) Sign() string {
	for _, sign := range []string{"#", "@"} {
		if strings.HasPrefix(strings.TrimLeft(Spoken(w.Typed), "`*_~\"'“‘«(["), sign) {
			return sign
		}
	}
	return ""
}

// mentioned looks at a word without what stands around it: `*<@U123|bob>*,` mentions bob.
func mentioned(pattern *regexp.Regexp, typed string) (string, bool) {
	inner := inBrackets.FindString(typed)
	if inner == "" {
		return "", false
	}
	around := strings.Replace(typed, inner, "", 1)
	around = strings.TrimSuffix(strings.TrimSuffix(around, "'s"), "’s")
	if strings.IndexFunc(around, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0 {
		return "", false
	}
	m := pattern.FindStringSubmatch(inner)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// Address is the address that a word is: Slack makes links of those that it knows.
func (w Word) Address() string {
	if s := inBrackets.FindString(w.Typed); s != "" {
		target, _, _ := strings.Cut(s[1:len(s)-1], "|")
		return unescape(target)
	}
	return strings.Trim(Spoken(w.Typed), "`*_~\"'“”‘’<>(),;")
}

// Key is the number of the key result that a word names.
func (w Word) Key() (number int, ok bool) { return okr.ParseKey(w.Plain) }

// ObjectiveKey is the number of the objective that a word names.
func (w Word) ObjectiveKey() (number int, ok bool) {
	if w.Title {
		return 0, false
	}
	return okr.ParseObjectiveKey(w.Plain)
}

// Doubtful says whether a word may be an objective's number and a word of a title as well: "O365" is written
// in one, and "O-365" is not.
func (w Word) Doubtful() bool {
	_, ok := w.ObjectiveKey()
	return ok && !strings.ContainsAny(w.Plain, "- ")
}

// noKey is written as a key is.
var noKey = regexp.MustCompile(`^(kr|o)[ -]?([0-9]+)$`)

// NoKey is a key that no key result and no objective can have: "KR-0", "O-0", or one of too many digits.
func (w Word) NoKey() (key string, ok bool) {
	m := noKey.FindStringSubmatch(w.Plain)
	_, keyResult := w.Key()
	_, objective := w.ObjectiveKey()
	if m == nil || keyResult || objective || w.Title {
		return "", false
	}
	return strings.ToUpper(m[1]) + "-" + m[2], true
}

// Words takes a text apart at every blank that Unicode knows. A key result that is written in two
// or three words, "KR – 7", is one. What has no width parts words where the words would be none
// without it.
func Words(text string) []Word {
	var list []Word
	for _, field := range enumerated(Parted(text)) {
		w := WordOf(field)
		if pieces := strings.FieldsFunc(field, noWidth); len(pieces) > 1 {
			if _, key := w.Key(); !key && slices.ContainsFunc(pieces, func(s string) bool { _, key := WordOf(s).Key(); return key }) {
				for _, s := range pieces {
					list = append(list, WordOf(s))
				}
				continue
			}
		}
		list = append(list, w)
	}
	// Marks alone say nothing: a bullet, a dash or an equals sign between words.
	return slices.DeleteFunc(keysInOne(list), func(w Word) bool { return strings.TrimFunc(unescape(w.Typed), isMark) == "" })
}

func isMark(r rune) bool {
	return unicode.IsPunct(r) || r <= unicode.MaxASCII && unicode.IsSymbol(r)
}

// enumerated takes fields apart where people put a comma or a semicolon and no blank after it,
// "KR-1,KR-2", but not between the digits of a number; and where they put something else between key
// results, "KR-1/KR-2".
func enumerated(fields []string) []string {
	var out []string
	for _, field := range fields {
		pieces := piecesOf(field, func(before, r, after rune) bool {
			return (r == ',' || r == ';') && !(unicode.IsDigit(before) && unicode.IsDigit(after))
		})
		for _, piece := range pieces {
			if keys := piecesOf(strings.ReplaceAll(piece, "&amp;", "&"), func(_, r, _ rune) bool { return strings.ContainsRune(",;/+&|", r) }); areKeys(keys) {
				out = append(out, keys...)
			} else {
				out = append(out, piece)
			}
		}
	}
	return out
}

// piecesOf takes a field apart where a mark between two characters parts it, but not within Slack's
// mentions and links.
func piecesOf(field string, parts func(before, r, after rune) bool) []string {
	if !strings.ContainsAny(field, ",;/+&|") {
		return []string{field}
	}
	within := append(inBrackets.FindAllStringIndex(field, -1), entity.FindAllStringIndex(field, -1)...)
	var pieces []string
	begin, before := 0, rune(' ')
	for i, r := range field {
		_, size := utf8.DecodeRuneInString(field[i:]) // of what is no text, one byte
		after, _ := utf8.DecodeRuneInString(field[i+size:])
		inside := slices.ContainsFunc(within, func(at []int) bool { return at[0] <= i && i < at[1] })
		if !inside && parts(before, r, after) {
			pieces, begin = append(pieces, field[begin:i]), i+size
		}
		before = r
	}
	pieces = append(pieces, field[begin:])
	return slices.DeleteFunc(pieces, func(s string) bool { return s == "" })
}

// areKeys says whether there are several key results and nothing else.
func areKeys(pieces []string) bool {
	return len(pieces) > 1 && !slices.ContainsFunc(pieces, func(s string) bool { _, ok := WordOf(s).Key(); return !ok })
}

// Parted is a text taken apart at its blanks, but not within Slack's mentions and links.
func Parted(text string) []string {
	var fields []string
	within := inBrackets.FindAllStringIndex(text, -1)
	begin := -1
	for i, r := range text {
		for len(within) > 0 && i >= within[0][1] {
			within = within[1:]
		}
		blank := unicode.IsSpace(r) && (len(within) == 0 || i < within[0][0])
		switch {
		case blank && begin >= 0:
			fields, begin = append(fields, text[begin:i]), -1
		case !blank && begin < 0:
			begin = i
		}
	}
	if begin >= 0 {
		fields = append(fields, text[begin:])
	}
	return fields
}

// Shown is Parted without the parts that hold nothing but characters that do not show.
func Shown(text string) []string {
	return slices.DeleteFunc(Parted(text), func(field string) bool { return Spoken(field) == "" })
}

// keysInOne joins "KR" "7", "KR" "-" "7" and "KR-" "7", and the same of objectives, "O" "7".
func keysInOne(list []Word) []Word {
	var out []Word
	for i := 0; i < len(list); i++ {
		w := list[i]
		if (w.Plain == "kr" || w.Plain == "o") && i+1 < len(list) {
			n := i + 1
			if list[n].Plain == "" && isDash(list[n].Typed) && n+1 < len(list) {
				n++
			}
			if _, err := strconv.Atoi(list[n].Plain); err == nil {
				var typed []string
				for _, part := range list[i : n+1] {
					typed = append(typed, part.Typed)
				}
				w = Word{Typed: strings.Join(typed, " "), Plain: w.Plain + "-" + list[n].Plain}
				i = n
			}
		}
		out = append(out, w)
	}
	return out
}

func isDash(s string) bool {
	return s != "" && strings.Trim(strings.Map(okr.PlainRune, s), "-") == ""
}

// noWidth is what leaves no mark and is no blank, in whatever category Unicode keeps it.
func noWidth(r rune) bool {
	return r > unicode.MaxASCII && !unicode.IsSpace(r) && okr.Blank(string(r))
}

// WordOf is a word with its plain form: what Slack and people put around it, whatever has no width
// and whichever dash, width and size its letters have is left out of that.
func WordOf(field string) Word {
	typed := okr.Visible(field)
	inner := strings.Map(okr.PlainRune, Spoken(typed))
	inner = strings.TrimFunc(inner, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r) })
	return Word{Typed: typed, Plain: strings.ToLower(inner)}
}

// unescape takes back what Slack does to the words of a command.
func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// Spoken is a text as the person meant it to be read: what Slack did to it is taken back.
func Spoken(text string) string {
	text = inBrackets.ReplaceAllStringFunc(text, func(s string) string {
		target, label, _ := strings.Cut(s[1:len(s)-1], "|")
		switch {
		case label == "":
			return target
		case target[0] == '@' || target[0] == '#':
			return target[:1] + label
		}
		return label // what people see of a link
	})
	return strings.Join(strings.FieldsFunc(okr.Visible(unescape(text)), unicode.IsSpace), " ")
}

// Verb finds the verb that a command begins with, and what comes after it. Some clients write verbs
// as two words, "check in"; some put characters without width where others put a blank.
func Verb(text string, known func(string) bool) (name, typed, rest string) {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || noWidth(r) })
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		end = len(text)
	}
	first, after := text[:end], strings.TrimSpace(text[end:])
	if name = verbal(first); known(name) {
		return name, first, after
	}
	if i := strings.IndexFunc(first, noWidth); i > 0 && known(verbal(first[:i])) {
		return verbal(first[:i]), first[:i], strings.TrimSpace(strings.TrimLeftFunc(first[i:], noWidth) + " " + after)
	}
	if second := Parted(after); len(second) > 0 {
		if two := name + "-" + verbal(second[0]); known(two) {
			return two, first + " " + second[0], strings.TrimSpace(strings.TrimPrefix(after, second[0]))
		}
	}
	if name == "" { // marks and emoji alone
		name = strings.ToLower(okr.Visible(first))
	}
	return name, okr.Visible(first), after
}

// verbal is a word as verbs are written.
func verbal(typed string) string {
	return strings.ReplaceAll(WordOf(typed).Plain, "_", "-")
}
