package okr

import (
	"slices"

	"github.com/shopspring/decimal"
)

// Status is how a key result stands, in one word.
type Status string

// The statuses.
const (
	NotStarted   Status = "not_started"
	NoData       Status = "no_data"
	Stale        Status = "stale"
	Measuring    Status = "measuring" // a baseline: values, but nothing to measure them by
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
	{TooEarly, "Too early", ":hourglass_flowing_sand:"},
	{Measuring, "Measuring the baseline", ":straight_ruler:"},
	{NoData, "No data", ":grey_question:"},
	{Stale, "Stale", ":zzz:"},
	{Behind, "Behind", ":large_yellow_circle:"},
	{AtRisk, "At risk", ":red_circle:"},
	{Missed, "Missed", ":x:"},
}

// Statuses are all statuses, from the best to the worst.
func Statuses() []Status {
	list := make([]Status, len(statuses))
	for i, row := range statuses {
		list[i] = row.status
	}
	return list
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

// Worse says whether s is worse than other; anything is worse than no status.
func (s Status) Worse(other Status) bool {
	return s.badness() > other.badness()
}

// badness is the place of the status from the best to the worst; -1 for no status.
func (s Status) badness() int {
	for i, row := range statuses {
		if row.status == s {
			return i
		}
	}
	return -1
}

// Same says whether two values are the same, or both missing.
func Same(a, b decimal.NullDecimal) bool {
	return a.Valid == b.Valid && (!a.Valid || a.Decimal.Equal(b.Decimal))
}

var earlyPart = decimal.New(10, -2) // of the period

// status is the first that holds:
//
//   - Not started: the period lies ahead, whatever the scorecard says already.
//   - No data: there is nothing to judge. That is ordinary until the first score is late.
//   - Stale: the first score is late, or the judgement would be of another time. It hides every colour,
//     Achieved too; a source that went quiet before the period's end leaves no verdict behind either.
//   - Measuring: a baseline, so there is nothing to judge the values by.
//   - Achieved: reached is reached, however early and however late.
//   - Committed met, Missed: the period is over, pace means nothing any more.
//   - Too early: a tenth of the period has to pass before pace means something.
//   - On track, Behind, At risk: by the gap and the workspace's thresholds, or by the risk threshold
//     for what has to stay.
func (kr KeyResult) status(s Standing, period Period, today Day) Status {
	over := today > period.Last
	switch {
	case today < period.First:
		return NotStarted
	case !kr.Result.Value.Valid && !over && kr.late(period, today):
		return Stale
	case !kr.Result.Value.Valid:
		return NoData
	case kr.stale(min(today, period.Last)):
		return Stale
	case !s.Progress.Valid:
		return Measuring
	case s.Progress.Decimal.GreaterThanOrEqual(one):
		return Achieved
	case over && s.CommittedMet:
		return CommittedMet
	case over:
		return Missed
	case elapsed(period, today).LessThan(earlyPart):
		return TooEarly
	case kr.Risk.Valid && kr.Method != HitRate && kr.Kind.Stays():
		return kr.riskStatus()
	}
	return kr.Thresholds.paced(s.Gap.Decimal)
}

// riskStatus is the status of a value out of bounds: amber as far as the risk threshold, else red.
func (kr KeyResult) riskStatus() Status {
	v, risk := kr.Result.Value.Decimal, kr.Risk.Decimal
	if kr.Kind == AtLeast && v.GreaterThanOrEqual(risk) || kr.Kind == AtMost && v.LessThanOrEqual(risk) {
		return Behind
	}
	return AtRisk
}

// stale says whether the newest score is older than the source's frequency and the cadence allow.
// Read at the worst moment, a score is a period of its own old and becomes a cadence's period older
// before the next read; collection runs in the night after, and books close late by the offset. A
// source of unknown frequency is never stale, nor is what a person said for a time that is not over.
func (kr KeyResult) stale(on Day) bool {
	if !kr.Integrated || kr.ScoreFrequency.days() == 0 || kr.Result.ByHand && kr.Override.Until != 0 {
		return false
	}
	return on-kr.Result.AsOf > kr.oldest()
}

// oldest is how many days old the newest score can be without being stale.
func (kr KeyResult) oldest() Day {
	return kr.ScoreFrequency.days() + kr.Cadence.Every.days() + Day(kr.Cadence.Offset) + 1
}

// firstBy is the day by which a period's first score is expected, its frequency and the cadence's
// offset after the first day, or after the day on which the key result was added; read less often than
// there are scores, the cadence decides. 0 where no score is expected, or nobody knows how often.
func (kr KeyResult) firstBy(period Period) Day {
	every := kr.ScoreFrequency.days()
	if !kr.Integrated || every == 0 {
		return 0
	}
	return max(period.First, kr.Made) + max(every, kr.Cadence.Every.days()) + Day(kr.Cadence.Offset)
}

// late says whether the first score of the period should have come by now. What was never read is not.
func (kr KeyResult) late(period Period, today Day) bool {
	by := kr.firstBy(period)
	return by != 0 && today > by && !kr.SyncedAt.IsZero()
}

// Awaited says what becomes of a period that has no score yet: "first score expected by 2 Jan", or
// since when there is none. Empty where there is a score, and where nobody can tell.
func (kr KeyResult) Awaited(period Period, today Day) string {
	by := kr.firstBy(period)
	switch {
	case kr.Counted(today).Value.Valid || !kr.Integrated || today > period.Last:
		return ""
	case today < period.First:
		return "the period begins on " + period.First.Short(today)
	case by == 0:
		return "no score in this period yet"
	case today <= by:
		return "first score expected by " + by.Short(today)
	case kr.SyncedAt.IsZero():
		return ""
	}
	return "no score since " + period.First.Short(today) + ", the first was expected by " + by.Short(today)
}

// BeforeWords is the latest value of before the period, with its day: "50.7 Hours, score of 28 Dec".
// Empty where there is none, and once the period has a score.
func (kr KeyResult) BeforeWords(today Day) string {
	if !kr.Before.Value.Valid || kr.Counted(today).Value.Valid {
		return ""
	}
	of := kr.ScoreOf(kr.Before.AsOf, today)
	if !kr.Integrated {
		of = "value of " + kr.Before.AsOf.Short(today)
	}
	return kr.Scored(kr.Before.Value.Decimal) + ", " + of
}

// Settled is the status to announce after the one announced last: the same while the gap is within
// the hysteresis of the bound between them, so that a value on the bound is not news every day.
func (s Standing) Settled(last Status) Status {
	paced := []Status{OnTrack, Behind, AtRisk}
	from := slices.Index(paced, last)
	if from < 0 || !slices.Contains(paced, s.Status) || !s.Expected.Valid && !s.rate {
		return s.Status
	}
	settled := 0
	t := s.thresholds.orDefault()
	for i, bound := range []int{t.OnTrack, t.Behind} {
		if from <= i {
			bound += t.Hysteresis
		} else {
			bound -= t.Hysteresis
		}
		if s.Gap.Decimal.GreaterThan(points(bound)) {
			settled = i + 1
		}
	}
	return paced[settled]
}
