package okr

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"time"
)

// Frequency is how often something happens: a cadence's, or a scorecard's.
type Frequency string

// The frequencies of a cadence.
const (
	Daily     Frequency = "daily"
	Weekly    Frequency = "weekly"
	Monthly   Frequency = "monthly"
	Quarterly Frequency = "quarterly"
)

// Frequencies are the update cadences, the most frequent first.
var Frequencies = []Frequency{Daily, Weekly, Monthly, Quarterly}

// Label is the frequency as a form shows it: "Weekly".
func (f Frequency) Label() string {
	switch f {
	case Daily:
		return "Daily"
	case Weekly:
		return "Weekly"
	case Monthly:
		return "Monthly"
	case Quarterly:
		return "Quarterly"
	}
	return string(f)
}

// maxOffset is how many days after a period's close a cadence can wait, for books that close late.
const maxOffset = 30

// maxJitter is the widest spread of key results that are due at one moment.
const maxJitter = 10 * time.Minute

// Cadence says when an integrated key result is read: at a local time of day, on a weekday or some
// days after a month or quarter has closed. The zero Cadence is never.
type Cadence struct {
	Every   Frequency
	Weekday time.Weekday // weekly
	Hour    int          // local, 0–23
	Minute  int          // local, 0–59
	Offset  int          // monthly, quarterly: days after the first day that follows the close, 0–30
	Zone    string       // IANA
}

// Next is the first slot strictly after a moment. Where the clocks leave out the local time, the
// slot is the first minute after the gap; where it comes twice, the first of the two.
func (c Cadence) Next(after time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("loading time zone %q: %w", c.Zone, err)
	}
	local := after.In(zone)
	// The day before can hold a slot after this moment only where a zone skips a day; starting
	// there costs nothing.
	day := DayOf(local) - 1
	for range 5 {
		day, err = c.dayFrom(day)
		if err != nil {
			return time.Time{}, err
		}
		if slot := c.on(day, zone); slot.After(after) {
			return slot, nil
		}
		day++
	}
	return time.Time{}, fmt.Errorf("no slot of %s follows %s", c.Words(), after.UTC().Format(time.RFC3339))
}

// dayFrom is the first day of the cadence on or after a day.
func (c Cadence) dayFrom(d Day) (Day, error) {
	switch c.Every {
	case Daily:
		return d, nil
	case Weekly:
		return d + Day((7+int(c.Weekday)-int(d.Time().Weekday()))%7), nil
	case Monthly:
		return c.dayOfMonths(d, 1), nil
	case Quarterly:
		return c.dayOfMonths(d, 3), nil
	}
	return 0, fmt.Errorf("unknown cadence %q", c.Every)
}

// dayOfMonths is the first day on or after d that is Offset days after the first of a month, of
// every month or of those that open a quarter. A month that is too short gives its last day.
func (c Cadence) dayOfMonths(d Day, step int) Day {
	t := d.Time()
	month := time.Month((int(t.Month())-1)/step*step + 1)
	for n := 0; ; n += step {
		first := time.Date(t.Year(), month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		last := DayOf(first.AddDate(0, 1, -1))
		if day := min(DayOf(first)+Day(c.Offset), last); day >= d {
			return day
		}
	}
}

// on is the moment of the cadence's local time on a day.
func (c Cadence) on(d Day, zone *time.Location) time.Time {
	y, m, dd := d.Time().Date()
	// Two days earlier no zone has seen this local time yet; from there on, minute by minute is
	// exact but slow, so the two candidates are the offsets in force before and after.
	wall := time.Date(y, m, dd, c.Hour, c.Minute, 0, 0, time.UTC)
	_, before := wall.Add(-26 * time.Hour).In(zone).Zone()
	_, after := wall.Add(26 * time.Hour).In(zone).Zone()
	first := wall.Add(-time.Duration(max(before, after)) * time.Second)
	second := wall.Add(-time.Duration(min(before, after)) * time.Second)
	for _, t := range []time.Time{first, second} {
		if shows(t.In(zone), wall) {
			return t.In(zone)
		}
	}
	// Neither: the local time is in a gap. Its end is where the offset changes.
	low, high := first.Add(-time.Hour), second.Add(time.Hour)
	_, offset := low.In(zone).Zone()
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2)
		if _, o := middle.In(zone).Zone(); o == offset {
			low = middle
		} else {
			high = middle
		}
	}
	return high.Truncate(time.Second).In(zone)
}

func shows(t, wall time.Time) bool {
	return t.Hour() == wall.Hour() && t.Minute() == wall.Minute() && DayOf(t) == DayOf(wall)
}

// Jitter spreads key results that are due at one moment, so that a thousand do not ask one
// instance at 09:00:00. It is always the same for one key result, and less than ten minutes.
func (c Cadence) Jitter(keyResult int64) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatInt(keyResult, 10)))
	return time.Duration(h.Sum64()%uint64(maxJitter/time.Second)) * time.Second
}

// Words says the cadence to people: "Weekly on Monday at 09:00 Europe/Berlin".
func (c Cadence) Words() string {
	if c.Every == "" {
		return "updated by people"
	}
	at := fmt.Sprintf("at %02d:%02d %s", c.Hour, c.Minute, c.Zone)
	switch c.Every {
	case Weekly:
		return "Weekly on " + c.Weekday.String() + " " + at
	case Monthly, Quarterly:
		unit := "month"
		if c.Every == Quarterly {
			unit = "quarter"
		}
		switch c.Offset {
		case 0:
			return c.Every.Label() + ", on the first day after the " + unit + " " + at
		case 1:
			return c.Every.Label() + ", 1 day later than the first day after the " + unit + ", " + at
		}
		return fmt.Sprintf("%s, %d days later than the first day after the %s, %s", c.Every.Label(), c.Offset, unit, at)
	}
	return c.Every.Label() + " " + at
}

// Check finds what is wrong with a cadence that people entered.
func (c Cadence) Check() Problems {
	p := Problems{}
	switch c.Every {
	case Daily, Weekly, Monthly, Quarterly:
	default:
		p["cadence"] = "Choose how often the value is updated."
	}
	if c.Weekday < time.Sunday || c.Weekday > time.Saturday {
		p["weekday"] = "Choose a weekday."
	}
	if c.Hour < 0 || c.Hour > 23 || c.Minute < 0 || c.Minute > 59 {
		p["hour"] = "Choose a time of day from 00:00 to 23:59."
	}
	if c.Offset < 0 || c.Offset > maxOffset {
		p["offset"] = "Enter 0 to 30 days."
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" {
		p["zone"] = "Choose a time zone, such as Europe/Berlin."
	}
	return p
}

// NextRunWords says when something runs, with its zone: "Mon 30 Nov, 09:00 Europe/Berlin".
func NextRunWords(t time.Time, zone string) string {
	where, err := time.LoadLocation(zone)
	if err != nil {
		where, zone = time.UTC, "UTC"
	}
	return t.In(where).Format("Mon 2 Jan, 15:04 ") + zone
}
