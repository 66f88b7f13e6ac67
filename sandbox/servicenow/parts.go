package servicenow

import (
	"math"
	"net/url"
	"strings"
)

// Breakdown divides a scorecard by its elements.
type Breakdown struct {
	ID, Name string
	Table    string // of its elements: "sys_choice"
	Elements []Element
}

// Element is a part of a breakdown.
type Element struct {
	ID, Name string
	Share    float64 // what its scores are of the whole's
}

// Aggregate is a time series that is made of a scorecard's scores.
type Aggregate struct {
	ID, Name string
	Days     int  // scores that go into one
	Mean     bool // else their sum
}

// level is a breakdown that was applied.
type level struct {
	breakdown Breakdown
	element   Element
}

// part is what was taken of a scorecard.
type part struct {
	levels    []level
	aggregate Aggregate
	ids       []string
	suffix    string // of the name
}

func (s *Scorecard) uuid() string { return strings.Join(append([]string{s.ID}, s.part.ids...), ":") }

// named are the scorecards that sysparm_uuid and sysparm_breakdown name: one, or one for each
// element, a page of them. The instance is locked.
func (i *Instance) named(uuid string, q url.Values, user *User) []*Scorecard {
	uuid, _, _ = strings.Cut(uuid, ";") // there is one domain
	ids := strings.Split(uuid, ":")
	s, ok := i.scorecards[ids[0]]
	if !ok || !visible(s, user) || s.Hidden && q.Get("sysparm_display") != "all" {
		return nil
	}
	for rest := ids[1:]; len(rest) > 0; {
		if rest[0] == "" {
			rest = rest[1:]
			continue
		}
		if b, ok := s.breakdown(rest[0]); ok {
			if len(rest) < 2 {
				return nil // a breakdown needs an element
			}
			e, ok := b.element(rest[1])
			if !ok || len(s.part.levels) == 2 {
				return nil
			}
			s, rest = s.of(b, e), rest[2:]
			continue
		}
		a, ok := s.aggregate(rest[0])
		if !ok || len(rest) > 1 {
			return nil
		}
		s, rest = s.over(a), nil
	}
	by := q.Get("sysparm_breakdown")
	if by == "" {
		return []*Scorecard{s}
	}
	b, ok := s.breakdown(by)
	if !ok || len(s.part.levels) == 2 {
		return nil
	}
	var list []*Scorecard
	for _, e := range b.Elements {
		list = append(list, s.of(b, e))
	}
	return paged(list, q)
}

func (s *Scorecard) breakdown(id string) (Breakdown, bool) {
	for _, b := range s.Breakdowns {
		if b.ID == id {
			return b, true
		}
	}
	return Breakdown{}, false
}

// unmatched names what no element matches.
const unmatched = "unmatched"

func (b Breakdown) element(id string) (Element, bool) {
	if id == unmatched {
		return Element{ID: unmatched, Name: "(empty)"}, true
	}
	for _, e := range b.Elements {
		if e.ID == id {
			return e, true
		}
	}
	return Element{}, false
}

func (s *Scorecard) aggregate(id string) (Aggregate, bool) {
	for _, a := range s.Aggregates {
		if a.ID == id {
			return a, true
		}
	}
	return Aggregate{}, false
}

// of is the scorecard of one element. Its targets are its own: it has none.
func (s *Scorecard) of(b Breakdown, e Element) *Scorecard {
	own := *s
	own.Target = nil
	own.part.levels = append(append([]level{}, s.part.levels...), level{b, e})
	own.part.ids = append(append([]string{}, s.part.ids...), b.ID, e.ID)
	own.part.suffix = s.part.suffix + " > " + b.Name + " = " + e.Name
	own.Scores = make([]Score, len(s.Scores))
	for n, score := range s.Scores {
		own.Scores[n] = Score{Day: score.Day, Start: score.Start, Value: own.rounded(score.Value * e.Share)}
	}
	return &own
}

// over is the scorecard's time series.
func (s *Scorecard) over(a Aggregate) *Scorecard {
	own := *s
	own.Target = nil
	own.part.aggregate = a
	own.part.ids = append(append([]string{}, s.part.ids...), a.ID)
	own.part.suffix = s.part.suffix + " / " + a.Name
	own.Scores = make([]Score, len(s.Scores))
	for n := range s.Scores {
		sum, from := 0.0, max(0, n+1-a.Days)
		for _, score := range s.Scores[from : n+1] {
			sum += score.Value
		}
		if a.Mean {
			sum /= float64(n + 1 - from)
		}
		own.Scores[n] = Score{Day: s.Scores[n].Day, Start: s.Scores[n].Start, Value: own.rounded(sum)}
	}
	return &own
}

func (s *Scorecard) rounded(v float64) float64 {
	scale := math.Pow10(s.Precision)
	return math.Round(v*scale) / scale
}

// available are the breakdowns that are not applied yet.
func (s *Scorecard) available(link func(table, id string) string) []any {
	list := []any{}
	if len(s.part.levels) == 2 {
		return list
	}
	for _, b := range s.Breakdowns {
		if len(s.part.levels) == 1 && s.part.levels[0].breakdown.ID == b.ID {
			continue
		}
		list = append(list, refTo(b.Name, link("pa_breakdowns", b.ID), b.ID))
	}
	return list
}

func refTo(shown, link, value string) map[string]any {
	return map[string]any{"display_value": shown, "link": link, "value": value}
}

// addTo writes what was applied into a row.
func (p part) addTo(row map[string]any, link func(table, id string) string) {
	for n, l := range p.levels {
		suffix := []string{"", "_level2"}[n]
		row["breakdown"+suffix] = refTo(l.breakdown.Name, link("pa_breakdowns", l.breakdown.ID), l.breakdown.ID)
		row["element"+suffix] = refTo(l.element.Name, link(l.breakdown.Table, l.element.ID), l.element.ID)
	}
	if a := p.aggregate; a.ID != "" {
		row["aggregate"] = refTo(a.Name, link("pa_aggregates", a.ID), a.ID)
	}
}
