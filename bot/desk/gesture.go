package desk

import (
	"github.com/slack-go/slack"

	"okrbot/okr"
	"okrbot/secret"
)

// Gesture is one thing a person did in Slack, after its signature was verified and the person
// was looked up. Which fields are set depends on what was done.
type Gesture struct {
	Actor okr.Actor
	Zone  string // the person's IANA zone

	Channel  string        // where: empty on the Home tab and in modals
	Text     string        // a command's words after its verb
	Mention  bool          // the command is a message that mentions the bot
	Trigger  string        // opens one view within three seconds
	Response secret.String // Slack's response_url: a secret, empty where Slack gives none

	View    View    // the modal or Home tab it happened in
	Action  Action  // the button pressed or the option chosen
	Message Message // the message it happened on
	Query   string  // what was typed into a type-ahead field
}

// View is the open view a gesture happened in.
type View struct {
	ID       string
	Root     string // the bottom of its stack
	Previous string // the view beneath
	Hash     string // refuses an update when the view has changed since
	Callback string
	Mark     string // block_id of its first block
	Draft    string // private_metadata: a draft's id and nothing else
	Home     bool
	State    map[string]map[string]slack.BlockAction
}

// Action is the element that was used.
type Action struct {
	ID    string
	Block string
	Value string // of a button, or of the option chosen
}

// Message is where a button sat, what a shortcut was chosen on, or what mentioned the bot.
type Message struct {
	Channel   string
	TS        string
	Thread    string // the message that it answers; empty: it stands in the channel
	Text      string // of the message that a shortcut was chosen on, as Slack has it
	Ephemeral bool
}
