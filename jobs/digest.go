package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
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
	// DigestEnded is what who subscribed hears when a channel, or a person, takes no digest. Code is Slack's.
	DigestEnded(s store.Subscription, code string) string
}

// NextDigest is when a digest is posted next: Mondays at nine, where who subscribed lives.
func NextDigest(after time.Time, zone string) (time.Time, error) {
	return okr.Cadence{Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Zone: zone}.Next(after)
}

const (
	// digestAgain is after how long a digest is tried again that surely did not arrive, or may not be posted
	// now.
	digestAgain = time.Minute
	// digestRefused is after how long one is that Slack refuses for what an operator has to put right.
	digestRefused = time.Hour
)

// takesNone are Slack's codes by which a channel or a person takes no posts, whatever is posted. Its other
// refusals are of the app, such as a scope that is missing, or of the one message.
var takesNone = []string{
	"is_archived", "channel_not_found", "not_in_channel", "method_not_supported_for_channel_type", "posting_to_channel_denied",
	"user_not_found", "users_not_found", "user_not_visible", "user_disabled", "cannot_dm_bot",
}

// postDigest posts once a week, however many weeks were missed, when what was due before it is read, or half
// an hour later. What surely did not arrive is tried again; a channel that takes nothing loses its
// subscription, and who made it hears so.
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
	case err != nil && u.Kind == Permanent && (slices.Contains(takesNone, u.Code) || strings.HasPrefix(u.Code, "restricted_action")):
		return c.endDigest(ctx, s, u.Code)
	case err != nil && u.Kind == Permanent:
		c.log.Error("Slack refuses a digest, for what has to be put right", "workspace", s.Workspace, "channel", s.Channel, "code", u.Code)
		return c.store.ReleaseDigest(ctx, s, digestRefused)
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

// endDigest ends a digest that is taken nowhere, and has who subscribed told, both or neither.
func (c *Client) endDigest(ctx context.Context, s store.Subscription, code string) error {
	c.log.Warn("a digest is not posted any more", "workspace", s.Workspace, "channel", s.Channel, "code", code)
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		mine, err := tx.EndDigest(ctx, s)
		if err != nil || !mine {
			return err
		}
		return c.Tell(ctx, tx, s.Workspace, s.By, c.messenger.DigestEnded(s, code))
	})
}
