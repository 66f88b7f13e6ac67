package okrbot_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw the staircase of docs/design.md again")

// pages are what people read of the project, by their path. ADRs speak of their time and are left out.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	names, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "README.md", "CONTRIBUTING.md", "SECURITY.md") {
		texts[name] = text(t, name)
	}
	return texts
}

func text(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// tagged are the values of a key in the struct tags of a file.
func tagged(t *testing.T, name, key string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && f.Tag != nil {
			if v, ok := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Lookup(key); ok {
				list = append(list, v)
			}
		}
		return true
	})
	return list
}

// others are the variables of other programs, and of tests, that the documents name.
var others = []string{
	"PATH", "HOME", "CI", "GOOS", "GOARCH", "VERSION", "POSTGRES_PASSWORD", "XDG_CACHE_HOME", "OKRBOT_SKIP_BROWSER", "PGOPTIONS", "HTTPS_PROXY", "NO_PROXY",
}

// The documents name the variables that there are, and the README all of them.
func TestDocumentsNameTheVariables(t *testing.T) {
	ours := tagged(t, "cmd/okrbot/config.go", "envconfig")
	readme := text(t, "README.md")
	for _, name := range ours {
		if !strings.Contains(readme, name) {
			t.Errorf("README.md does not say what %s is", name)
		}
	}
	named := regexp.MustCompile("`([A-Z]{2,}(?:_[A-Z]+)+)[`=]|(?m)^export ([A-Z_]+)=")
	for page, words := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(words, -1) {
			name := m[1] + m[2]
			if base := strings.TrimSuffix(name, "_FILE"); !slices.Contains(ours, base) && !slices.Contains(others, name) {
				t.Errorf("%s names the variable %s, which there is not", page, name)
			}
		}
	}
}

// The documents name the commands that there are: of the program, and of Slack. README.md, docs/running.md
// and docs/import.md together name each of the program's, and README.md each of Slack's.
func TestDocumentsNameTheCommands(t *testing.T) {
	commands := submatches(text(t, "cmd/okrbot/main.go"), `(?m)^\t[A-Z][a-z]+ +([a-z]+)Command +.cmd:`)
	verbs := submatches(text(t, "bot/routes.go"), `(?m)^\t+\{(?:Name: )?"([a-z-]+)", `)
	if len(commands) < 8 || len(verbs) < 10 {
		t.Fatalf("found %v and %v", commands, verbs)
	}
	texts := pages(t)
	said := texts["README.md"] + texts["docs/running.md"] + texts["docs/import.md"]
	for _, name := range commands {
		if !strings.Contains(said, "okrbot "+name) {
			t.Errorf("no document says what okrbot %s is for", name)
		}
	}
	for _, verb := range verbs {
		if !regexp.MustCompile(`/okr ` + regexp.QuoteMeta(verb) + `\b`).MatchString(texts["README.md"]) {
			t.Errorf("README.md does not say what /okr %s is for", verb)
		}
	}
	for page, words := range texts {
		typed := submatches(words, "`okrbot ([a-z]+)")
		for _, block := range submatches(words, "(?s)\n```\n(.*?)\n```") {
			typed = append(typed, submatches(block, `(?m)^okrbot ([a-z]+)`)...)
		}
		for _, name := range typed {
			if !slices.Contains(commands, name) {
				t.Errorf("%s names okrbot %s, which there is not", page, name)
			}
		}
		for _, verb := range submatches(words, "`/okr ([a-z-]+)") {
			if !slices.Contains(verbs, verb) {
				t.Errorf("%s names /okr %s, which there is not", page, verb)
			}
		}
	}
}

// submatches are what the first group of a pattern finds.
func submatches(text, pattern string) []string {
	var list []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// The documents name the routes that there are, and each of them.
func TestDocumentsNameTheRoutes(t *testing.T) {
	var routes []string
	pattern := regexp.MustCompile(`^(?:(?:GET|POST) )?(/[a-z_]+(?:/[a-z_{}]+)*/?)$`)
	eachLiteral(t, func(_ token.Position, literal string) {
		s, err := strconv.Unquote(literal)
		if err != nil {
			t.Fatal(err)
		}
		if m := pattern.FindStringSubmatch(s); m != nil && !strings.HasPrefix(s, "/debug/pprof/") && !strings.HasPrefix(s, "/proc/") {
			routes = append(routes, m[1])
		}
	}, "bot/*.go", "bot/*/*.go", "cmd/okrbot/*.go")
	routes = append(routes, "/servicenow/oauth/callback", "/debug/pprof/") // and what is below the last, which is Go's
	texts := pages(t)
	var said []string
	for _, words := range texts {
		said = append(said, words)
	}
	all := strings.Join(said, "\n")
	for _, route := range routes {
		if shown := strings.TrimSuffix(strings.TrimSuffix(route, "{token}"), "/"); !strings.Contains(all, shown) {
			t.Errorf("no document says what %s is for", route)
		}
	}
	for page, words := range texts {
		for _, m := range regexp.MustCompile("`(?:https://[a-z.]+)?(/(?:slack|connect|servicenow|healthz|readyz|metrics|debug)[a-z/]*)").FindAllStringSubmatch(words, -1) {
			if !slices.ContainsFunc(routes, func(route string) bool { return strings.HasPrefix(route, strings.TrimSuffix(m[1], "/")) }) {
				t.Errorf("%s names %s, which there is not", page, m[1])
			}
		}
	}
}

// What the documents name of the source is there: files, folders, tests, targets of make, links.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	tests := testNames(t)
	make := text(t, "Makefile")
	adrs, err := filepath.Glob("docs/adr/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := pages(t)
	for _, name := range adrs {
		texts[name] = text(t, name)
	}
	paths := regexp.MustCompile("`((?:cmd|okr|store|bot|jobs|integrations|secret|sheet|sandbox|docs|deploy|internal|tools)/[A-Za-z0-9_./-]*)`")
	for page, words := range texts {
		for _, m := range paths.FindAllStringSubmatch(words, -1) {
			if _, err := os.Stat(m[1]); err != nil && !strings.Contains(m[1], "<") {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(words, -1) {
			if !tests[name] {
				t.Errorf("%s names the test %s, which there is not", page, name)
			}
		}
		for _, m := range regexp.MustCompile("`make ([a-z-]+)").FindAllStringSubmatch(words, -1) {
			if !strings.Contains(make, "\n"+m[1]+":") {
				t.Errorf("%s names make %s, which there is not", page, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)[^):]*\)`).FindAllStringSubmatch(words, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// The staircase in docs/design.md is what the packages import: `go test . -run Staircase -update` draws it.
func TestStaircase(t *testing.T) {
	drawn := staircase(t)
	page := text(t, "docs/design.md")
	block := regexp.MustCompile("(?s)```mermaid\nflowchart.*?```\n")
	if *update {
		if err := os.WriteFile("docs/design.md", []byte(block.ReplaceAllLiteralString(page, drawn)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !strings.Contains(page, drawn) {
		t.Errorf("docs/design.md has another staircase than the packages: `go test . -run Staircase -update` draws it\n%s", drawn)
	}
}

// staircase draws who imports whom of the product's packages, without what follows from the rest.
func staircase(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		words := strings.Fields(line)
		name, ours := strings.CutPrefix(words[0], "okrbot/")
		if !ours || regexp.MustCompile(`test$|^internal/(bench|child|licenses)|^faults$|^sandbox/`).MatchString(name) {
			continue
		}
		imports[name] = nil
		for _, path := range words[1:] {
			if own, ours := strings.CutPrefix(path, "okrbot/"); ours && !strings.HasPrefix(own, "sandbox/") {
				imports[name] = append(imports[name], own)
			}
		}
	}
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		return slices.ContainsFunc(imports[from], func(next string) bool { return next == to || reaches(next, to) })
	}
	id := strings.NewReplacer("/", "_").Replace
	var lines []string
	for name, own := range imports {
		lines = append(lines, fmt.Sprintf("  %s[%s]", id(name), name))
		for _, to := range own {
			if !slices.ContainsFunc(own, func(other string) bool { return other != to && reaches(other, to) }) {
				lines = append(lines, fmt.Sprintf("  %s --> %s", id(name), id(to)))
			}
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		if x, y := strings.Contains(a, "-->"), strings.Contains(b, "-->"); x != y {
			if x {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	return "```mermaid\nflowchart TD\n" + strings.Join(lines, "\n") + "\n```\n"
}
