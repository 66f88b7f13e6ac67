// Package okrbot holds what the repository's root says about the app.
package okrbot

import (
	_ "embed"
	"strings"
)

//go:embed manifest.yml
var manifest string

// UsageHint are the words after /okr that the manifest tells Slack of, such as "sync KR-1".
func UsageHint() []string {
	_, hint, _ := strings.Cut(manifest, `usage_hint: "[`)
	hint, _, _ = strings.Cut(hint, "]")
	words := strings.Split(hint, "|")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return words
}
