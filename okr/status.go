package okr

import "github.com/shopspring/decimal"

// Status is how a key result stands, in one word.
type Status string

// The statuses.
const (
	NotStarted   Status = "not_started"
	NoData       Status = "no_data"
	Stale        Status = "stale"
	TooEarly     Status = "too_early"
	Achieved     Status = "achieved"
	OnTrack      Status = "on_track"
	Behind       Status = "behind"
	AtRisk       Status = "at_risk"
	CommittedMet Status = "committed_met"
	Missed       Status = "missed"
)

// statuses has the word and the icon of each status, from the best to the worst.
var statuses = []struct {
	status Status
	word   string
	icon   string
}{
	{Achieved, "Achieved", ":white_check_mark:"},
	{OnTrack, "On track", ":large_green_circle:"},
	{CommittedMet, "Committed met", ":ballot_box_with_check:"},
	{NotStarted, "Not started", ":white_circle:"},
	{TooEarly, "Too early to say", ":hourglass:"},
	{NoData, "No data", ":grey_question:"},
	{Stale, "Stale", ":zzz:"},
	{Behind, "Behind", ":large_yellow_circle:"},
	{AtRisk, "At risk", ":red_circle:"},
	{Missed, "Missed", ":x:"},
}

// Word is the status as people read it.
func (s Status) Word() string {
	for _, row := range statuses {
		if row.status == s {
			return row.word
		}
	}
	return string(s)
}

// Icon is an emoji that stands beside the word, never alone.
func (s Status) Icon() string {
	for _, row := range statuses {
		if row.status == s {
			return row.icon
		}
	}
	return ":grey_question:"
}

// worse says whether s is worse than other; anything is worse than no status.
func (s Status) worse(other Status) bool {
	rank := func(s Status) int {
		for i, row := range statuses {
			if row.status == s {
				return i
			}
		}
		return -1
	}
	return rank(s) > rank(other)
}

var (
	onTrackGap = decimal.New(10, -2) // 10 points
	behindGap  = decimal.New(25, -2)
	earlyPart  = decimal.New(10, -2) // of the period
)

// status follows the table of the rules from the top: what is not known goes before what is, and
// what is reached before how fast. Stale hides every colour. After the period only the verdict
// counts, and a source that went quiet cannot change it.
func (kr KeyResult) status(s Standing, period Period, today Day) Status {
	over := today > period.Last
	switch {
	case today < period.First:
		return NotStarted
	case !kr.Result.Value.Valid:
		return NoData
	case !over && kr.stale(today):
		return Stale
	case !s.Progress.Valid:
		return NoData
	case s.Progress.Decimal.GreaterThanOrEqual(one):
		return Achieved
	case over && s.CommittedMet:
		return CommittedMet
	case over:
		return Missed
	case !kr.Kind.Linear():
		return kr.stayStatus(s)
	case expected(period, today).LessThan(earlyPart):
		return TooEarly
	case s.Gap.Decimal.LessThanOrEqual(onTrackGap):
		return OnTrack
	case s.Gap.Decimal.LessThanOrEqual(behindGap):
		return Behind
	}
	return AtRisk
}

// stayStatus is that of a kind that stays, outside its bounds: amber up to the risk threshold
// where there is one, else red. Being outside has no pace.
func (kr KeyResult) stayStatus(s Standing) Status {
	if kr.Method == HitRate || !kr.Risk.Valid {
		return AtRisk
	}
	v, risk := kr.Result.Value.Decimal, kr.Risk.Decimal
	if kr.Kind == AtLeast && v.GreaterThanOrEqual(risk) || kr.Kind == AtMost && v.LessThanOrEqual(risk) {
		return Behind
	}
	return AtRisk
}

// stale says whether the newest score is older than the source's frequency and the cadence's
// offset allow. Collection jobs run at night and books close late, so each frequency has grace.
func (kr KeyResult) stale(today Day) bool {
	if !kr.Integrated {
		return false
	}
	var allowed Day
	switch kr.ScoreFrequency {
	case Daily:
		allowed = 3 // a score is collected the night after its day, and jobs fail now and then
	case Weekly:
		allowed = 2*7 + 1
	case Monthly:
		allowed = 31 + 31 + 1
	case Quarterly:
		allowed = 92 + 92 + 1
	default:
		return false
	}
	return today-kr.Result.AsOf > allowed+Day(kr.Cadence.Offset)
}
