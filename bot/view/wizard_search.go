package view

import (
	"strings"

	"github.com/slack-go/slack"
)

// ScorecardChoice is a scorecard that a type-ahead found.
type ScorecardChoice struct {
	Reference, Name, Description, Unit, Frequency string
	Hidden                                        string // where it is not listed: "not on the Analytics Hub"
	Near                                          bool   // its name is only near to what was typed
}

func (c ScorecardChoice) choice() choice {
	about := strings.Trim(c.Unit+" · "+freq(c.Frequency), " ·")
	if c.Hidden != "" {
		about = c.Hidden + " · " + about
	}
	if c.Near {
		about = "near, not exact · " + about
	}
	return choice{value: c.Reference, label: c.Name, about: about, apart: []string{c.Description}}
}

// ScorecardChoices are the options of the scorecard field: the name, and below it the unit and how
// often it is collected. They are told from each other, and from twins that are not in the list.
func ScorecardChoices(list, twins []ScorecardChoice) []*slack.OptionBlockObject {
	choices := make([]choice, len(list))
	for i, c := range list {
		choices[i] = c.choice()
	}
	for _, t := range twins {
		c := t.choice()
		c.beside = true
		choices = append(choices, c)
	}
	options, _ := options(choices)
	return options
}

// Nothing is why a search for scorecards found none. It is shown as an option, since Slack shows
// nothing else there; whoever chooses it reads the whole sentence.
type Nothing string

// The reasons.
const (
	NoSuchName Nothing = "nothing_name"
	NoneYet    Nothing = "nothing_yet"
	NotAll     Nothing = "nothing_all"
	NotAllowed Nothing = "nothing_role"
	Refused    Nothing = "nothing_refused"
	Unopened   Nothing = "nothing_unopened"
	AsksToWait Nothing = "nothing_wait"
	NotInTime  Nothing = "nothing_slow"
	OnlyNear   Nothing = "nothing_near" // stands before names that are near
)

// Searched is the system in which something was looked for, with what it adds to our sentences.
type Searched struct {
	System    string // "ServiceNow"
	Unfound   string // why something can be there and not be found
	Unlisted  string // what to do where nothing is listed
	Commas    string // what a comma means, where it means something
	Forbidden string // what a sign-in lacks that may not look
}

// said is a reason as an option, what stands below it, and the whole of it.
func (n Nothing) said(in Searched) (text, about, sentence string) {
	system := Escape(in.System)
	switch n {
	case NoSuchName:
		return "Nothing by that name", "Try another word of its name or description.",
			"No scorecard that this connection's sign-in can see has these words in its name or description. Try another word. " + in.Unfound
	case NoneYet:
		return "No scorecards are listed", "Type a part of the name.",
			"This connection lists no scorecards. Type a part of a name to look in " + system + ". " + in.Unlisted
	case NotAll:
		return "Nothing has all of these parts", in.Commas + " Leave out a part.",
			in.Commas + " A scorecard must have every part in its name or description, and none has all of these. Leave out a part."
	case NotAllowed:
		return "This sign-in may not look for scorecards", strings.ReplaceAll(in.Forbidden, "`", ""),
			system + " lets us sign in, but not look for scorecards. " + in.Forbidden
	case Refused:
		return in.System + " refuses this connection's sign-in", "Connect again with New connection.",
			system + " refused this connection's sign-in. Connect again with New connection."
	case Unopened:
		return "This connection's sign-in cannot be opened", "Connect again with New connection.",
			"The stored sign-in of this connection cannot be opened. Connect again with New connection, and tell okrbot's administrator."
	case AsksToWait:
		return in.System + " asked us to wait", "It is not in our list. Try again in a while.",
			"These words are not in our list of scorecards, and " + system + " asked us to wait: too many requests. Try again in a while."
	case OnlyNear:
		return "Nothing by exactly that name", "The names below are near to what you typed.",
			"No scorecard has exactly these words. Choose one of those with a name that is near, or type another word."
	case NotInTime:
		return in.System + " did not answer in time", "It is not in our list. Change a letter to try again.",
			"These words are not in our list of scorecards, and " + system + " did not answer in time when we asked it. Change a letter to try again."
	}
	return "", "", ""
}

// Option is the reason in place of what was looked for.
func (n Nothing) Option(in Searched) []*slack.OptionBlockObject {
	text, about, _ := n.said(in)
	return []*slack.OptionBlockObject{option(choice{value: string(n), label: text, about: about})}
}

// Is says whether a chosen option is a reason, and no scorecard.
func (n Nothing) Is() bool {
	text, _, _ := n.said(Searched{})
	return text != ""
}

// Sentence is the whole of it; empty where a scorecard was chosen.
func (n Nothing) Sentence(in Searched) string {
	_, _, sentence := n.said(in)
	return strings.TrimSpace(sentence)
}
