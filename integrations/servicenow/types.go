package servicenow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"okrbot/integrations"
)

// envelope is what the Scorecards API answers with: a result, or an error, which also comes with
// status 200.
type envelope struct {
	Result *[]scorecard    `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// scorecard has the fields that are read. What is formatted for people follows the language of
// the account and is left alone.
type scorecard struct {
	UUID        string          `json:"uuid"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Indicator   reference       `json:"indicator"`
	Value       json.RawMessage `json:"value"`
	Target      json.RawMessage `json:"target"`
	Direction   int             `json:"direction"`
	Precision   int             `json:"precision"`
	Frequency   int             `json:"indicator_frequency"`
	FreqLabel   string          `json:"indicator_frequency_label"`
	Unit        reference       `json:"unit"`
	Key         bool            `json:"key"`
	Favorite    bool            `json:"favorite"`
	Scores      []score         `json:"scores"`
}

type score struct {
	StartAt string          `json:"start_at"`
	EndAt   string          `json:"end_at"`
	Value   json.RawMessage `json:"value"`
}

// reference is {display_value, link, value}, or the bare value where reference links are excluded.
type reference struct {
	DisplayValue string
	Value        string
}

func (r *reference) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		r.DisplayValue, r.Value = s, s
		return nil
	}
	var object struct {
		DisplayValue string `json:"display_value"`
		Value        string `json:"value"`
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return err
	}
	r.DisplayValue, r.Value = object.DisplayValue, object.Value
	return nil
}

// decode reads a body's scorecards, all or none.
func decode(body []byte, now time.Time) ([]integrations.Scorecard, error) {
	rows, err := decodeRows(body)
	if err != nil {
		return nil, err
	}
	list := make([]integrations.Scorecard, 0, len(rows))
	for _, row := range rows {
		s, err := row.scorecard(now)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func decodeRows(body []byte) ([]scorecard, error) {
	if err := strict(body); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, say(integrations.Unavailable, "truncated")
		}
		return nil, say(integrations.Misread, "malformed")
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, say(integrations.Misread, "malformed")
	}
	switch {
	case len(e.Error) > 0 && bytes.Contains(e.Error, []byte("Transaction cancelled")):
		return nil, say(integrations.Unavailable, "cancelled")
	case len(e.Error) > 0:
		return nil, say(integrations.Unavailable, "error_envelope")
	case e.Result == nil:
		return nil, say(integrations.Misread, "malformed")
	}
	return *e.Result, nil
}

// strict refuses what encoding/json forgives: text after the value, a name twice in one object,
// bytes that are not UTF-8, a byte order mark.
func strict(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := value(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the value")
	}
	return nil
}

// deepest is how deep an answer may nest; documented ones nest four deep.
const deepest = 32

func value(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth > deepest {
		return errors.New("nested too deep")
	}
	names := map[string]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			key, _ := name.(string)
			if names[key] {
				return errors.New("a name twice in one object")
			}
			names[key] = true
		}
		if err := value(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func (row scorecard) scorecard(now time.Time) (integrations.Scorecard, error) {
	s := integrations.Scorecard{
		Ref: cmp.Or(row.UUID, row.Indicator.Value), Name: row.Name, Description: row.Description, Unit: row.Unit.DisplayValue,
		Precision: max(0, min(row.Precision, 9)), Key: row.Key, Favorite: row.Favorite, Seen: now,
	}
	switch row.Direction {
	case 2:
		s.Direction = integrations.Minimize
	case 3:
		s.Direction = integrations.Maximize
	}
	var err error
	if s.Value, err = number(row.Value); err != nil {
		return s, err
	}
	if s.Target, err = number(row.Target); err != nil {
		s.Target = decimal.NullDecimal{} // a target is a suggestion; the score decides
	}
	for _, one := range row.Scores {
		v, err := number(one.Value)
		if err != nil {
			return s, err
		}
		if !v.Valid {
			continue // a day without a score is missing, not 0
		}
		end, err := day(one.EndAt)
		if err != nil {
			return s, err
		}
		start, err := day(one.StartAt)
		if err != nil {
			start = end
		}
		s.Scores = append(s.Scores, integrations.Score{Start: start, End: end, Value: v.Decimal})
	}
	newestFirst(s.Scores)
	s.Frequency = row.frequency(s.Scores)
	return s, nil
}

// newestFirst is how the documentation shows scores, by example only.
func newestFirst(scores []integrations.Score) {
	slices.SortStableFunc(scores, func(a, b integrations.Score) int { return b.End.Compare(a.End) })
}

// frequency is known from the English label, from the one documented number, or else from the
// days between scores: the label follows the account's language.
func (row scorecard) frequency(scores []integrations.Score) string {
	switch label := strings.ToLower(row.FreqLabel); label {
	case "daily", "weekly", "monthly", "quarterly", "yearly":
		return label
	}
	const daily = 10
	if row.Frequency == daily {
		return "daily"
	}
	if len(scores) < 2 {
		return ""
	}
	switch days := scores[0].End.Sub(scores[1].End).Hours() / 24; {
	case days <= 3:
		return "daily"
	case days <= 10:
		return "weekly"
	case days <= 45:
		return "monthly"
	case days <= 120:
		return "quarterly"
	}
	return ""
}

// written is the grammar of numbers that are taken: at most 18 digits before and 9 after the
// point. Anything else is refused rather than guessed.
var written = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?$`)

// largest is where a value no longer fits what is kept: 18 digits before the point.
var largest = decimal.New(1, 18)

// number reads a JSON number, or a string that holds one. Null, nothing and "" are no value; any
// other text, a boolean or an object is a misreading.
func number(raw json.RawMessage) (decimal.NullDecimal, error) {
	text := string(raw)
	if text == "" || text == "null" || text == `""` {
		return decimal.NullDecimal{}, nil
	}
	if text[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return decimal.NullDecimal{}, say(integrations.Misread, "malformed")
		}
		text = s
	}
	if !written.MatchString(text) {
		return decimal.NullDecimal{}, say(integrations.Misread, "not_a_number")
	}
	d, err := decimal.NewFromString(text)
	if err != nil || d.Abs().GreaterThanOrEqual(largest) {
		return decimal.NullDecimal{}, say(integrations.Misread, "not_a_number")
	}
	if d = d.Round(9); d.IsZero() {
		d = decimal.Zero // −0 is 0
	}
	return decimal.NewNullDecimal(d), nil
}

// day reads a calendar day without zone. A time of day after it is left alone.
func day(s string) (time.Time, error) {
	if len(s) > len(time.DateOnly) {
		s = s[:len(time.DateOnly)]
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, say(integrations.Misread, "malformed")
	}
	return t, nil
}
