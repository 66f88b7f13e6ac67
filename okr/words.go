package okr

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Sentence is what is wrong with one thing that a person typed, said to that person.
type Sentence string

func (s Sentence) Error() string { return string(s) }

var plainNumber = regexp.MustCompile(`^[+-]?[0-9]{1,18}(\.[0-9]{1,9})?$`)

// misreadings are what people type where a number belongs, and what to say to it; the first that
// looks like it counts. Separators of thousands and decimal commas are refused, not guessed: "1,234" means
// two things in two languages. One point within the digits is that of the decimals for everybody, as the
// sentences say: "1.234" is a little more than 1.
var misreadings = []struct {
	looks *regexp.Regexp
	says  Sentence
}{
	{regexp.MustCompile(`^$`), "Enter a number."},
	{regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`), tooLong},
	{regexp.MustCompile(`^[+-]?([0-9]+\.|\.[0-9]+)$`), "Write digits on both sides of the point: 0.5."},
	{regexp.MustCompile(`^[+-]?[0-9.]+[eE][+-]?[0-9]+$`), "Write the number out, without an exponent."},
	{regexp.MustCompile(`^[+-]?[0-9][0-9.,'’_\s\p{Zs}]*[0-9]$`), "Write the number without separators and with a point for the decimals: 1234.5."},
	{regexp.MustCompile(`^([+\-\x{2010}-\x{2015}\x{2212}]\s*)+[0-9][0-9.]*$|^[0-9][0-9.]*[+\-\x{2212}]$`), "Write a negative number with one plain minus before it: -12.5."},
	{regexp.MustCompile(`^[+-]?\p{Sc}?\s*[+-]?[0-9][0-9.,]*\s*(%|‰|\p{Sc}|[\p{L}/°]+)?$`), withUnitTyped},
	{regexp.MustCompile(`^[0-9.,\s+-]*$`), notNumber},
	{regexp.MustCompile(`^[\p{Nd}.,\s+-]*\p{Nd}$`), "Write the number with the digits 0 to 9."},
}

const withUnitTyped = Sentence("Enter the number alone, without unit, currency or percent sign.")

// IsUnit says whether a value was refused for what stands beside its number, where no unit is known yet.
func IsUnit(err error) bool { return err == withUnitTyped }

const notNumber = Sentence("This is not a number. Enter digits only, such as 42 or 99.5.")

// ParseNumber reads a number that a person typed: digits, and where needed a sign before and one
// point within them, at most 18 digits before it and 9 after; what does not show, as copying leaves it
// around numbers, is nothing. The error is a sentence for the field and never repeats what was typed.
func ParseNumber(typed string) (decimal.Decimal, error) {
	s := strings.TrimFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if plainNumber.MatchString(s) {
		return decimal.NewFromString(strings.TrimPrefix(s, "+"))
	}
	for _, m := range misreadings {
		if m.looks.MatchString(s) {
			return decimal.Decimal{}, m.says
		}
	}
	return decimal.Decimal{}, notNumber
}

// ParseValue reads a value that a person typed, like ParseNumber, with or without the unit that it is
// measured in: "42 Hours", "42%", "-$5". Another unit is refused in a sentence that names the right one.
func ParseValue(typed, unit string) (decimal.Decimal, error) {
	v, err := ParseNumber(withoutUnit(typed, unit))
	if unit = strings.TrimSpace(unit); err == withUnitTyped && typedBeside(unit) && unit != "#" {
		return v, Sentence("The unit of measurement is " + unit + ". Enter the number alone, or with that unit.")
	}
	return v, err
}

var beside = regexp.MustCompile(`^[+-]?(\p{Sc}?)\s*[+-]?[0-9][0-9.,]*\s*(%|(?i:percent|per cent|pct\.?)|\p{Sc})?$`)

// UnitTyped is the percent sign or the currency that stands beside numbers as they were typed: no other word beside
// a number is a unit for certain, "12k" is none. It is empty where none stands there, or not the same.
func UnitTyped(typed ...string) (unit string) {
	for _, t := range typed {
		m := beside.FindStringSubmatch(strings.Join(strings.Fields(Visible(t)), " "))
		if m == nil || m[1]+m[2] == "" {
			continue
		}
		own := m[1] + m[2]
		if SameUnit(own, "%") {
			own = "%"
		}
		if utf8.RuneCountInString(own) > 1 || unit != "" && unit != own {
			return ""
		}
		unit = own
	}
	return unit
}

// typedBeside says whether a number and a unit can be told apart: not where the unit begins like a number.
func typedBeside(unit string) bool {
	first, _ := utf8.DecodeRuneInString(unit)
	return unit != "" && !unicode.IsDigit(first) && !strings.ContainsRune("+-.,", first)
}

// withoutUnit is a value without its unit behind it, or before it where that is a currency.
func withoutUnit(typed, unit string) string {
	bare, unit := strings.Join(strings.Fields(Visible(typed)), " "), strings.TrimSpace(unit)
	if !typedBeside(unit) {
		return typed
	}
	for at, r := range bare {
		if unicode.IsDigit(r) && SameUnit(bare[at+utf8.RuneLen(r):], unit) {
			return bare[:at+utf8.RuneLen(r)]
		}
	}
	if !strings.ContainsFunc(unit, func(r rune) bool { return unicode.Is(unicode.Sc, r) }) {
		return typed
	}
	sign := ""
	if strings.HasPrefix(bare, "-") || strings.HasPrefix(bare, "+") {
		sign, bare = bare[:1], bare[1:]
	}
	if rest, before := strings.CutPrefix(bare, unit); before {
		return sign + strings.TrimSpace(rest)
	}
	return typed
}

// SameUnit says whether what was typed is a unit: in small or capital letters, with or without the point of
// an abbreviation, and percent as a sign or a word.
func SameUnit(typed, unit string) bool {
	plain := func(s string) string {
		s = strings.ToLower(strings.TrimRight(strings.Join(strings.Fields(s), " "), "."))
		if s == "percent" || s == "per cent" || s == "pct" {
			return "%"
		}
		return s
	}
	return plain(unit) != "" && plain(typed) == plain(unit)
}

// AsManyAsThere is the precision of a source that names none: its values have the decimals that they
// have.
const AsManyAsThere = maxPlace

// FormatValue writes a score for people: thousands apart, at its scorecard's precision and with the
// zeros that belong to it, so that digits do not jump from one score to the next, and its unit.
// ServiceNow's unit "#" says that it is a count and is not written.
func FormatValue(v decimal.Decimal, unit string, precision int32) string {
	return withUnit(digits(v, precision), unit)
}

// FormatEntered writes a value that a person entered, as it was entered: 4.10 stays 4.10, and 99.95
// stays 99.95 whatever the scorecard's precision is.
func FormatEntered(v decimal.Decimal, unit string) string {
	return withUnit(digits(v, AsManyAsThere), unit)
}

// Typed writes a number as a person types it: what ParseNumber reads, with the zeros that were entered.
func Typed(v decimal.Decimal) string {
	places := max(-v.Exponent(), 0)
	if places > maxPlace {
		return v.Round(maxPlace).String()
	}
	return v.StringFixed(places)
}

// digits are a number at a precision, thousands apart. Means have more decimals than a value can be
// entered with.
func digits(v decimal.Decimal, precision int32) string {
	if precision < AsManyAsThere {
		return thousands(v.StringFixed(max(precision, 0)))
	}
	return thousands(Typed(v))
}

// unbroken is the blank between a number and what it is counted in: no line ends there.
const unbroken = "\u00a0"

func withUnit(s, unit string) string {
	switch unit = strings.TrimSpace(unit); unit {
	case "", "#":
		return s
	case "$", "€", "£", "¥":
		if rest, negative := strings.CutPrefix(s, "-"); negative {
			return "-" + unit + rest
		}
		return unit + s
	}
	return s + unbroken + unit
}

// Scored writes a value of the scorecard, or what its values make. Where people update the key
// result, its values are what they entered.
func (kr KeyResult) Scored(v decimal.Decimal) string { return FormatValue(v, kr.Unit, kr.places()) }

// Entered writes a value that a person entered in the key result's unit: its start, its target, what
// stands in for a score.
func (kr KeyResult) Entered(v decimal.Decimal) string { return FormatEntered(v, kr.Unit) }

// StartWords write the start value: as it was entered, or at the scorecard's precision where it was
// taken over from a score. Only a score that was rounded has nine decimals: nobody types as many.
func (kr KeyResult) StartWords() string {
	return withUnit(digits(kr.Start.Decimal, kr.startPlaces()), kr.Unit)
}

// GoalWords say in one line what is to be reached: "start 150 → target 100 Hours", "stay at most 4", "stay
// between 90 and 110 %"; empty for a baseline, which has no goal yet.
func (kr KeyResult) GoalWords() string {
	switch {
	case kr.Kind == Baseline || !kr.Target.Valid:
		return ""
	case kr.Kind == Between && kr.Upper.Valid:
		return "stay between " + FormatEntered(kr.Target.Decimal, "") + " and " + kr.Entered(kr.Upper.Decimal)
	case kr.Kind.Stays():
		return uncapital(kr.Kind.Label()) + " " + kr.Entered(kr.Target.Decimal)
	case !kr.Start.Valid:
		return "target " + kr.Entered(kr.Target.Decimal)
	}
	return "start " + digits(kr.Start.Decimal, kr.startPlaces()) + " → target " + kr.Entered(kr.Target.Decimal)
}

func (kr KeyResult) startPlaces() int32 {
	if kr.Integrated && kr.Start.Decimal.Exponent() == -maxPlace {
		return min(max(kr.Precision, 0), AsManyAsThere)
	}
	return AsManyAsThere
}

// places are how many decimals a result is shown with.
func (kr KeyResult) places() int32 {
	if !kr.Integrated && kr.Method != Average {
		return AsManyAsThere
	}
	return kr.Precision
}

// Read writes a reading's value.
func (kr KeyResult) Read(r Reading) string {
	if r.CheckIn {
		return kr.Entered(r.Value)
	}
	return kr.Scored(r.Value)
}

// Measured writes a result: a hit rate as a percentage, what was entered by hand as it was entered,
// everything else at the scorecard's precision.
func (kr KeyResult) Measured(v decimal.Decimal) string {
	switch {
	case kr.Method == HitRate:
		return PercentWords(v)
	case kr.Override.Value.Valid && kr.Override.Value.Decimal.Equal(v):
		return kr.Entered(v)
	}
	return kr.Scored(v)
}

// MeasuredWords are those of Measured; empty without a result.
func (kr KeyResult) MeasuredWords(v decimal.NullDecimal) string {
	if !v.Valid {
		return ""
	}
	return kr.Measured(v.Decimal)
}

// ResultWords writes the result in the key result's unit, with its method where that is not the
// latest: "39 Hours", "39 Hours (average of 13)", "hit rate 92 % (13 readings)". Empty without a result.
func (kr KeyResult) ResultWords() string { return kr.wordsOf(kr.Result) }

// CountedWords writes the result that counts on a day, like ResultWords; an override is marked.
func (kr KeyResult) CountedWords(today Day) string { return kr.wordsOf(kr.Counted(today)) }

func (kr KeyResult) wordsOf(r Result) string {
	if !r.Value.Valid {
		return ""
	}
	switch how := kr.HowWords(r); {
	case r.ByHand:
		return kr.Entered(r.Value.Decimal) + " (" + how + ")"
	case kr.Method == HitRate:
		return fmt.Sprintf("hit rate %s (%s)", PercentWords(r.Value.Decimal), ReadingsWords(r.N))
	case how != "":
		return kr.Scored(r.Value.Decimal) + " (" + how + ")"
	}
	return kr.Scored(r.Value.Decimal)
}

// HowWords say what a result is, without its value: "by hand", "average of 13", "hit rate of 13 readings".
// They are empty for the latest value.
func (kr KeyResult) HowWords(r Result) string {
	if r.ByHand {
		return "by hand"
	}
	switch kr.Method {
	case Sum:
		return fmt.Sprintf("sum of %d", r.N)
	case Average:
		return fmt.Sprintf("average of %d", r.N)
	case Minimum:
		return fmt.Sprintf("smallest of %d", r.N)
	case Maximum:
		return fmt.Sprintf("largest of %d", r.N)
	case HitRate:
		return "hit rate of " + ReadingsWords(r.N)
	}
	return ""
}

// CountWords counts things by their name for one: "1 objective", "0 key results", "1,200 entries".
func CountWords(n int, one string) string {
	many := one + "s"
	if stem, y := strings.CutSuffix(one, "y"); y && !strings.HasSuffix(stem, "a") && !strings.HasSuffix(stem, "e") && !strings.HasSuffix(stem, "o") {
		many = stem + "ies"
	}
	if n == 1 {
		return "1 " + one
	}
	return thousands(strconv.Itoa(n)) + " " + many
}

// Drawable is a value of the scorecard as a chart draws it: the same that is written beside it.
func (kr KeyResult) Drawable(v decimal.Decimal) float64 { return kr.rounded(v).InexactFloat64() }

// rounded is a result with the decimals that it is shown with.
func (kr KeyResult) rounded(v decimal.Decimal) decimal.Decimal {
	return v.Round(min(max(kr.places(), 0), maxPlace))
}

// thousands puts a comma between groups of three digits.
func thousands(s string) string {
	sign, digits := "", s
	if strings.HasPrefix(s, "-") {
		sign, digits = "-", s[1:]
	}
	whole, rest, point := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		rest = "." + rest
	}
	return sign + whole + rest
}

// PercentWords writes a progress raw: "62 %", "118 %", "below start". It is rounded down, so that
// only done reads as done: 99.6 is "99 %".
func PercentWords(p decimal.Decimal) string {
	if p.IsNegative() {
		return "below start"
	}
	return withUnit(thousands(p.Shift(2).Floor().String()), "%")
}

// ProgressWords say how far it is from start to target: "progress 62 %", "progress 146 %", "below start".
func ProgressWords(p decimal.Decimal) string {
	if p.IsNegative() {
		return PercentWords(p)
	}
	return "progress " + PercentWords(p)
}

var sparks = []rune("▁▂▃▄▅▆▇█")

// Sparkline draws values, oldest first, one mark each. Equal values are drawn in the middle.
func Sparkline(values []decimal.Decimal) string {
	if len(values) == 0 {
		return ""
	}
	low, high := decimal.Min(values[0], values[1:]...), decimal.Max(values[0], values[1:]...)
	out := make([]rune, len(values))
	for i, v := range values {
		f := fraction(low, high, v)
		if !f.Valid {
			out[i] = sparks[3]
			continue
		}
		out[i] = sparks[f.Decimal.Mul(decimal.NewFromInt(int64(len(sparks)-1))).Round(0).IntPart()]
	}
	return string(out)
}

// Draw draws the standing's bar in width marks, with a tick where the committed result is (┃) and
// one where the pace expects it (╎). A tick stands in place of a mark; where both meet, the
// committed result's stays. A bar without progress is empty.
func (s Standing) Draw(width int) string {
	if width < 1 {
		return ""
	}
	at := func(p decimal.Decimal) int {
		return int(Clamp(p).Mul(decimal.NewFromInt(int64(width))).Floor().IntPart())
	}
	marks := slices.Concat(slices.Repeat([]rune{'█'}, at(s.Bar)), slices.Repeat([]rune{'░'}, width-at(s.Bar)))
	tick := func(p decimal.NullDecimal, mark rune) {
		if p.Valid {
			marks[min(at(p.Decimal), width-1)] = mark
		}
	}
	tick(s.Expected, '╎')
	tick(s.CommittedTick, '┃')
	return string(marks)
}
