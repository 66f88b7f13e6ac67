package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"okrbot/okr"
	"okrbot/store"
)

// TellPerson tells somebody by direct message what was done to what is theirs.
type TellPerson struct {
	Telling int64 `json:"telling"`
}

func (TellPerson) Kind() string { return "tell_person" }

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
	t, err := c.store.Telling(ctx, a.Telling)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil { // nothing was said: that is no try
		c.log.Warn("loading what somebody is to hear", "telling", a.Telling, "error", err)
		return river.JobSnooze(10 * time.Second)
	}
	err = c.messenger.Tell(ctx, t.Workspace, t.Person, t.Says)
	var u *Undelivered
	switch known := errors.As(err, &u); {
	case known && u.Kind == NotSent:
		return river.JobSnooze(max(u.After, 10*time.Second))
	case known && u.Kind != Ambiguous:
		c.log.Warn("somebody could not be told", "workspace", t.Workspace, "person", t.Person, "code", u.Code)
	case err != nil:
		return err
	}
	if err := c.store.DeleteTelling(ctx, a.Telling); err != nil { // it was said, and goes in a week
		c.log.Warn("forgetting what somebody has heard", "telling", a.Telling, "error", err)
	}
	return nil
}

// TellOthers leaves what people are to hear with what was done to what is theirs: each the first that is for
// them, and nothing for who did it, in whose workspace they all are.
func (c *Client) TellOthers(ctx context.Context, tx *store.Tx, by okr.Actor, list []store.Telling) error {
	told := map[string]bool{"": true, by.ID: true}
	for _, t := range list {
		if told[t.Person] {
			continue
		}
		told[t.Person] = true
		if err := c.Tell(ctx, tx, by.Workspace, t.Person, t.Says); err != nil {
			return err
		}
	}
	return nil
}

// Tell leaves what somebody is to hear.
func (c *Client) Tell(ctx context.Context, tx *store.Tx, workspace, person, text string) error {
	id, err := tx.CreateTelling(ctx, store.Telling{Workspace: workspace, Person: person, Says: text})
	if err != nil {
		return err
	}
	_, err = c.river.InsertTx(ctx, tx.Pgx(), TellPerson{id}, nil)
	return err
}
