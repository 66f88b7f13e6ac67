package jobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"okrbot/accounts"
	"okrbot/store"
)

// TellNotice tells a connection's maker what it needs from them.
type TellNotice struct {
	Connection int64 `json:"connection"`
	Hold       int64 `json:"hold"`
}

func (TellNotice) Kind() string { return "tell_notice" }

func (TellNotice) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueAnnounce} }

// Notifier tells who made a connection what it needs.
type Notifier interface {
	// Notice tells a connection's maker what it needs from them: accounts.NoticeRefused, accounts.NoticeEnds.
	// Where the maker is gone, administrators hear it.
	Notice(ctx context.Context, c store.Connection, now time.Time) error
}

// tellNotice posts once. What did not arrive is tried again when its lease ends.
func (c *Client) tellNotice(ctx context.Context, held store.HeldNotice) error {
	connection, mine, err := c.store.KeepNotice(ctx, held)
	if err != nil || !mine {
		return err
	}
	now, err := c.store.Now(ctx)
	if err != nil {
		return err
	}
	err = c.messenger.Notice(ctx, connection, now)
	var u *Undelivered
	switch {
	case err != nil && !errors.As(err, &u):
		return err
	case err != nil && u.Kind == NotSent:
		return nil
	case err != nil:
		c.log.Warn("a notice did not arrive, or nobody knows", "connection", held.Connection, "code", u.Code)
	}
	heirs, err := c.forHeirs(ctx, connection)
	if err != nil {
		return err
	}
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Announce(ctx, heirs); err != nil {
			return err
		}
		return tx.NoticeTold(ctx, held, connection.Notice)
	})
}

// forHeirs is what those hear who look after the key results of a maker who is gone: the notice, which
// would have told the maker of these too, has gone to administrators, who cannot know each of them.
func (c *Client) forHeirs(ctx context.Context, connection store.Connection) ([]store.Announcement, error) {
	if connection.Notice != accounts.NoticeRefused || !c.messenger.Gone(ctx, connection.Workspace, connection.Owner) {
		return nil, nil
	}
	hanging, err := c.store.KeyResults(ctx, connection.Workspace, store.Filter{Connection: connection.ID, Open: true})
	if err != nil {
		return nil, err
	}
	var administrators []string
	var list []store.Announcement
	for _, k := range hanging {
		if k.Owner != connection.Owner || k.Paused || k.Failure.Class == "" {
			continue
		}
		if administrators == nil {
			administrators = c.messenger.Administrators(ctx, connection.Workspace)
		}
		for _, heir := range c.nextInLine(ctx, k, connection.Owner) {
			if !slices.Contains(administrators, heir) {
				list = append(list, store.Announcement{Workspace: k.Workspace, Channel: heir, KeyResult: k.ID, Kind: store.NewsFailed, Note: k.Failure.Says})
			}
		}
	}
	return list, nil
}
