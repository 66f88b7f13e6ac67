// Package okrbot holds what the repository's root says about the app.
package okrbot

import (
	_ "embed"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed manifest.yml
var manifestText []byte

// manifest is what we read of the manifest; Slack reads the rest.
var manifest = func() (m struct {
	Features struct {
		Shortcuts     []Shortcut
		SlashCommands []struct {
			UsageHint string `yaml:"usage_hint"`
		} `yaml:"slash_commands"`
	}
	OAuth struct {
		Scopes struct {
			Bot         []string
			BotOptional []string `yaml:"bot_optional"`
		}
	} `yaml:"oauth_config"`
}) {
	if err := yaml.Unmarshal(manifestText, &m); err != nil {
		panic(fmt.Sprintf("manifest.yml, which is part of the program, cannot be read: %v", err))
	}
	return m
}()

// BotScopes are the scopes that the manifest asks for, and those that it asks for without need.
func BotScopes() (needed, optional []string) {
	return manifest.OAuth.Scopes.Bot, manifest.OAuth.Scopes.BotOptional
}

// UsageHint are the words after /okr that the manifest tells Slack of, such as "sync KR-1".
func UsageHint() []string {
	words := strings.Split(strings.Trim(manifest.Features.SlashCommands[0].UsageHint, "[]"), "|")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return words
}

// Shortcut is one that Slack's menus offer.
type Shortcut struct {
	Name     string
	Type     string // message or global
	Callback string `yaml:"callback_id"`
}

// Shortcuts are those that the manifest tells Slack of.
func Shortcuts() []Shortcut { return manifest.Features.Shortcuts }
