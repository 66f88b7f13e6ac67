package okr_test

import (
	"archive/zip"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okrbot/okr"
)

// worldsZones are all zones of Go's own copy of the tz database.
func worldsZones(t *testing.T) []string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal("no go command to ask where its zones are: ", err)
	}
	r, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") && f.Name != "Factory" {
			names = append(names, f.Name)
		}
	}
	if len(names) < 400 {
		t.Fatalf("%d zones", len(names))
	}
	return names
}

// worldsCadences are all cadences of a zone: every weekday, every offset; each at a time of day of
// its own, daily ones at all of them.
func worldsCadences(zone string, shift int) []okr.Cadence {
	times := []struct{ hour, minute int }{{0, 0}, {0, 30}, {1, 45}, {2, 30}, {3, 0}, {9, 0}, {23, 0}, {23, 59}}
	var all []okr.Cadence
	add := func(c okr.Cadence) {
		at := times[(len(all)+shift)%len(times)]
		c.Zone, c.Hour, c.Minute = zone, at.hour, at.minute
		all = append(all, c)
	}
	for range times {
		add(okr.Cadence{Every: okr.Daily})
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		add(okr.Cadence{Every: okr.Weekly, Weekday: day})
	}
	for offset := range 31 {
		add(okr.Cadence{Every: okr.Monthly, Offset: offset})
		add(okr.Cadence{Every: okr.Quarterly, Offset: offset})
	}
	return all
}

// TestCadencesOfTheWorld walks through 30 years in every zone there is: the slots rise, no period
// has two, and none is left out. With SOAK=1 every cadence of each zone is walked, else one.
func TestCadencesOfTheWorld(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	slots := 0
	for _, name := range worldsZones(t) {
		where := zone(t, name)
		cadences := worldsCadences(name, random.IntN(8))
		if os.Getenv("SOAK") == "" {
			i := random.IntN(len(cadences))
			cadences = cadences[i : i+1]
		}
		for _, c := range cadences {
			slots += walk(t, c, where)
		}
	}
	t.Logf("%d slots, seed %d", slots, seed)
}

// walk follows a cadence through 30 years and counts its slots.
func walk(t *testing.T, c okr.Cadence, where *time.Location) int {
	t.Helper()
	from, to := time.Date(2010, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	last, lastDay, n := from, okr.Day(0), 0
	for ; last.Before(to); n++ {
		slot, err := c.Next(last)
		if err != nil {
			t.Fatal(err)
		}
		if !slot.After(last) {
			t.Fatalf("%s: after %s comes %s", c.Words(), last, slot)
		}
		day := okr.DayOf(slot.In(where))
		if at := slot.In(where); at.Hour() != c.Hour || at.Minute() != c.Minute {
			// The clocks jump over the time of day: the slot stands for the day on which they would
			// have shown it next, had they gone on.
			before := slot.Add(-time.Nanosecond).In(where)
			if day = okr.DayOf(before); before.Hour()*60+before.Minute() >= c.Hour*60+c.Minute {
				day++
			}
		}
		if n > 0 && periodOf(c, day) != periodOf(c, lastDay)+1 && !leftOut(c, lastDay+1, where) {
			t.Fatalf("%s: after %s comes %s", c.Words(), last.In(where), slot.In(where))
		}
		last, lastDay = slot, day
	}
	return n
}

// periodOf numbers a cadence's periods; a week begins with the cadence's weekday.
func periodOf(c okr.Cadence, d okr.Day) int {
	month := d.Time().Year()*12 + int(d.Time().Month()) - 1
	switch c.Every {
	case okr.Weekly:
		return (int(d) + int(time.Thursday) - int(c.Weekday)) / 7 // 1 January 1970 was a Thursday
	case okr.Monthly:
		return month
	case okr.Quarterly:
		return month / 3
	}
	return int(d)
}

// leftOut says whether a daily cadence misses a day that the zone never had.
func leftOut(c okr.Cadence, d okr.Day, where *time.Location) bool {
	if c.Every != okr.Daily {
		return false
	}
	for t := d.Time().Add(-26 * time.Hour); t.Before(d.Time().Add(50 * time.Hour)); t = t.Add(15 * time.Minute) {
		if okr.DayOf(t.In(where)) == d {
			return false
		}
	}
	return true
}
