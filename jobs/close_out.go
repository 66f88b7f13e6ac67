package jobs

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"okrbot/store"
)

// PostCloseOut posts how an objective ended in its channel.
type PostCloseOut struct {
	Workspace string `json:"workspace"`
	Objective int64  `json:"objective"`
	Hold      int64  `json:"hold"`
}

// Kind is stored data.
func (PostCloseOut) Kind() string { return "post_close_out" }

// InsertOpts are the queue.
func (PostCloseOut) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, Priority: 1}
}

// summariesAtMost is how often a summary is tried whose answer is lost each time.
const summariesAtMost = 5

type closeOutWorker struct {
	river.WorkerDefaults[PostCloseOut]
	client *Client
}

func (w *closeOutWorker) Work(ctx context.Context, job *river.Job[PostCloseOut]) error {
	held := store.HeldCloseOut{Workspace: job.Args.Workspace, Objective: job.Args.Objective, Hold: job.Args.Hold}
	return w.client.guard(job.JobRow, func() error { return w.client.postCloseOut(ctx, held) })
}

// postCloseOut posts the summary. What the channel will not take, whoever closed the objective gets,
// with the reason.
func (c *Client) postCloseOut(ctx context.Context, held store.HeldCloseOut) error {
	closed, err := c.store.CloseOut(ctx, held.Workspace, held.Objective)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	post, mine, err := c.store.KeepCloseOutPost(ctx, held)
	if err != nil || !mine {
		return err
	}
	err = c.messenger.CloseOut(ctx, closed, post)
	var u *Undelivered
	switch known := errors.As(err, &u); {
	case err == nil:
		return c.store.FinishCloseOutPost(ctx, held, "")
	case known && u.Kind == NotSent:
		return c.store.ReleaseCloseOutPost(ctx, held, max(u.After, backOff(post.Failures)), false)
	case (!known || u.Kind == Ambiguous) && post.Failures+1 < summariesAtMost:
		c.log.Warn("nobody knows whether a summary was posted; it is repeated", "objective", held.Objective, "error", err)
		return c.store.ReleaseCloseOutPost(ctx, held, backOff(post.Failures), true)
	}
	code := "ambiguous"
	if u != nil {
		code = u.Code
	}
	c.log.Warn("a summary was not posted", "objective", held.Objective, "channel", post.Channel, "code", code)
	if err := c.messenger.CloseOutParked(ctx, closed, post.Channel, code); err != nil {
		c.log.Warn("nobody could be told that a summary was not posted", "objective", held.Objective, "error", err)
	}
	return c.store.FinishCloseOutPost(ctx, held, code)
}
