// Package bot is the conversation: what people do in Slack, and what they get back.
package bot

import (
	"log/slog"

	"okrbot/bot/desk"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/store"
)

// Bot serves the gestures of people in Slack workspaces: its routes, behind a desk.
type Bot struct {
	*desk.Desk
	jobs       *jobs.Client
	connectors integrations.Registry
}

// New makes a bot. Slack is where it talks, jobs is where it leaves what must survive.
func New(s *store.Store, j *jobs.Client, slack *desk.Slack, connectors integrations.Registry, settings desk.Settings, log *slog.Logger) *Bot {
	b := &Bot{Desk: desk.New(s, slack, j.Asked, settings, log), jobs: j, connectors: connectors}
	b.Routes, b.Home = b.table(), b.homeTab
	return b
}
