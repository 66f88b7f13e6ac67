package jobs

import (
	"context"
	"time"

	"okrbot/okr"
	"okrbot/store"
)

// Messenger is how the jobs speak to people, each kind of job in its own way; the bot implements it.
// Errors are *Undelivered, or they are taken for ambiguous.
type Messenger interface {
	Announcer
	CardDrawer
	Reporter
	Notifier
	Exporter
	DigestPoster
	CloseOutPoster
	Teller
	HomeShower
	Members
	AudienceAsker
}

// Members are the people of a workspace, as far as it matters who is there to be told.
type Members interface {
	// Gone says whether somebody is no longer in the workspace, or that nobody of that id ever was.
	// Slack takes messages to them and nobody reads those. What cannot be found out is false.
	Gone(ctx context.Context, workspace, person string) bool
	// Administrators are people who administer the workspace, a few of them.
	Administrators(ctx context.Context, workspace string) []string
}

// Drawing is what a card is drawn from.
type Drawing struct {
	KeyResult store.KeyResult
	Newest    []okr.Reading // of its period, the newest last, for the trend: TrendReadings at most
	Now       time.Time     // the database's
}

// TrendReadings is how many readings a card's trend shows: the most points that Slack's chart takes.
const TrendReadings = 20

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
