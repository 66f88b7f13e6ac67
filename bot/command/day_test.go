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
		"10 may drop out next week": {"?", "10 may drop out next week"}, "10 march in protest": {"?", "10 march in protest"}, "may 10 people leave": {"?", "may 10 people leave"},
		"10 May": {"2026-05-10", ""}, "May 10": {"2026-05-10", ""}, "on 10 May by phone": {"2026-05-10", "by phone"}, "10th May by phone": {"2026-05-10", "by phone"}, "10 of May by phone": {"2026-05-10", "by phone"}, "10 May 2025 by phone": {"2025-05-10", "by phone"},
		"from 10.5 last week": {"", "from 10.5 last week"}, "from 10.5": {"", "from 10.5"}, "at 10.5 for now": {"", "at 10.5 for now"}, "as of 10.5": {"?", "as of 10.5"}, "on 10.5 by phone": {"?", "on 10.5 by phone"}, "10.5": {"?", "10.5"}, "from 10.5.2026": {"2026-05-10", ""},
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
