package jobs

import (
	"context"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// Messenger is how the jobs speak to people; the bot implements it. Errors are *Undelivered, or
// they are taken for ambiguous.
type Messenger interface {
	// Announce posts one message about all items of a channel, or to a person when the channel is
	// a user id.
	Announce(ctx context.Context, workspace, channel string, items []Announced, post Post) (ts string, err error)
	// Find looks in a channel for a message of ours by its mark, among those since then.
	Find(ctx context.Context, workspace, channel, mark string, since time.Time) (Found, error)
	// Shows is a digest of what a card says, without its times of the clock. It asks nobody.
	Shows(d Drawing) ([]byte, error)
	// Card posts a key result's card, or draws it again when ts names its message.
	Card(ctx context.Context, channel, ts string, d Drawing, post Post) (newTS string, err error)
	// Farewell closes what was the card of a key result that was removed.
	Farewell(ctx context.Context, f store.Farewell) error
	// Begun tells a person who wants all of theirs read what is, in place of what the command answered.
	Begun(ctx context.Context, b Begun) (Told, error)
	// Outcome tells a person how their sync went, or how far it is.
	Outcome(ctx context.Context, o Outcome) (Told, error)
	// Gone says whether somebody is no longer in the workspace, or that nobody of that id ever was.
	// Slack takes messages to them and nobody reads those. What cannot be found out is false.
	Gone(ctx context.Context, workspace, person string) bool
	// Administrators are people who administer the workspace, a few of them.
	Administrators(ctx context.Context, workspace string) []string
	// Notice tells a connection's maker what it needs from them: accounts.NoticeRefused, accounts.NoticeEnds. Where the
	// maker is gone, administrators hear it.
	Notice(ctx context.Context, c store.Connection, now time.Time) error
	// Tell says something to a person by direct message, or to administrators where the person is gone.
	Tell(ctx context.Context, workspace, person, text string) error
	// Export sends a person the files they asked for, in one message.
	Export(ctx context.Context, to okr.Actor, n Counted, files []*File) error
	// ExportFailed tells a person that their files do not come, and what to do. Code is Slack's.
	ExportFailed(ctx context.Context, to okr.Actor, code string) error
	// Digest posts how the key results of a channel stand, or of a person under their user id, and
	// gives what it told.
	Digest(ctx context.Context, s store.Subscription) ([]store.Told, error)
	// DigestEnded tells who subscribed a channel that it takes no digest. Code is Slack's.
	DigestEnded(ctx context.Context, s store.Subscription, code string) error
	// CloseOut posts how an objective ended in its channel.
	CloseOut(ctx context.Context, c store.CloseOut, channel string, post Post) error
	// CloseOutParked gives it to whoever closed the objective, because the channel does not take it.
	CloseOutParked(ctx context.Context, c store.CloseOut, channel, code string) error
}

// Drawing is what a card is drawn from.
type Drawing struct {
	KeyResult store.KeyResult
	Newest    []okr.Reading // of its period, the newest last, for the trend: Charted at most
	Now       time.Time     // the database's
}

// Charted is how many readings a card's trend shows: the most points that Slack's chart takes.
const Charted = 20

// Announced is one thing to say, with the key result as it is now.
type Announced struct {
	store.Announcement
	Present store.KeyResult
	Now     time.Time // the database's
}

// Outcome is how a sync by hand went, or how far it is.
type Outcome struct {
	Request store.SyncRequest
	Done    []Ended           // by key result
	Waiting []store.KeyResult // that a system asked us to wait with, until Request.Waits; only when that is the news
	Final   bool
	Now     time.Time
}

// Ended is one key result's part of an outcome.
type Ended struct {
	store.Ending
	Present store.KeyResult
}

// Told says where an outcome was told, so that the next report finds it.
type Told struct {
	Response  bool // through the response_url
	Channel   string
	MessageTS string
}

// Undelivered is why Slack did not take something.
type Undelivered struct {
	Kind  Delivery
	Code  string        // Slack's error, for logs
	After time.Duration // NotSent: how long Slack asked us to wait
}

func (u *Undelivered) Error() string { return "undelivered: " + u.Code }

// Delivery is what is known about something that failed to be delivered.
type Delivery int

// What is known.
const (
	Ambiguous Delivery = iota // it may have arrived: the answer was lost
	NotSent                   // it surely did not: try again
	Permanent                 // Slack will not take it: park it and tell the owner once
	Gone                      // the message to be changed is no more: post it again
)
