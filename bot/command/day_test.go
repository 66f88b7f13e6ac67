package command

import (
	"testing"

	"okrbot/okr"
)

func TestDaysAsPeopleTypeThem(t *testing.T) {
	today, err := okr.ParseDay("2026-11-27")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][2]string{
		"yesterday": {"2026-11-26", ""}, "Yesterday, after the audit": {"2026-11-26", "after the audit"}, "for yesterday": {"2026-11-26", ""},
		"today": {"2026-11-27", ""}, "the day before yesterday": {"2026-11-25", ""}, "tomorrow": {"2026-11-28", ""},
		"2026-11-20": {"2026-11-20", ""}, "2026–11–20 late": {"2026-11-20", "late"}, "as of 2026-1-2": {"2026-01-02", ""}, "20.11.2026": {"2026-11-20", ""},
		"20 Nov": {"2026-11-20", ""}, "on 20 November 2025 by phone": {"2025-11-20", "by phone"}, "Nov 20th, 2026": {"2026-11-20", ""}, "December 3": {"2025-12-03", ""},
		"3rd of Dec": {"2025-12-03", ""}, "29 Feb": {"2024-02-29", ""}, "20.11.": {"?", "20.11."},
		"after the audit": {"", "after the audit"}, "better than yesterday": {"", "better than yesterday"}, "31 Nov": {"", "31 Nov"}, "5 more calls": {"", "5 more calls"},
		"on the phone": {"", "on the phone"}, "may be less": {"", "may be less"}, "": {"", ""}, "yesterday's outage": {"", "yesterday's outage"},
		"11/20": {"?", "11/20"}, "on 20/11/2026": {"?", "on 20/11/2026"}, "Monday": {"?", "Monday"}, "on Monday by phone": {"?", "on Monday by phone"}, "last week": {"?", "last week"}, "Monday meeting moved": {"", "Monday meeting moved"},
	} {
		day, rest, is, unsure := Dated(text, today)
		got := ""
		switch {
		case is:
			got = day.String()
		case unsure:
			got = "?"
		}
		if got != want[0] || rest != want[1] {
			t.Errorf("%q is %q with %q behind it, want %q", text, got, rest, want)
		}
	}
}
