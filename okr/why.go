package okr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Changed is the last time that somebody changed what a number hangs on.
type Changed struct {
	What          string // "target", "start", "source"
	Before, After string
	By            string
	Day           Day
	Created       bool // with the key result, and never since
}

// Reason is one line of an explanation, and the person it names; empty for nobody.
type Reason struct{ Says, By string }

// mostReasons is how many lines an explanation has at most: more are not read.
const mostReasons = 8

// Why explains every number that is shown of the key result on a day: the progress with its
// figures, the result with its method and dates, what was entered by hand, the pace with the
// status, the committed result, and who last changed the target, the start or the source.
func (kr KeyResult) Why(period Period, today Day, changes []Changed) []Reason {
	s := kr.Standing(period, today)
	why := []Reason{{Says: kr.whyProgress(s, today)}, {Says: kr.whyResult(period, today)}}
	if !kr.Counted(today).Value.Valid {
		why = []Reason{{Says: kr.whyNone(s, period, today)}}
	}
	if kr.Overridden(today) {
		why = append(why, Reason{Says: kr.Override.Words(kr, today) + ": " + kr.Override.Reason, By: kr.Override.By})
	}
	if s.Status != NoData { // that is said
		why = append(why, Reason{Says: kr.whyStatus(s, period, today)})
	}
	if s.CommittedTick.Valid {
		why = append(why, Reason{Says: kr.whyCommitted(s, today)})
	}
	var with []string // what it was created with, all in one line
	var created Changed
	for _, c := range changes {
		switch {
		case c.Created:
			created, with = c, append(with, c.What+" "+c.After)
		case len(why) < mostReasons:
			why = append(why, Reason{Says: capital(ChangeWords(c.What, c.Before, c.After)) + " on " + c.Day.Words(), By: c.By})
		}
	}
	if len(with) > 0 && len(why) < mostReasons {
		slices.Sort(with)
		why = append(why, Reason{Says: "Created on " + created.Day.Words() + " with " + strings.Join(with, ", "), By: created.By})
	}
	return why
}

// ChangeWords says what changed: "target 40 → 38", "target set to 40", "target 40 removed".
func ChangeWords(what, before, after string) string {
	switch {
	case before == "":
		return what + " set to " + after
	case after == "":
		return what + " " + before + " removed"
	}
	return what + " " + before + " → " + after
}

// figure writes a number of a formula that a person entered: as it was entered.
func figure(v decimal.Decimal) string { return FormatEntered(v, "") }

// result writes the result in a formula, as it is shown elsewhere.
func (kr KeyResult) result(r Result) string {
	if r.ByHand {
		return figure(r.Value.Decimal)
	}
	return digits(r.Value.Decimal, kr.places())
}

// bound writes the result beside the bounds that it is compared with: as it is shown elsewhere, or with
// all its decimals where it would else seem to be on the other side of one.
func (kr KeyResult) bound(r Result) string {
	if v := r.Value.Decimal; !r.ByHand && kr.meets(v) != kr.meets(kr.rounded(v)) {
		return figure(v)
	}
	return kr.result(r)
}

// way is a part of the way with its figures: "(39 − 60) / (30 − 60)". They are as they are shown
// elsewhere, or with all their decimals where the formula would else not make its percentage.
func (kr KeyResult) way(to decimal.Decimal, r Result) string {
	from, v := kr.Start.Decimal, r.Value.Decimal
	start, result := digits(from, kr.startPlaces()), kr.result(r)
	shownFrom, shown := from.Round(kr.startPlaces()), v
	if !r.ByHand {
		shown = kr.rounded(v)
	}
	p, makes := fraction(from, to, v), fraction(shownFrom, to, shown)
	if p.Valid != makes.Valid || rawPercent(p.Decimal) != rawPercent(makes.Decimal) {
		start, result = figure(from), figure(v)
	}
	s, t := bracketed(start), bracketed(figure(to))
	return fmt.Sprintf("(%s − %s) / (%s − %s)", bracketed(result), s, t, s)
}

// bracketed keeps a negative number's minus apart from the formula's.
func bracketed(number string) string {
	if strings.HasPrefix(number, "-") {
		return "(" + number + ")"
	}
	return number
}

// whyNone says all that there is to say without a value.
func (kr KeyResult) whyNone(s Standing, period Period, today Day) string {
	if awaited := kr.Awaited(period, today); awaited != "" && s.Status == NoData {
		return s.Status.Word() + ": " + awaited + ". Until then there is no percentage, which is not the same as 0 %."
	}
	return "No percentage: there is no reading from " + period.First.Words() + " to " + period.Last.Words() + ". That is not the same as 0 %."
}

func (kr KeyResult) whyProgress(s Standing, today Day) string {
	r := kr.Counted(today)
	switch {
	case !s.Progress.Valid:
		return "No percentage: this is a baseline, and there is no start value to measure from."
	}
	v, t := r.Value.Decimal, kr.Target.Decimal
	says := "Progress " + rawPercent(s.Progress.Decimal)
	result := kr.bound(r)
	switch {
	case kr.Method == HitRate && !r.ByHand:
		hits := v.Mul(decimal.NewFromInt(int64(r.N))).Round(0)
		if !kr.WantedRate().Equal(one) {
			return fmt.Sprintf("%s = %s / %s %%: %s of %s met the target %s.", says, rawPercent(v), figure(kr.Wanted.Decimal), hits, ReadingsWords(r.N), figure(t))
		}
		return fmt.Sprintf("%s: %s of %s met the target %s.", says, hits, ReadingsWords(r.N), figure(t))
	case kr.Kind == Between:
		return fmt.Sprintf("%s: %s %s from %s to %s.", says, result, isOrNot(s), figure(t), figure(kr.Upper.Decimal))
	case kr.Kind == AtLeast:
		return fmt.Sprintf("%s: %s %s at least %s.", says, result, isOrNot(s), figure(t))
	case kr.Kind == AtMost:
		return fmt.Sprintf("%s: %s %s at most %s.", says, result, isOrNot(s), figure(t))
	}
	says += " = " + kr.way(t, r) + ", (result − start) / (target − start), rounded down."
	switch {
	case s.Progress.Decimal.IsNegative():
		says += " It is below the start, and the bar stays empty."
	case s.Progress.Decimal.GreaterThan(one):
		says += " The bar stops at 100 %."
	}
	return says
}

func isOrNot(s Standing) string {
	if s.Progress.Decimal.IsPositive() {
		return "is"
	}
	return "is not"
}

// rawPercent is the percentage rounded down, below 0 too.
func rawPercent(p decimal.Decimal) string {
	return strings.Replace(thousands(p.Shift(2).Floor().String()), "-", "−", 1) + " %"
}

// ReadingsWords counts readings: "1 reading", "13 readings".
func ReadingsWords(n int) string { return CountWords(n, "reading") }

func (kr KeyResult) whyResult(period Period, today Day) string {
	r := kr.Result
	if !r.Value.Valid {
		return "Result: none, since no reading is of a day from " + period.First.Words() + " to " + period.Last.Words() + "."
	}
	kind := map[Method]string{
		Sum: "the sum", Average: "the average", Minimum: "the smallest", Maximum: "the largest", HitRate: "the hit rate",
	}[kr.Method]
	if kind == "" {
		kind = "the latest"
	}
	value := kr.result(r)
	switch {
	case kr.Method == HitRate:
		value = PercentWords(r.Value.Decimal)
	case r.AsRead != "":
		value += " (read as " + r.AsRead + ")"
	case !kr.rounded(r.Value.Decimal).Equal(r.Value.Decimal.Round(maxPlace)):
		value += " (exactly " + thousands(r.Value.Decimal.Round(maxPlace).String()) + ")"
	}
	says := fmt.Sprintf("Result %s: %s of %s of days from %s, the newest of %s", value, kind, ReadingsWords(r.N), period.First.Words(), r.AsOf.Words())
	if r.AsOf > today {
		says += ", which still runs"
	}
	switch {
	case !kr.Integrated:
		return says + ", entered by people."
	case kr.SyncedAt.IsZero():
		return says + "."
	}
	return says + ", synced " + momentWords(kr.SyncedAt, kr.Cadence.Zone) + "."
}

// momentWords is a time with its zone: "24 Nov 2026, 09:04 Europe/Berlin".
func momentWords(t time.Time, zone string) string {
	where, err := location(zone)
	if err != nil {
		where, zone = time.UTC, "UTC"
	}
	return t.In(where).Format("2 Jan 2006, 15:04 ") + zone
}

func (kr KeyResult) whyStatus(s Standing, period Period, today Day) string {
	says := s.Status.Word() + ": "
	kr = kr.counting(today)
	switch s.Status {
	case NotStarted:
		return says + "the period begins on " + period.First.Words() + "."
	case Stale:
		if !kr.Result.Value.Valid {
			return says + kr.Awaited(period, today) + "."
		}
		return says + fmt.Sprintf("the newest score is of %s, and with %s scores and this cadence it should not be older than %s.",
			kr.Result.AsOf.Words(), strings.ToLower(kr.ScoreFrequency.Label()), CountWords(int(kr.oldest()), "day"))
	case Measuring:
		return says + "values are collected, and there is nothing to judge them by yet."
	case Achieved:
		return says + "the progress is 100 % or more."
	case CommittedMet, Missed:
		return says + "the period ended on " + period.Last.Words() + kr.shortOf() + "."
	case TooEarly:
		return says + "less than a tenth of the period has passed."
	}
	if kr.Method == HitRate {
		return says + kr.whyRate(s) + "."
	}
	if kr.Risk.Valid && kr.Kind.Stays() {
		return says + "out of bounds, measured by the risk threshold " + figure(kr.Risk.Decimal) + "."
	}
	return says + kr.whyPace(s, period, today) + "; " + kr.Thresholds.Words() + "."
}

// shortOf is how a period ended without what was wanted.
func (kr KeyResult) shortOf() string {
	switch {
	case kr.Method == HitRate:
		return " below the wanted rate of " + figure(kr.WantedRate().Shift(2)) + " %"
	case kr.Kind.Stays():
		return " out of bounds"
	}
	return " before the target was reached"
}

// whyRate is how far a hit rate is from the wanted one.
func (kr KeyResult) whyRate(s Standing) string {
	t := kr.Thresholds.orDefault()
	return fmt.Sprintf("judged by the %s so far, not by the time gone: %s points below the wanted rate of %s %%; on track up to %d points below it, behind up to %d, at risk beyond",
		ReadingsWords(kr.Result.N), thousands(s.Gap.Decimal.Shift(2).RoundCeil(1).String()), figure(kr.WantedRate().Shift(2)), t.OnTrack, t.Behind)
}

// whyPace is what was expected by the day of the score, and how far the progress is from it.
func (kr KeyResult) whyPace(s Standing, period Period, today Day) string {
	behind := gapWords(s.Gap.Decimal)
	if !s.Expected.Valid {
		return "expected in full from the first day, " + behind
	}
	asOf := kr.PaceDay(today)
	says := fmt.Sprintf("expected by %s: %s", asOf.Words(), PercentWords(s.Expected.Decimal))
	if kr.phased() {
		from, to := kr.between(period, asOf)
		says += fmt.Sprintf(", between %s on %s and %s on %s as phased", PercentWords(from.expected), from.day.Words(), PercentWords(to.expected), to.day.Words())
	} else if period.Contains(asOf) && period.First < period.Last {
		says += fmt.Sprintf(" = %d of %s", asOf-period.First, CountWords(int(period.Last-period.First), "day"))
	}
	return says + ", " + behind
}

// gapWords says how far the progress is from the pace: "12.1 points behind the pace". It is rounded
// away from the bound, so that what is behind never reads as on track.
func gapWords(gap decimal.Decimal) string {
	p := gap.Shift(2)
	switch {
	case p.IsPositive():
		return thousands(p.RoundCeil(1).String()) + " points behind the pace"
	case p.IsZero():
		return "on the pace"
	}
	return thousands(p.Neg().RoundFloor(1).String()) + " points ahead of the pace"
}

func (kr KeyResult) whyCommitted(s Standing, today Day) string {
	says := fmt.Sprintf("Committed result %s is at %s of the way", figure(kr.Committed.Decimal), PercentWords(s.CommittedTick.Decimal))
	if !s.CommittedProgress.Valid {
		return says + "."
	}
	met := "not met"
	if s.CommittedMet {
		met = "met"
	}
	return says + fmt.Sprintf("; %s = %s of it: %s. It never changes the progress.",
		kr.way(kr.Committed.Decimal, kr.Counted(today)), rawPercent(s.CommittedProgress.Decimal), met)
}

// WouldBe says where the key result would stand today with values that are being entered: "You
// would be at 55 % today, on track; committed at 40 % of the way." Empty where there is nothing to say.
func (kr KeyResult) WouldBe(period Period, today Day) string {
	s := kr.Standing(period, today)
	if !kr.Counted(today).Value.Valid {
		return ""
	}
	if !s.Progress.Valid {
		if kr.Kind == Baseline {
			return "There would be no percentage until the key result has a start value."
		}
		return ""
	}
	says := "You would be at " + PercentWords(s.Progress.Decimal) + " today, "
	switch {
	case s.Progress.Decimal.IsNegative():
		says = "You would be below the start today, "
	case kr.Kind.Stays() && kr.Method != HitRate && s.Progress.Decimal.IsPositive():
		says = "You would be within bounds today, "
	case kr.Kind.Stays() && kr.Method != HitRate:
		says = "You would be out of bounds today, "
	}
	says += uncapital(s.Status.Word())
	if s.CommittedTick.Valid {
		says += "; committed at " + PercentWords(s.CommittedTick.Decimal) + " of the way"
	}
	return says + "."
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
