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

func (PostCloseOut) Kind() string { return "post_close_out" }

func (PostCloseOut) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, Priority: 1}
}

// CloseOutPoster posts how objectives ended.
type CloseOutPoster interface {
	// CloseOut posts how an objective ended in its channel.
	CloseOut(ctx context.Context, c store.CloseOut, channel string, post Post) error
	// CloseOutParked gives it to whoever closed the objective, because the channel does not take it.
	CloseOutParked(ctx context.Context, c store.CloseOut, channel, code string) error
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
	var u *Undelivered
	switch may, err := c.mayPost(ctx, store.Place{Workspace: held.Workspace, Channel: closed.Objective.Channel}); {
	case errors.As(err, &u): // it is asked again when the hold ends
		return nil
	case err != nil || !may:
		return err
	}
	post, mine, err := c.store.KeepCloseOutPost(ctx, held)
	if err != nil || !mine {
		return err
	}
	if post.Channel != closed.Objective.Channel { // the objective was given another one since
		may, err := c.mayPost(ctx, store.Place{Workspace: held.Workspace, Channel: post.Channel})
		if err != nil || !may {
			if errors.As(err, &u) {
				err = nil
			}
			return errors.Join(err, c.store.ReleaseCloseOutPost(ctx, held, backOff(post.Failures), post.Lost))
		}
	}
	out := Post{Mark: closeOutMark(held.Objective), Repeated: post.Repeated}
	if post.Lost {
		found, err := c.find(ctx, store.Place{Workspace: held.Workspace, Channel: post.Channel}, out.Mark, closed.At)
		switch {
		case errors.As(err, &u):
			return c.store.ReleaseCloseOutPost(ctx, held, max(u.After, backOff(post.Failures)), true)
		case err != nil:
			return err
		case found.TS != "":
			return c.store.FinishCloseOutPost(ctx, held, "")
		case found.Looked:
		case post.Repeated:
			return c.closeOutUnposted(ctx, held, closed, post.Channel, unclear)
		default:
			out.Repeated = true
			if err := c.store.RepeatCloseOutPost(ctx, held); err != nil {
				return err
			}
		}
	}
	err = c.messenger.CloseOut(ctx, closed, post.Channel, out)
	switch known := errors.As(err, &u); {
	case err == nil:
		return c.store.FinishCloseOutPost(ctx, held, "")
	case known && u.Kind == NotSent:
		return c.store.ReleaseCloseOutPost(ctx, held, max(u.After, backOff(post.Failures)), false)
	case lostAnswer(err):
		c.log.Warn("nobody knows whether a summary was posted", "objective", held.Objective, "error", err)
		return c.store.ReleaseCloseOutPost(ctx, held, again(err, post.Failures), true)
	}
	return c.closeOutUnposted(ctx, held, closed, post.Channel, u.Code)
}

// closeOutUnposted gives up a summary, and tells whoever closed the objective.
func (c *Client) closeOutUnposted(ctx context.Context, held store.HeldCloseOut, closed store.CloseOut, channel, code string) error {
	c.log.Warn("a summary was not posted, or nobody knows", "objective", held.Objective, "channel", channel, "code", code)
	if err := c.messenger.CloseOutParked(ctx, closed, channel, code); err != nil {
		c.log.Warn("nobody could be told that a summary was not posted", "objective", held.Objective, "error", err)
	}
	return c.store.FinishCloseOutPost(ctx, held, code)
}
