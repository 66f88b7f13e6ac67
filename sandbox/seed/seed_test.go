package seed

import (
	"slices"
	"testing"
	"time"

	"okrbot/sandbox/servicenow"
)

// TestTheNumbersAreTheSameOnEveryDay fills an instance on each day of four years, a leap year's
// among them: a scorecard's score of so many days ago is the same, whatever the date.
func TestTheNumbersAreTheSameOnEveryDay(t *testing.T) {
	type moment struct {
		id   string
		back int
	}
	first := map[moment]float64{}
	for n := range 4 * 366 {
		today := time.Date(2026, 11, 26, 23, 50, 0, 0, time.UTC).AddDate(0, 0, n)
		midnight := today.Truncate(24 * time.Hour)
		i := servicenow.New(servicenow.Options{})
		ServiceNow(i, today)
		for _, s := range i.Scorecards() {
			last := 0
			for _, score := range s.Scores {
				at := moment{s.ID, int(midnight.Sub(score.Day) / (24 * time.Hour))}
				if v, known := first[at]; known && v != score.Value {
					t.Fatalf("on %s %s has %v of %d days ago, and on another day %v", today.Format(time.DateOnly), s.Name, score.Value, at.back, v)
				}
				first[at], last = score.Value, at.back
			}
			if s.Frequency == 10 && last != 1 && s.Name != "Printer incidents" {
				t.Fatalf("on %s the newest score of %s is %d days old", today.Format(time.DateOnly), s.Name, last)
			}
			if want := map[int]int{10: days, 20: days / 7, 30: days/31 - 1}[s.Frequency]; len(s.Scores) < want && s.Name != "Carbon footprint of IT" {
				t.Fatalf("on %s %s has %d scores, want %d", today.Format(time.DateOnly), s.Name, len(s.Scores), want)
			}
		}
	}
}

// What is collected later is the same on every day too: a workspace that somebody makes of it stands alike
// on any date.
func TestWhatIsCollectedIsTheSameOnEveryDay(t *testing.T) {
	first := map[string][]float64{}
	for n := range 400 {
		today := time.Date(2026, 11, 26, 0, 30, 0, 0, time.UTC).AddDate(0, 0, n)
		i := servicenow.New(servicenow.Options{})
		ServiceNow(i, today)
		for day := range 8 {
			Collect(i, today.AddDate(0, 0, day))
		}
		for _, s := range i.Scorecards() {
			if s.Frequency != 10 || s.Name == "Printer incidents" {
				continue
			}
			var week []float64
			for _, score := range s.Scores[len(s.Scores)-7:] {
				week = append(week, score.Value)
			}
			if was, known := first[s.ID]; known && !slices.Equal(was, week) {
				t.Fatalf("from %s on %s has %v, from another day on %v", today.Format(time.DateOnly), s.Name, week, was)
			}
			first[s.ID] = week
		}
	}
}
