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

// Systems are the names of what values can be read from.
type Systems []string

// Words are the names as one may be meant: "ServiceNow", "ServiceNow or HTTP JSON". Many are not named.
func (s Systems) Words() string {
	if len(s) == 0 || len(s) > 3 {
		return "another system"
	}
	return Escape(strings.Join(s, " or "))
}

// label is what the button says that connects one of them.
func (s Systems) label() string {
	if len(s) == 0 || len(s) > 3 {
		return "Connect a system"
	}
	return Cut("Connect "+strings.Join(s, " or "), 75)
}

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
	Shared  bool              // and chosen
	Fixed   string            // the host of a connection that gets another sign-in; empty: a new one
	Stages  []Stage
	Problem string // what kept the last try from being made
}

// Input is one field of a form in a connector's words.
type Input struct {
	Name, Label, Hint, Placeholder string
	Secret, Optional               bool
	MaxLength                      int
}

// SignIn is one way to sign in.
type SignIn struct {
	Kind, Label, Guide string
	Fields             []Input
	Available          bool
	Why                string // not available: why, and what to do
	Browser            bool   // it is given on a page of our own
}

// Stage is one step of the check.
type Stage struct {
	Name string
	Took time.Duration
	// Skipped is true where there was nothing to check. Note says why.
	Skipped bool
	Note    string
	Says    string // what failed and what to do; empty when it passed
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
		choices[i] = choice{value: s.Kind, label: s.Label}
	}
	if len(f.Systems) > 1 && f.Fixed == "" {
		systems := make([]choice, len(f.Systems))
		for i, s := range f.Systems {
			systems[i] = choice{value: s.Kind, label: s.Name}
		}
		blocks = append(blocks, dispatching(selectField(FieldSystem, "System", "", f.System.Kind, systems...)))
	}
	signIn := FieldSignIn
	for i, s := range f.Systems {
		if s.Kind == f.System.Kind && i > 0 { // another system has other ways to sign in
			signIn = shownAgain(FieldSignIn, i)
		}
	}
	if f.Fixed != "" {
		blocks = append(blocks, section("Another sign-in for *"+Escape(Cut(f.Fixed, 100))+"*. Its key results stay; first it is proved that their scorecards are still visible."))
	} else {
		blocks = append(blocks, input(FieldAddress, f.Address.Label, f.Address.Hint, address))
	}
	blocks = append(blocks, dispatching(selectField(signIn, "Sign in with", "", f.SignIn, choices...)))
	for _, s := range f.SignIns {
		if s.Kind == f.SignIn {
			blocks = append(blocks, f.way(s)...)
		}
	}
	if f.Share && f.Fixed == "" {
		everybody := option(choice{value: "shared", label: "Everybody in this workspace may read scorecards through it"})
		box := slack.NewCheckboxGroupsBlockElement("v", everybody)
		if f.Shared {
			box.InitialOptions = []*slack.OptionBlockObject{everybody}
		}
		blocks = append(blocks, optional(input("shared", "Share", "", box)))
	}
	return modal(CallbackConnect, "Connect "+f.System.Name, "Connect", draft, blocks...)
}

// way is one way to sign in: what it needs, and its fields where these are entered in Slack.
func (f ConnectForm) way(s SignIn) []slack.Block {
	blocks := []slack.Block{note(s.Guide)}
	switch {
	case !s.Available:
		return append(blocks, note(":information_source: "+s.Why))
	case s.Browser:
		return append(blocks, note(":lock: The next step opens a page of okrbot in your browser, and you sign in there: nothing secret passes through Slack."))
	}
	secret := false
	for _, field := range s.Fields {
		element := slack.NewPlainTextInputBlockElement(nil, "v")
		element.MaxLength = field.MaxLength
		if !field.Secret {
			element.InitialValue = Cut(f.Kept[field.Name], field.MaxLength)
		}
		block := input(credential+s.Kind+"_"+field.Name, field.Label, field.Hint, element)
		block.Optional = field.Optional
		blocks = append(blocks, block)
		secret = secret || field.Secret
	}
	if secret {
		blocks = append(blocks, note(":lock: Slack has no masked field, so what you type is visible on your screen and passes through Slack: okrbot has no page of its own for it, because `PUBLIC_URL` is not set where it runs. It seals what you type before storing it and never shows it again."))
	}
	return blocks
}

func stageLines(stages []Stage) string {
	var lines []string
	for _, s := range stages {
		icon, took := ":white_check_mark:", fmt.Sprintf("  %d ms", s.Took.Milliseconds())
		switch {
		case s.Skipped:
			icon, took = ":heavy_minus_sign:", ""
		case s.Says != "":
			icon = ":x:"
		}
		line := icon + " *" + s.Name + "*" + took
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
		section(":hourglass_flowing_sand: Checking "+Escape(Cut(address, 100))+": address, TLS, sign-in, and what can be read. This takes a few seconds. Where nothing comes within a minute, close this window and connect again: nothing was kept."))
}

// ActionBrowse is a link into the browser, which Slack tells of too.
const ActionBrowse = "browse"

// InBrowser sends a person to a page of our own.
func InBrowser(system, host, address string) slack.ModalViewRequest {
	link := button(ActionBrowse, "Continue in your browser", "go")
	link.URL, link.Style = address, slack.StylePrimary
	m := modal("browser", "Connect "+system, "", "",
		section("Sign in to *"+Escape(Cut(host, 100))+"* on a page of okrbot. It opens in your browser, is for you alone, and works for ten minutes. Then look here: this window says how it went."),
		slack.NewActionBlock("browse", link))
	m.Close = plain("Close")
	return m
}

// The answers to "was that you?".
const (
	ActionConfirm = "connection_confirm"
	ActionNotMe   = "connection_not_me"
)

// Readers are those for whom a connection is read.
type Readers struct {
	Name      string // whose it is
	Everybody bool   // it is shared
}

// In names them, in mrkdwn, in a workspace that is called so.
func (r Readers) In(workspace string) string {
	name := "*" + Escape(Cut(r.Name, 100)) + "*"
	if r.Everybody {
		name += " and everybody in " + workspace
	}
	return name
}

// Confirm asks the person who wanted a connection whether it was they who allowed it in a browser. Nothing is
// read through it before they say so.
func Confirm(id int64, host, account string, readers Readers, stages []Stage, draft string) (slack.ModalViewRequest, Message) {
	who := "The system does not say as whom"
	if account != "" {
		who = "The user is *" + Escape(Cut(account, 100)) + "*"
	}
	text := "Somebody signed in to *" + Escape(Cut(host, 100)) + "* in a browser, through your link. " + who + ", to be read for " + readers.In("this workspace") + ". Was that you? Only then may okrbot read through it. Without an answer it is forgotten within an hour."
	yes, no := button(ActionConfirm, "Yes, connect", fmt.Sprint(id)), button(ActionNotMe, "No, forget it", fmt.Sprint(id))
	yes.Style = slack.StylePrimary
	blocks := []slack.Block{section(text)}
	if len(stages) > 0 {
		blocks = append(blocks, section(stageLines(stages)))
	}
	blocks = append(blocks, slack.NewActionBlock("confirm", yes, no))
	m := modal("confirm", "Was that you?", "", draft, blocks...)
	m.Close = plain("Later")
	return m, Message{Text: "Somebody signed in to " + Escape(Cut(host, 100)) + " through your link. Was that you?", Blocks: blocks}
}

// NotConnected says that a sign-in in the browser did not work.
func NotConnected(system, host string, stages []Stage, why string) (slack.ModalViewRequest, Message) {
	text := ":x: *" + Escape(Cut(host, 100)) + "* is not connected. Nothing was stored."
	if why != "" {
		text += "\n" + why
	}
	blocks := []slack.Block{section(text)}
	if len(stages) > 0 {
		blocks = append(blocks, section(stageLines(stages)))
	}
	m := modal("not_connected", "Connect "+system, "", "", blocks...)
	m.Close = plain("Close")
	return m, Message{Text: text, Blocks: blocks}
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

// ShownAddress is an address as people read it: a host, with path and query where it has some.
func ShownAddress(origin string) string {
	_, s, _ := strings.Cut(origin, "://")
	return strings.TrimSuffix(s, "/")
}
