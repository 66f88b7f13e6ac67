package okr

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Override is a value that a person put in the place of what an integrated key result reads, with
// the reason. The zero Override is none.
type Override struct {
	Value  decimal.NullDecimal
	Day    Day // the value is of this day
	Until  Day // stands through this day; 0: once, until there is a newer score
	Reason string
	By     string
	At     time.Time
}

// MaxReason is how long an override's reason can be, in characters: it stands on the card.
const MaxReason = 200

// ReasonTooLong is what is wrong with a longer one.
const ReasonTooLong = "Shorten the reason to 200 characters."

// TakesOverride says whether a value by hand can stand in for what the key result reads.
func (kr KeyResult) TakesOverride() bool { return kr.Integrated && kr.Method != HitRate }

// Overridden says whether the override counts on a day: through its last day, or, where it was
// entered once, until the source has a score of a later day than it. One that stood when its
// objective was closed out stands for good.
func (kr KeyResult) Overridden(today Day) bool {
	o := kr.Override
	switch {
	case !kr.Integrated || !o.Value.Valid:
		return false
	case kr.Closed:
		return true
	case o.Until != 0:
		return today <= o.Until
	}
	return !kr.Result.Value.Valid || !kr.newer(o.Day, today)
}

// newer says whether the newest score is of a later day than one. That of a running week or month is
// of no later day than those within it, and one that is dated tomorrow, as clocks have it elsewhere, of no later
// day than today.
func (kr KeyResult) newer(than, today Day) bool {
	asOf := kr.Result.AsOf
	return min(asOf, today) > than && !kr.running(asOf, than, today)
}

// Counted is the result that counts on a day: the override while it stands, else what the
// readings make.
func (kr KeyResult) Counted(today Day) Result {
	if kr.Overridden(today) {
		return kr.Told()
	}
	return kr.Result
}

// Words are the reason, and until when the value counts: "After the audit. It counts until a newer score
// arrives."
func (o Override) Words(kr KeyResult, now Day) string {
	says := o.because()
	switch {
	case kr.Closed:
		return says + " It counted when the objective was closed out."
	case o.Until == 0:
		return says + " It counts until a newer score arrives."
	}
	return says + " It counts until " + o.Until.Short(now) + "."
}

// because is the reason as a sentence.
func (o Override) because() string {
	if strings.HasSuffix(o.Reason, ".") || strings.HasSuffix(o.Reason, "!") || strings.HasSuffix(o.Reason, "?") {
		return o.Reason
	}
	return o.Reason + "."
}

// Told is the result that people were last told of: an override counts until somebody ends it, also where its
// time is over by the calendar.
func (kr KeyResult) Told() Result {
	if kr.Integrated && kr.Override.Value.Valid {
		return Result{Value: kr.Override.Value, AsOf: kr.Override.Day, N: 1, ByHand: true}
	}
	return kr.Result
}

// counting is the key result with the result that counts in the place of the readings'.
func (kr KeyResult) counting(today Day) KeyResult {
	kr.Result = kr.Counted(today)
	return kr
}

// CheckOverride finds what is wrong with an override that somebody enters today.
func (kr KeyResult) CheckOverride(o Override, period Period, today Day) Problems {
	p := Problems{}
	switch {
	case kr.Method == HitRate:
		p.Add("result", "A hit rate is counted from the scores, so no value can stand in for it. Leave the value empty, or change Calculate Overall Progress with /okr edit.")
	case !o.Value.Valid:
		p.Add("result", "Enter the value that stands in for the scorecard's.")
	case !fits(o.Value.Decimal):
		p.Add("result", tooLong)
	}
	switch {
	case today < period.First:
		p.Add("day", "The objective's period begins on "+period.First.Words()+". Enter a value from then on.")
	case o.Day > today:
		p.Add("day", "This day has not come yet. Choose today or an earlier one.")
	case !period.Contains(o.Day):
		p.Add("day", "This day lies outside of the objective's period. Choose one from "+period.First.Words()+" to "+period.Last.Words()+".")
	case o.Until == 0 && kr.Result.Value.Valid && kr.newer(o.Day, today):
		from := "that day or a later one"
		if kr.Result.AsOf >= today {
			from = "today"
		}
		p.Add("day", "There is a newer score, of "+kr.Result.AsOf.Words()+". Choose "+from+", or let the value stand until a date.")
	}
	if o.Until != 0 && o.Until < today {
		p.Add("until", "This day is over. Choose today or a later one.")
	}
	switch n := utf8.RuneCountInString(o.Reason); {
	case n == 0:
		p.Add("reason", "Say why a value is entered by hand: it is shown beside it.")
	case n > MaxReason:
		p.Add("reason", ReasonTooLong)
	}
	return p
}
