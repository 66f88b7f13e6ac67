package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"okrbot/okr"
	"okrbot/store"
)

// PostDigest posts the weekly digest of a channel, or to a person.
type PostDigest struct {
	Workspace string `json:"workspace"`
	Channel   string `json:"channel"`
	Hold      int64  `json:"hold"`
}

func (PostDigest) Kind() string { return "post_digest" }

func (PostDigest) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueAnnounce} }

// DigestPoster posts what channels and people subscribed to.
type DigestPoster interface {
	// Digest posts how the key results of a channel stand, or of a person under their user id, and
	// returns what it told.
	Digest(ctx context.Context, s store.Subscription) ([]store.DigestEntry, error)
	// DigestEnded tells who subscribed a channel that it takes no digest. Code is Slack's.
	DigestEnded(ctx context.Context, s store.Subscription, code string) error
}

// NextDigest is when a digest is posted next: Mondays at nine, where who subscribed lives.
func NextDigest(after time.Time, zone string) (time.Time, error) {
	return okr.Cadence{Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Zone: zone}.Next(after)
}

// digestAgain is after how long a digest is tried again that surely did not arrive, or may not be posted now.
const digestAgain = time.Minute

// postDigest posts once a week, however many weeks were missed, when what was due before it is read, or half
// an hour later. What surely did not arrive is tried again; a channel that takes nothing loses its
// subscription.
func (c *Client) postDigest(ctx context.Context, args PostDigest) error {
	s, mine, err := c.store.KeepDigest(ctx, args.Workspace, args.Channel, args.Hold)
	if err != nil || !mine {
		return err
	}
	var u *Undelivered
	switch may, err := c.mayPost(ctx, store.Place{Workspace: s.Workspace, Channel: s.Channel}); {
	case errors.As(err, &u):
		return c.store.ReleaseDigest(ctx, s, max(u.After, digestAgain))
	case err != nil:
		return err
	case !may:
		return c.store.ReleaseDigest(ctx, s, digestAgain)
	}
	if waits, err := c.store.DigestWaits(ctx, s); waits || err != nil {
		return err
	}
	told, err := c.messenger.Digest(ctx, s)
	switch {
	case err != nil && !errors.As(err, &u):
		return err
	case err != nil && u.Kind == NotSent:
		return c.store.ReleaseDigest(ctx, s, max(u.After, digestAgain))
	case err != nil && u.Kind == Permanent:
		c.log.Warn("a digest is not posted any more", "channel", s.Channel, "code", u.Code)
		_, err := c.store.Unsubscribe(ctx, s.Workspace, s.Channel)
		return errors.Join(err, c.messenger.DigestEnded(ctx, s, u.Code))
	case err != nil:
		c.log.Warn("a digest may not have arrived", "channel", s.Channel, "code", u.Code)
	}
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		next, err := NextDigest(tx.Now, s.Zone)
		if err != nil {
			return err
		}
		return tx.DigestPosted(ctx, s, next, told)
	})
}
