// Package web is the sandbox's page: a Slack client and a ServiceNow console in the browser.
//
// It knows the two simulators and nothing of the bot.
package web

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"okrbot/sandbox/servicenow"
	"okrbot/sandbox/slack"
)

//go:embed assets
var assets embed.FS

// Page serves the sandbox's page.
type Page struct {
	slack      *slack.Slack
	servicenow *servicenow.Instance
	o          Options

	mu     sync.Mutex
	broken []broken
	making bool // the example, now
}

// broken is a fault that was switched on here.
type broken struct {
	servicenow.Fault
	fix func()
}

// Options are what the page tells a newcomer, and how it moves time.
type Options struct {
	InstanceURL  string   `json:"instance_url"`
	User         string   `json:"user"`
	Password     string   `json:"password"`
	APIKey       string   `json:"api_key"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	Commands     []string `json:"commands"` // what the composer completes, such as "/okr help"
	Clock        Clock    `json:"-"`
	// Example fills the empty workspace with what people did in a week, and StartOver empties it. Worked
	// says whether it is not empty.
	Example   func(breaks func(servicenow.Fault)) error `json:"-"`
	Worked    func() bool                               `json:"-"`
	StartOver func()                                    `json:"-"`
}

// Clock is the sandbox's time.
type Clock struct {
	Now     func() time.Time
	Advance func(d time.Duration) error
	// NextDue is when something is to happen by itself; the zero time when nothing is.
	NextDue func() (time.Time, error)
}

// New makes a page over the two simulators.
func New(s *slack.Slack, sn *servicenow.Instance, o Options) *Page {
	return &Page{slack: s, servicenow: sn, o: o}
}

// Handler is the page with what it asks for. It answers to this machine's own names alone, so that
// no other site can drive it.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /api/state", p.state)
	mux.HandleFunc("GET /api/events", p.events)
	mux.HandleFunc("POST /api/do", p.do)
	return local(mux)
}

// local refuses requests that another site made a browser send.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		origin := r.Header.Get("Origin")
		if host != "127.0.0.1" && host != "localhost" || origin != "" && origin != "http://"+r.Host {
			http.Error(w, "the sandbox answers to 127.0.0.1 only", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// person is one who can be played.
type person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	Role     string `json:"role"`
	Zone     string `json:"zone"`
}

// card is a scorecard as the console shows it.
type card struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Unit   string   `json:"unit"`
	Target *float64 `json:"target"`
	Hidden bool     `json:"hidden"`
	Scores []score  `json:"scores"` // the newest last
}

type score struct {
	Day   string  `json:"day"`
	Value float64 `json:"value"`
}

// trend is how many scores the console draws.
const trend = 24

func (p *Page) state(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("person")
	if p.slack.Person(name) == nil {
		http.Error(w, "nobody of that name", http.StatusNotFound)
		return
	}
	var people []person
	for _, one := range p.slack.People() {
		role := "member"
		switch {
		case one.Admin:
			role = "admin"
		case one.Guest:
			role = "guest"
		case one.Foreign:
			role = "of another organisation"
		}
		people = append(people, person{one.ID, one.Name, one.RealName, role, one.Zone})
	}
	var cards []card
	for _, s := range p.servicenow.Scorecards() {
		c := card{ID: s.ID, Name: s.Name, Unit: s.Unit, Target: s.Target, Hidden: s.Hidden, Scores: []score{}}
		for _, one := range s.Scores[max(0, len(s.Scores)-trend):] {
			c.Scores = append(c.Scores, score{one.Day.Format(time.DateOnly), one.Value})
		}
		cards = append(cards, c)
	}
	wire := p.slack.Wire()
	if r.URL.Query().Get("wire") == "" {
		wire = nil
	} else {
		wire = wire[max(0, len(wire)-100):]
	}
	clock := map[string]any{"now": p.o.Clock.Now().UnixMilli(), "next_due": nil}
	if next, err := p.o.Clock.NextDue(); err == nil && !next.IsZero() { // Slack is to be seen while the database is away
		clock["next_due"] = next.UnixMilli()
	}
	answer(w, map[string]any{
		"people": people, "seen": p.slack.Sees(name), "scorecards": cards, "faults": p.faults(), "calls": len(p.servicenow.Calls()),
		"wire": wire, "notes": p.o, "clock": clock, "making": p.isMaking(), "worked": p.o.Worked(),
	})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// events tells the page that something changed; it then asks for the state.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	inSlack, stop := p.slack.Watch()
	defer stop()
	inServiceNow, stopToo := p.servicenow.Watch()
	defer stopToo()
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	fmt.Fprint(w, "data: hello\n\n")
	_ = flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-inSlack:
		case <-inServiceNow:
		case <-time.After(20 * time.Second): // keeps the connection open
		}
		time.Sleep(50 * time.Millisecond) // gathers what belongs together
		if _, err := fmt.Fprint(w, "data: changed\n\n"); err != nil || flush() != nil {
			return
		}
	}
}

// deed is something done on the page.
type deed struct {
	Person  string         `json:"person"`
	Do      string         `json:"do"`
	Channel string         `json:"channel"`
	Text    string         `json:"text"`
	TS      string         `json:"ts"`
	View    string         `json:"view"`
	Block   string         `json:"block"`
	Action  string         `json:"action"`
	Chosen  map[string]any `json:"chosen"`
	console
}

func (p *Page) do(w http.ResponseWriter, r *http.Request) {
	var d deed
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&d); err != nil {
		http.Error(w, "not a deed", http.StatusBadRequest)
		return
	}
	options, err := p.act(d)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	answer(w, map[string]any{"options": options})
}

func (p *Page) act(d deed) (options []map[string]any, err error) {
	if d.Person != "" && p.slack.Person(d.Person) == nil {
		return nil, fmt.Errorf("nobody is called %s", d.Person)
	}
	switch d.Do {
	case "type":
		return nil, p.slack.Types(d.Person, d.Channel, d.Text)
	case "press":
		return nil, p.slack.Press(d.Person, d.Channel, d.TS, d.Block, d.Action, d.Chosen)
	case "act":
		return nil, p.slack.Act(d.Person, d.View, d.Block, d.Action, d.Chosen)
	case "suggest":
		options, err = p.slack.Suggest(d.Person, d.View, d.Block, d.Action, d.Text)
		if options == nil {
			options = []map[string]any{}
		}
		return options, err
	case "submit":
		return nil, p.slack.Submit(d.Person)
	case "dismiss":
		p.slack.Dismiss(d.Person)
	case "home":
		p.slack.OpenHome(d.Person)
	case "invite":
		p.slack.Invite(d.Channel, "okrbot")
	case "example":
		return nil, p.Example()
	case "start over":
		p.o.StartOver()
	case "shortcut":
		return nil, p.slack.UseShortcut(d.Person, d.Text)
	case "shortcut on":
		return nil, p.slack.UseOnMessage(d.Person, d.Channel, d.TS, d.Text)
	case "reply":
		return nil, p.slack.Replies(d.Person, d.Channel, d.TS, d.Text)
	default:
		return nil, p.operate(d.Do, d.console)
	}
	return nil, nil
}

// Example makes the example, one at a time, and returns when it is made.
func (p *Page) Example() error {
	p.mu.Lock()
	if p.making {
		p.mu.Unlock()
		return errors.New("the example is being made already")
	}
	p.making = true
	p.mu.Unlock()
	defer func() { p.mu.Lock(); p.making = false; p.mu.Unlock() }()
	return p.o.Example(p.breaks)
}

func (p *Page) isMaking() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.making }
