// Package bot is the conversation: what people do in Slack, and what they get back.
package bot

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"okrbot/accounts"
	"okrbot/bot/connect"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/bot/wizard"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/store"
)

// Bot serves the gestures of people in Slack workspaces: its routes, behind a desk.
type Bot struct {
	*desk.Desk
	connectors integrations.Registry
	signIns    *accounts.Accounts
	connect    *connect.Flow
	wizard     *wizard.Flow
	shows      shows

	lists         lists
	home          home
	objectives    objectives
	keyResults    keyResults
	checkIns      checkIns
	shortcuts     shortcuts
	syncs         syncs
	closeOuts     closeOuts
	subscriptions subscriptions
	exports       exports
	settings      settingsForm
	audiences     audiences
	help          help
}

// New makes a bot. Slack is where it talks, jobs is where it leaves what must survive.
func New(s *store.Store, j *jobs.Client, slack *desk.Slack, connectors integrations.Registry, settings desk.Settings, log *slog.Logger) *Bot {
	b := &Bot{Desk: desk.New(s, slack, j.PersonWaits, settings, log), connectors: connectors, signIns: accounts.New(s, connectors, log)}
	b.shows = shows{b.Desk, connectors, connect.SystemNames(connectors)}
	b.wizard = wizard.New(b.Desk, j, b.signIns, connectors, b.shows.one, wizard.Detours{
		NewObjective: func(ctx context.Context, g desk.Gesture, from wizard.Opener) (desk.Reply, error) {
			return b.objectives.open(ctx, g, objectiveDraft{Wizard: from.Draft, Under: from.View})
		},
		NewConnection: func(ctx context.Context, g desk.Gesture, system string, from wizard.Opener) (desk.Reply, error) {
			return b.connect.Detour(ctx, g, system, connect.Opener(from))
		},
	})
	b.connect = connect.New(b.Desk, j, b.signIns, connectors, func(ctx context.Context, g desk.Gesture, from connect.Opener, connection int64) {
		b.wizard.ConnectionAdded(ctx, g, wizard.Opener(from), connection)
	})
	b.lists = lists{b.shows}
	b.checkIns = checkIns{b.shows}
	b.shortcuts = shortcuts{b.shows, b.checkIns}
	b.syncs = syncs{b.shows, j}
	b.keyResults = keyResults{b.shows, b.syncs, b.checkIns, b.wizard}
	b.closeOuts = closeOuts{b.shows, j}
	b.objectives = objectives{b.shows, j, b.closeOuts.open, b.wizard.ObjectiveAdded}
	b.subscriptions, b.exports, b.settings = subscriptions{b.Desk}, exports{b.Desk}, settingsForm{b.Desk}
	b.home = home{b.shows, map[string]desk.Handler{
		view.ItemSyncAll: b.syncs.all, view.ItemSettings: b.settings.command,
		view.ItemExport: func(ctx context.Context, g desk.Gesture) (desk.Reply, error) { return b.exports.make(ctx, g, nil) },
	}}
	b.audiences = audiences{b.Desk, j}
	b.help = help{b.shows, b.keyResults.showCommand}
	b.Routes, b.Home = b.table(), b.home.tab
	return b
}

// plansOfItsOwn is how often Postgres plans a statement for its values alone before a session keeps one
// plan for all (https://www.postgresql.org/docs/current/sql-prepare.html).
const plansOfItsOwn = 5

// WarmUp has so many sessions with Postgres read and plan what people ask for most. A session that is new
// takes ten times as long for it: where people come at once to a process that has just started, each of
// its sessions would be new. Nothing depends on it, so it says nothing. After so
// long it begins nothing more; a question that is cut off would close its session.
func (b *Bot) WarmUp(ctx context.Context, sessions int, within time.Duration) {
	began := time.Now()
	who, err := b.Store.Workspaces(ctx)
	if err != nil || len(who) == 0 {
		return
	}
	var all sync.WaitGroup
	for range sessions { // at once, so that each takes another one
		all.Go(func() {
			for n := range plansOfItsOwn + 1 {
				if n > 0 && time.Since(began) > within {
					return
				}
				f := store.Filter{Order: store.WorstFirst, Most: view.Listed}
				if _, err := b.lists.page(ctx, who[0].ID, f, nil); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

// Close ends what decorates open views, and lets the renewals of access tokens end that people began.
func (b *Bot) Close() {
	b.Desk.Close()
	b.signIns.Close()
}

// Pages are what people open in their browsers: to sign in outside Slack, and to come back from a
// system's own page.
func (b *Bot) Pages() http.Handler { return b.connect.Pages() }

// PagePaths are the paths under which Pages are.
func (b *Bot) PagePaths() []string { return b.connect.PagePaths() }
