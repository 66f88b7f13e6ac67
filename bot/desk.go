package bot

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"okrbot/secret"
	"okrbot/store"
)

// desk is where what people do arrives, by either door, and is answered in time: it knows who did it,
// follows the route, and says what comes of it. What the routes do it does not know.
type desk struct {
	store    *store.Store
	slack    *Slack
	settings Settings
	log      *slog.Logger
	// asked is told when somebody begins to wait for an answer, and what it returns when they have one:
	// work gives way to them.
	asked  func() (answered func())
	routes routes
	home   func(ctx context.Context, g Gesture) (slack.HomeTabViewRequest, error)

	// ourselves is the workspace that Slack says our token is of; nil until it said so.
	ourselves atomic.Pointer[store.Workspace]

	turns *turns
	homes *homes

	// open counts what decorates open views: it may die with the process, but is waited for.
	open       sync.WaitGroup
	background context.Context
	stop       context.CancelFunc
}

// newDesk makes a desk without routes and Home, which whoever serves there sets.
func newDesk(s *store.Store, slack *Slack, asked func() func(), settings Settings, log *slog.Logger) *desk {
	background, stop := context.WithCancel(context.Background())
	settings.AnswerWithin = cmp.Or(settings.AnswerWithin, answerWithin)
	return &desk{
		store: s, slack: slack, settings: settings, log: log, asked: asked,
		turns: newTurns(settings.AnswerWithin / 2), homes: newHomes(), background: background, stop: stop,
	}
}

// Close ends what decorates open views and waits for it.
func (d *desk) Close() {
	d.stop()
	d.open.Wait()
}

// later runs what decorates an open view after the answer has gone out: nothing that must survive.
func (d *desk) later(limit time.Duration, do func(ctx context.Context)) {
	d.open.Go(func() {
		ctx, cancel := context.WithTimeout(d.background, limit)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				d.log.Error("decorating a view panicked", "panic", p)
			}
		}()
		do(ctx)
	})
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
