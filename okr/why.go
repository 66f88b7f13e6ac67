package okr

import (
	"fmt"
	"slices"
	"strings"

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

// Reason is one line of an explanation: a sentence, or what the person did whom it names.
type Reason struct{ Says, By string }

// mostReasons is how many lines an explanation has at most: more are not read.
const mostReasons = 8

// Why explains every number that is shown of the key result on a day: the progress with its
// figures, the result with its method and dates, what was entered by hand, the pace with the
// status, the committed result, and who last changed the target, the start or the source.
func (kr KeyResult) Why(period Period, today Day, changes []Changed) []Reason {
	s := kr.Standing(period, today)
	why := []Reason{{Says: kr.whyNone(s, period, today)}}
	if kr.Counted(today).Value.Valid {
		why = []Reason{{Says: kr.whyProgress(s, today)}}
		if o := kr.Override; kr.Overridden(today) {
			why = append(why, Reason{Says: "entered " + kr.Entered(o.Value.Decimal) + " by hand for " + o.Day.Words() + ": " + o.because(), By: o.By})
		}
		why = append(why, Reason{Says: kr.whyResult(period, today)})
	}
	if s.Status != NoData { // that is said
		why = append(why, Reason{Says: kr.whyStatus(s, period, today)})
	}
	if s.CommittedTick.Valid {
		why = append(why, Reason{Says: kr.whyCommitted(s, period, today)})
	}
	var with []string // what it was created with, all in one line
	var created Changed
	for _, c := range changes {
		switch {
		case c.Created:
			created, with = c, append(with, c.What+" "+kr.inUnit(c.What, c.After))
		case len(why) < mostReasons:
			why = append(why, Reason{Says: kr.whyChanged(c), By: c.By})
		}
	}
	if len(with) > 0 && len(why) < mostReasons {
		slices.Sort(with)
		why = append(why, Reason{Says: "created it on " + created.Day.Words() + " with " + strings.Join(with, ", ") + ".", By: created.By})
	}
	return why
}

// whyChanged is what somebody did: "changed the target from 40 to 38 Hours on 3 Nov 2026."
func (kr KeyResult) whyChanged(c Changed) string {
	after := kr.inUnit(c.What, c.After)
	says := "changed the " + c.What + " from " + c.Before + " to " + after
	switch {
	case c.Before == "":
		says = "set the " + c.What + " to " + after
	case c.After == "":
		says = "removed the " + c.What + ", which was " + kr.inUnit(c.What, c.Before)
	}
	return says + " on " + c.Day.Words() + "."
}

// inUnit is what was recorded of a field, with the unit where it is a number.
func (kr KeyResult) inUnit(field, recorded string) string {
	if field == "source" || recorded == "" {
		return recorded
	}
	return withUnit(recorded, kr.Unit)
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
	if !s.Progress.Valid {
		return "No percentage: this is a baseline, and there is no start value to measure from."
	}
	v, t := r.Value.Decimal, kr.Target.Decimal
	says := "Progress " + rawPercent(s.Progress.Decimal)
	result := withUnit(kr.bound(r), kr.Unit)
	switch {
	case kr.Method == HitRate && !r.ByHand:
		hits := v.Mul(decimal.NewFromInt(int64(r.N))).Round(0)
		met := fmt.Sprintf("%s of %s met the target %s.", hits, ReadingsWords(r.N), kr.Entered(t))
		if !kr.WantedRate().Equal(one) {
			return fmt.Sprintf("%s = %s / %s: %s", says, rawPercent(v), FormatEntered(kr.Wanted.Decimal, "%"), met)
		}
		return says + ": " + met
	case kr.Kind == Between:
		return fmt.Sprintf("%s: %s %s from %s to %s.", says, result, isOrNot(s), figure(t), kr.Entered(kr.Upper.Decimal))
	case kr.Kind == AtLeast:
		return fmt.Sprintf("%s: %s %s at least %s.", says, result, isOrNot(s), kr.Entered(t))
	case kr.Kind == AtMost:
		return fmt.Sprintf("%s: %s %s at most %s.", says, result, isOrNot(s), kr.Entered(t))
	}
	says += " = (result − start) / (target − start) = " + kr.way(t, r) + ", rounded down."
	switch {
	case s.Progress.Decimal.IsNegative():
		says += " The result is further from the target than the start, so the bar stays empty."
	case s.Progress.Decimal.GreaterThan(one):
		says += " The bar ends at 100 %."
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
	return percentOf(p.RoundFloor(2))
}

// ReadingsWords counts readings: "1 reading", "13 readings".
func ReadingsWords(n int) string { return CountWords(n, "reading") }

// whyResult is what the readings make, also where a value by hand counts in its place.
func (kr KeyResult) whyResult(period Period, today Day) string {
	r, what := kr.Result, "Result"
	if kr.Overridden(today) {
		what = "Without that the result is"
	}
	if !r.Value.Valid {
		return "Without that there is no result: no score is of a day from " + period.First.Words() + " to " + period.Last.Words() + "."
	}
	kind := map[Method]string{
		Sum: "the sum", Average: "the average", Minimum: "the smallest", Maximum: "the largest", HitRate: "the hit rate",
	}[kr.Method]
	if kind == "" {
		kind = "the latest"
	}
	value := withUnit(kr.result(r), kr.Unit)
	switch {
	case kr.Method == HitRate:
		value = PercentWords(r.Value.Decimal)
	case r.AsRead != "":
		value += " (read as " + r.AsRead + ")"
	case !kr.rounded(r.Value.Decimal).Equal(r.Value.Decimal.Round(maxPlace)):
		value += " (exactly " + thousands(r.Value.Decimal.Round(maxPlace).String()) + ")"
	}
	says := fmt.Sprintf("%s %s: %s of %s from %s to %s", what, value, kind, ReadingsWords(r.N), period.First.Words(), r.AsOf.Words())
	if r.N == 1 {
		says = fmt.Sprintf("%s %s: the only reading of the period so far, of %s", what, value, r.AsOf.Words())
	}
	if !kr.Integrated {
		says += ", entered by people"
	}
	if r.AsOf > today && kr.ScoreFrequency.days() > 1 {
		says += ". The " + kr.ScoreOf(r.AsOf, today) + " still runs"
	}
	return says + "."
}

func (kr KeyResult) whyStatus(s Standing, period Period, today Day) string {
	says := s.Status.Word() + ": "
	kr = kr.counting(today)
	switch s.Status {
	case NotStarted:
		return says + "the period begins on " + period.First.Words() + "."
	case Stale:
		return says + kr.whyStale(period, today) + "."
	case Measuring:
		return says + "values are collected. There is nothing to judge them by until there is a start value."
	case Achieved:
		return says + "the progress is 100 % or more."
	case CommittedMet, Missed:
		return says + "the period ended on " + period.Last.Words() + kr.shortOf() + "."
	case TooEarly:
		return says + "less than a tenth of the period has passed."
	}
	switch {
	case kr.Method == HitRate:
		return says + kr.whyRate(s) + "."
	case kr.Risk.Valid && kr.Kind.Stays():
		return says + "the value is out of bounds. It is behind as far as the risk threshold of " + kr.Entered(kr.Risk.Decimal) + ", and at risk beyond."
	case !s.Expected.Valid:
		return says + "the value is out of bounds, and it is to be within them from the first day on."
	}
	return says + kr.whyPace(s, period, today) + ". A key result is " + kr.Thresholds.Words() + "."
}

// whyStale is how old the newest score is, and how old it may be.
func (kr KeyResult) whyStale(period Period, today Day) string {
	newest := "the newest score is of "
	switch {
	case !kr.Result.Value.Valid:
		return kr.Awaited(period, today)
	case kr.Result.ByHand:
		newest = "the value that was entered by hand is of "
	}
	return fmt.Sprintf("%s%s. Scores come %s and are read %s, so that it should be at most %s old",
		newest, kr.Result.AsOf.Words(), strings.ToLower(kr.ScoreFrequency.Label()), strings.ToLower(kr.Cadence.Every.Label()), CountWords(int(kr.oldest()), "day"))
}

// shortOf is how a period ended without what was wanted.
func (kr KeyResult) shortOf() string {
	switch {
	case kr.Method == HitRate:
		return " below the wanted rate of " + FormatEntered(kr.WantedRate().Shift(2), "%")
	case kr.Kind.Stays():
		return " out of bounds"
	}
	return " before the target was reached"
}

// whyRate is how far a hit rate is from the wanted one.
func (kr KeyResult) whyRate(s Standing) string {
	t := kr.Thresholds.orDefault()
	wanted, rate := kr.apart(s, kr.WantedRate(), kr.Result.Value.Decimal)
	return fmt.Sprintf("%s is %s below the wanted rate of %s, by the %s so far. Up to %s below it a key result is on track, up to %d behind, and at risk beyond",
		percentOf(rate), pointsWords(wanted.Sub(rate)), percentOf(wanted), ReadingsWords(kr.Result.N), CountWords(t.OnTrack, "point"), t.Behind)
}

// whyPace is what was expected by the day of the score, and how far the progress is from it.
func (kr KeyResult) whyPace(s Standing, period Period, today Day) string {
	asOf := kr.PaceDay(today)
	expected, reached := kr.apart(s, s.Expected.Decimal, s.Progress.Decimal)
	says := percentOf(expected) + " was expected by " + asOf.Words()
	if kr.phased() {
		from, to := kr.between(period, asOf)
		says += fmt.Sprintf(", by the phased targets between %s on %s and %s on %s", PercentWords(from.expected), from.day.Words(), PercentWords(to.expected), to.day.Words())
	} else if period.Contains(asOf) && period.First < period.Last {
		says += fmt.Sprintf(", after %d of %s", asOf-period.First, CountWords(int(period.Last-period.First), "day"))
	}
	return says + ", and " + percentOf(reached) + " is reached: " + gapWords(expected.Sub(reached))
}

// apart are two parts of the way as they are said beside what is between them, rounded down: to whole points, as
// they are shown elsewhere, or with as many decimals as it takes for their difference to be on the side of the
// thresholds that the exact one is on.
func (kr KeyResult) apart(s Standing, wanted, reached decimal.Decimal) (decimal.Decimal, decimal.Decimal) {
	for places := int32(2); places < quotientDigits; places++ {
		w, r := wanted.RoundFloor(places), reached.RoundFloor(places)
		if s.rate { // it was entered
			w = wanted
		}
		if kr.Thresholds.paced(w.Sub(r)) == kr.Thresholds.paced(s.Gap.Decimal) {
			return w, r
		}
	}
	return wanted, reached
}

// percentOf writes a part of the way as it is: "57 %", "60.4 %", "−17 %".
func percentOf(part decimal.Decimal) string {
	return strings.Replace(thousands(part.Shift(2).String()), "-", "−", 1) + unbroken + "%"
}

// pointsWords count points: "1 point", "12.1 points".
func pointsWords(part decimal.Decimal) string {
	if n := part.Shift(2); !n.Equal(one) {
		return thousands(n.String()) + " points"
	}
	return "1 point"
}

// gapWords say how far the progress is from the pace: "12 points behind the pace".
func gapWords(gap decimal.Decimal) string {
	switch {
	case gap.IsPositive():
		return pointsWords(gap) + " behind the pace"
	case gap.IsZero():
		return "on the pace"
	}
	return pointsWords(gap.Neg()) + " ahead of the pace"
}

// CommittedWords say whether a committed result is met: "met", "not met yet" while the period runs, then "not met".
func (s Standing) CommittedWords(period Period, today Day) string {
	switch {
	case s.CommittedMet:
		return "met"
	case today <= period.Last:
		return "not met yet"
	}
	return "not met"
}

func (kr KeyResult) whyCommitted(s Standing, period Period, today Day) string {
	says := fmt.Sprintf("Committed result %s, at %s of the way to the target", kr.Entered(kr.Committed.Decimal), PercentWords(s.CommittedTick.Decimal))
	if !s.CommittedProgress.Valid {
		return says + "."
	}
	return says + fmt.Sprintf(", is %s: %s of the way to it is done, %s. It does not change the progress.",
		s.CommittedWords(period, today), rawPercent(s.CommittedProgress.Decimal), kr.way(kr.Committed.Decimal, kr.Counted(today)))
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
