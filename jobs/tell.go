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

// toldAtMost is how often somebody is told whose answer is lost each time.
const toldAtMost = 5

type tellWorker struct {
	river.WorkerDefaults[TellPerson]
	client *Client
}

func (w *tellWorker) Work(ctx context.Context, job *river.Job[TellPerson]) error {
	err := w.client.messenger.Tell(ctx, job.Args.Workspace, job.Args.Person, job.Args.Text)
	var u *Undelivered
	switch known := errors.As(err, &u); {
	case known && u.Kind == NotSent:
		return river.JobSnooze(max(u.After, 10*time.Second))
	case known && u.Kind != Ambiguous:
		w.client.log.Warn("somebody could not be told", "job", job.ID, "code", u.Code)
		return nil
	}
	return w.client.guard(job.JobRow, func() error { return err })
}

// Tell leaves what somebody is to hear, with what was done to what is theirs.
func (c *Client) Tell(ctx context.Context, tx *store.Tx, workspace, person, text string) error {
	_, err := c.river.InsertTx(ctx, tx.Pgx(), TellPerson{Workspace: workspace, Person: person, Text: text}, nil)
	return err
}
