// Package desk is where what people do in Slack arrives and is answered in time. It knows both doors, the
// person, the route and the ways back; what a route does, its routes know.
package desk

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"okrbot/internal/underway"
	"okrbot/secret"
	"okrbot/store"
)

// Desk is where what people do arrives, by either door, and is answered in time: it knows who did it,
// follows the route, and says what comes of it. What the routes do it does not know.
type Desk struct {
	Store    *store.Store
	Slack    *Slack
	Settings Settings
	Log      *slog.Logger
	// asked is told when somebody begins to wait for an answer, and what it returns when they have one:
	// work gives way to them.
	asked  func() (answered func())
	Routes Routes
	Home   func(ctx context.Context, g Gesture) (HomeTab, error)

	// ourselves is the workspace that Slack says our token is of; nil until it said so.
	ourselves atomic.Pointer[store.Workspace]

	admission *admission
	homes     *homeQueue
	asking    sync.Map // the places of which Slack is being asked who sees them

	// open counts what decorates open views: it may die with the process, but is waited for.
	open       underway.Work
	background context.Context
	stop       context.CancelFunc
}

// New makes a desk without routes and Home, which whoever serves there sets.
func New(s *store.Store, slack *Slack, asked func() func(), settings Settings, log *slog.Logger) *Desk {
	background, stop := context.WithCancel(context.Background())
	settings.AnswerWithin = cmp.Or(settings.AnswerWithin, answerWithin)
	d := &Desk{
		Store: s, Slack: slack, Settings: settings, Log: log, asked: asked,
		admission: newAdmission(settings.AnswerWithin / 2), homes: newHomeQueue(), background: background, stop: stop,
	}
	slack.places = d
	return d
}

// Close ends what decorates open views and waits for it.
func (d *Desk) Close() {
	d.stop()
	d.open.Close()
}

// Later runs what decorates an open view after the answer has gone out: nothing that must survive. After
// Close it does nothing, and returns false: a request that was cut off can still come here.
func (d *Desk) Later(limit time.Duration, do func(ctx context.Context)) bool {
	return d.open.Go(func() {
		ctx, cancel := context.WithTimeout(d.background, limit)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				d.Log.Error("decorating a view panicked", "panic", p)
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
	// AnswerWithin is when Slack is answered at the latest, with an apology if nothing else; 0: two
	// seconds, since Slack waits three.
	AnswerWithin time.Duration
}
