package bot

import (
	"context"
	"strings"

	"okrbot/bot/view"
)

// helpCommand is "/okr help" and "/okr help sync".
func (b *Bot) helpCommand(_ context.Context, g Gesture) (Reply, error) {
	if len(wordsOf(g.Text)) == 0 {
		m := view.Help(b.systemNames())
		return Reply{Say: &m}, nil
	}
	name, typed, rest := aVerb(g.Text, isVerb)
	m, ok := view.HelpOn(name, b.systemNames())
	switch {
	case !ok:
		return b.unknownVerb(name, spoken(typed)), nil
	case rest != "":
		return notTaken("help", "one verb", wordsOf(rest)), nil
	}
	return Reply{Say: &m}, nil
}

// unknownVerb says back what is no verb, and offers what was probably meant.
func (b *Bot) unknownVerb(word, typed string) Reply {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	m := view.DidYouMean(typed, closest(word, names))
	return Reply{Say: &m}
}

// closest are the names that a word was probably meant to be: those it begins, or those that a
// few letters make of it.
func closest(word string, names []string) []string {
	var near []string
	letters := []rune(word)
	word = string(letters[:min(len(letters), 40)]) // no name is as long
	far := max(2, min(len(letters), 40)/2)
	best := far + 1
	for _, name := range names {
		d := Distance(word, name)
		if len(word) >= 2 && strings.HasPrefix(name, word) {
			d = 0
		}
		switch {
		case d < best:
			best, near = d, []string{name}
		case d == best && d <= far:
			near = append(near, name)
		}
	}
	return near
}

// Distance is how many letters must be added, taken out, changed or swapped with their neighbour
// to make b of a.
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
