package view

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// Slack's limits on options, in characters. It refuses a whole list for one entry beyond them.
const (
	longestText  = 75
	LongestValue = 150
	MostOptions  = 100
)

// choice is one option of a select.
type choice struct {
	value, label string
	about        string   // a second line
	apart        []string // what tells it from another one of the same name, the best first
	beside       bool     // it is not shown, and others are told from it
}

// options are choices as Slack takes them, at most a hundred. One without a name is shown by its
// value; of two that read alike the second line says which is which; one that Slack would not take is
// left out, and counted in left. The same value twice is one option.
func options(list []choice) (options []*slack.OptionBlockObject, left int) {
	options = []*slack.OptionBlockObject{} // Slack takes no null
	var taken []choice
	shown := 0
	for _, c := range list {
		switch n := utf8.RuneCountInString(c.value); {
		case n == 0 || n > LongestValue || okr.Blank(c.value):
			left++
			continue
		case slices.ContainsFunc(taken, func(t choice) bool { return t.value == c.value }):
			continue
		case shown == MostOptions && !c.beside:
			continue
		case !c.beside:
			shown++
		}
		c.label = label(c)
		taken = append(taken, c)
	}
	for _, c := range tellApart(taken) {
		if c.beside {
			continue
		}
		o := slack.NewOptionBlockObject(c.value, plain(c.label), nil)
		if about := strings.TrimSpace(Cut(c.about, longestText)); !okr.Blank(about) {
			o.Description = plain(about)
		}
		options = append(options, o)
	}
	return options, left
}

// option is one choice alone, such as the one that is chosen; nil when Slack would not take it.
func option(c choice) *slack.OptionBlockObject {
	list, _ := options([]choice{c})
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// readAs is a label as it reads: letters of either case and blanks of any kind are alike.
func readAs(label string) string {
	return strings.ToLower(strings.Join(strings.Fields(okr.Visible(label)), " "))
}

// WithApart is a scorecard's name with what tells it from others of that name.
func WithApart(name, apart string) string {
	if apart == "" {
		return name
	}
	return name + " (" + apart + ")"
}

// leftOut says in a form's hint how many entries of its list cannot be chosen; empty when all can.
func leftOut(n int) string {
	if n == 0 {
		return ""
	}
	return okr.CountWords(n, "entry") + verb(n, " is", " are") + " left out: Slack takes no id of more than 150 characters."
}

// hints puts sentences of a hint together.
func hints(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}

func label(c choice) string { return strings.TrimSpace(Cut(ShownName(c.label, c.value), longestText)) }

// ShownName is a name as it is shown: of what has none, its id.
func ShownName(name, id string) string {
	if okr.Blank(name) {
		return "No name · " + Cut(id, 60)
	}
	return name
}

// tellApart puts before the second line of entries that read alike what tells them apart: the first
// of what is known that differs between all of them, else what each has, else the ends of their ids.
func tellApart(list []choice) []choice {
	alike := map[string][]int{}
	for i, c := range list {
		alike[readAs(c.label)] = append(alike[readAs(c.label)], i)
	}
	out := slices.Clone(list)
	for _, same := range alike {
		if len(same) < 2 {
			continue
		}
		for n, words := range differences(list, same) {
			c := &out[same[n]]
			c.about = strings.Trim(words+" · "+c.about, " ·")
		}
	}
	return out
}

// differences are the words for each of some entries that read alike.
func differences(list []choice, same []int) []string {
	most := 0
	for _, i := range same {
		most = max(most, len(list[i].apart))
	}
	for n := range most {
		var words []string
		for _, i := range same {
			if n < len(list[i].apart) && !okr.Blank(list[i].apart[n]) {
				words = append(words, Cut(strings.TrimSpace(list[i].apart[n]), longestText/2))
			}
		}
		if len(words) == len(same) && len(slices.Compact(slices.Sorted(slices.Values(words)))) == len(same) {
			return words
		}
	}
	words := make([]string, len(same))
	for n, i := range same {
		for _, a := range list[i].apart {
			if words[n] == "" && !okr.Blank(a) {
				words[n] = Cut(strings.TrimSpace(a), longestText/2)
			}
		}
	}
	told := slices.Clone(words)
	for n, i := range same {
		others := slices.Delete(slices.Clone(words), n, n+1)
		if words[n] == "" || slices.Contains(others, words[n]) {
			told[n] = strings.TrimSpace(words[n] + " " + tail(list, same, i))
		}
	}
	return told
}

// tail is the end of an entry's id, as much of it as no other has.
func tail(list []choice, same []int, i int) string {
	id := []rune(list[i].value)
	n := min(len(id), 6)
	for ; n < len(id); n++ {
		end := string(id[len(id)-n:])
		if !slices.ContainsFunc(same, func(j int) bool { return j != i && strings.HasSuffix(list[j].value, end) }) {
			break
		}
	}
	if n == len(id) {
		return string(id)
	}
	return "…" + string(id[len(id)-n:])
}

// Apart is what tells one scorecard from others of its name; empty when no other is called so.
func Apart(list []ScorecardChoice, reference string) string {
	var choices []choice
	at := -1
	for _, c := range list {
		if c.Reference == reference {
			at = len(choices)
		}
		one := c.choice()
		one.label = label(one)
		choices = append(choices, one)
	}
	if at < 0 {
		return ""
	}
	var same []int
	for i, c := range choices {
		if readAs(c.label) == readAs(choices[at].label) {
			same = append(same, i)
		}
	}
	if len(same) < 2 {
		return ""
	}
	return differences(choices, same)[slices.Index(same, at)]
}
