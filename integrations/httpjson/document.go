package httpjson

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

// document is an answer: what it says, the day of what it says without a date, and when it came.
type document struct {
	root any
	day  time.Time
	seen time.Time
}

// whole is the reference of the document itself: its pointer is empty, which no reference can be.
const whole = "#"

const (
	mostNumbers = 1000 // of a listing
	longestRef  = 500  // bytes
)

// place is a value of the document, and what the objects around it say of it.
type place struct {
	value any
	name  string // of the object whose "value" it is
	unit  string
	day   time.Time // of the nearest object that has a date
}

// top is where every pointer begins.
func (d document) top() place { return place{value: d.root}.dated(d.day) }

// dated gives a place the date that its own value has, where it is an object with one, else that
// of what is around it.
func (p place) dated(around time.Time) place {
	p.day = around
	if fields, ok := p.value.(map[string]any); ok {
		if day, _, ok := dateOf(fields); ok {
			p.day = day
		}
	}
	return p
}

// member is a member of an object at this place.
func (p place) member(fields map[string]any, key string) place {
	m := place{value: fields[key]}
	if key == "value" {
		m.name, m.unit = short(fields["name"], 150), short(fields["unit"], 20)
		if m.name == "" {
			m.name = short(fields["title"], 150)
		}
	}
	return m.dated(p.day)
}

// element is an element of an array at this place.
func (p place) element(elements []any, n int) place { return place{value: elements[n]}.dated(p.day) }

// short is a text of somebody else's in a line, or "".
func short(v any, most int) string {
	s, _ := v.(string)
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return string(runes[:min(len(runes), most)])
}

// unescape and escape are RFC 6901's.
var (
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
)

// tokens are a pointer's parts, and false where it is none.
func tokens(ref string) ([]string, bool) {
	if ref == whole {
		return nil, true
	}
	if !strings.HasPrefix(ref, "/") || !storable(ref) {
		return nil, false
	}
	parts := strings.Split(ref[1:], "/")
	for i, part := range parts {
		if rest := strings.NewReplacer("~0", "", "~1", "").Replace(part); strings.Contains(rest, "~") {
			return nil, false
		}
		parts[i] = unescape.Replace(part)
	}
	return parts, true
}

// storable says whether a pointer can be a reference: short, and text in one line.
func storable(ref string) bool {
	return len(ref) <= longestRef && !strings.ContainsFunc(ref, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}

// at is the place that a pointer names.
func (d document) at(ref string) (place, bool) {
	parts, ok := tokens(ref)
	if !ok {
		return place{}, false
	}
	p := d.top()
	for _, part := range parts {
		switch v := p.value.(type) {
		case map[string]any:
			if _, there := v[part]; !there {
				return place{}, false
			}
			p = p.member(v, part)
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || strconv.Itoa(n) != part || n < 0 || n >= len(v) {
				return place{}, false
			}
			p = p.element(v, n)
		default:
			return place{}, false
		}
	}
	return p, true
}

// scorecard is what a pointer names, with all its scores.
func (d document) scorecard(ref string) (integrations.Scorecard, *integrations.Error) {
	p, ok := d.at(ref)
	if !ok {
		return integrations.Scorecard{}, say("nothing_there")
	}
	s := d.described(ref, p)
	scores, problem := p.scores()
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	if len(scores) == 0 {
		return s, nil // no score yet
	}
	s.Scores, s.Value.Decimal, s.Value.Valid = scores, scores[0].Value, true
	s.Frequency, s.Guessed = integrations.Frequency(scores), true
	return s, nil
}

// described is everything but the value and its scores. A document names no precision, so every
// decimal that is taken is shown: tomorrow's number can have more than today's.
func (d document) described(ref string, p place) integrations.Scorecard {
	s := integrations.Scorecard{Ref: ref, Name: ref, Unit: p.unit, Precision: integrations.AllDecimals, Seen: d.seen}
	if ref == whole {
		s.Name = "The whole document"
	}
	if p.name != "" {
		s.Name = p.name + " (" + ref + ")"
	}
	return s
}

// numbers lists the document's numbers and series, members in the order of their names, as far as
// there is room. One that cannot be read is listed without its value.
func (d document) numbers() []integrations.Scorecard {
	var list []integrations.Scorecard
	add := func(pointer string, p place) {
		ref := pointer
		if ref == "" {
			ref = whole
		}
		if !storable(ref) {
			return
		}
		s, problem := d.scorecard(ref)
		if problem != nil {
			s = d.described(ref, p)
		}
		s.Scores = nil
		list = append(list, s)
	}
	var walk func(pointer string, p place)
	walk = func(pointer string, p place) {
		if len(list) == mostNumbers {
			return
		}
		switch v := p.value.(type) {
		case json.Number:
			add(pointer, p)
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(pointer+"/"+escape.Replace(key), p.member(v, key))
			}
		case []any:
			if isSeries(v) {
				add(pointer, p)
				return
			}
			for n := range v {
				walk(pointer+"/"+strconv.Itoa(n), p.element(v, n))
			}
		}
	}
	walk("", d.top())
	return list
}

// scores are newest first: those of a series, or the one of a number.
func (p place) scores() ([]integrations.Score, *integrations.Error) {
	if elements, ok := p.value.([]any); ok {
		return series(elements)
	}
	v, asRead, cause := wire.Number(p.value)
	if cause != "" || !v.Valid {
		return nil, told(cause)
	}
	return []integrations.Score{{Start: p.day, End: p.day, Value: v.Decimal, AsRead: asRead}}, nil
}

// isSeries says whether an array is one of dated values, by its first element.
func isSeries(elements []any) bool {
	if len(elements) == 0 {
		return false
	}
	fields, ok := elements[0].(map[string]any)
	_, valued := fields["value"]
	_, _, dated := dateOf(fields)
	return ok && valued && dated
}

// series are the scores of an array of {date, value}, in any order, all or none. A day with null
// is missing, not 0. Of several moments of a day the last one counts; one moment with two values
// is refused.
func series(elements []any) ([]integrations.Score, *integrations.Error) {
	type moment struct {
		integrations.Score
		at time.Time
	}
	list := make([]moment, 0, len(elements))
	for _, element := range elements {
		fields, ok := element.(map[string]any)
		if !ok {
			return nil, say("not_a_series")
		}
		day, at, ok := dateOf(fields)
		value, there := fields["value"]
		if !ok || !there {
			return nil, say("not_a_series")
		}
		v, asRead, cause := wire.Number(value)
		if cause != "" {
			return nil, say(cause)
		}
		if v.Valid {
			list = append(list, moment{integrations.Score{Start: day, End: day, Value: v.Decimal, AsRead: asRead}, at})
		}
	}
	slices.SortStableFunc(list, func(a, b moment) int {
		if byDay := b.End.Compare(a.End); byDay != 0 {
			return byDay
		}
		return b.at.Compare(a.at)
	})
	var scores []integrations.Score
	for i, m := range list {
		if i > 0 && list[i-1].End.Equal(m.End) {
			if list[i-1].at.Equal(m.at) && !list[i-1].Value.Equal(m.Value) {
				return nil, say("inconsistent")
			}
			continue
		}
		scores = append(scores, m.Score)
	}
	return scores, nil
}

// dates are the members that date an object, the first that holds a date counting.
var dates = []string{"date", "day", "end_at", "at", "timestamp"}

// dateOf is the calendar day that an object names, as it is written, and the moment within it.
func dateOf(fields map[string]any) (day, at time.Time, ok bool) {
	for _, name := range dates {
		s, _ := fields[name].(string)
		if day, at, ok := dateIn(s); ok {
			return day, at, true
		}
	}
	return time.Time{}, time.Time{}, false
}

// dateIn reads 2026-11-22, alone or with a time of day after it: RFC 3339, or the same without a
// zone.
func dateIn(s string) (day, at time.Time, ok bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if at, err := time.Parse(layout, s); err == nil {
			return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC), at, true
		}
	}
	return time.Time{}, time.Time{}, false
}
