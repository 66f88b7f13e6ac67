// Package web is the sandbox's page: a Slack client and a ServiceNow console in the browser.
//
// It knows the two simulators and nothing of the bot.
package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
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
	notes      Notes
	// advance moves the sandbox's time, where there is a way to.
	advance func(d time.Duration) error
}

// Notes are what a newcomer needs to know to fill in the forms.
type Notes struct {
	InstanceURL string `json:"instance_url"`
	User        string `json:"user"`
	Password    string `json:"password"`
	APIKey      string `json:"api_key"`
}

// New makes a page over the two simulators. Advance may be nil.
func New(s *slack.Slack, sn *servicenow.Instance, notes Notes, advance func(d time.Duration) error) *Page {
	return &Page{slack: s, servicenow: sn, notes: notes, advance: advance}
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
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Target *float64  `json:"target"`
	Last   float64   `json:"last"`
	Day    string    `json:"day"`
	Trend  []float64 `json:"trend"`
	Hidden bool      `json:"hidden"`
}

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
		}
		people = append(people, person{one.ID, one.Name, one.RealName, role, one.Zone})
	}
	var cards []card
	for _, s := range p.servicenow.Scorecards() {
		c := card{ID: s.ID, Name: s.Name, Unit: s.Unit, Target: s.Target, Hidden: s.Hidden, Trend: []float64{}}
		for _, score := range s.Scores[max(0, len(s.Scores)-24):] {
			c.Trend = append(c.Trend, score.Value)
			c.Last, c.Day = score.Value, score.Day.Format(time.DateOnly)
		}
		cards = append(cards, c)
	}
	wire := p.slack.Wire()
	if r.URL.Query().Get("wire") == "" {
		wire = nil
	} else {
		wire = wire[max(0, len(wire)-100):]
	}
	calls := p.servicenow.Calls()
	answer(w, map[string]any{
		"people": people, "seen": p.slack.Sees(name), "scorecards": cards, "faults": p.servicenow.Faults(), "calls": len(calls),
		"wire": wire, "notes": p.notes, "time": p.advance != nil,
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
	ID      string         `json:"id"`
	Value   float64        `json:"value"`
	Days    int            `json:"days"`
	Fault   string         `json:"fault"`
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
	case "collect":
		return nil, p.collect(d)
	case "fault":
		p.servicenow.Mend()
		if d.Fault != "" {
			p.servicenow.Break(servicenow.Fault{Kind: servicenow.Kind(d.Fault), After: 60})
		}
	case "advance":
		if p.advance == nil {
			return nil, fmt.Errorf("time cannot be moved here")
		}
		return nil, p.advance(time.Duration(d.Days) * 24 * time.Hour)
	default:
		return nil, fmt.Errorf("nothing is called %q", d.Do)
	}
	return nil, nil
}

// collect adds a score for the day after a scorecard's newest one, but never of the future.
func (p *Page) collect(d deed) error {
	for _, s := range p.servicenow.Scorecards() {
		if s.ID != d.ID {
			continue
		}
		day := time.Now().UTC()
		if n := len(s.Scores); n > 0 && !s.Scores[n-1].Day.AddDate(0, 0, 1).After(day) {
			day = s.Scores[n-1].Day.AddDate(0, 0, 1)
		}
		return p.servicenow.Collect(d.ID, day, d.Value)
	}
	return fmt.Errorf("no scorecard %s", d.ID)
}
