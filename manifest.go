// Package okrbot holds what the repository's root says about the app.
package okrbot

import (
	_ "embed"
	"strings"
)

//go:embed manifest.yml
var manifest string

// BotScopes are the scopes that the manifest asks for, and those that it asks for without need.
func BotScopes() (needed, optional []string) {
	_, rest, _ := strings.Cut(manifest, "\n    bot:\n")
	list, rest, _ := strings.Cut(rest, "    bot_optional:\n")
	needed = items(list)
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "      - ") {
			break
		}
		optional = append(optional, items(line)...)
	}
	return needed, optional
}

func items(list string) []string {
	var all []string
	for line := range strings.Lines(list) {
		if item, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
			all = append(all, item)
		}
	}
	return all
}

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
