package okr

import (
	"strings"
	"unicode"
)

// Visible is what people or a vendor wrote without what does not show and yet does something: marks
// that turn the direction of all that follows, ours too, what hides in a name or makes two names
// that look alike differ, controls. What letters and emoji need to look as they do stays: joiners
// between what they join, variation selectors, the tags of a flag. Arabic and Hebrew are written
// from right to left without any such mark. Line breaks and tabs stay.
func Visible(words string) string {
	plain := true
	for i := range len(words) {
		if c := words[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return words
	}
	in := []rune(strings.ToValidUTF8(words, ""))
	out := make([]rune, 0, len(in))
	var before rune // the last that was kept
	flag := false   // within a flag that is written in tags
	for i, r := range in {
		after := rune(' ')
		if i+1 < len(in) {
			after = in[i+1]
		}
		switch {
		case r == '\n', r == '\t':
		case r == '\u2028', r == '\u2029':
			r = ' '
		case unicode.Is(unicode.Zs, r):
		case joiner(r):
			// Between letters that join, and between the parts of an emoji; nowhere else, and once.
			if !shows(before) && !variation(before) || !shows(after) {
				continue
			}
		case variation(r):
			if !shows(before) {
				continue
			}
		case tag(r):
			if !flag {
				continue
			}
			flag = r != cancelTag
		case !shows(r):
			continue
		}
		if r == blackFlag && tag(after) {
			flag = true
		} else if !tag(r) {
			flag = false
		}
		out = append(out, r)
		before = r
	}
	return string(out)
}

const (
	blackFlag = '\U0001F3F4' // the flags of England, Scotland and Wales are it and tags
	cancelTag = '\U000E007F'
)

func joiner(r rune) bool    { return r == '\u200c' || r == '\u200d' }
func variation(r rune) bool { return unicode.Is(unicode.Variation_Selector, r) }
func tag(r rune) bool       { return r >= '\U000E0020' && r <= cancelTag }

// shows says whether a character leaves a mark by itself. Arabic's signs of numbers and verses are
// format characters by their category alone.
func shows(r rune) bool {
	switch {
	case r == 0 || unicode.IsControl(r) || unicode.IsSpace(r) || r == '\u2800' || r == '\u3164':
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return true
	}
	return !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !variation(r)
}

// Blank says whether a text shows nothing.
func Blank(words string) bool {
	return strings.IndexFunc(Visible(words), shows) < 0
}
