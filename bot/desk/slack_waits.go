package desk

import (
	"context"
	"errors"
	"time"

	"okrbot/jobs"
	"okrbot/store"
)

// places keep how long Slack wants nothing posted in a channel, or to a person: for all processes, and
// for all who post there.
type places interface {
	leftAlone(ctx context.Context, channel string) time.Duration
	leaveAlone(ctx context.Context, channel string, wait time.Duration)
}

// placesWithin bounds what is asked and noted about a place. Where that cannot be found out it is posted:
// Slack refuses it once more at worst.
const placesWithin = time.Second

func (d *Desk) leftAlone(ctx context.Context, channel string) time.Duration {
	w := d.ourselves.Load()
	if w == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, placesWithin)
	defer cancel()
	left, err := d.Store.LeftAlone(ctx, store.Place{Workspace: w.ID, Channel: channel})
	if err != nil {
		d.Log.Warn("nobody knows whether Slack asked to wait", "channel", channel, "error", err)
	}
	return left
}

func (d *Desk) leaveAlone(ctx context.Context, channel string, wait time.Duration) {
	w := d.ourselves.Load()
	if w == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), placesWithin)
	defer cancel()
	if err := d.Store.LeaveAlone(ctx, store.Place{Workspace: w.ID, Channel: channel}, wait); err != nil {
		d.Log.Warn("noting that Slack asked to wait", "channel", channel, "error", err)
	}
}

// waits is how long nothing is to be posted in a channel.
func (s *Slack) waits(ctx context.Context, channel string) time.Duration {
	if s.places == nil {
		return 0
	}
	return s.places.leftAlone(ctx, channel)
}

// leaves notes what Slack asked for when it did not take a post.
func (s *Slack) leaves(ctx context.Context, channel string, err error) {
	var u *jobs.Undelivered
	if s.places != nil && errors.As(err, &u) && u.Code == limited && u.After > 0 {
		s.places.leaveAlone(ctx, channel, u.After)
	}
}
