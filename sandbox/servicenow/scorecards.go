package servicenow

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Scorecard is an indicator with its scores.
type Scorecard struct {
	ID          string // 32 hexadecimal digits
	Name        string
	Description string
	Unit        string // "#", "%", "Hours"
	Precision   int
	Direction   int // 1 none, 2 minimize, 3 maximize
	Frequency   int // 10 daily, 20 weekly, 30 monthly
	Target      *float64
	Key         bool
	Favorite    bool
	Hidden      bool     // not on the Analytics Hub
	Roles       []string // who may see it; empty: everybody
	Scores      []Score  // oldest first
	Breakdowns  []Breakdown
	Aggregates  []Aggregate

	part part // set where it is a part of another one
}

// Score is a value of a day, or of the days up to it.
type Score struct {
	Day   time.Time // midnight UTC
	Value float64
	Start time.Time // the first day of a longer period; zero: the same day
}

// start is the first day that a score is of.
func (s Score) start() time.Time {
	if s.Start.IsZero() {
		return s.Day
	}
	return s.Start
}

var frequencyLabels = map[int]string{10: "Daily", 20: "Weekly", 30: "Monthly"}
var directionLabels = map[int]string{1: "None", 2: "Minimize", 3: "Maximize"}

// list is GET /api/now/v1/pa/scorecards. Parameters it does not know are ignored, as the real one
// does, with a 200.
func (i *Instance) list(w http.ResponseWriter, r *http.Request, user *User) {
	q := r.URL.Query()
	i.mu.Lock()
	var found []*Scorecard
	if uuid := q.Get("sysparm_uuid"); uuid != "" {
		found = i.named(uuid, q, user)
	} else {
		found = i.matching(q, user)
	}
	odd := i.bodyFault(r, q.Get("sysparm_uuid"))
	if odd != nil && odd.Kind == AnotherIndicator && len(i.order) > 1 {
		found = []*Scorecard{i.other(found)}
	}
	if odd != nil && odd.Kind == WholeAnswered && len(found) > 0 {
		found = []*Scorecard{i.scorecards[found[0].ID]}
	}
	raw := i.encode(found, q, odd)
	i.mu.Unlock()
	if odd != nil && odd.raw(w, r, raw) {
		return
	}
	send(w, http.StatusOK, raw)
}

func visible(s *Scorecard, user *User) bool {
	if len(s.Roles) == 0 {
		return true
	}
	for _, role := range s.Roles {
		if has(user.Roles, role) {
			return true
		}
	}
	return has(user.Roles, "admin")
}

func (i *Instance) other(than []*Scorecard) *Scorecard {
	for _, id := range i.order {
		if len(than) == 0 || id != than[0].ID {
			return i.scorecards[id]
		}
	}
	return than[0]
}

// matching is the listing: filtered, sorted, one page of it.
func (i *Instance) matching(q url.Values, user *User) []*Scorecard {
	var found []*Scorecard
	for _, id := range i.order {
		s := i.scorecards[id]
		switch {
		case !visible(s, user),
			s.Hidden && q.Get("sysparm_display") != "all",
			q.Get("sysparm_favorites") == "true" && !s.Favorite,
			q.Get("sysparm_key") == "true" && !s.Key,
			q.Get("sysparm_target") == "true" && s.Target == nil,
			!contains(s, q.Get("sysparm_contains")):
			continue
		}
		found = append(found, s)
	}
	by := q.Get("sysparm_sortby")
	up := strings.EqualFold(q.Get("sysparm_sortdir"), "asc")
	sort.SliceStable(found, func(a, b int) bool {
		if up {
			return less(found[a], found[b], by)
		}
		return less(found[b], found[a], by)
	})
	return paged(found, q)
}

func paged(found []*Scorecard, q url.Values) []*Scorecard {
	per := whole(q.Get("sysparm_per_page"), 10)
	per = max(1, min(per, 100))
	from := (max(1, whole(q.Get("sysparm_page"), 1)) - 1) * per
	if from >= len(found) {
		return nil
	}
	return found[from:min(from+per, len(found))]
}

// contains is true when every part between commas is in the name or the description.
func contains(s *Scorecard, words string) bool {
	text := strings.ToLower(s.Name + "\n" + s.Description)
	for _, part := range strings.Split(words, ",") {
		if !strings.Contains(text, strings.ToLower(strings.TrimSpace(part))) {
			return false
		}
	}
	return true
}

func less(a, b *Scorecard, by string) bool {
	switch by {
	case "name", "indicator_name":
		return strings.ToLower(a.Name) < strings.ToLower(b.Name)
	}
	av, bv := math.Inf(-1), math.Inf(-1)
	if n := len(a.Scores); n > 0 {
		av = a.Scores[n-1].Value
	}
	if n := len(b.Scores); n > 0 {
		bv = b.Scores[n-1].Value
	}
	return av < bv
}

func whole(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return otherwise
	}
	return n
}

// encode writes {"result": […]} with the documented fields and types.
func (i *Instance) encode(found []*Scorecard, q url.Values, odd *Fault) []byte {
	result := make([]map[string]any, 0, len(found))
	for _, s := range found {
		row := i.row(s, q)
		if odd != nil {
			odd.change(row)
		}
		result = append(result, row)
	}
	raw, err := json.Marshal(map[string]any{"result": result})
	if err != nil {
		panic(err) // every value above is encodable
	}
	return raw
}

// number is a JSON number as Java writes a double: 14.0, and from ten million on and below a
// thousandth with an exponent, 1.2345678901E10.
func number(v float64) json.RawMessage {
	digits, exponent := strconv.FormatFloat(v, 'f', -1, 64), ""
	if abs := math.Abs(v); abs >= 1e7 || abs < 1e-3 && abs > 0 {
		digits, exponent, _ = strings.Cut(strconv.FormatFloat(v, 'E', -1, 64), "E")
		n, err := strconv.Atoi(exponent) // without Go's plus and zeros
		if err != nil {
			panic(err)
		}
		exponent = "E" + strconv.Itoa(n)
	}
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	return json.RawMessage(digits + exponent)
}

func (i *Instance) row(s *Scorecard, q url.Values) map[string]any {
	link := func(table, id string) string {
		return "https://" + i.name + ".service-now.com/api/now/v1/table/" + table + "/" + id
	}
	row := map[string]any{
		"uuid": s.uuid(), "name": s.Name + s.part.suffix, "description": s.Description,
		"indicator":           map[string]any{"display_value": s.Name, "link": link("pa_indicators", s.ID), "value": s.ID},
		"direction":           s.Direction,
		"direction_label":     directionLabels[s.Direction],
		"frequency":           s.Frequency,
		"frequency_label":     frequencyLabels[s.Frequency],
		"indicator_frequency": s.Frequency, "indicator_frequency_label": frequencyLabels[s.Frequency],
		"precision": s.Precision, "key": s.Key, "favorite": s.Favorite, "benchmarking": false, "realtime_enabled": false,
		"indicator_aggregate": 1, "query": "", "personal_target": nil, "personal_target_formatted": "",
		"unit":  map[string]any{"display_value": s.Unit, "link": link("pa_units", unitID(s.Unit)), "type": "formatted", "value": unitID(s.Unit)},
		"value": nil, "value_formatted": "", "value_unit": "", "value_color": "#000000",
		"change": nil, "change_formatted": "", "changeperc": nil, "changeperc_formatted": "",
		"target": nil, "target_formatted": "", "gap": nil, "gap_formatted": "", "gapperc": nil, "gapperc_formatted": "",
		"period": nil, "period_title": nil,
	}
	addNewest(row, s)
	if s.Target != nil {
		row["target"], row["target_formatted"] = number(*s.Target), s.format(*s.Target)
	}
	if q.Get("sysparm_exclude_reference_link") == "true" {
		row["indicator"] = map[string]any{"display_value": s.Name, "value": s.ID}
	}
	if q.Get("sysparm_include_scores") == "true" {
		row["scores"] = s.newestFirst(q)
	}
	if q.Get("sysparm_include_available_breakdowns") == "true" {
		row["breakdowns"], row["breakdown_relations"] = s.available(link), []any{}
	}
	s.part.addTo(row, link)
	if q.Get("sysparm_include_available_aggregates") == "true" && s.part.aggregate.ID == "" || q.Get("sysparm_include_aggregates") == "true" {
		list := []any{}
		for _, a := range s.Aggregates {
			list = append(list, refTo(a.Name, link("pa_aggregates", a.ID), a.ID))
		}
		row["aggregates"] = list
	}
	return row
}

// addNewest adds a scorecard's newest score to its row, and how that compares to the one before and to the
// target.
func addNewest(row map[string]any, s *Scorecard) {
	n := len(s.Scores)
	if n == 0 {
		return
	}
	last := s.Scores[n-1]
	row["value"], row["value_formatted"] = number(last.Value), s.format(last.Value)
	row["value_unit"] = s.withUnit(last.Value)
	row["value_color"] = "#278ecf"
	row["period"], row["period_title"] = last.Day.Format("Jan 02"), last.Day.Format("Jan 02")
	if n > 1 {
		before := s.Scores[n-2].Value
		row["change"], row["change_formatted"] = number(last.Value-before), s.format(last.Value-before)
		if before != 0 {
			part := (last.Value - before) / before
			row["changeperc"], row["changeperc_formatted"] = number(part), fmt.Sprintf("%.1f%%", part*100)
		}
	}
	if s.Target != nil {
		gap := *s.Target - last.Value
		if s.Direction == 3 {
			gap = -gap
		}
		row["gap"], row["gap_formatted"] = number(gap), s.format(gap)
		if *s.Target != 0 {
			row["gapperc"], row["gapperc_formatted"] = number(gap / *s.Target), fmt.Sprintf("%.1f%%", gap / *s.Target * 100)
		}
	}
}

// newestFirst are the scores, newest first, within from and to, every step-th, at most limit of them.
func (s *Scorecard) newestFirst(q url.Values) []map[string]any {
	from, to := bound(q.Get("sysparm_from")), bound(q.Get("sysparm_to"))
	limit, step := whole(q.Get("sysparm_limit"), -1), max(1, whole(q.Get("sysparm_step"), 1))
	list := []map[string]any{}
	for n, seen := len(s.Scores)-1, 0; n >= 0; n-- {
		score := s.Scores[n]
		if !from.IsZero() && score.Day.Before(from) || !to.IsZero() && score.Day.After(to) {
			continue
		}
		if seen++; (seen-1)%step != 0 {
			continue
		}
		if limit >= 0 && len(list) >= limit {
			break
		}
		day := score.Day.Format(time.DateOnly)
		list = append(list, map[string]any{
			"start_at": score.start().Format(time.DateOnly), "end_at": day, "period": score.Day.Format("Jan 02"),
			"value": number(score.Value), "value_formatted": s.format(score.Value),
		})
	}
	return list
}

func bound(s string) time.Time {
	if len(s) >= len(time.DateOnly) {
		if t, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)]); err == nil {
			return t
		}
	}
	return time.Time{}
}

func (s *Scorecard) format(v float64) string { return strconv.FormatFloat(v, 'f', s.Precision, 64) }

func (s *Scorecard) withUnit(v float64) string {
	switch s.Unit {
	case "", "#":
		return s.format(v)
	case "$":
		return "$" + s.format(v)
	case "%":
		return s.format(v) + "%"
	}
	return s.format(v) + " " + s.Unit
}

// unitID is a made-up but steady sys_id of a unit.
func unitID(unit string) string { return fmt.Sprintf("%032x", []byte("unit "+unit)) }
