package servicenow

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"okrbot/integrations"
)

// The manual has the same words as the program, and each cause once.
func TestTheManualHasEveryCause(t *testing.T) {
	raw, err := os.ReadFile("../../docs/servicenow.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.SplitSeq(string(raw), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if code := strings.Trim(cells[0], "`"); len(cells) == 4 && code != cells[0] {
			if _, twice := rows[code]; twice {
				t.Errorf("%s is there twice", code)
			}
			if cells[1] == "" {
				t.Errorf("%s has no symptom", code)
			}
			rows[code] = cells[2] + " | " + cells[3]
		}
	}
	for cause, s := range sentences {
		if want := s.says + " | " + s.next; rows[cause] != want {
			t.Errorf("docs/servicenow.md says\n%s\nand should say\n%s", rows[cause], fmt.Sprintf("| `%s` | … | %s |", cause, want))
		}
		delete(rows, cause)
	}
	for cause := range rows {
		t.Errorf("%s is in the manual alone", cause)
	}
}

func TestEverySentenceCanBeRead(t *testing.T) {
	for cause, s := range sentences {
		if s.says == "" || s.next == "" || !strings.HasSuffix(s.says, ".") || !strings.HasSuffix(s.next, ".") {
			t.Errorf("%s: %q %q", cause, s.says, s.next)
		}
		if s.brief && s.class != integrations.Unavailable && s.class != integrations.Misread {
			t.Errorf("%s is tried again at once", cause)
		}
	}
}
