package jobs

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"okrbot/store"
)

// ShowHome shows somebody their Home tab as it is now.
type ShowHome struct {
	Workspace string `json:"workspace"`
	Person    string `json:"person"`
	Hold      int64  `json:"hold"`
}

func (ShowHome) Kind() string { return "show_home" }

// InsertOpts: nobody asked for it, so posts go first.
func (ShowHome) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, Priority: 3}
}

// HomeShower shows people their Home tabs.
type HomeShower interface {
	// ShowHome shows somebody their Home tab, unless it shows the present already.
	ShowHome(ctx context.Context, workspace, person string) error
}

// showHome shows a Home tab that a change concerns, or leaves it for as long as Slack asks.
func (c *Client) showHome(ctx context.Context, held store.HeldHome) error {
	kept, mine, err := c.store.KeepHome(ctx, held)
	if err != nil || !mine {
		return err
	}
	err = c.messenger.ShowHome(ctx, held.Workspace, held.Person)
	var u *Undelivered
	switch {
	case err == nil:
		return nil
	case errors.As(err, &u) && u.Kind == NotSent && u.After > 0:
		return c.store.HomesWait(ctx, held.Workspace, u.After)
	case errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone):
		c.log.Info("Slack shows somebody no Home", "workspace", held.Workspace, "person", held.Person, "code", u.Code)
		return c.store.HomeClosed(ctx, held, kept)
	}
	c.log.Warn("a Home was not shown", "workspace", held.Workspace, "person", held.Person, "error", err)
	return c.store.HomeNotShown(ctx, held.Workspace, held.Person, backOff(kept.Failures))
}
