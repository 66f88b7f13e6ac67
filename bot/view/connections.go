package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackConnection names the window in which a connection is looked after, CallbackDisconnect
// the question before it is removed.
const (
	CallbackConnection = "connection"
	CallbackDisconnect = "disconnect"
)

// What can be done with a connection.
const (
	ActionManage     = "connection_manage"
	ActionTest       = "connection_test"
	ActionReconnect  = "connection_reconnect"
	ActionDisconnect = "connection_disconnect"
)

// The fields of its window.
const (
	FieldConnectionName = "connection_name"
	FieldShared         = "shared"
)

// longestConnectionName is in characters.
const longestConnectionName = 80

// Connection is one that a person can read through or look after.
type Connection struct {
	ID         int64
	Name       string
	Host       string
	SignIn     string // "OAuth"
	Account    string // whom the system says we are; may be empty
	State      string // "active", "rejected", "broken", "pending"
	Shared     bool
	Owner      string
	Mine       bool // the reader made it
	May        bool // the reader may look after it
	MayShare   bool
	KeyResults int
	Succeeded  time.Time
	Waiting    time.Time
	Ends       time.Time // of the consent; zero where there is none
	EndsSoon   bool
	Now        time.Time
}

// state is how the connection stands, and what to do about it.
func (c Connection) state() string {
	switch {
	case c.State == "pending":
		return ":hourglass_flowing_sand: waits for its maker to confirm the sign-in"
	case c.State == "rejected":
		return ":red_circle: sign-in refused: press *Manage*, then *Reconnect*"
	case c.State == "broken":
		return ":red_circle: its stored sign-in does not open: press *Manage*, then *Reconnect*"
	case c.Waiting.After(c.Now):
		return ":hourglass: asked to wait until " + Moment(c.Waiting)
	case c.EndsSoon:
		return ":large_yellow_circle: works, and ends on " + Moment(c.Ends) + ": reconnect before"
	}
	return ":large_green_circle: works"
}

func (c Connection) whose() string {
	switch {
	case c.Shared:
		return "shared by <@" + c.Owner + ">"
	case c.Mine:
		return "private, yours"
	}
	return "private, of <@" + c.Owner + ">"
}

func (c Connection) line() string {
	success := "no success yet"
	if !c.Succeeded.IsZero() {
		success = "last success " + Moment(c.Succeeded)
	}
	signIn := c.SignIn
	if c.Account != "" {
		signIn += " as " + Escape(Cut(c.Account, 60))
	}
	read := "no key results"
	if c.KeyResults > 0 {
		read = okr.CountWords(c.KeyResults, "key result")
	}
	return fmt.Sprintf("*%s* · %s\n%s · %s · %s · %s", Escape(Cut(c.Name, 150)), c.state(), signIn, c.whose(), read, success)
}

// ConnectionsListed is how many a message shows at once.
const ConnectionsListed = 20

// What turns the pages of a list of connections.
const (
	ActionConnectionsBack = "connections_back"
	ActionConnectionsOn   = "connections_on"
)

// Connections lists a part of what a person can read through or look after, of so many, and offers those
// who may to connect another one.
func Connections(list []Connection, from, total int, systems Systems, may bool) Message {
	if total == 0 && !may {
		return Text("You have no connection, and none is shared with you. Guests cannot connect other systems. Ask a member of this workspace.")
	}
	if total == 0 {
		return Message{
			Text:   "You have no connection yet, and none is shared with you. Add one with `/okr connect`.",
			Blocks: []slack.Block{section("You have no connection yet, and none is shared with you."), slack.NewActionBlock("connect", button(ActionConnect, systems.label(), "connect"))},
		}
	}
	pages := Pages{From: from, Shown: len(list), Total: total, Most: ConnectionsListed, Back: ActionConnectionsBack, On: ActionConnectionsOn}
	m := Message{Text: okr.CountWords(total, "connection"), Blocks: []slack.Block{section("*Connections*" + pages.words())}}
	for _, c := range list {
		row := section(c.line())
		if c.May {
			row.Accessory = slack.NewAccessory(button(ActionManage, "Manage", fmt.Sprint(c.ID)))
		}
		m.Blocks = append(m.Blocks, row)
	}
	m.Blocks = append(m.Blocks, pages.ways()...)
	if may {
		m.Blocks = append(m.Blocks, slack.NewActionBlock("connect", button(ActionConnect, systems.label(), "connect")))
	}
	return m
}

// Manage is the window in which a connection is looked after, with how its last test went.
func (c Connection) Manage(draft string, stages []Stage, testing bool, problem string) slack.ModalViewRequest {
	blocks := []slack.Block{section(c.line())}
	if problem != "" {
		blocks = append(blocks, section(":warning: "+problem))
	}
	switch {
	case testing:
		blocks = append(blocks, section(":hourglass_flowing_sand: Testing: address, TLS, sign-in, and what can be read. This takes a few seconds."))
	case len(stages) > 0:
		blocks = append(blocks, section(stageLines(stages)))
	}
	value := fmt.Sprint(c.ID)
	remove := button(ActionDisconnect, "Disconnect", value)
	remove.Style = slack.StyleDanger
	blocks = append(blocks, slack.NewActionBlock("manage", button(ActionTest, "Test connection", value), button(ActionReconnect, "Reconnect", value), remove))
	name := slack.NewPlainTextInputBlockElement(nil, "v")
	name.InitialValue, name.MaxLength = Cut(c.Name, longestConnectionName), longestConnectionName
	blocks = append(blocks, input(FieldConnectionName, "Name", "What people choose it by.", name))
	if c.MayShare {
		shared := choice{value: "shared", label: "Everybody in this workspace may read scorecards through it"}
		box := slack.NewCheckboxGroupsBlockElement("v", option(shared))
		if c.Shared {
			box.InitialOptions = []*slack.OptionBlockObject{option(shared)}
		}
		blocks = append(blocks, optional(input(FieldShared, "Share", "", box)))
	}
	return modal(CallbackConnection, "Connection", "Save", draft, blocks...)
}

// ConnectionEntry is that window's form as filled.
type ConnectionEntry struct {
	Name   string
	Shared bool
	Asked  bool // whether sharing was in the form
}

// ParseConnection reads the form.
func ParseConnection(s State) ConnectionEntry {
	return ConnectionEntry{Name: s.text(FieldConnectionName), Shared: len(s.at(FieldShared).SelectedOptions) > 0, Asked: s.has(FieldShared)}
}

// Hanging is a key result that reads through a connection.
type Hanging struct {
	Key, Title, Owner string
}

// hangingLines lists key results; of too many, the first.
func hangingLines(list []Hanging) string {
	const most = 15
	var lines []string
	for i, h := range list {
		if i == most {
			lines = append(lines, fmt.Sprintf("…and %d more", len(list)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("• *%s* %s · <@%s>", h.Key, Escape(Cut(h.Title, 100)), h.Owner))
	}
	return strings.Join(lines, "\n")
}

// Disconnect asks before a connection is removed, and names what stops.
func (c Connection) Disconnect(draft string, hanging []Hanging) slack.ModalViewRequest {
	text := "*" + Escape(Cut(c.Name, 150)) + "* is forgotten, and its sign-in with it. No key result reads through it."
	if len(hanging) > 0 {
		text = fmt.Sprintf("*%s* is forgotten, and its sign-in with it. %s through it and would stop being read. Their values and history stay; each can be given another source with `/okr edit`.\n%s",
			Escape(Cut(c.Name, 150)), okr.CountWords(len(hanging), "key result")+verb(len(hanging), " reads", " read"), hangingLines(hanging))
	}
	return modal(CallbackDisconnect, "Disconnect?", "Disconnect", draft, section(text))
}

// HangingSentence names the key results that keep something from being done.
func HangingSentence(list []Hanging) string {
	const most = 5
	var keys []string
	for i, h := range list {
		if i == most {
			keys = append(keys, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		keys = append(keys, h.Key)
	}
	return strings.Join(keys, ", ")
}

// needs says of the connection what it needs, and how much hangs on it.
func (c Connection) needs(says string) string {
	text := ":warning: *" + Escape(Cut(c.Name, 150)) + "*: " + says
	if c.KeyResults > 0 {
		text += " " + okr.CountWords(c.KeyResults, "key result") + verb(c.KeyResults, " depends on it.", " depend on it.")
	}
	return text
}

// ConnectionNotice tells somebody what a connection needs from them, with the way to do it, and why it
// is they who hear it where that is not plain.
func ConnectionNotice(c Connection, says, because string) Message {
	text := c.needs(says)
	again := button(ActionReconnect, "Reconnect", fmt.Sprint(c.ID))
	again.Style = slack.StylePrimary
	m := Message{Text: text, Blocks: []slack.Block{section(text)}}
	if because != "" {
		m.Blocks = append(m.Blocks, section(because))
	}
	m.Blocks = append(m.Blocks, slack.NewActionBlock("reconnect", again, button(ActionManage, "Manage", fmt.Sprint(c.ID))))
	return m
}

// MakerGone says why an administrator hears of somebody else's connection, and what they can do.
func MakerGone(maker string, hanging []Hanging) string {
	text := "You hear this because <@" + maker + ">, who made it, is no longer in this workspace. Reconnect it with a sign-in that stays"
	if len(hanging) == 0 {
		return text + "."
	}
	return text + ", or hand its key results over with `/okr edit`: " + HangingSentence(hanging) + "."
}

// MeantFor says why an administrator hears what speaks to somebody else.
func MeantFor(person string, gone bool) string {
	text := "You hear this because <@" + person + ">, for whom it is meant, "
	if gone {
		return text + "is no longer in this workspace."
	}
	return text + "gets no direct messages of okrbot: Slack refuses them."
}

// OwnerGone says why somebody hears what is an owner's to hear, and what they can do.
func OwnerGone(owner string, keyResults []Hanging) string {
	text := "You hear this because <@" + owner + ">, who owns " + HangingSentence(keyResults) + ", is no longer in this workspace. "
	if len(keyResults) == 1 {
		return text + "`/okr edit " + keyResults[0].Key + "` gives it another owner."
	}
	return text + "`/okr edit` gives each another owner."
}

// OwnersGone counts the owners who are gone beyond those who are named.
func OwnersGone(more int) string {
	is := "are"
	if more == 1 {
		is = "is"
	}
	return okr.CountWords(more, "other owner") + " " + is + " no longer in this workspace either. `/okr edit` gives a key result another owner."
}
