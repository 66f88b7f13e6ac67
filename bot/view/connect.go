package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// CallbackConnect names the form of a connection.
const CallbackConnect = "connect"

// The fields of the form that are known elsewhere.
const (
	FieldSystem  = "system"
	FieldAddress = "address"
	FieldSignIn  = "sign_in"
)

// credential is how the fields of a sign-in begin.
const credential = "credential_"

// System is one that values can be read from.
type System struct{ Kind, Name string }

// ConnectForm asks for a system's address and how to sign in. Its words are the connector's.
type ConnectForm struct {
	System  System
	Systems []System // to choose from; it is not asked where there is one
	Address Input
	SignIns []SignIn
	SignIn  string            // chosen
	Typed   string            // the address so far
	Kept    map[string]string // what was typed so far and is no secret, by field
	Share   bool              // whether sharing is offered
	Stages  []Stage
	Problem string // what kept the last try from being made
}

// Input is one field of a form in a connector's words.
type Input struct {
	Name, Label, Hint, Placeholder string
	Secret                         bool
	MaxLength                      int
}

// SignIn is one way to sign in.
type SignIn struct {
	Kind, Label, Guide string
	Fields             []Input
	Available          bool
}

// Stage is one step of the check.
type Stage struct {
	Name string
	Took time.Duration
	Note string
	Says string // what failed and what to do; empty when it passed
}

// Modal shows the form, with the stages of the last try above it. What was secret is never filled
// in again.
func (f ConnectForm) Modal(draft string) slack.ModalViewRequest {
	var blocks []slack.Block
	if len(f.Stages) > 0 {
		blocks = append(blocks, section("*The connection does not work yet.* Nothing was stored.\n"+stageLines(f.Stages)), slack.NewDividerBlock())
	}
	if f.Problem != "" {
		blocks = append(blocks, section(":warning: "+f.Problem))
	}
	address := slack.NewPlainTextInputBlockElement(plain(f.Address.Placeholder), "v")
	address.InitialValue, address.MaxLength = Cut(f.Typed, f.Address.MaxLength), f.Address.MaxLength
	choices := make([]choice, len(f.SignIns))
	for i, s := range f.SignIns {
		choices[i] = choice{s.Kind, s.Label}
	}
	signIn := FieldSignIn
	if len(f.Systems) > 1 {
		systems := make([]choice, len(f.Systems))
		for i, s := range f.Systems {
			systems[i] = choice{s.Kind, s.Name}
			if s.Kind == f.System.Kind && i > 0 { // another system has other ways to sign in
				signIn = anew(FieldSignIn, i)
			}
		}
		blocks = append(blocks, dispatching(selectField(FieldSystem, "System", "", f.System.Kind, systems...)))
	}
	blocks = append(blocks, input(FieldAddress, f.Address.Label, f.Address.Hint, address),
		dispatching(selectField(signIn, "Sign in with", "", f.SignIn, choices...)))
	for _, s := range f.SignIns {
		if s.Kind != f.SignIn {
			continue
		}
		blocks = append(blocks, note(s.Guide))
		if !s.Available {
			break
		}
		secret := false
		for _, field := range s.Fields {
			element := slack.NewPlainTextInputBlockElement(nil, "v")
			element.MaxLength = field.MaxLength
			if !field.Secret {
				element.InitialValue = Cut(f.Kept[field.Name], field.MaxLength)
			}
			blocks = append(blocks, input(credential+s.Kind+"_"+field.Name, field.Label, field.Hint, element))
			secret = secret || field.Secret
		}
		if secret {
			blocks = append(blocks, note(":lock: Slack has no masked field, so what you type is visible on your screen and passes through Slack. okrbot seals it before storing it and never shows it again."))
		}
	}
	if f.Share {
		box := slack.NewCheckboxGroupsBlockElement("v", option(choice{"shared", "Everybody in this workspace may read scorecards through it"}))
		blocks = append(blocks, optional(input("shared", "Share", "", box)))
	}
	return modal(CallbackConnect, "Connect "+f.System.Name, "Connect", draft, blocks...)
}

func stageLines(stages []Stage) string {
	var lines []string
	for _, s := range stages {
		icon := ":white_check_mark:"
		if s.Says != "" {
			icon = ":x:"
		}
		line := fmt.Sprintf("%s *%s*  %d ms", icon, s.Name, s.Took.Milliseconds())
		if s.Note != "" {
			line += "  " + Escape(Cut(s.Note, 100))
		}
		if s.Says != "" {
			line += "\n" + s.Says
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// ConnectEntry is a filled form. Its credentials are secrets: they are used and sealed, and shown
// to nobody.
type ConnectEntry struct {
	System      string // empty where it was not asked
	Address     string
	SignIn      string
	Credentials map[string]string
	Shared      bool
}

// ParseConnect reads the form as it stands.
func ParseConnect(s State) ConnectEntry {
	e := ConnectEntry{System: s.option(FieldSystem), Address: s.text(FieldAddress), SignIn: s.option(FieldSignIn), Credentials: map[string]string{}}
	for block, elements := range s {
		if name, ok := strings.CutPrefix(Name(block), credential+e.SignIn+"_"); ok {
			e.Credentials[name] = elements["v"].Value
		}
	}
	e.Shared = len(s.at("shared").SelectedOptions) > 0
	return e
}

// FieldOf is the block of a credential, for its problem.
func FieldOf(signIn, name string) string { return credential + signIn + "_" + name }

// Checking is shown while the connection is tried.
func Checking(system, address string) slack.ModalViewRequest {
	return modal("checking", "Connect "+system, "", "",
		section(":hourglass_flowing_sand: Checking "+Escape(Cut(address, 100))+": address, TLS, sign-in, and what can be read. This takes a few seconds."))
}

// Connected is shown when it works.
func Connected(system, name string, stages []Stage, detour bool) slack.ModalViewRequest {
	next := "Next: add a key result with `/okr add-kr`. The list of scorecards is being read meanwhile."
	if detour {
		next = "Close this window to go on with your key result: the connection is chosen there."
	}
	m := modal("connected", "Connected", "", "", section(":white_check_mark: *"+Escape(Cut(name, 100))+"* is connected.\n"+stageLines(stages)), section(next))
	if !detour {
		m.Blocks.BlockSet = append(m.Blocks.BlockSet, slack.NewActionBlock("connected", button(ActionAddKeyResult, "Add key result", "connected")))
	}
	m.Close = plain("Close")
	return m
}

// Connection is one line of the list of connections.
type Connection struct {
	Name       string
	State      string // "active", "rejected", "broken"
	Shared     bool
	Owner      string
	KeyResults int
	Succeeded  time.Time
	Waiting    time.Time
	Now        time.Time
}

// Connections lists what a person can read through.
func Connections(list []Connection) Message {
	if len(list) == 0 {
		return Text("You have no connection yet, and none is shared with you. Add one with `/okr connect`.")
	}
	m := Message{Text: fmt.Sprintf("%d connections", len(list)), Blocks: []slack.Block{section("*Connections you can use*")}}
	for i, c := range list {
		if i == 40 {
			m.Blocks = append(m.Blocks, note(fmt.Sprintf("…and %d more.", len(list)-i)))
			break
		}
		state := ":large_green_circle: works"
		switch {
		case c.State == "rejected":
			state = ":red_circle: sign-in refused: connect again with `/okr connect`"
		case c.State == "broken":
			state = ":red_circle: its stored sign-in does not open: connect again with `/okr connect`"
		case c.Waiting.After(c.Now):
			state = ":hourglass: asked to wait until " + Moment(c.Waiting)
		}
		whose := "private"
		if c.Shared {
			whose = "shared by <@" + c.Owner + ">"
		}
		m.Blocks = append(m.Blocks, section(fmt.Sprintf("*%s* · %s\n%s · %s · last success %s",
			Escape(Cut(c.Name, 150)), state, whose, count(c.KeyResults, "key result", "key results"), Moment(c.Succeeded))))
	}
	return m
}
