package okrbot_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rules say which of our packages each package may import, itself and what is below it aside. A
// package that is not here is a mistake: it needs a row.
var rules = map[string][]string{
	"okr":                          {},
	"secret":                       {},
	"integrations":                 {},
	"integrations/integrationtest": {"integrations"},
	"integrations/wire":            {},
	"integrations/servicenow":      {"integrations", "integrations/wire"},
	"integrations/httpjson":        {"integrations", "integrations/wire"},
	"store":                        {"okr", "secret", "store/queries"},
	"store/queries":                {},
	"store/embedded":               {},
	"store/storetest":              {"okr", "secret", "store", "store/embedded"},
	"sheet":                        {"okr", "store"},
	"jobs":                         {"integrations", "okr", "secret", "sheet", "store"},
	"bot/view":                     {"okr"},
	"bot/command":                  {"okr"},
	"bot/desk":                     {"bot/command", "bot/view", "jobs", "okr", "secret", "store"},
	"bot/wizard":                   {"bot/command", "bot/desk", "bot/view", "integrations", "jobs", "okr", "store"},
	"bot":                          {"bot/command", "bot/desk", "bot/view", "bot/wizard", "integrations", "jobs", "okr", "secret", "store"},
	"sandbox/slack":                {},
	"sandbox/slack/conversation":   {"sandbox/slack"},
	"sandbox/servicenow":           {},
	"sandbox/document":             {},
	"sandbox/seed":                 {"sandbox/document", "sandbox/servicenow"},
	"sandbox/web":                  {"sandbox/servicenow", "sandbox/slack"},
	"cmd/okrbot":                   {"*"},
	"internal/bench":               {"*"},
	"internal/wordstest":           {},
	"internal/licenses":            {},
}

// TestImports guards who may know whom. A simulator that shared the product's types would share
// its mistakes; a rule that knew the database could not be tested by a table.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], "okrbot/")
		if name == "okrbot" {
			continue // this test alone
		}
		allowed, ok := rules[name]
		if !ok {
			t.Errorf("%s has no row: say what it may import", name)
			continue
		}
		for _, path := range words[1:] {
			own, ours := strings.CutPrefix(path, "okrbot/")
			if ours && !slices.Contains(allowed, own) && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports %s", name, own)
			}
		}
	}
	// What the domain and the views may use of others.
	for name, forbidden := range map[string][]string{
		"okr": {"context", "net", "os", "database/sql"}, "bot/view": {"net/http", "database/sql", "context"},
		"jobs": {"github.com/slack-go/slack"}, "store": {"github.com/slack-go/slack", "net/http"},
	} {
		out, err := exec.Command("go", "list", "-f", `{{join .Imports " "}}`, "./"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range strings.Fields(string(out)) {
			if slices.Contains(forbidden, path) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
