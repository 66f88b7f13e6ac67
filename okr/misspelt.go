package okr

import (
	"cmp"
	"strings"
	"unicode"
)

// Misspelling is a search that found nothing, to be compared with names.
type Misspelling struct {
	words [][]rune
	masks []uint64
	// seen is how far each word of the search is from each word of a name so far: names share theirs.
	seen map[string][]int
}

// longestMisspelt bounds the words of a search that are compared, in characters and in number: no name
// is as long.
const (
	longestMisspelt = 30
	mostMisspelt    = 6
)

// Misspelt takes a search apart.
func Misspelt(typed string) Misspelling {
	m := Misspelling{seen: map[string][]int{}}
	for _, w := range strings.FieldsFunc(strings.ToLower(Visible(typed)), func(r rune) bool { return !letter(r) }) {
		if len(m.words) == mostMisspelt {
			break
		}
		letters := []rune(w)
		letters = letters[:min(len(letters), longestMisspelt)]
		m.words = append(m.words, letters)
		m.masks = append(m.masks, mask(letters))
	}
	return m
}

// Nothing says whether there is no word to compare.
func (m Misspelling) Nothing() bool { return len(m.words) == 0 }

func letter(r rune) bool {
	if r < 0x80 { // nearly always
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// Distance is how far a name is from a search; the zero one is nearest.
type Distance struct {
	missing int // words of the search that nothing in the name is near to
	slips   int // letters that were added, left out, changed or swapped
	unliked int // 1: neither a favourite nor important
	length  int // of the name
}

// Compare orders distances, the nearest first.
func (d Distance) Compare(other Distance) int {
	return cmp.Or(cmp.Compare(d.missing, other.missing), cmp.Compare(d.slips, other.slips), cmp.Compare(d.unliked, other.unliked), cmp.Compare(d.length, other.length))
}

// slipsIn is how many slips a word of some length may have: one in three letters, three at most.
func slipsIn(letters int) int { return min(letters/3, 3) }

// Near says how far a name is from the search, and false when it is not near: each word of the search
// must be a few slips from where a word of the name begins. Of three words or more one may be missing.
func (m Misspelling) Near(name string, liked bool) (Distance, bool) {
	slips := make([]int, len(m.words))
	for i, w := range m.words {
		slips[i] = slipsIn(len(w)) + 1
	}
	if len(name) > longestName {
		name = name[:longestName]
	}
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !letter(r) }) {
		far, ok := m.seen[word]
		if !ok {
			far = m.farFrom([]rune(word))
			m.seen[word] = far
		}
		for i := range slips {
			slips[i] = min(slips[i], far[i])
		}
	}
	d := Distance{length: len(name)}
	if !liked {
		d.unliked = 1
	}
	allowed := 0
	if len(m.words) >= 3 {
		allowed = 1
	}
	for i, w := range m.words {
		if slips[i] <= slipsIn(len(w)) {
			d.slips += slips[i]
			continue
		}
		if d.missing++; d.missing > allowed {
			return d, false
		}
	}
	return d, true
}

// longestName bounds how much of a name is looked at, in bytes.
const longestName = 400

// farFrom is how far each word of the search is from a word of a name.
func (m Misspelling) farFrom(name []rune) []int {
	far := make([]int, len(m.words))
	in := mask(name)
	for i, w := range m.words {
		most := slipsIn(len(w))
		if far[i] = most + 1; lacking(m.masks[i], in) <= most {
			far[i] = fewestSlips(w, name, most)
		}
	}
	return far
}

// mask notes which letters a text has, each in one of 64 bits: what a word has and a name lacks are
// slips for certain, and counting bits costs nothing beside comparing.
func mask(letters []rune) uint64 {
	var m uint64
	for _, r := range letters {
		m |= 1 << (uint(r) % 64)
	}
	return m
}

func lacking(word, name uint64) int {
	n := 0
	for rest := word &^ name; rest != 0; rest &= rest - 1 {
		n++
	}
	return n
}

// fewestSlips is the least number of slips that make the word of a beginning of the name's; languages
// without blanks between words begin anywhere. It gives up beyond most.
func fewestSlips(word, name []rune, most int) int {
	best := most + 1
	for at := range name {
		if at > 0 && !unblanked(name[at]) {
			continue
		}
		best = min(best, prefixSlips(word, name[at:min(len(name), at+len(word)+most)], best-1))
	}
	return best
}

// unblanked says whether a letter is of a script that puts no blanks between words.
func unblanked(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// prefixSlips is the least number of slips between a word and any beginning of a text: letters added,
// left out, changed, or swapped with their neighbour. Beyond most it gives up with most+1.
func prefixSlips(word, text []rune, most int) int {
	if most < 0 {
		return most + 1
	}
	var a, b, c [longestMisspelt + 8]int
	before, last, now := a[:], b[:], c[:]
	width := min(len(text), len(last)-1)
	for j := range width + 1 {
		last[j] = j
	}
	for i := 1; i <= len(word); i++ {
		now[0] = i
		least := i
		for j := 1; j <= width; j++ {
			cost := 1
			if word[i-1] == text[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && word[i-1] == text[j-2] && word[i-2] == text[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			least = min(least, now[j])
		}
		if least > most {
			return most + 1
		}
		before, last, now = last, now, before
	}
	best := most + 1
	for j := range width + 1 {
		best = min(best, last[j])
	}
	return best
}
