// Package sheet is the table in which objectives and key results travel: what export writes, and
// import reads back as it was.
package sheet

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store"
)

// Row is a line of the table: a key result with its objective, or an objective that has none.
type Row struct {
	Objective  okr.Objective
	Parent     string // of the objective: its number, or in a file its title
	Alone      bool   // the objective has no key result
	KeyResult  okr.KeyResult
	Connection string // its name; empty when people update the key result
	Reference  string
	Scorecard  string
	Standing   okr.Standing
}

// Of is the row of a key result at a moment.
func Of(k store.KeyResult, now time.Time) Row {
	today := k.Today(now)
	row := Row{
		Objective: k.Objective, Parent: k.Objective.ParentKey, KeyResult: k.KeyResult,
		Connection: k.Source.ConnectionName, Reference: k.Source.Reference, Scorecard: k.Source.Name,
		Standing: k.Standing(k.Objective.Period, today),
	}
	row.KeyResult.Result = k.Counted(today) // what the progress is of
	return row
}

// OfObjective is the row of an objective without key results.
func OfObjective(o okr.Objective) Row { return Row{Objective: o, Parent: o.ParentKey, Alone: true} }

// form is how a column's cells are written where it matters.
type form int

const (
	word   form = iota // ours or Slack's, such as an id or a kind
	text               // people's words: a spreadsheet might take them for a formula
	number             // plain decimals
	flag               // true or false
	list               // words with a space between
)

// column is one column of the table.
type column struct {
	name      string
	form      form
	objective bool   // of the objective, and so filled on every row
	field     string // as Check names it in its problems
	write     func(Row) string
	read      func(r *Row, cell string) string // gives what is wrong; nil where import reads nothing
}

// columns are the table, from left to right.
var columns = []column{
	{name: "objective", form: text, objective: true, field: "title",
		write: func(r Row) string { return r.Objective.Title },
		read:  func(r *Row, s string) string { r.Objective.Title = s; return unprintable(s) }},
	{name: "objective_owner", objective: true, field: "owner",
		write: func(r Row) string { return r.Objective.Owner },
		read:  func(r *Row, s string) string { r.Objective.Owner = s; return "" }},
	{name: "first_day", objective: true, field: "first",
		write: func(r Row) string { return r.Objective.Period.First.String() },
		read:  func(r *Row, s string) string { return day(s, &r.Objective.Period.First) }},
	{name: "last_day", objective: true, field: "last",
		write: func(r Row) string { return r.Objective.Period.Last.String() },
		read:  func(r *Row, s string) string { return day(s, &r.Objective.Period.Last) }},
	{name: "time_zone", objective: true, field: "zone",
		write: func(r Row) string { return r.Objective.Zone },
		read:  func(r *Row, s string) string { r.Objective.Zone = s; return "" }},
	{name: "objective_channel", objective: true,
		write: func(r Row) string { return r.Objective.Channel },
		read:  func(r *Row, s string) string { return channel(s, &r.Objective.Channel) }},
	{name: "objective_key", objective: true,
		write: func(r Row) string {
			if r.Objective.Number == 0 {
				return ""
			}
			return r.Objective.Key()
		},
		read: func(r *Row, s string) string {
			number, ok := okr.ParseObjectiveKey(s)
			if r.Objective.Number = number; s != "" && !ok {
				return "Write the number of an objective, such as O-7, or leave it empty."
			}
			return ""
		}},
	{name: "objective_co_owners", form: list, objective: true, field: "co_owners",
		write: func(r Row) string { return strings.Join(r.Objective.CoOwners, " ") },
		read:  func(r *Row, s string) string { r.Objective.CoOwners = someNames(s); return "" }},
	{name: "objective_parent", form: text, objective: true,
		write: func(r Row) string { return r.Parent },
		read:  func(r *Row, s string) string { r.Parent = s; return unprintable(s) }},
	{name: "key",
		write: func(r Row) string { return r.KeyResult.Key() },
		read: func(r *Row, s string) string {
			number, ok := okr.ParseKey(s)
			if r.KeyResult.Number = number; s != "" && !ok {
				return "Write the number of a key result, such as KR-7, or leave it empty to add one."
			}
			return ""
		}},
	{name: "key_result", form: text, field: "title",
		write: func(r Row) string { return r.KeyResult.Title },
		read:  func(r *Row, s string) string { r.KeyResult.Title = s; return unprintable(s) }},
	{name: "owner", field: "owner",
		write: func(r Row) string { return r.KeyResult.Owner },
		read:  func(r *Row, s string) string { r.KeyResult.Owner = s; return "" }},
	{name: "co_owners", form: list,
		write: func(r Row) string { return strings.Join(r.KeyResult.CoOwners, " ") },
		read:  func(r *Row, s string) string { r.KeyResult.CoOwners = someNames(s); return "" }},
	{name: "kind", field: "kind",
		write: func(r Row) string { return string(r.KeyResult.Kind) },
		read:  func(r *Row, s string) string { return among(s, okr.Kinds, &r.KeyResult.Kind) }},
	{name: "start_value", form: number, field: "start",
		write: func(r Row) string { return plain(r.KeyResult.Start) },
		read:  func(r *Row, s string) string { return value(s, &r.KeyResult.Start) }},
	{name: "target_value", form: number, field: "target",
		write: func(r Row) string { return plain(r.KeyResult.Target) },
		read:  func(r *Row, s string) string { return value(s, &r.KeyResult.Target) }},
	{name: "committed_result", form: number, field: "committed",
		write: func(r Row) string { return plain(r.KeyResult.Committed) },
		read:  func(r *Row, s string) string { return value(s, &r.KeyResult.Committed) }},
	{name: "upper_value", form: number, field: "upper",
		write: func(r Row) string { return plain(r.KeyResult.Upper) },
		read:  func(r *Row, s string) string { return value(s, &r.KeyResult.Upper) }},
	{name: "risk_threshold", form: number, field: "risk",
		write: func(r Row) string { return plain(r.KeyResult.Risk) },
		read:  func(r *Row, s string) string { return value(s, &r.KeyResult.Risk) }},
	{name: "phased_targets",
		write: func(r Row) string { return strings.ReplaceAll(okr.PhasesText(r.KeyResult.Phases), "\n", "; ") },
		read: func(r *Row, s string) (sentence string) {
			phases, err := okr.ParsePhases(strings.ReplaceAll(s, ";", "\n"), "")
			if r.KeyResult.Phases = phases; err != nil {
				return strings.Replace(err.Error(), "Line ", "Phase ", 1)
			}
			return ""
		}},
	{name: "unit", form: text, field: "unit",
		write: func(r Row) string { return r.KeyResult.Unit },
		read:  func(r *Row, s string) string { r.KeyResult.Unit = s; return unprintable(s) }},
	{name: "decimals", form: number,
		write: func(r Row) string { return strconv.Itoa(int(r.KeyResult.Precision)) },
		read: func(r *Row, s string) string {
			if r.KeyResult.Precision = okr.AsManyAsThere; s == "" {
				return "" // the scorecard's, which import looks up
			}
			n, sentence := whole(s, 0, okr.AsManyAsThere)
			r.KeyResult.Precision = int32(n)
			return sentence
		}},
	{name: "method",
		write: func(r Row) string { return string(r.KeyResult.Method) },
		read: func(r *Row, s string) string {
			if r.KeyResult.Method = okr.Latest; s == "" {
				return ""
			}
			return among(s, okr.Methods, &r.KeyResult.Method)
		}},
	{name: "wanted_hit_rate", form: number, field: "wanted",
		write: func(r Row) string { return plain(r.KeyResult.Wanted) },
		read:  func(r *Row, s string) string { return value(s, &r.KeyResult.Wanted) }},
	{name: "weight", form: number, field: "weight",
		write: func(r Row) string { return r.KeyResult.Weight.String() },
		read: func(r *Row, s string) string {
			if s == "" {
				r.KeyResult.Weight = decimal.NewFromInt(1)
				return ""
			}
			var weight decimal.NullDecimal
			sentence := value(s, &weight)
			r.KeyResult.Weight = weight.Decimal
			return sentence
		}},
	{name: "channel",
		write: func(r Row) string { return r.KeyResult.Channel },
		read:  func(r *Row, s string) string { return channel(s, &r.KeyResult.Channel) }},
	{name: "cadence", field: "cadence",
		write: func(r Row) string { return string(r.KeyResult.Cadence.Every) },
		read: func(r *Row, s string) string {
			if r.KeyResult.Cadence.Every = ""; s == "" {
				return ""
			}
			return among(s, okr.Frequencies, &r.KeyResult.Cadence.Every)
		}},
	{name: "weekday", field: "weekday",
		write: func(r Row) string {
			if r.KeyResult.Cadence.Every != okr.Weekly {
				return ""
			}
			return r.KeyResult.Cadence.Weekday.String()
		},
		read: weekday},
	{name: "time", field: "hour",
		write: func(r Row) string {
			if r.KeyResult.Cadence.Every == "" {
				return ""
			}
			return time.Date(0, 1, 1, r.KeyResult.Cadence.Hour, r.KeyResult.Cadence.Minute, 0, 0, time.UTC).Format("15:04")
		},
		read: clock},
	{name: "offset_days", form: number, field: "offset",
		write: func(r Row) string {
			if e := r.KeyResult.Cadence.Every; e != okr.Monthly && e != okr.Quarterly {
				return ""
			}
			return strconv.Itoa(r.KeyResult.Cadence.Offset)
		},
		read: func(r *Row, s string) (sentence string) {
			r.KeyResult.Cadence.Offset, sentence = whole(s, 0, 30)
			return sentence
		}},
	{name: "paused", form: flag,
		write: func(r Row) string { return strconv.FormatBool(r.KeyResult.Paused) },
		read: func(r *Row, s string) string {
			r.KeyResult.Paused = strings.EqualFold(s, "true")
			if s != "" && !r.KeyResult.Paused && !strings.EqualFold(s, "false") {
				return "Write true or false."
			}
			return ""
		}},
	{name: "connection", form: text,
		write: func(r Row) string { return r.Connection },
		read:  func(r *Row, s string) string { r.Connection = s; r.KeyResult.Integrated = s != ""; return "" }},
	{name: "reference", form: text,
		write: func(r Row) string { return r.Reference },
		read:  func(r *Row, s string) string { r.Reference = s; return "" }},
	{name: "scorecard", form: text,
		write: func(r Row) string { return r.Scorecard },
		read:  func(r *Row, s string) string { r.Scorecard = s; return "" }},
	{name: "result_value", form: number,
		write: func(r Row) string {
			v := r.KeyResult.Result.Value
			v.Decimal = v.Decimal.Round(9) // means have more digits than a file may
			return plain(v)
		},
		read: func(r *Row, s string) string { return value(s, &r.KeyResult.Result.Value) }},
	{name: "result_day",
		write: func(r Row) string {
			if !r.KeyResult.Result.Value.Valid {
				return ""
			}
			return r.KeyResult.Result.AsOf.String()
		},
		read: func(r *Row, s string) string {
			if s == "" {
				return ""
			}
			return day(s, &r.KeyResult.Result.AsOf)
		}},
	{name: "confidence",
		write: func(r Row) string { return string(r.KeyResult.Confidence.Level) },
		read: func(r *Row, s string) string {
			if r.KeyResult.Confidence.Level = ""; s == "" {
				return ""
			}
			return among(s, okr.Levels, &r.KeyResult.Confidence.Level)
		}},
	{name: "confidence_by",
		write: func(r Row) string { return r.KeyResult.Confidence.By },
		read:  func(r *Row, s string) string { r.KeyResult.Confidence.By = s; return "" }},
	{name: "confidence_day",
		write: func(r Row) string {
			if r.KeyResult.Confidence.Level == "" {
				return ""
			}
			return r.KeyResult.Confidence.Day.String()
		},
		read: func(r *Row, s string) string {
			if r.KeyResult.Confidence.Day = 0; s == "" {
				return ""
			}
			return day(s, &r.KeyResult.Confidence.Day)
		}},
	{name: "progress", form: number, write: func(r Row) string {
		if !r.Standing.Progress.Valid {
			return ""
		}
		return r.Standing.Progress.Decimal.RoundFloor(4).String()
	}},
	{name: "status", write: func(r Row) string { return string(r.Standing.Status) }},
}

// someNames takes a list apart, which people write with commas or semicolons as well as blanks.
func someNames(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })
}

// Columns are the names of the columns, from left to right.
func Columns() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// cell is what a row has in a column.
func (c column) cell(r Row) string {
	if r.Alone && !c.objective {
		return ""
	}
	return c.write(r)
}

// Differences are the columns in which import would change one row's key result into another's, with what
// they hold before and after. What is of the objective alone is not of them.
func Differences(before, after Row) map[string]store.Change {
	changed := map[string]store.Change{}
	for _, c := range columns {
		switch c.name {
		case "key", "time_zone", "objective_key", "objective_channel", "objective_co_owners", "objective_parent", "scorecard", "result_value", "result_day":
			continue
		}
		if c.read == nil {
			continue
		}
		if a, b := c.cell(before), c.cell(after); a != b {
			changed[c.name] = store.Change{a, b}
		}
	}
	return changed
}

func plain(n decimal.NullDecimal) string {
	if !n.Valid {
		return ""
	}
	return n.Decimal.String()
}

func unprintable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) }) {
		return "This cell holds a line break or another character that does not print. Type the words again."
	}
	return ""
}

func day(s string, to *okr.Day) string {
	d, err := okr.ParseDay(s)
	if err != nil {
		return err.Error()
	}
	*to = d
	return ""
}

func value(s string, to *decimal.NullDecimal) string {
	if *to = (decimal.NullDecimal{}); s == "" {
		return ""
	}
	v, err := okr.ParseNumber(s)
	if err != nil {
		return err.Error()
	}
	*to = decimal.NewNullDecimal(v)
	return ""
}

func whole(s string, least, most int) (n int, sentence string) {
	if s == "" {
		return least, ""
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return least, "Write a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most) + "."
	}
	return n, ""
}

// among reads one of some words, however large its letters are.
func among[T ~string](s string, all []T, to *T) string {
	i := slices.IndexFunc(all, func(one T) bool { return strings.EqualFold(string(one), s) })
	if i < 0 {
		names := make([]string, len(all))
		for i, one := range all {
			names[i] = string(one)
		}
		return "Write one of " + strings.Join(names, ", ") + "."
	}
	*to = all[i]
	return ""
}

var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,20}$`)

func channel(s string, to *string) string {
	if s != "" && !channelID.MatchString(s) {
		return "Write the channel's id, such as C012AB3CD: Slack shows it at the end of the channel's details."
	}
	*to = s
	return ""
}

func weekday(r *Row, s string) string {
	r.KeyResult.Cadence.Weekday = time.Monday
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), s) {
			r.KeyResult.Cadence.Weekday = d
			return ""
		}
	}
	if s == "" {
		return ""
	}
	return "Write the weekday's name, such as Monday."
}

func clock(r *Row, s string) string {
	if s == "" {
		s = "09:00"
	}
	as := "15:04"
	if strings.Count(s, ":") == 2 {
		as = "15:04:00" // as spreadsheets write it again
	}
	at, err := time.Parse(as, s)
	if err != nil {
		return "Write the time of day as hours and minutes: 09:00."
	}
	r.KeyResult.Cadence.Hour, r.KeyResult.Cadence.Minute = at.Hour(), at.Minute()
	return ""
}
