// Package bot is the conversation: what people do in Slack, and what they get back.
package bot

import (
	"log/slog"
	"time"

	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store"
)

// Bot serves the gestures of people in Slack workspaces: its routes, behind a desk.
type Bot struct {
	*desk
	jobs       *jobs.Client
	connectors integrations.Registry
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
	b := &Bot{desk: newDesk(s, slack, j.Asked, settings, log), jobs: j, connectors: connectors}
	b.routes, b.home = b.table(), b.homeTab
	return b
}

// today is the calendar day in a zone at the database's time.
func today(now time.Time, zone string) okr.Day { return okr.DayIn(zone, now) }
