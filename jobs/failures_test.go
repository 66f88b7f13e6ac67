package jobs

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"okrbot/accounts"
	"okrbot/integrations"
)

// The manual has the sentences that no connector tells, in the words that people see.
func TestTheManualHasOurOwnCauses(t *testing.T) {
	manual, err := os.ReadFile("../docs/servicenow.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*integrations.Error{
		accounts.Rejected("ServiceNow", ""), accounts.Broken(), accounts.KeyMissing(), accounts.Renewing(), accounts.Disconnected(), givenUp(), gone(&integrations.Error{}),
		unforeseen(context.Background(), errors.New("x")),
	} {
		if row := "| `" + e.Cause + "` | "; !strings.Contains(string(manual), row) || !strings.Contains(string(manual), " "+e.Sentence()+" |\n") {
			t.Errorf("the manual lacks\n%s%s |", row, e.Sentence())
		}
	}
}
