package command

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"okrbot/okr"
)

// plainTitle is a title, or a part of one that was typed, as they are compared.
func plainTitle(s string) string { return okr.Fold(Spoken(s)) }

// quotes are how a name is marked as one, by what opens it, with all that may close it: keyboards make
// curly ones of straight ones, and languages have their own.
var quotes = map[rune]string{
	'"': "\"“”", '“': "\"“”", '”': "\"“”", '„': "\"“”", '«': "»", '»': "«",
	'\'': "'‘’", '‘': "'‘’", '’': "'‘’", '‚': "'‘’", '`': "`",
}

// InQuotes is the name that a text begins with where it is in quotes, and what comes after it.
func InQuotes(text string) (name, rest string, ok bool) {
	for cut := range quoted(text) {
		return cut[0], cut[1], true
	}
	return "", strings.TrimSpace(text), false
}

// quoted are the ways to take a text apart that begins with a name in quotes, the shortest name first:
// there may be quotes in the name too.
func quoted(text string) iter.Seq[[2]string] {
	return func(yield func([2]string) bool) {
		text := strings.TrimSpace(text)
		first, size := utf8.DecodeRuneInString(text)
		closers := quotes[first]
		for i, r := range text[size:] {
			if !strings.ContainsRune(closers, r) {
				continue
			}
			_, width := utf8.DecodeRuneInString(text[size+i:]) // of what is no UTF-8, one byte
			after := text[size+i+width:]
			next, _ := utf8.DecodeRuneInString(after)
			ends := after == "" || unicode.IsSpace(next) || unicode.IsPunct(next) && !strings.ContainsRune(closers, next)
			name := text[size : size+i]
			if ends && strings.TrimSpace(name) != "" && !yield([2]string{name, strings.TrimSpace(strings.TrimLeft(after, ".,;:"))}) {
				return
			}
		}
	}
}

// Unquoted is the words of a title that a text is, without the quotes around all of it.
func Unquoted(text string) string {
	if name, rest, ok := InQuotes(Spoken(text)); ok && rest == "" {
		return name
	}
	return Spoken(text)
}

// Apart takes the names in quotes out of a text; code is no quote here.
func Apart(text string) (rest string, names []string) {
	var plain []string
	for fields := Parted(text); len(fields) > 0; {
		from := strings.Join(fields, " ")
		if name, after, ok := InQuotes(from); ok && from[0] != '`' {
			if fields = Parted(after); Spoken(name) != "" {
				names = append(names, Spoken(name))
			}
			continue
		}
		plain, fields = append(plain, fields[0]), fields[1:]
	}
	return strings.Join(plain, " "), names
}

// Titles are titles to look for names among.
type Titles []string

// TitlesOf are titles in their plain form.
func TitlesOf(titles []string) Titles {
	plain := make(Titles, len(titles))
	for i, t := range titles {
		plain[i] = plainTitle(t)
	}
	return plain
}

// Whole are the titles that a name is, by their place.
func (t Titles) Whole(name string) []int {
	name = plainTitle(name)
	return t.where(func(title string) bool { return name != "" && title == name })
}

// With are the titles that a name is a part of.
func (t Titles) With(name string) []int {
	name = plainTitle(name)
	return t.where(func(title string) bool { return name != "" && strings.Contains(title, name) })
}

// Standing are the titles that a name is, else those in which it stands by itself: "24/7", and not the 4 of it
// in 2024.
func (t Titles) Standing(name string) []int {
	if found := t.Whole(name); len(found) > 0 {
		return found
	}
	name = plainTitle(name)
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return t.where(func(title string) bool {
		for from := 0; name != ""; {
			at := strings.Index(title[from:], name)
			if at < 0 {
				return false
			}
			before, _ := utf8.DecodeLastRuneInString(title[:from+at])
			after, _ := utf8.DecodeRuneInString(title[from+at+len(name):])
			if !part(before) && !part(after) {
				return true
			}
			from += at + len(name)
		}
		return false
	})
}

// Called are the titles that a name is, else those that it is a part of, else those that have all of
// its words.
func (t Titles) Called(name string) []int {
	if found := t.Whole(name); len(found) > 0 {
		return found
	}
	if found := t.With(name); len(found) > 0 {
		return found
	}
	words := strings.Fields(plainTitle(name))
	return t.where(func(title string) bool {
		for _, w := range words {
			if !strings.Contains(title, w) {
				return false
			}
		}
		return len(words) > 1
	})
}

func (t Titles) where(is func(title string) bool) []int {
	var found []int
	for i, title := range t {
		if is(title) {
			found = append(found, i)
		}
	}
	return found
}

// Valued says whether a text begins with what is meant as a value: a word with a digit in it.
func Valued(text string) bool {
	fields := Parted(text)
	return len(fields) > 0 && strings.ContainsFunc(Spoken(fields[0]), func(r rune) bool { return unicode.IsDigit(okr.PlainRune(r)) })
}

// Leading takes a text apart that begins with a title or a part of one: which titles, what was typed of
// them, and what comes after it. A whole title wins over a part, a longer one over a shorter one; a
// value comes after it, or nothing. Other words may come after a whole title, or after two words of one.
// What is in quotes is the name, where it is a whole title with the quotes that are in that.
func (t Titles) Leading(text string) (found []int, name, rest string) {
	if name, rest, ok := InQuotes(text); ok {
		for cut := range quoted(text) {
			if len(cut[0]) > utf8.UTFMax*okr.MaxTitle { // no title is as long
				break
			}
			if whole := t.Whole(cut[0]); len(whole) > 0 {
				found, name, rest = whole, cut[0], cut[1]
			}
		}
		if len(found) == 0 {
			found = t.Called(name)
		}
		return found, name, rest
	}
	fields := Parted(text)
	longest := min(len(fields), okr.MaxTitle) // no title has as many words
	cuts := make([][2]string, 0, longest)
	for n := longest; n > 0; n-- {
		cuts = append(cuts, [2]string{strings.Join(fields[:n], " "), strings.Join(fields[n:], " ")})
	}
	for _, look := range []struct {
		in     func(string) []int
		words  bool // whether words may come after it
		fields int  // how many words it has at least
	}{{t.Whole, false, 1}, {t.With, false, 1}, {t.Called, true, 2}, {t.Whole, true, 1}, {t.Called, false, 2}} {
		for i, cut := range cuts {
			if longest-i < look.fields || !look.words && cut[1] != "" && !Valued(cut[1]) {
				continue
			}
			if found := look.in(cut[0]); len(found) > 0 {
				return found, cut[0], cut[1]
			}
		}
	}
	return nil, text, ""
}
