package bot

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"okrbot/okr"
	"okrbot/store"
)

// listQuery is what a list is of, as its buttons carry it. Anybody can send any value: what it says is
// looked at as if it were typed.
type listQuery struct {
	People   []string `json:"p,omitempty"`
	Channels []string `json:"c,omitempty"`
	States   []string `json:"s,omitempty"`
	Periods  []string `json:"d,omitempty"`
	Under    []int    `json:"o,omitempty"`
	Titles   []string `json:"t,omitempty"`
	Order    string   `json:"by,omitempty"`
	Bare     bool     `json:"m,omitempty"`
}

// query writes what the list is of.
func (l listed) query() string {
	q := listQuery{People: l.people, Channels: l.channels, Under: l.under, Titles: l.titles, Order: string(l.order), Bare: l.bare}
	for _, s := range l.states {
		q.States = append(q.States, s.name)
	}
	for _, p := range l.periods {
		q.Periods = append(q.Periods, periodWords(p))
	}
	written, err := json.Marshal(q)
	if err != nil {
		panic(err) // it is all text and numbers
	}
	return string(written)
}

var (
	personID  = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)
	channelID = regexp.MustCompile(`^[CG][A-Z0-9]{1,30}$`)
)

// highest is the highest number of an objective that can be typed.
const highest = 999_999_999

// parseQuery reads what a button says that its list is of; false where it says nothing that a list can
// be of.
func parseQuery(written string) (l listed, ok bool) {
	var q listQuery
	if err := json.Unmarshal([]byte(written), &q); err != nil {
		return l, false
	}
	l = listed{people: q.People, channels: q.Channels, under: q.Under, titles: q.Titles, order: store.Order(q.Order), bare: q.Bare}
	not := func(is *regexp.Regexp) func(string) bool { return func(s string) bool { return !is.MatchString(s) } }
	if slices.ContainsFunc(l.people, not(personID)) || slices.ContainsFunc(l.channels, not(channelID)) || !slices.Contains(store.Orders, l.order) {
		return l, false
	}
	if slices.ContainsFunc(l.under, func(n int) bool { return n < 1 || n > highest }) ||
		slices.ContainsFunc(l.titles, func(s string) bool { return s == "" || s != okr.Visible(s) || strings.ContainsRune(s, 0) }) {
		return l, false
	}
	for _, name := range q.States {
		s, known := stateCalled(name)
		if !known {
			return l, false
		}
		l.states = append(l.states, s)
	}
	for _, words := range q.Periods {
		p, known := parsePeriod(strings.ToLower(words), 0)
		if !known {
			return l, false
		}
		l.periods = append(l.periods, p)
	}
	return l, true
}
