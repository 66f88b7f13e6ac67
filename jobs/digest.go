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
	Digest(ctx context.Context, s store.Subscription, post Post) ([]store.DigestEntry, error)
	// DigestTells is what a digest tells, without posting it.
	DigestTells(ctx context.Context, s store.Subscription) ([]store.DigestEntry, error)
	// DigestEnded is what who subscribed hears when a channel, or a person, takes no digest. Code is Slack's.
	DigestEnded(s store.Subscription, code string) string
}

// NextDigest is when a digest is posted next: Mondays at nine, where who subscribed lives.
func NextDigest(after time.Time, zone string) (time.Time, error) {
	return okr.Cadence{Every: okr.Weekly, Weekday: time.Monday, Hour: 9, Zone: zone}.Next(after)
}

const (
	// digestAgain is after how long a digest is tried again that surely did not arrive.
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
		return c.store.PauseDigest(ctx, s)
	}
	waits := false
	err = c.budget.draw(ctx, func() (err error) {
		waits, err = c.store.DigestWaits(ctx, s)
		return err
	})
	if waits || err != nil {
		return err
	}
	post, stands, err := c.settleDigest(ctx, s)
	switch {
	case errors.As(err, &u):
		return c.store.ReleaseDigest(ctx, s, max(u.After, digestAgain))
	case err != nil:
		return err
	case stands:
		told, err := c.messenger.DigestTells(ctx, s)
		if err != nil {
			return err
		}
		return c.digestPosted(ctx, s, told)
	}
	return c.sendDigest(ctx, s, post)
}

// settleDigest finds out what became of a digest whose answer was lost. Where nobody can, it is sent once more
// and says so; what was sent twice counts as posted.
func (c *Client) settleDigest(ctx context.Context, s store.Subscription) (post Post, stands bool, err error) {
	post = Post{Mark: digestMark(s)}
	if s.Sending.IsZero() {
		return post, false, nil
	}
	found, err := c.find(ctx, store.Place{Workspace: s.Workspace, Channel: s.Channel}, post.Mark, s.Sending)
	switch {
	case err != nil || found.TS != "":
		return post, true, err
	case found.Looked:
		return post, false, c.store.DigestMissing(ctx, s)
	case s.Repeated:
		c.log.Warn("nobody knows whether a digest arrived that was sent twice", "workspace", s.Workspace, "channel", s.Channel)
		return post, true, nil
	}
	post.Repeated = true
	return post, false, nil
}

// sendDigest posts a digest that is on record as being sent.
func (c *Client) sendDigest(ctx context.Context, s store.Subscription, post Post) error {
	if mine, err := c.store.SendingDigest(ctx, s); err != nil || !mine {
		return err
	}
	told, err := c.messenger.Digest(ctx, s, post)
	var u *Undelivered
	switch {
	case err == nil:
		return c.digestPosted(ctx, s, told)
	case !errors.As(err, &u): // it could not be put together
		return errors.Join(err, c.store.DigestNotSent(ctx, s))
	case u.Kind == Ambiguous:
		c.log.Warn("a digest may not have arrived", "channel", s.Channel, "code", u.Code)
		return c.store.ReleaseDigest(ctx, s, settlesWithin)
	case u.Kind == Permanent && (slices.Contains(takesNone, u.Code) || strings.HasPrefix(u.Code, "restricted_action")):
		return c.endDigest(ctx, s, u.Code)
	}
	wait := max(u.After, digestAgain)
	if u.Kind == Permanent {
		c.log.Error("Slack refuses a digest, for what has to be put right", "workspace", s.Workspace, "channel", s.Channel, "code", u.Code)
		wait = digestRefused
	}
	return errors.Join(c.store.DigestNotSent(ctx, s), c.store.ReleaseDigest(ctx, s, wait))
}

// digestPosted moves a digest to its next time.
func (c *Client) digestPosted(ctx context.Context, s store.Subscription, told []store.DigestEntry) error {
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
