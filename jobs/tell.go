package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"okrbot/store"
)

// TellPerson tells somebody by direct message what was done to what is theirs.
type TellPerson struct {
	Workspace string `json:"workspace"`
	Person    string `json:"person"`
	Text      string `json:"text"` // mrkdwn, what people wrote escaped
}

// Kind is stored data.
func (TellPerson) Kind() string { return "tell_person" }

// InsertOpts are the queue.
func (TellPerson) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, MaxAttempts: toldAtMost}
}

// toldAtMost is how often somebody is told where the answer is lost.
const toldAtMost = 2

// Teller says something to a person.
type Teller interface {
	// Tell says something to a person by direct message, or to administrators where the person is gone.
	Tell(ctx context.Context, workspace, person, text string) error
}

// tellPerson tells somebody, or waits as long as Slack asks.
func (c *Client) tellPerson(ctx context.Context, a TellPerson) error {
	err := c.messenger.Tell(ctx, a.Workspace, a.Person, a.Text)
	var u *Undelivered
	switch known := errors.As(err, &u); {
	case known && u.Kind == NotSent:
		return river.JobSnooze(max(u.After, 10*time.Second))
	case known && u.Kind != Ambiguous:
		c.log.Warn("somebody could not be told", "workspace", a.Workspace, "person", a.Person, "code", u.Code)
		return nil
	}
	return err
}

// Tell leaves what somebody is to hear, with what was done to what is theirs.
func (c *Client) Tell(ctx context.Context, tx *store.Tx, workspace, person, text string) error {
	_, err := c.river.InsertTx(ctx, tx.Pgx(), TellPerson{Workspace: workspace, Person: person, Text: text}, nil)
	return err
}
