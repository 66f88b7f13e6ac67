package servicenow

import (
	"testing"
	"time"

	"okrbot/integrations"
)

func TestAPeriodThatSaysOnlyItsEndBeginsByItsLength(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, row := range [][4]string{ // how often, and the days: what the instance says and what it means
		{"daily", "2026-11-29", "2026-11-29", "2026-11-29"},
		{"weekly", "2026-11-29", "2026-11-29", "2026-11-23"},
		{"weekly", "2026-11-24", "2026-11-29", "2026-11-24"},
		{"monthly", "2026-11-30", "2026-11-30", "2026-11-01"},
		{"monthly", "2027-02-28", "2027-02-28", "2027-02-01"},
		{"monthly", "2026-12-15", "2026-12-15", "2026-11-16"},
		{"quarterly", "2026-12-31", "2026-12-31", "2026-10-01"},
		{"yearly", "2028-02-29", "2028-02-29", "2027-03-01"},
		{"", "2026-11-29", "2026-11-29", "2026-11-29"},
	} {
		scores := []integrations.Score{{Start: day(row[1]), End: day(row[2])}}
		if begun(scores, row[0]); !scores[0].Start.Equal(day(row[3])) {
			t.Errorf("%s, %s to %s begins on %s, want %s", row[0], row[1], row[2], scores[0].Start.Format(time.DateOnly), row[3])
		}
	}
}
