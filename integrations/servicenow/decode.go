package servicenow

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

// scorecard is one element of a result, with the fields that are read taken by their exact names.
// What is formatted for people follows the language of the account and is left alone. Fields
// beside the value are taken where they have the documented type and otherwise left out: they
// must not keep a number from being read.
type scorecard map[string]any

// text is a string field, or "". No database keeps a NUL, and one bad entry would spoil a whole list.
func (s scorecard) text(name string) string {
	v, _ := s[name].(string)
	return strings.ReplaceAll(v, "\x00", "")
}

// The longest texts that are taken of a scorecard, in characters, and the longest id, in bytes. What is
// longer nobody reads, and neither Slack nor an index of the database takes it: one such entry would
// spoil a whole list.
const (
	longestName        = 300
	longestDescription = 2000
	longestUnit        = 100
	longestID          = 500
)

// short is a text of at most so many characters.
func short(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// flag is a boolean field, which other ServiceNow APIs write as text.
func (s scorecard) flag(name string) bool { return s[name] == true || s[name] == "true" }

// integer is a field of small integers: 2, 2.0 or "2"; false when it is none.
func (s scorecard) integer(name string) (n int64, ok bool) {
	d, _, problem := number(s[name])
	if problem != nil || !d.Valid || !d.Decimal.IsInteger() {
		return 0, false
	}
	return d.Decimal.IntPart(), true
}

// reference is {display_value, link, value}, or the bare value where reference links are excluded.
func (s scorecard) reference(name string) (shown, value string) {
	switch v := s[name].(type) {
	case string:
		return s.text(name), s.text(name)
	case map[string]any:
		of := scorecard(v)
		return of.text("display_value"), of.text("value")
	}
	return "", ""
}

// is says whether this is what a colon uuid names: the indicator, its breakdowns and its time
// series. Elements are not compared with each other: the documentation's own answer to one names
// another. What no element matches has a name of its own, and a part without one is no part.
func (s scorecard) is(ref string) bool {
	p := take(ref)
	value := func(name string) string {
		_, value := s.reference(name)
		return value
	}
	element := func(asked, got string) bool {
		return (asked == "") == (got == "") && (asked == unmatched) == (got == unmatched)
	}
	return value("indicator") == p.Scorecard &&
		value("breakdown") == p.Breakdown && element(p.Element, value("element")) &&
		value("breakdown_level2") == p.Breakdown2 && element(p.Element2, value("element_level2")) &&
		// An indicator can have a time series by default, which nobody asked for.
		(p.Series == "" || value("aggregate") == p.Series)
}

// blank is true where nothing is said: neither of what it is nor what it has.
func (s scorecard) blank() bool {
	_, indicator := s.reference("indicator")
	return indicator == "" && s.text("uuid") == "" && s["value"] == nil && s["scores"] == nil
}

// listed is a scorecard as a listing shows it. One whose value cannot be read is listed without.
func (s scorecard) listed(now time.Time) integrations.Scorecard {
	c := s.described(now)
	if v, _, problem := number(s["value"]); problem == nil {
		c.Value = v
	}
	c.Frequency, c.Guessed = s.frequency(nil)
	return c
}

// read is a scorecard with its value and scores, all of them or none.
func (s scorecard) read(now time.Time) (integrations.Scorecard, *integrations.Error) {
	c := s.described(now)
	value, _, problem := number(s["value"])
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	scores, problem := s.scores()
	if problem != nil {
		return integrations.Scorecard{}, problem
	}
	if c.Frequency, c.Guessed = s.frequency(scores); !c.Guessed {
		begun(scores, c.Frequency)
	}
	if !value.Valid {
		return c, nil // no score yet, whatever the history says
	}
	if len(scores) > 0 && !newest(scores, value.Decimal, now) {
		return integrations.Scorecard{}, say("inconsistent")
	}
	c.Value, c.Scores = value, scores
	return c, nil
}

// begun gives scores that say only when their period ends the first day that its length makes: one of
// a week is no score of its Sunday alone.
func begun(scores []integrations.Score, every string) {
	for i := range scores {
		score := &scores[i]
		if score.Start.Before(score.End) {
			continue
		}
		after := score.End.AddDate(0, 0, 1)
		months := map[string]int{"monthly": 1, "quarterly": 3, "yearly": 12}[every]
		switch {
		case every == "weekly":
			score.Start = after.AddDate(0, 0, -7)
		case months > 0 && after.Day() == 1:
			score.Start = after.AddDate(0, -months, 0)
		case months > 0:
			score.Start = score.End.AddDate(0, -months, 1)
		}
	}
}

// newest says whether a value is the newest score's. Scores of days to come, plans and forecasts, need
// not be what the value is of.
func newest(scores []integrations.Score, value decimal.Decimal, now time.Time) bool {
	for _, s := range scores {
		if s.Value.Equal(value) {
			return true
		}
		if !s.Start.After(now.Add(24 * time.Hour)) {
			return false
		}
	}
	return false
}

// described is everything but the value and its scores.
func (s scorecard) described(now time.Time) integrations.Scorecard {
	_, indicator := s.reference("indicator")
	c := integrations.Scorecard{
		Ref: cmp.Or(s.text("uuid"), indicator), Name: short(s.text("name"), longestName), Description: short(s.text("description"), longestDescription),
		Precision: integrations.AllDecimals, Key: s.flag("key"), Favorite: s.flag("favorite"), Seen: now,
	}
	if unit, _ := s.reference("unit"); !sysID(unit) {
		c.Unit = short(unit, longestUnit)
	}
	if n, ok := s.integer("precision"); ok {
		c.Precision = int(max(0, min(n, integrations.AllDecimals)))
	}
	switch n, _ := s.integer("direction"); n { // its label follows the account's language
	case 1:
		c.Direction = integrations.Neither
	case 2:
		c.Direction = integrations.Minimize
	case 3:
		c.Direction = integrations.Maximize
	}
	if target, _, problem := number(s["target"]); problem == nil { // a suggestion; the score decides
		c.Target = target
	}
	return c
}

// sysID says whether a text is a record's id, which nobody wants to read as a unit.
func sysID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// scores are newest first, which the documentation shows by example only. A day without a score
// is missing, not 0; a day with two different scores is refused.
func (s scorecard) scores() ([]integrations.Score, *integrations.Error) {
	if s["scores"] == nil {
		return nil, nil
	}
	of, ok := s["scores"].(*scored)
	if !ok {
		return nil, say("malformed")
	}
	if of.problem != nil {
		return nil, of.problem
	}
	list := of.scores
	slices.SortStableFunc(list, func(a, b integrations.Score) int { return b.End.Compare(a.End) })
	kept := list[:0]
	for _, score := range list {
		if n := len(kept); n > 0 && kept[n-1].End.Equal(score.End) {
			if !kept[n-1].Value.Equal(score.Value) {
				return nil, say("inconsistent")
			}
			continue
		}
		kept = append(kept, score)
	}
	return kept, nil
}

// scored is what the field scores holds, or what is wrong with it.
type scored struct {
	scores  []integrations.Score
	problem *integrations.Error
}

// mostScores is how many scores one scorecard may have in an answer: 27 years of days. Two megabytes have
// room for six times as many, and two hundred scorecards are in memory at once.
const mostScores = 10_000

// scoresOf reads the field scores: nearly all that an answer has is in it, so nothing else of it is
// kept. After the first score that is wrong the others are only checked.
func scoresOf(r *wire.Reader) (any, error) {
	if r.Null() {
		return nil, r.Skip()
	}
	of := &scored{}
	array, err := r.List(func() error {
		if of.problem != nil {
			return r.Skip()
		}
		score, there, problem, err := scoreOf(r)
		switch {
		case problem != nil:
			of.problem = problem
		case there && len(of.scores) == mostScores:
			of.problem = say("too_large")
		case there:
			of.scores = append(of.scores, score)
		}
		return err
	})
	if !array {
		of.problem = say("malformed")
	}
	return of, err
}

// scoreOf reads an element of the scores; false where it has no value.
func scoreOf(r *wire.Reader) (score integrations.Score, there bool, problem *integrations.Error, err error) {
	var value decimal.NullDecimal
	var cause string
	var started, ended bool
	object, err := r.Fields(func(name []byte) (err error) {
		switch string(name) {
		case "value":
			value, score.AsRead, cause, err = r.Number()
		case "start_at":
			score.Start, started, err = dayOf(r)
		case "end_at":
			score.End, ended, err = dayOf(r)
		default:
			err = r.Skip()
		}
		return err
	})
	switch {
	case err != nil:
		return score, false, nil, err
	case !object:
		return score, false, say("malformed"), nil
	case cause != "":
		return score, false, say(cause), nil
	case !value.Valid:
		return score, false, nil, nil
	case !ended:
		return score, false, say("malformed"), nil
	}
	if score.Value = value.Decimal; !started || score.Start.After(score.End) {
		score.Start = score.End
	}
	return score, true, nil, nil
}

func dayOf(r *wire.Reader) (time.Time, bool, error) {
	text, _, err := r.Text()
	d, ok := day(string(text))
	return d, ok, err
}

// day reads a calendar day without zone. A time of day after it is left alone.
func day(s string) (time.Time, bool) {
	if len(s) > len(time.DateOnly) && (s[len(time.DateOnly)] == ' ' || s[len(time.DateOnly)] == 'T') {
		s = s[:len(time.DateOnly)]
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}

// frequency is known from the English label, from the one documented number, or else guessed from the
// days between scores: the label follows the account's language.
func (s scorecard) frequency(scores []integrations.Score) (every string, guessed bool) {
	for _, name := range []string{"frequency_label", "indicator_frequency_label"} { // older releases lack the second
		switch label := strings.ToLower(s.text(name)); label {
		case "daily", "weekly", "monthly", "quarterly", "yearly":
			return label, false
		}
	}
	const daily = 10
	if n, _ := s.integer("frequency"); n == daily {
		return "daily", false
	}
	return integrations.Frequency(scores), true
}

// taking are the fields that are read of a result's elements: scorecards, and the user that we are. The
// others are checked, and not kept.
var taking = map[string]bool{
	"uuid": true, "name": true, "description": true, "key": true, "favorite": true, "unit": true, "precision": true, "direction": true,
	"target": true, "value": true, "frequency": true, "frequency_label": true, "indicator_frequency_label": true, "indicator": true,
	"breakdown": true, "element": true, "breakdown_level2": true, "element_level2": true, "aggregate": true, "breakdowns": true, "aggregates": true,
	"user_name": true,
}

// decode reads a body's scorecards, all or none.
func decode(body []byte) ([]scorecard, *integrations.Error) {
	rows := []scorecard{}
	listed := false
	problem := unwrap(body, func(r *wire.Reader, name []byte) error {
		if string(name) != "result" {
			return r.Skip()
		}
		all := true
		array, err := r.List(func() error {
			row := scorecard{}
			object, err := r.Fields(func(name []byte) (err error) {
				switch known := string(name); {
				case known == "scores":
					row[known], err = scoresOf(r)
				case taking[known]:
					row[known], err = r.Value()
				default:
					err = r.Skip()
				}
				return err
			})
			rows, all = append(rows, row), all && object
			return err
		})
		listed = array && all
		return err
	})
	if problem != nil {
		return nil, problem
	}
	if !listed {
		return nil, say("malformed")
	}
	return rows, nil
}

// unwrap reads a body's object, whose values field reads, if it holds no error, which also comes with
// status 200.
func unwrap(body []byte, field func(r *wire.Reader, name []byte) error) *integrations.Error {
	object := false
	var failure any
	cause := wire.Read(body, func(r *wire.Reader) (err error) {
		object, err = r.Fields(func(name []byte) (err error) {
			if string(name) == "error" {
				failure, err = r.Value()
				return err
			}
			return field(r, name)
		})
		return err
	})
	switch {
	case cause != "":
		return say(cause)
	case !object:
		return say("malformed")
	case failure == nil:
		return nil
	}
	if of, ok := failure.(map[string]any); ok && strings.Contains(scorecard(of).text("message"), "Transaction cancelled") {
		return say("cancelled")
	}
	return say("error_envelope")
}
