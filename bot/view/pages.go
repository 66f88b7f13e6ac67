package view

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/slack-go/slack"
)

// Pages are where a shown part of a list is, and the ways to the parts beside it: one for every list.
type Pages struct {
	From    int // how many come before the part
	Shown   int // how many it shows
	Total   int // of the whole list
	AtLeast bool
	Most    int    // that a part shows
	Back    string // what the buttons are, Previous and Next
	On      string
	Query   string // what the list is of: each button carries it
	Block   string // the buttons' block; empty: "pages"
}

// MaxQuery is how long a list's query can be: Slack takes 2000 characters as the value of a button.
const MaxQuery = 1900

// words are which part is shown, with what stands before them: " · 21–40 of 91". A whole list needs none.
func (p Pages) words() string {
	if p.From == 0 && p.Shown >= p.Total && !p.AtLeast {
		return ""
	}
	of := strconv.Itoa(p.Total)
	if p.AtLeast {
		of = "at least " + of
	}
	return " · " + pageWords(p.From, p.Shown, of)
}

// pageWords are which part of a list is shown: "21–40 of 91".
func pageWords(from, shown int, total string) string {
	return fmt.Sprintf("%d–%d of %s", from+1, from+shown, total)
}

// ways are the buttons Previous and Next; none where the part is the whole list.
func (p Pages) ways() []slack.Block {
	buttons := p.buttons()
	if len(buttons) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock(cmp.Or(p.Block, "pages"), buttons...)}
}

func (p Pages) buttons() (buttons []slack.BlockElement) {
	if p.From > 0 {
		buttons = append(buttons, button(p.Back, "Previous", fmt.Sprintf("%d:%s", max(0, p.From-p.Most), p.Query)))
	}
	if next := p.From + p.Shown; next < p.Total {
		buttons = append(buttons, button(p.On, "Next", fmt.Sprintf("%d:%s", next, p.Query)))
	}
	return buttons
}

// ParsePage reads the value of one of the buttons, whatever it says.
func ParsePage(value string) (from int, query string) {
	place, query, _ := strings.Cut(value, ":")
	from, err := strconv.Atoi(place)
	if err != nil || from < 0 || from > math.MaxInt32 {
		from = 0
	}
	return from, query
}

// PageFrom is where a part of a list begins, or the last one where the list is not as long.
func PageFrom(from, total, most int) int {
	if from < total {
		return max(0, from)
	}
	return max(0, total-1) / most * most
}
