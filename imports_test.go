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
	"integrations/wire":            {"internal/ontime"},
	"integrations/servicenow":      {"integrations", "integrations/wire"},
	"integrations/httpjson":        {"integrations", "integrations/wire"},
	"store":                        {"okr", "secret", "store/queries"},
	"store/queries":                {},
	"store/embedded":               {},
	"store/storetest":              {"okr", "secret", "store", "store/embedded"},
	"sheet":                        {"okr", "store"},
	"accounts":                     {"integrations", "internal/underway", "okr", "store"},
	"jobs":                         {"accounts", "integrations", "okr", "secret", "sheet", "store"},
	"ingress":                      {},
	"bot/view":                     {"okr"},
	"bot/command":                  {"okr"},
	"bot/desk":                     {"bot/command", "bot/view", "ingress", "internal/ontime", "internal/underway", "jobs", "okr", "secret", "store"},
	"bot/wizard":                   {"accounts", "bot/command", "bot/desk", "bot/view", "integrations", "jobs", "okr", "store"},
	"bot/connect":                  {"accounts", "bot/command", "bot/desk", "bot/view", "integrations", "jobs", "okr", "secret", "store"},
	"bot":                          {"accounts", "bot/command", "bot/connect", "bot/desk", "bot/view", "bot/wizard", "integrations", "jobs", "okr", "sheet", "store"},
	"sandbox/slack":                {},
	"sandbox/slack/conversation":   {"sandbox/slack"},
	"sandbox/servicenow":           {},
	"sandbox/document":             {},
	"sandbox/seed":                 {"sandbox/document", "sandbox/servicenow"},
	"sandbox/web":                  {"sandbox/servicenow", "sandbox/slack"},
	"cmd/okrbot":                   {"*"},
	"internal/bench":               {"*"},
	"internal/child":               {},
	"internal/ontime":              {},
	"internal/underway":            {},
	"faults":                       {"*"},
	"internal/wordstest":           {},
	"internal/licenses":            {},
}

// modules say which modules of others each package may import: the domain a decimal number and letters, what talks to
// Slack its client, what keeps things the database. One that has no row may import none.
var modules = map[string][]string{
	"okr":                     {"github.com/shopspring/decimal", "golang.org/x/text"},
	"secret":                  {"github.com/tink-crypto/tink-go/v2"},
	"integrations":            {"github.com/shopspring/decimal"},
	"integrations/wire":       {"code.dny.dev/ssrf", "github.com/go-json-experiment/json", "github.com/prometheus/client_golang", "github.com/shopspring/decimal", "golang.org/x/time"},
	"integrations/servicenow": {"github.com/shopspring/decimal", "golang.org/x/oauth2", "golang.org/x/sync"},
	"store":                   {"github.com/google/uuid", "github.com/jackc/pgx-shopspring-decimal", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "github.com/riverqueue/river", "github.com/shopspring/decimal"},
	"store/queries":           {"github.com/jackc/pgx/v5", "github.com/shopspring/decimal"},
	"store/embedded":          {"github.com/jackc/pgx/v5", "github.com/ulikunitz/xz"},
	"store/storetest":         {"github.com/jackc/pgx/v5"},
	"sheet":                   {"github.com/shopspring/decimal", "golang.org/x/text"},
	"accounts":                {"github.com/prometheus/client_golang"},
	"jobs":                    {"github.com/jackc/pgx/v5", "github.com/prometheus/client_golang", "github.com/riverqueue/river", "github.com/shopspring/decimal"},
	"bot/view":                {"github.com/shopspring/decimal", "github.com/slack-go/slack"},
	"bot/desk":                {"github.com/prometheus/client_golang", "github.com/slack-go/slack"},
	"bot/wizard":              {"github.com/shopspring/decimal", "github.com/slack-go/slack"},
	"bot/connect":             {"github.com/slack-go/slack", "golang.org/x/oauth2"},
	"bot":                     {"github.com/shopspring/decimal", "github.com/slack-go/slack"},
	"sandbox/slack":           {"github.com/gorilla/websocket"},
	"cmd/okrbot":              {"github.com/alecthomas/kong", "github.com/jackc/pgx/v5", "github.com/kelseyhightower/envconfig", "github.com/prometheus/client_golang", "github.com/riverqueue/river/rivertype", "golang.org/x/term"},
	"faults":                  {"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "github.com/shopspring/decimal", "golang.org/x/sync"},
	"internal/bench":          {"github.com/jackc/pgx-shopspring-decimal", "github.com/jackc/pgx/v5", "github.com/riverqueue/river", "github.com/shopspring/decimal"},
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
			of := func(module string) bool { return path == module || strings.HasPrefix(path, module+"/") }
			if first, _, _ := strings.Cut(path, "/"); !ours && strings.Contains(first, ".") && !slices.ContainsFunc(modules[name], of) {
				t.Errorf("%s imports %s: modules does not name it", name, path)
			}
		}
	}
	// What the domain and the views may use of others.
	for name, forbidden := range map[string][]string{
		"okr": {"context", "net", "os", "database/sql"}, "bot/view": {"net/http", "database/sql", "context"},
		"store": {"net/http"},
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
