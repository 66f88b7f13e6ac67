package bot_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"okrbot/bot"
	"okrbot/bot/view"
)

// TestEveryIDHasARoute looks at all that people are shown: what they can press, submit or ask must
// have somebody who answers, and nobody answers to what is nowhere.
func TestEveryIDHasARoute(t *testing.T) {
	pressed, submitted, asked := bot.Routes()
	shown := map[string]map[string]bool{"pressed": {}, "submitted": {}, "asked": {}}
	files, err := filepath.Glob("view/testdata/*.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d golden payloads, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var payload any
		if err := json.Unmarshal(raw, &payload); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var walk func(node any, block string, tells bool)
		walk = func(node any, block string, tells bool) {
			switch n := node.(type) {
			case []any:
				for _, child := range n {
					walk(child, block, tells)
				}
			case map[string]any:
				if id, ok := n["block_id"].(string); ok {
					block = id
				}
				if tell, ok := n["dispatch_action"].(bool); ok {
					tells = tell
				}
				if id, ok := n["callback_id"].(string); ok && n["submit"] != nil {
					shown["submitted"][id] = true
				}
				kind, _ := n["type"].(string)
				if id, ok := n["action_id"].(string); ok {
					switch {
					case id != "v":
						shown["pressed"][id] = true
					case tells:
						shown["pressed"][view.Name(block)] = true
					}
					if kind == "external_select" || kind == "multi_external_select" {
						shown["asked"][view.Name(block)] = true
					}
				}
				for _, child := range n {
					walk(child, block, tells)
				}
			}
		}
		walk(payload, "", false)
	}
	for what, routes := range map[string][]string{"pressed": pressed, "submitted": submitted, "asked": asked} {
		for id := range shown[what] {
			if !slices.Contains(routes, id) {
				t.Errorf("%q can be %s, and nobody answers", id, what)
			}
		}
		for _, id := range routes {
			if !shown[what][id] {
				t.Errorf("%q is answered when %s, and no golden payload shows it", id, what)
			}
		}
	}
}
