package okr

import (
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
)

// Sentence is what is wrong with one thing that a person typed, said to that person.
type Sentence string

func (s Sentence) Error() string { return string(s) }

// numberPattern is what a person may type as a number. Separators of thousands and decimal commas
// are refused, not guessed: "1.234" means two things in two languages.
var numberPattern = regexp.MustCompile(`^[+-]?[0-9]{1,18}(\.[0-9]{1,9})?$`)

// ParseNumber reads a number that a person typed. The error is a sentence for the field.
func ParseNumber(typed string) (decimal.Decimal, error) {
	s := strings.TrimSpace(typed)
	switch {
	case s == "":
		return decimal.Decimal{}, Sentence("Enter a number.")
	case numberPattern.MatchString(s):
		d, err := decimal.NewFromString(strings.TrimPrefix(s, "+"))
		if err != nil {
			return d, Sentence("Enter a number such as 42 or 99.5.")
		}
		return d, nil
	case strings.ContainsAny(s, ",' \u00a0\u202f"):
		return decimal.Decimal{}, Sentence("Write the number without separators and with a point: 1234.5.")
	case regexp.MustCompile(`^[+-]?[0-9.]+$`).MatchString(s):
		return decimal.Decimal{}, Sentence("Enter a number with at most 18 digits before and 9 after one point.")
	}
	return decimal.Decimal{}, Sentence("This is not a number. Enter digits only, such as 42 or 99.5.")
}

// FormatValue writes a value for people: thousands apart, so many decimals, and its unit.
// ServiceNow's unit "#" says that it is a count and is not written.
func FormatValue(v decimal.Decimal, unit string, precision int32) string {
	if precision < 0 {
		precision = 0
	}
	s := v.Round(precision).String()
	if v.Round(precision).Equal(v) {
		s = v.String() // no decimals that say nothing
	} else {
		s = v.StringFixed(precision)
	}
	s = thousands(s)
	switch unit {
	case "", "#":
		return s
	case "$", "€", "£", "¥":
		if strings.HasPrefix(s, "-") {
			return "-" + unit + s[1:]
		}
		return unit + s
	}
	return s + " " + unit
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

// PercentWords writes a progress: rounded down below 100, so that only done reads as done; raw
// above; "below start" beneath 0.
func PercentWords(p decimal.Decimal) string {
	percent := p.Mul(decimal.NewFromInt(100))
	if percent.IsNegative() {
		return "below start"
	}
	return percent.Floor().String() + " %"
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

// Draw draws the standing's bar in width marks, with a tick where the committed result is and one
// where the pace expects it. Ticks stand in place of a mark.
func (s Standing) Draw(width int) string {
	at := func(p decimal.Decimal) int {
		return int(Clamp(p).Mul(decimal.NewFromInt(int64(width))).Floor().IntPart())
	}
	filled := at(s.Bar)
	marks := make([]rune, width)
	for i := range marks {
		marks[i] = '░'
		if i < filled {
			marks[i] = '█'
		}
	}
	tick := func(p decimal.NullDecimal, mark rune) {
		if p.Valid {
			marks[min(at(p.Decimal), width-1)] = mark
		}
	}
	tick(s.Expected, '╎')
	tick(s.CommittedTick, '┃')
	return string(marks)
}
