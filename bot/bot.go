// Package bot is the conversation: what people do in Slack, and what they get back.
package bot

import (
	"context"
	"log/slog"

	"okrbot/bot/desk"
	"okrbot/bot/wizard"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/store"
)

// Bot serves the gestures of people in Slack workspaces: its routes, behind a desk.
type Bot struct {
	*desk.Desk
	jobs       *jobs.Client
	connectors integrations.Registry
	wizard     *wizard.Flow
}

// New makes a bot. Slack is where it talks, jobs is where it leaves what must survive.
func New(s *store.Store, j *jobs.Client, slack *desk.Slack, connectors integrations.Registry, settings desk.Settings, log *slog.Logger) *Bot {
	b := &Bot{Desk: desk.New(s, slack, j.Asked, settings, log), jobs: j, connectors: connectors}
	b.wizard = wizard.New(b.Desk, j, connectors, b.shown, wizard.Detours{
		NewObjective: func(ctx context.Context, g desk.Gesture, from wizard.Opener) (desk.Reply, error) {
			return b.objectiveForm(ctx, g, objectiveDraft{Wizard: from.Draft, Under: from.View})
		},
		NewConnection: func(ctx context.Context, g desk.Gesture, system string, from wizard.Opener) (desk.Reply, error) {
			return b.connectForm(ctx, g, connectDraft{Kind: system, Wizard: from.Draft, Under: from.View})
		},
	})
	b.Routes, b.Home = b.table(), b.homeTab
	return b
}
