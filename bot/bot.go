// Package bot is the conversation: what people do in Slack, and what they get back.
package bot

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store"
)

// Bot serves the gestures of people in Slack workspaces.
type Bot struct {
	store      *store.Store
	jobs       *jobs.Client
	slack      *Slack
	connectors integrations.Registry
	settings   Settings
	log        *slog.Logger

	// ourselves is the workspace that Slack says our token is of; nil until it said so.
	ourselves atomic.Pointer[store.Workspace]

	turns *turns
	homes *homes

	// open counts what decorates open views: it may die with the process, but is waited for.
	open       sync.WaitGroup
	background context.Context
	stop       context.CancelFunc
}

// Settings are what the operator decided.
type Settings struct {
	PublicURL   string   // where browsers reach us; empty: what needs it is not offered
	DefaultZone string   // IANA zone of people whose zone Slack does not tell
	Admins      []string // Slack user ids who administer besides workspace admins
	AppID       string   // ours; empty: unknown, and not compared
	// SigningSecret proves that a request is Slack's; empty in Socket Mode.
	SigningSecret secret.String
	// AnswerWithin is when Slack is answered at the latest, with a word of regret if need be; 0: two
	// seconds, since Slack waits three.
	AnswerWithin time.Duration
}

// New makes a bot. Slack is where it talks, jobs is where it leaves what must survive.
func New(s *store.Store, j *jobs.Client, slack *Slack, connectors integrations.Registry, settings Settings, log *slog.Logger) *Bot {
	background, stop := context.WithCancel(context.Background())
	settings.AnswerWithin = cmp.Or(settings.AnswerWithin, answerWithin)
	return &Bot{store: s, jobs: j, slack: slack, connectors: connectors, settings: settings, log: log, turns: newTurns(settings.AnswerWithin / 2), homes: newHomes(), background: background, stop: stop}
}

// Close ends what decorates open views and waits for it.
func (b *Bot) Close() {
	b.stop()
	b.open.Wait()
}

// later runs what decorates an open view after the answer has gone out: nothing that must survive.
func (b *Bot) later(limit time.Duration, do func(ctx context.Context)) {
	b.open.Go(func() {
		ctx, cancel := context.WithTimeout(b.background, limit)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				b.log.Error("decorating a view panicked", "panic", p)
			}
		}()
		do(ctx)
	})
}

// today is the calendar day in a zone at the database's time.
func today(now time.Time, zone string) okr.Day { return okr.DayIn(zone, now) }
