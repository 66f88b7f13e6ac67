// Package wordstest holds what is shown to people against docs/words.md.
package wordstest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// rule is a row of the table: what is not said, and what is said instead.
type rule struct {
	not     *regexp.Regexp
	instead string
}

// rules are the rows of docs/words.md that a machine can look for.
var rules = sync.OnceValues(func() ([]rule, error) {
	raw, err := words()
	if err != nil {
		return nil, err
	}
	var list []rule
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|$").FindAllStringSubmatch(string(raw), -1) {
		not, err := regexp.Compile(strings.ReplaceAll(row[1], `\|`, "|"))
		if err != nil {
			return nil, fmt.Errorf("docs/words.md: %w", err)
		}
		list = append(list, rule{not, row[2]})
	}
	if len(list) < 8 {
		return nil, fmt.Errorf("docs/words.md has %d rules only", len(list))
	}
	return list, nil
})

// words is docs/words.md of the module that a test runs in, in the folder of its package. Where this
// file stands is not known in a build with -trimpath.
func words() ([]byte, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return os.ReadFile(filepath.Join(dir, "docs", "words.md"))
}

// Check reports what is in a text and should be said otherwise. Where is for whoever looks for it.
func Check(t testing.TB, where, text string) {
	t.Helper()
	list, err := rules()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if found := r.not.FindString(text); found != "" {
			t.Errorf("%s says %q in %q; docs/words.md: %s", where, found, text, r.instead)
		}
	}
}

// CheckShown does so for each text that people see of a payload of Slack's, in whatever shape it is kept.
func CheckShown(t testing.TB, where string, payload any) {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		t.Fatal(err)
	}
	walk(plain, func(text string) { Check(t, where, text) })
}

// walk finds what people see: a text is a string, or an object with one.
func walk(at any, show func(string)) {
	switch v := at.(type) {
	case []any:
		for _, item := range v {
			walk(item, show)
		}
	case map[string]any:
		for key, item := range v {
			if s, ok := item.(string); ok && key == "text" {
				show(s)
			} else {
				walk(item, show)
			}
		}
	}
}
