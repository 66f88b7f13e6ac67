package command_test

import (
	"fmt"
	"testing"

	"okrbot/bot/command"
)

// TestTitlesThatATextBeginsWith: which are meant, and what comes after them.
func TestTitlesThatATextBeginsWith(t *testing.T) {
	titles := command.TitlesOf([]string{
		"Fewer open incidents", "Fewer incidents", "Fewer incidents in EMEA", "Reach 99.9 uptime", "Close 10", "Ship “Atlas”", "R&D: 3 papers", "Open", "Fewer",
	})
	for typed, want := range map[string]string{
		"fewer open incidents":                "[0] | ",
		"Fewer incidents 42":                  "[1] | 42",
		"fewer incidents in emea 42":          "[2] | 42",
		"FEWER  INCIDENTS 42 after the audit": "[1] | 42 after the audit",
		"fewer incidents 42 after 3 audits":   "[1] | 42 after 3 audits",
		"open inc":                            "[0] | ",
		"open inc 7.5 seen":                   "[0] | 7.5 seen",
		"open incidents going well":           "[0] | going well",
		"incidents 42":                        "[0 1 2] | 42",
		"reach 99.9 uptime":                   "[3] | ",
		"reach 99.9 uptime 99.95":             "[3] | 99.95",
		"99.9 uptime 99.95 at last":           "[3] | 99.95 at last",
		"99.9 42":                             "[3] | 42",
		"close 10":                            "[4] | ",
		"close 10 7":                          "[4] | 7",
		"close 7":                             "[4] | 7",
		"fewer 42":                            "[8] | 42",
		`"Fewer incidents" 42`:                "[1] | 42",
		"“Fewer incidents” 42 so far":         "[1] | 42 so far",
		"„fewer incidents“: 42":               "[1] | 42",
		"'Close 10' 7":                        "[4] | 7",
		"`close` 10":                          "[4] | 10",
		`"fewer" 42`:                          "[8] | 42",
		"ship \"atlas\" 3":                    "[5] | 3",
		"ship atlas 3":                        "[5] | 3",
		"r&amp;d: 3 papers 2":                 "[6] | 2",
		"r&amp;d 2":                           "[6] | 2",
		"incidents emea":                      "[2] | ",
		"well done":                           "[] | ",
		"":                                    "[] | ",
		`"" 42`:                               "[] | ",
	} {
		found, name, rest := titles.Leading(typed)
		if found == nil {
			rest = ""
		}
		if got := fmt.Sprintf("%v | %s", found, rest); got != want {
			t.Errorf("%q: %s, by %q; want %s", typed, got, name, want)
		}
	}
}
