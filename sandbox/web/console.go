package web

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"okrbot/sandbox/servicenow"
)

// console is what can be done to ServiceNow and to time.
type console struct {
	ID      string   `json:"id"`    // a scorecard
	Value   *float64 `json:"value"` // of a score; none: a believable one
	Day     string   `json:"day"`
	Unit    string   `json:"unit"`
	Target  *float64 `json:"target"`
	Days    int      `json:"days"`
	Fault   string   `json:"fault"`
	User    string   `json:"user"`
	Seconds int      `json:"seconds"`
	Nth     int      `json:"nth"` // a fault of the list
}

func (p *Page) operate(what string, c console) error {
	switch what {
	case "collect":
		return p.collect(c)
	case "restate":
		day, err := time.Parse(time.DateOnly, c.Day)
		if err != nil || c.Value == nil {
			return fmt.Errorf("a restated score has a day and a value")
		}
		return p.servicenow.Collect(c.ID, day, *c.Value)
	case "delete":
		p.servicenow.Remove(c.ID)
		return nil
	case "change":
		return p.servicenow.Change(c.ID, func(s *servicenow.Scorecard) { s.Unit, s.Target = c.Unit, c.Target })
	case "break":
		p.breaks(servicenow.Fault{Kind: servicenow.Kind(c.Fault), User: c.User, Ref: c.ID, After: c.Seconds})
		return nil
	case "fix":
		return p.fixes(c.Nth)
	case "advance":
		return p.o.Clock.Advance(time.Duration(c.Days) * 24 * time.Hour)
	case "advance to due":
		next, err := p.o.Clock.NextDue()
		if err != nil || next.IsZero() {
			return err
		}
		// A moment after it, so that it is past.
		return p.o.Clock.Advance(max(0, next.Sub(p.o.Clock.Now())) + time.Second)
	}
	return fmt.Errorf("nothing is called %q", what)
}

func (p *Page) faults() []servicenow.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []servicenow.Fault{}
	for _, b := range p.broken {
		list = append(list, b.Fault)
	}
	return list
}

func (p *Page) breaks(f servicenow.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = append(p.broken, broken{f, p.servicenow.Break(f)})
}

func (p *Page) fixes(nth int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if nth < 0 || nth >= len(p.broken) {
		return fmt.Errorf("there is no fault %d", nth)
	}
	p.broken[nth].fix()
	p.broken = slices.Delete(p.broken, nth, nth+1)
	return nil
}

// collect adds a score for the day after a scorecard's newest one, but never of the future.
func (p *Page) collect(c console) error {
	for _, s := range p.servicenow.Scorecards() {
		if s.ID != c.ID {
			continue
		}
		day := p.o.Clock.Now().UTC()
		if n := len(s.Scores); n > 0 && !s.Scores[n-1].Day.AddDate(0, 0, 1).After(day) {
			day = s.Scores[n-1].Day.AddDate(0, 0, 1)
		}
		value := c.Value
		if value == nil {
			v := believable(s)
			value = &v
		}
		return p.servicenow.Collect(c.ID, day, *value)
	}
	return fmt.Errorf("no scorecard %s", c.ID)
}

// believable is a score within a twentieth of the newest one.
func believable(s servicenow.Scorecard) float64 {
	if len(s.Scores) == 0 {
		return 10
	}
	last := s.Scores[len(s.Scores)-1].Value
	digits := math.Pow(10, float64(s.Precision))
	step := max(math.Abs(last)/20, 2/digits)
	v := math.Round((last+(rand.Float64()*2-1)*step)*digits) / digits
	if v == last {
		v -= 1 / digits // something new to see
	}
	return v
}
