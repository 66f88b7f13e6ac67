package okr_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones are these on every machine

	"pgregory.net/rapid"

	"okrbot/okr"
)

// zones have been chosen for their trouble: half-hour shifts, gaps at midnight, gaps into the next
// day, a day left out, shifts during Ramadan, two hours at once, both ends of the earth.
var zones = []string{
	"UTC", "Europe/Berlin", "Europe/Dublin", "Europe/Istanbul", "America/New_York", "America/Santiago", "America/Asuncion",
	"America/Havana", "America/St_Johns", "America/Nuuk", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Apia",
	"Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Casablanca", "Africa/Cairo", "Asia/Tehran",
	"Asia/Gaza", "Asia/Beirut", "Asia/Kathmandu", "Asia/Kolkata", "Antarctica/Troll",
}

func TestSlots(t *testing.T) {
	at := func(every okr.Frequency, hour, minute int, zone string) okr.Cadence {
		return okr.Cadence{Every: every, Weekday: time.Monday, Hour: hour, Minute: minute, Zone: zone}
	}
	offset := func(every okr.Frequency, days int) okr.Cadence {
		c := at(every, 9, 0, "Europe/Berlin")
		c.Offset = days
		return c
	}
	friday := at(okr.Weekly, 9, 0, "Pacific/Apia")
	friday.Weekday = time.Friday
	for _, row := range []struct {
		name    string
		cadence okr.Cadence
		after   string
		slots   []string // in a row
	}{
		{"daily", at(okr.Daily, 9, 0, "Europe/Berlin"), "2026-11-24T07:59:59Z", []string{"2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z"}},
		{"strictly after", at(okr.Daily, 9, 0, "Europe/Berlin"), "2026-11-24T08:00:00Z", []string{"2026-11-25T08:00:00Z"}},
		{"a zone a day ahead", at(okr.Daily, 9, 0, "Pacific/Kiritimati"), "2026-11-24T18:59:00Z", []string{"2026-11-24T19:00:00Z"}},
		{"weekly", at(okr.Weekly, 9, 0, "Europe/Berlin"), "2026-11-24T12:00:00Z", []string{"2026-11-30T08:00:00Z", "2026-12-07T08:00:00Z"}},
		{"weekly over new year", at(okr.Weekly, 9, 0, "Europe/Berlin"), "2026-12-28T08:00:00Z", []string{"2027-01-04T08:00:00Z"}},
		{"weekly has no offset", okr.Cadence{Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Offset: 3, Zone: "UTC"}, "2026-11-24T12:00:00Z", []string{"2026-11-30T09:00:00Z"}},
		{"monthly", offset(okr.Monthly, 0), "2026-11-24T12:00:00Z", []string{"2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"}},
		{"monthly on day 29", offset(okr.Monthly, 28), "2027-01-29T08:00:00Z", []string{"2027-02-28T08:00:00Z", "2027-03-29T07:00:00Z"}},
		{"29 February", offset(okr.Monthly, 28), "2028-01-29T08:00:00Z", []string{"2028-02-29T08:00:00Z", "2028-03-29T07:00:00Z"}},
		{"monthly on day 31", offset(okr.Monthly, 30), "2028-01-31T08:00:00Z", []string{
			"2028-02-29T08:00:00Z", "2028-03-31T07:00:00Z", "2028-04-30T07:00:00Z", "2028-05-31T07:00:00Z", "2028-06-30T07:00:00Z"}},
		{"quarterly", offset(okr.Quarterly, 0), "2026-11-24T12:00:00Z", []string{"2027-01-01T08:00:00Z", "2027-04-01T07:00:00Z", "2027-07-01T07:00:00Z", "2027-10-01T07:00:00Z"}},
		{"quarterly, books close late", offset(okr.Quarterly, 5), "2027-01-01T08:00:00Z", []string{"2027-01-06T08:00:00Z", "2027-04-06T07:00:00Z"}},
		{"quarterly, the latest", offset(okr.Quarterly, 30), "2027-01-31T08:00:00Z", []string{"2027-05-01T07:00:00Z", "2027-07-31T07:00:00Z", "2027-10-31T08:00:00Z"}},
		{"quarterly, in the month of a late slot", offset(okr.Quarterly, 30), "2027-04-30T23:00:00Z", []string{"2027-05-01T07:00:00Z"}},

		{"Berlin, spring gap", at(okr.Daily, 2, 30, "Europe/Berlin"), "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"Berlin, autumn overlap", at(okr.Daily, 2, 30, "Europe/Berlin"), "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"Berlin, between the two", at(okr.Daily, 2, 30, "Europe/Berlin"), "2026-10-25T00:45:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"Berlin, from the second on", at(okr.Daily, 2, 30, "Europe/Berlin"), "2026-10-25T01:30:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"Santiago, gap at midnight", at(okr.Daily, 0, 30, "America/Santiago"), "2026-09-05T12:00:00Z", []string{"2026-09-06T04:00:00Z", "2026-09-07T03:30:00Z"}},
		{"Santiago, overlap before midnight", at(okr.Daily, 23, 30, "America/Santiago"), "2026-04-04T12:00:00Z", []string{"2026-04-05T02:30:00Z", "2026-04-06T03:30:00Z"}},
		{"Sydney, spring gap", at(okr.Daily, 2, 30, "Australia/Sydney"), "2026-10-03T12:00:00Z", []string{"2026-10-03T16:00:00Z", "2026-10-04T15:30:00Z"}},
		{"Sydney, autumn overlap", at(okr.Daily, 2, 30, "Australia/Sydney"), "2026-04-04T12:00:00Z", []string{"2026-04-04T15:30:00Z", "2026-04-05T16:30:00Z"}},
		{"Lord Howe, half a gap", at(okr.Daily, 2, 15, "Australia/Lord_Howe"), "2026-10-03T12:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"Lord Howe, after the half gap", at(okr.Daily, 2, 30, "Australia/Lord_Howe"), "2026-10-03T12:00:00Z", []string{"2026-10-03T15:30:00Z"}},
		{"Lord Howe, half an overlap", at(okr.Daily, 1, 45, "Australia/Lord_Howe"), "2026-04-04T12:00:00Z", []string{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
		{"Nuuk, a gap that ends tomorrow", at(okr.Daily, 23, 30, "America/Nuuk"), "2024-03-30T12:00:00Z", []string{"2024-03-31T01:00:00Z", "2024-04-01T00:30:00Z"}},
		{"Samoa, a day that never was", at(okr.Daily, 9, 0, "Pacific/Apia"), "2011-12-29T18:00:00Z", []string{"2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z"}},
		{"Samoa, the week without a Friday", friday, "2011-12-27T00:00:00Z", []string{"2011-12-30T10:00:00Z", "2012-01-05T19:00:00Z"}},

		{"down for five weeks: one run", at(okr.Weekly, 9, 0, "Europe/Berlin"), "2026-12-29T10:00:00Z", []string{"2027-01-04T08:00:00Z"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, row.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range row.slots {
				next, err := row.cadence.Next(now)
				if err != nil {
					t.Fatal(err)
				}
				if got := next.UTC().Format(time.RFC3339); got != want {
					t.Fatalf("after %s comes %s, want %s", now.UTC().Format(time.RFC3339), got, want)
				}
				now = next
			}
		})
	}
}

func TestACadenceWithoutSenseHasNoSlot(t *testing.T) {
	for name, c := range map[string]okr.Cadence{
		"never":             {},
		"yearly":            {Every: okr.Yearly, Zone: "UTC"},
		"no zone":           {Every: okr.Daily},
		"the machine's own": {Every: okr.Daily, Zone: "Local"},
		"no such zone":      {Every: okr.Daily, Zone: "Mars/Olympus_Mons"},
	} {
		if slot, err := c.Next(time.Unix(0, 0)); err == nil {
			t.Errorf("%s: %s", name, slot)
		}
	}
}

func cadences(zones *rapid.Generator[string]) *rapid.Generator[okr.Cadence] {
	return rapid.Custom(func(t *rapid.T) okr.Cadence {
		return okr.Cadence{
			Every:   rapid.SampledFrom(okr.Frequencies).Draw(t, "every"),
			Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")),
			// The small hours are when clocks are put forward and back.
			Hour:   rapid.OneOf(rapid.IntRange(0, 4), rapid.IntRange(0, 23)).Draw(t, "hour"),
			Minute: rapid.IntRange(0, 59).Draw(t, "minute"),
			Offset: rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 30)).Draw(t, "offset"),
			Zone:   zones.Draw(t, "zone"),
		}
	})
}

// moments of 30 years, half of them within two days of a change of the zone's clocks.
func moments(where *time.Location) *rapid.Generator[time.Time] {
	first := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	return rapid.Custom(func(t *rapid.T) time.Time {
		m := first.Add(time.Duration(rapid.Int64Range(0, 30*365*24*3600).Draw(t, "second")) * time.Second).In(where)
		if _, change := m.ZoneBounds(); !change.IsZero() && rapid.Bool().Draw(t, "near a change") {
			m = change.Add(time.Duration(rapid.Int64Range(-48*3600, 48*3600).Draw(t, "from the change")) * time.Second)
		}
		return m
	})
}

func TestTheNextSlotIsLaterThanNowAndTheSameUntilItIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cadences(rapid.SampledFrom(zones)).Draw(t, "cadence")
		where, err := time.LoadLocation(c.Zone)
		if err != nil {
			t.Fatal(err)
		}
		now := moments(where).Draw(t, "now")
		next, err := c.Next(now)
		if err != nil {
			t.Fatal(err)
		}
		if !next.After(now) {
			t.Fatalf("next %s is not after now %s", next, now)
		}
		// A restart at any moment in between finds the same slot, up to the last instant.
		between := now.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(now))-1).Draw(t, "later")))
		for _, later := range []time.Time{between, next.Add(-1)} {
			if again, err := c.Next(later); err != nil || !again.Equal(next) {
				t.Fatalf("at %s next is %s (%v), at %s it is %s", now, next, err, later, again)
			}
		}
		if next.Second() != 0 || next.Nanosecond() != 0 {
			t.Fatalf("%s is not a whole minute", next)
		}
	})
}

// TestASlotIsTheFirstMinuteOfItsTimeOfDay looks at every minute around the slot, as a person with a
// clock would.
func TestASlotIsTheFirstMinuteOfItsTimeOfDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cadences(rapid.SampledFrom(zones)).Draw(t, "cadence")
		c.Every = okr.Daily
		where, err := time.LoadLocation(c.Zone)
		if err != nil {
			t.Fatal(err)
		}
		next, err := c.Next(moments(where).Draw(t, "now"))
		if err != nil {
			t.Fatal(err)
		}
		clock := func(m time.Time) int { return m.Hour()*60 + m.Minute() }
		due := c.Hour*60 + c.Minute
		if clock(next) == due {
			// No earlier minute of this local day shows the same.
			for m := next.Add(-4 * time.Hour); m.Before(next); m = m.Add(time.Minute) {
				if clock(m) == due {
					t.Fatalf("%s is not the first: %s", next, m)
				}
			}
			return
		}
		// The clocks jumped over it: a minute before, it was still earlier.
		before := next.Add(-time.Minute)
		passed := (clock(next) - clock(before) + 24*60) % (24 * 60)
		left := (due - clock(before) + 24*60) % (24 * 60)
		if passed <= 1 || left == 0 || left >= passed {
			t.Fatalf("%s does not end a gap over %02d:%02d", next, c.Hour, c.Minute)
		}
	})
}

// TestEveryPeriodHasOneSlot walks through 30 years in each zone.
func TestEveryPeriodHasOneSlot(t *testing.T) {
	from, to := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	month := func(m time.Time) int { return m.Year()*12 + int(m.Month()) - 1 }
	periods := map[okr.Frequency]func(time.Time) int{
		okr.Daily:     func(m time.Time) int { return int(okr.DayOf(m)) },
		okr.Weekly:    func(m time.Time) int { return (int(okr.DayOf(m)) + 4) / 7 }, // Sunday to Saturday
		okr.Monthly:   month,
		okr.Quarterly: func(m time.Time) int { return month(m) / 3 },
	}
	times := []struct{ hour, minute int }{{0, 0}, {1, 45}, {2, 30}, {9, 0}}
	for i, name := range zones {
		where := zone(t, name)
		for _, c := range []okr.Cadence{
			{Every: okr.Daily},
			{Every: okr.Weekly, Weekday: time.Sunday},
			{Every: okr.Weekly, Weekday: time.Monday},
			{Every: okr.Monthly},
			{Every: okr.Monthly, Offset: 28},
			{Every: okr.Monthly, Offset: 30},
			{Every: okr.Quarterly},
			{Every: okr.Quarterly, Offset: 30},
		} {
			c.Zone, c.Hour, c.Minute = name, times[i%len(times)].hour, times[i%len(times)].minute
			period := periods[c.Every]
			last := from.In(where)
			lastPeriod := 0
			for n := 0; last.Before(to); n++ {
				slot, err := c.Next(last)
				if err != nil {
					t.Fatal(err)
				}
				p := period(slot.In(where))
				if samoa := name == "Pacific/Apia" && okr.DayOf(last) == day(t, "2011-12-29") && c.Every == okr.Daily; samoa {
					lastPeriod++ // 30 December 2011 was left out
				}
				if n > 0 && p != lastPeriod+1 {
					t.Fatalf("%s: after %s comes %s", c.Words(), last, slot)
				}
				last, lastPeriod = slot, p
			}
		}
	}
}

func TestJitterIsStableAndSpread(t *testing.T) {
	c := okr.Cadence{Every: okr.Daily, Hour: 9, Zone: "UTC"}
	minutes := make([]int, 10)
	for id := int64(1); id <= 10_000; id++ {
		j := c.Jitter(id)
		if j < 0 || j >= 10*time.Minute || j != c.Jitter(id) {
			t.Fatalf("key result %d waits %s", id, j)
		}
		minutes[int(j/time.Minute)]++
	}
	for minute, n := range minutes {
		if n < 800 || n > 1200 {
			t.Errorf("%d of 10,000 fall into minute %d", n, minute)
		}
	}
}

func TestCadencesInWords(t *testing.T) {
	for want, c := range map[string]okr.Cadence{
		"updated by people":                                                                {},
		"Daily at 09:00 Europe/Berlin":                                                     {Every: okr.Daily, Hour: 9, Zone: "Europe/Berlin"},
		"Weekly on Monday at 09:00 Europe/Berlin":                                          {Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Zone: "Europe/Berlin"},
		"Monthly on day 1 at 07:05 UTC":                                                    {Every: okr.Monthly, Hour: 7, Minute: 5, Zone: "UTC"},
		"Monthly on day 31 or the last at 09:00 UTC":                                       {Every: okr.Monthly, Hour: 9, Offset: 30, Zone: "UTC"},
		"Quarterly on the first day after the quarter at 09:00 UTC":                        {Every: okr.Quarterly, Hour: 9, Zone: "UTC"},
		"Quarterly, 1 day after the first day of the new quarter, at 09:00 UTC":            {Every: okr.Quarterly, Hour: 9, Offset: 1, Zone: "UTC"},
		"Quarterly, 5 days after the first day of the new quarter, at 09:00 Europe/Berlin": {Every: okr.Quarterly, Hour: 9, Offset: 5, Zone: "Europe/Berlin"},
	} {
		if got := c.Words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	run := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	if got := okr.NextRunWords(run, "Europe/Berlin"); got != "Mon 30 Nov, 09:00 Europe/Berlin" {
		t.Error(got)
	}
	if got := okr.NextRunWords(run, "Nowhere"); got != "Mon 30 Nov, 08:00 UTC" {
		t.Error(got)
	}
}

func TestCadenceProblems(t *testing.T) {
	good := okr.Cadence{Every: okr.Monthly, Weekday: time.Monday, Hour: 9, Offset: 30, Zone: "Europe/Berlin"}
	if p := good.Check(); p.Any() {
		t.Fatal(p)
	}
	for field, spoil := range map[string]func(*okr.Cadence){
		"cadence": func(c *okr.Cadence) { c.Every = okr.Yearly },
		"weekday": func(c *okr.Cadence) { c.Weekday = 7 },
		"hour":    func(c *okr.Cadence) { c.Hour = 24 },
		"offset":  func(c *okr.Cadence) { c.Offset = 31 },
	} {
		c := good
		spoil(&c)
		if p := c.Check(); len(p) != 1 || p[field] == "" {
			t.Errorf("%s: %v", field, p)
		}
	}
	for _, zone := range []string{"", "Local", "Mars/Olympus_Mons", "../../etc/passwd"} {
		c := good
		c.Zone = zone
		if p := c.Check(); p["cadence"] == "" {
			t.Errorf("zone %q: %v", zone, p)
		}
	}
}

func BenchmarkCadenceNext(b *testing.B) {
	c := okr.Cadence{Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Zone: "Europe/Berlin"}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		if _, err := c.Next(now); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTheDayInAZone(t *testing.T) {
	now := time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC)
	for zone, want := range map[string]string{"UTC": "2026-11-24", "Europe/Berlin": "2026-11-25", "America/New_York": "2026-11-24", "Nowhere/None": "2026-11-24", "": "2026-11-24"} {
		if got := okr.DayIn(zone, now).String(); got != want {
			t.Errorf("%s: got %s, want %s", zone, got, want)
		}
	}
}
