package okrbot_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"okrbot/internal/wordstest"
)

// What is general names no system: a connector's words live with the connector.
func TestNothingGeneralNamesASystem(t *testing.T) {
	words := []string{"servicenow", "service-now", "pa_viewer", "analytics hub", "http json", "json pointer"}
	eachText(t, func(at token.Position, text string) {
		for _, w := range words {
			if strings.Contains(strings.ToLower(text), w) {
				t.Errorf("%s names a system: %s", at, text)
			}
		}
	})
}

// eachText shows the string literals of what is general.
func eachText(t *testing.T, look func(at token.Position, text string)) {
	t.Helper()
	eachLiteral(t, look, "bot/*.go", "bot/*/*.go", "jobs/*.go", "okr/*.go")
}

// eachLiteral shows the string literals of some files of the source, tests aside.
func eachLiteral(t *testing.T, look func(at token.Position, literal string), patterns ...string) {
	t.Helper()
	set := token.NewFileSet()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("there is no %s: %v", pattern, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if said, ok := n.(*ast.BasicLit); ok && said.Kind == token.STRING {
					look(set.Position(said.Pos()), said.Value)
				}
				return true
			})
		}
	}
}

// What people read is in the words of docs/words.md.
func TestWordsOfThePeople(t *testing.T) {
	eachText(t, func(at token.Position, literal string) {
		if text, err := strconv.Unquote(literal); err == nil && strings.Contains(text, " ") {
			wordstest.Check(t, at.String(), text)
		}
	})
}

// What is said and written is plain present-day English.
func TestWordsAreOfToday(t *testing.T) {
	old := regexp.MustCompile(`(?i)\b(an` + `ew|me` + `nd(s|ed|ing)?)\b`)
	kinds := []string{".go", ".md", ".sql", ".js", ".html", ".css", ".yml"}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || path == "docs/words.md" || !slices.Contains(kinds, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if found := old.FindString(line); found != "" {
				t.Errorf("%s:%d says %q: say fix, or again", path, i+1, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What okrbot writes as :an_emoji: the sandbox's page shows as one, as Slack does.
func TestTheSandboxShowsOurEmoji(t *testing.T) {
	page, err := os.ReadFile("sandbox/web/assets/kit.js")
	if err != nil {
		t.Fatal(err)
	}
	named, used := regexp.MustCompile(`:([a-z]+(?:_[a-z]+)*):`), 0
	eachText(t, func(at token.Position, text string) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			used++
			if !strings.Contains(string(page), " "+m[1]+": \"") {
				t.Errorf("%s: the sandbox does not show :%s:", at, m[1])
			}
		}
	})
	if used < 10 {
		t.Errorf("only %d were found", used)
	}
}
