// Package slack is a local Slack: a workspace with people and channels, the Web API that a bot
// uses, Block Kit's limits, and the ways in which Slack delivers what people do.
//
// It imports nothing of the product. It refuses what Slack refuses, in Slack's words.
package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Options make a workspace with one app installed.
type Options struct {
	Now              func() time.Time // what messages are dated by; nil: the machine's clock
	TeamID, TeamName string
	EnterpriseID     string // of the Enterprise Grid that the workspace is of; empty: of none
	AppID            string
	BotToken         string // xoxb-…
	AppToken         string // xapp-…
	SigningSecret    string
	Scopes           []string // nil: all that the Web API here asks for
	Shortcuts        []Shortcut
	BaseURL          string // where this Slack is reached; SetBaseURL sets it later
	AppURL           string // where the app is reached over HTTP; SetApp sets it later
	Socket           bool   // deliver over Socket Mode
	// Patience is how long the app may take to answer, and how long a trigger opens a view; 0: the
	// three seconds of Slack. Tests that are not about time give more, for a busy machine.
	Patience time.Duration
}

func (o Options) patience() time.Duration { return cmp.Or(o.Patience, ackWithin) }

// Slack is one workspace, an http.Handler.
type Slack struct {
	mu       sync.Mutex
	held     atomic.Int64 // calls that wait by a fault
	o        Options
	botUser  string
	people   map[string]*Person
	order    []string // people as they were added
	channels map[string]*Channel
	chanSeq  []string
	views    map[string]*View
	homes    map[string]*View // by person
	stacks   map[string][]string
	triggers map[string]*trigger
	answers  map[string]*responseURL
	files    map[string]*File
	removed  string // how calls are refused since the app was removed; empty: it is installed
	seq      int64
	faults   []*Fault
	wire     []Exchange
	watchers map[chan struct{}]bool
	sockets  []*websocket.Conn
	greeted  int                             // connections that there ever were
	waiting  map[string]chan json.RawMessage // acks of envelopes
	tickets  map[string]bool
	client   *http.Client
	closed   chan struct{}
	work     sync.WaitGroup
}

// Person is a member of the workspace.
type Person struct {
	ID, Name, RealName, Zone, Email  string
	Admin, Guest, Bot, Gone, Foreign bool
	Team, Enterprise                 string // of whose home is another workspace; empty: this workspace's

	s *Slack
}

// Channel is a channel or a direct message.
type Channel struct {
	ID, Name string
	Private  bool
	IM       string // the person of a direct message with the app
	Archived bool
	OrgWide  bool     // shared among workspaces of the same Enterprise Grid
	Others   []string // workspaces and Grids of other organisations that it is shared with
	Invited  []string // those that were invited and have not accepted yet
	Members  map[string]bool
	Messages []*Message
}

// Message is what was posted. An ephemeral one is seen by one person.
type Message struct {
	TS        string           `json:"ts"`
	Thread    string           `json:"thread,omitempty"` // the message it answers
	User      string           `json:"user"`
	Text      string           `json:"text"`
	Blocks    []map[string]any `json:"blocks"`
	Metadata  map[string]any   `json:"metadata,omitempty"` // what the app attached; people do not see it
	Files     []File           `json:"files,omitempty"`
	Edited    bool             `json:"edited"`
	Ephemeral string           `json:"ephemeral,omitempty"` // the person
}

// New makes an empty workspace.
func New(o Options) *Slack {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	def(&o.TeamID, "T0SANDBOX")
	def(&o.TeamName, "Sandbox")
	def(&o.AppID, "A0OKRBOT")
	def(&o.BotToken, "xoxb-sandbox")
	def(&o.AppToken, "xapp-sandbox")
	def(&o.SigningSecret, "5a9db0c5160116197316e66bf0c51604")
	if o.Scopes == nil {
		o.Scopes = []string{"commands", "app_mentions:read", "chat:write", "users:read", "users:read.email", "channels:read", "groups:read", "im:write", "files:write"}
	}
	s := &Slack{
		o: o, people: map[string]*Person{}, channels: map[string]*Channel{}, views: map[string]*View{}, homes: map[string]*View{},
		stacks: map[string][]string{}, triggers: map[string]*trigger{}, answers: map[string]*responseURL{}, files: map[string]*File{},
		watchers: map[chan struct{}]bool{}, waiting: map[string]chan json.RawMessage{}, tickets: map[string]bool{},
		client: &http.Client{Timeout: 10*time.Second + o.Patience}, closed: make(chan struct{}),
	}
	s.botUser = "U0OKRBOT"
	s.AddPerson(Person{ID: s.botUser, Name: "okrbot", RealName: "okrbot", Bot: true})
	return s
}

// Close ends deliveries that are under way.
func (s *Slack) Close() {
	s.mu.Lock()
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	for _, c := range s.sockets {
		c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// SetBaseURL says where this Slack is reached.
func (s *Slack) SetBaseURL(url string) { s.mu.Lock(); s.o.BaseURL = url; s.mu.Unlock() }

// SetApp says where the app is reached over HTTP.
func (s *Slack) SetApp(url string) { s.mu.Lock(); s.o.AppURL = url; s.mu.Unlock() }

// Options are those that the workspace was made with.
func (s *Slack) Options() Options { s.mu.Lock(); defer s.mu.Unlock(); return s.o }

// AddPerson adds somebody to the workspace.
func (s *Slack) AddPerson(p Person) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := p
	own.s = s
	if _, ok := s.people[p.ID]; !ok {
		s.order = append(s.order, p.ID)
	}
	s.people[p.ID] = &own
	s.changed()
	return &own
}

// ChangePerson edits somebody: makes them an admin, a guest, deactivates them.
func (s *Slack) ChangePerson(name string, edit func(*Person)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.byName(name); p != nil {
		edit(p)
	}
	s.changed()
}

// AddChannel adds a channel with members by name.
func (s *Slack) AddChannel(id, name string, private bool, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Channel{ID: id, Name: name, Private: private, Members: map[string]bool{}}
	for _, m := range members {
		if p := s.byName(m); p != nil {
			c.Members[p.ID] = true
		}
	}
	s.channels[id] = c
	s.chanSeq = append(s.chanSeq, id)
	s.changed()
}

// ChangeChannel edits a channel: archives it, shares it, changes its members.
func (s *Slack) ChangeChannel(name string, edit func(*Channel)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channelNamed(name); c != nil {
		edit(c)
	}
	s.changed()
}

// Invite makes somebody, or the bot, a member of a channel.
func (s *Slack) Invite(channel, name string) {
	s.ChangeChannel(channel, func(c *Channel) {
		if p := s.byName(name); p != nil {
			c.Members[p.ID] = true
		}
	})
}

// Person finds somebody by name; nil when there is nobody of it.
func (s *Slack) Person(name string) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName(name)
}

// People are the members, without bots, as they were added.
func (s *Slack) People() []Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Person
	for _, id := range s.order {
		if p := s.people[id]; !p.Bot {
			list = append(list, *p)
		}
	}
	return list
}

func (s *Slack) byName(name string) *Person {
	for _, p := range s.people {
		if p.Name == name || p.ID == name {
			return p
		}
	}
	return nil
}

func (s *Slack) channelNamed(name string) *Channel {
	if len(name) > 0 && name[0] == '#' {
		name = name[1:]
	}
	for _, c := range s.channels {
		if c.Name == name || c.ID == name {
			return c
		}
	}
	return nil
}

// im is the direct message between the app and a person.
func (s *Slack) im(person string) *Channel {
	for _, c := range s.channels {
		if c.IM == person {
			return c
		}
	}
	c := &Channel{ID: "D" + person[1:], Name: "dm-" + person, IM: person, Members: map[string]bool{person: true, s.botUser: true}}
	s.channels[c.ID] = c
	s.chanSeq = append(s.chanSeq, c.ID)
	return c
}

func (s *Slack) next() int64 { s.seq++; return s.seq }

func (s *Slack) ts() string { return fmt.Sprintf("%d.%06d", s.o.Now().Unix(), s.next()) }

// Watch tells of changes until stop is called; several may become one.
func (s *Slack) Watch() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[c] = true
	return c, func() { s.mu.Lock(); delete(s.watchers, c); s.mu.Unlock() }
}

func (s *Slack) changed() {
	for c := range s.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Exchange is one request between Slack and the app, either way.
type Exchange struct {
	At      time.Time     `json:"at"`
	From    string        `json:"from"` // "slack" or "app"
	What    string        `json:"what"` // a Web API method, or what was delivered
	Sent    any           `json:"sent"`
	Got     any           `json:"got"`
	Took    time.Duration `json:"took"`
	Refused string        `json:"refused,omitempty"` // what Slack refuses, and why
}

// keptExchanges bounds the record of the wire.
const keptExchanges = 2000

func (s *Slack) recordWire(e Exchange) {
	if len(s.wire) >= keptExchanges {
		s.wire = slices.Delete(s.wire, 0, len(s.wire)-keptExchanges+1)
	}
	s.wire = append(s.wire, e)
	s.changed()
}

// Wire is what went between Slack and the app, oldest first.
func (s *Slack) Wire() []Exchange { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.wire) }

// HeldCalls is how many calls wait, or waited and are not over, by a fault that holds them.
func (s *Slack) HeldCalls() int { return int(s.held.Load()) }

// Calls counts the app's calls of a method that were answered, refused ones too.
func (s *Slack) Calls(method string) int {
	n := 0
	for _, e := range s.Wire() {
		if e.From == "app" && e.What == method {
			n++
		}
	}
	return n
}

// Refusals are what Slack would not take so far.
func (s *Slack) Refusals() []string {
	var list []string
	for _, e := range s.Wire() {
		if e.Refused != "" {
			list = append(list, e.What+": "+e.Refused)
		}
	}
	return list
}

// Fault is switched on until it is removed, or for a number of calls.
type Fault struct {
	Method  string // of the Web API; "response_url" for answers
	Channel string // only in this channel's id; empty: every call
	Block   string // only a call with a block of this type; empty: every call
	Error   string // Slack's error; "ratelimited" is a 429
	After   int    // 429: seconds in Retry-After; 0: none
	Status  int    // an HTTP status instead of an answer
	Lost    bool   // it is done, and the connection cut before the answer
	Times   int    // calls it still happens to; 0: all
	Slow    time.Duration
	Held    <-chan struct{} // it is done when this is closed; nil: at once
}

// Break switches a fault on and returns what switches it off.
func (s *Slack) Break(f Fault) (fix func()) {
	own := &f
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, own)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(other *Fault) bool { return other == own })
	}
}

func (s *Slack) fault(method, channel string, blocks any) *Fault {
	list, _ := blocks.([]any)
	for i, f := range s.faults {
		if f.Method != method || f.Channel != "" && f.Channel != channel {
			continue
		}
		if f.Block != "" && !slices.ContainsFunc(list, func(b any) bool { block, _ := b.(map[string]any); return block["type"] == f.Block }) {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		taken := *f
		return &taken
	}
	return nil
}

func clone(m map[string]any) map[string]any { return maps.Clone(m) }
