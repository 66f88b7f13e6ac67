package okr

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Frequency is how often something happens: a cadence's, or a scorecard's.
type Frequency string

// The frequencies. Scorecards can be yearly, cadences cannot.
const (
	Daily     Frequency = "daily"
	Weekly    Frequency = "weekly"
	Monthly   Frequency = "monthly"
	Quarterly Frequency = "quarterly"
	Yearly    Frequency = "yearly"
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
	case Yearly:
		return "Yearly"
	}
	return string(f)
}

// days is the longest time between two scores, 0 when the frequency is unknown.
func (f Frequency) days() Day {
	switch f {
	case Daily:
		return 1
	case Weekly:
		return 7
	case Monthly:
		return 31
	case Quarterly:
		return 92
	case Yearly:
		return 366
	}
	return 0
}

// maxOffset is how many days after a period's close a cadence can wait, for books that close late.
const maxOffset = 30

// maxJitter is the widest spread of connections that are due at one moment.
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

// Next is the first slot strictly after a moment, in the cadence's zone. Where the clocks leave
// out the local time, the slot is the first minute after the gap; where it comes twice, the first
// of the two. However many slots passed before the moment, there is one next.
func (c Cadence) Next(after time.Time) (time.Time, error) {
	zone, err := location(c.Zone)
	if err != nil {
		return time.Time{}, err
	}
	// Before a slot the clocks show its day or an earlier one, also where a gap moves it past midnight.
	day := DayOf(after.In(zone))
	for {
		day, err = c.dayFrom(day)
		if err != nil {
			return time.Time{}, err
		}
		slot := moment(day, c.Hour, c.Minute, zone)
		if slot.After(after) && !(c.Every == Daily && skipped(day, zone)) {
			return slot, nil
		}
		day++
	}
}

// dayFrom is the first day of the cadence on or after a day.
func (c Cadence) dayFrom(d Day) (Day, error) {
	switch c.Every {
	case Daily:
		return d, nil
	case Weekly:
		return d + Day((7+int(c.Weekday)-int(d.Time().Weekday()))%7), nil
	case Monthly, Quarterly:
		t := d.Time()
		step := 1
		if c.Every == Quarterly {
			step = 3
		}
		for month := (int(t.Month())-1)/step*step + 1; ; month += step {
			if day := c.dayAfterClose(t.Year(), time.Month(month)); day >= d {
				return day, nil
			}
		}
	}
	return 0, fmt.Errorf("unknown cadence %q", c.Every)
}

// dayAfterClose is the cadence's day for the period that closed with the end of the month before.
// A month without that day gives its last one; a quarter is long enough for every offset.
func (c Cadence) dayAfterClose(year int, month time.Month) Day {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	day := DayOf(first) + Day(c.Offset)
	if c.Every == Monthly {
		day = min(day, DayOf(first.AddDate(0, 1, -1)))
	}
	return day
}

// moment is when a zone's clocks first show a time of day, or, where they leave it out, the end of
// the gap.
func moment(d Day, hour, minute int, zone *time.Location) time.Time {
	wall := d.Time().Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	// No zone is a whole 26 hours ahead of UTC, so here its clocks show an earlier time. From there
	// the zone's offsets are tried in the order in which they hold.
	t := wall.Add(-26 * time.Hour).In(zone)
	for {
		_, offset := t.Zone()
		start, end := t.ZoneBounds()
		candidate := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		switch {
		case candidate.Before(start):
			return start
		case end.IsZero() || candidate.Before(end):
			return candidate
		}
		t = end
	}
}

// skipped says whether a zone never had a day, as Samoa never had 30 December 2011.
func skipped(d Day, zone *time.Location) bool { return DayOf(moment(d, 0, 0, zone)) != d }

// locations keeps what was loaded: reading a zone's rules costs more than a thousand slots.
var locations sync.Map

// location loads a zone by its IANA name. "Local" is refused, since every machine has its own.
func location(name string) (*time.Location, error) {
	if zone, ok := locations.Load(name); ok {
		return zone.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("loading time zone %q: not a zone's name", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("loading time zone %q: %w", name, err)
	}
	locations.Store(name, zone)
	return zone, nil
}

// DayIn is the calendar day of a moment in a zone; in UTC where there is no such zone.
func DayIn(zone string, now time.Time) Day {
	where, err := location(zone)
	if err != nil {
		where = time.UTC
	}
	return DayOf(now.In(where))
}

// Jitter spreads connections that are due at one moment, so that not all are read at 09:00:00. All
// that reads through one connection falls due together: then one call reads many scorecards, each
// once. It is always the same for one connection, and less than ten minutes.
func (c Cadence) Jitter(connection int64) time.Duration {
	return spread(connection, maxJitter)
}

// Words says the cadence to people: "Weekly on Monday at 09:00 Europe/Berlin".
func (c Cadence) Words() string {
	at := fmt.Sprintf(" at %02d:%02d %s", c.Hour, c.Minute, c.Zone)
	switch c.Every {
	case "":
		return "updated by people"
	case Weekly:
		return "Weekly on " + c.Weekday.String() + at
	case Monthly:
		day := fmt.Sprintf("Monthly on day %d", c.Offset+1)
		if c.Offset+1 > 28 {
			day += " or the last"
		}
		return day + at
	case Quarterly:
		if c.Offset == 0 {
			return "Quarterly on the first day after the quarter" + at
		}
		return "Quarterly, " + CountWords(c.Offset, "day") + " after the first day of the new quarter," + at
	}
	return c.Every.Label() + at
}

const zoneProblem = "Choose a time zone, such as Europe/Berlin."

// UnknownZone is what is wrong with a time zone that okrbot knows and its database does not.
const UnknownZone = "okrbot's database does not know this time zone. Choose one with the same hours, or ask whoever runs okrbot to bring its time zones up to date."

// Check finds what is wrong with a cadence that people entered.
func (c Cadence) Check() Problems {
	p := Problems{}
	if !slices.Contains(Frequencies, c.Every) {
		p.Add("cadence", "Choose how often the value is updated.")
	}
	if c.Weekday < time.Sunday || c.Weekday > time.Saturday {
		p.Add("weekday", "Choose a weekday.")
	}
	if c.Hour < 0 || c.Hour > 23 || c.Minute < 0 || c.Minute > 59 {
		p.Add("hour", "Choose a time of day from 00:00 to 23:59.")
	}
	if c.Offset < 0 || c.Offset > maxOffset {
		p.Add("offset", "Enter 0 to 30 days.")
	}
	if _, err := location(c.Zone); err != nil {
		// The zone is the objective's and has no field of its own beside the cadence.
		p.Add("cadence", "The objective's time zone is unknown. "+zoneProblem)
	}
	return p
}

// NextRunWords says when something runs, with its zone: "Mon 30 Nov, 09:00 Europe/Berlin".
func NextRunWords(t time.Time, zone string) string {
	where, err := location(zone)
	if err != nil {
		where, zone = time.UTC, "UTC"
	}
	return t.In(where).Format("Mon 2 Jan, 15:04 ") + zone
}
