package view

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// ActionNamed is a button that stands for a command: what it carries is done as if it had been typed.
const ActionNamed = "named"

// NamedMost is how many a choice offers at once; who has more in mind types more of the title.
const NamedMost = 8

// Candidate is a key result or an objective that a name may mean.
type Candidate struct {
	Key   string
	Title string
	Under string // a key result's objective
}

// NameChoice asks which one a name means that is in several titles, or offers those that are close to
// it where it is in none.
type NameChoice struct {
	Typed  string
	How    string // nothing was typed: how one is named; these are the person's own
	Near   bool   // in none: these are close to it
	Says   string // in the place of the question, of objectives
	Verb   string // what is to be done with the one that is chosen
	Rest   string // what was typed after the name, as it was typed
	Of     []Candidate
	Beyond int // how many more there are
}

// doing is what a verb's button says.
var doing = map[string]string{"show": "Show", "edit": "Edit…", "check-in": "Check in", "sync": "Sync", "pause": "Pause", "resume": "Resume", "remove": "Remove…", "list": "List", "close-out": "Close out"}

// asks is the question that the choice answers.
func (c NameChoice) asks() string {
	switch {
	case !c.carries():
		return Quote(c.Typed) + " is one of these, and the " + strconv.Itoa(len([]rune(c.Rest))) + " characters after it are more than a button carries, so nothing was done. Type the command again, with the number of the one that is meant."
	case c.How != "" && len(c.Of) == 0:
		return c.How
	case c.How != "":
		return c.How + " Or choose one of yours, the worst first:"
	case c.Says != "":
		return c.Says
	case c.Near:
		return Quote(c.Typed) + " is no key result and in no title, so nothing was done. Is it one of these?"
	}
	return Quote(c.Typed) + " is in more than one title. Which one is it?"
}

// Message is the choice, with a button for each.
func (c NameChoice) Message() Message {
	m := Text(c.asks())
	for i, o := range c.Of {
		line := "*" + o.Key + "* " + Escape(Cut(o.Title, okr.MaxTitle))
		if o.Under != "" {
			line += "\n:dart: " + Escape(Cut(o.Under, okr.MaxTitle))
		}
		s := section(line)
		s.BlockID = "named_" + strconv.Itoa(i)
		label := doing[c.Verb]
		if label == "" {
			label = "Show"
		}
		if c.carries() {
			s.Accessory = slack.NewAccessory(slack.NewButtonBlockElement(ActionNamed, commandOf(c.Verb, o.Key, c.Rest), plain(label)))
		}
		m.Blocks = append(m.Blocks, s)
	}
	switch {
	case c.Beyond > 0 && c.How != "":
		m.Blocks = append(m.Blocks, note("…and "+strconv.Itoa(c.Beyond)+" more of yours: `/okr list mine` shows all."))
	case c.Beyond > 0:
		m.Blocks = append(m.Blocks, note("…and "+strconv.Itoa(c.Beyond)+" more. Type more of the title, or its number."))
	}
	return m
}

// longestCommand bounds the words that a button carries, in characters; Slack's limit is 2000.
const longestCommand = 1800

// commandOf is a command as a button carries it.
func commandOf(words ...string) string {
	return strings.TrimSpace(okr.Visible(strings.Join(words, " ")))
}

// carries says whether what was typed fits behind a button.
func (c NameChoice) carries() bool {
	const key = "KR-999999999"
	return len([]rune(commandOf(c.Verb, key, c.Rest))) <= longestCommand
}

// Opens is said where Slack lets no window open by itself: its button opens it.
func Opens(window slack.ModalViewRequest, command string) Message {
	title := ""
	if window.Title != nil {
		title = window.Title.Text
	}
	m := Text("*" + Escape(title) + "* opens in a window.")
	if n := len([]rune(command)); n > longestCommand {
		return Text("*" + Escape(title) + "* opens in a window, and the " + strconv.Itoa(n) + " characters that were written for it are more than a button carries. Nothing was done. Write less, or type it after `/okr`.")
	}
	m.Blocks = append(m.Blocks, slack.NewActionBlock("named_open", slack.NewButtonBlockElement(ActionNamed, commandOf(command), plain("Open"))))
	return m
}
