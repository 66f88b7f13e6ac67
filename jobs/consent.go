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

// AskConsent asks administrators whether something may be posted in a channel that others see.
type AskConsent struct {
	Workspace string `json:"workspace"`
	Channel   string `json:"channel"`
}

func (AskConsent) Kind() string { return "ask_consent" }

func (AskConsent) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, MaxAttempts: toldAtMost}
}

// AudienceAsker knows who sees what is posted in a channel, and asks those who decide about it.
type AudienceAsker interface {
	// Audience asks Slack who sees what is posted in a channel; store.ErrNotFound where Slack shows us no
	// such channel.
	Audience(ctx context.Context, p store.Place) (store.Audience, error)
	// AskConsent asks administrators to let it be posted in a channel that others see.
	AskConsent(ctx context.Context, a store.Audience, w WaitingPosts) error
}

// WaitingPosts is what is to be posted in a channel.
type WaitingPosts struct {
	KeyResults []store.KeyResult
	Digest     string // who subscribed the channel; empty: nobody
}

// mayPost says whether something may be posted in a place: others do not see it, or an administrator
// consented that they do. Slack is asked before the first post, when it told of a change, and once a
// day. Where nobody consented yet, administrators are asked, once, and those are told who wait.
func (c *Client) mayPost(ctx context.Context, p store.Place) (bool, error) {
	if store.IsDirect(p.Channel) || strings.HasPrefix(p.Channel, "D") {
		return true, nil
	}
	a, err := c.store.Audience(ctx, p)
	if err == nil && !a.Fresh {
		a, err = c.audience(ctx, a)
	}
	if err != nil || !a.Silent() {
		return err == nil, err
	}
	if a.Told.IsZero() {
		err = c.leaveQuestion(ctx, a)
	}
	return false, err
}

// audience asks Slack. While it does not answer, what it said last holds, unless it told of a change
// since; where it never said, nothing is posted. What it does not show us it does not let us post in, so
// that the post finds out.
func (c *Client) audience(ctx context.Context, known store.Audience) (store.Audience, error) {
	a, err := c.messenger.Audience(ctx, known.Place)
	var u *Undelivered
	switch {
	case err == nil:
		a.Changes = known.Changes
		if a, err = c.store.SaveAudience(ctx, a); err == nil && !a.Fresh { // it changed while it was asked
			err = &Undelivered{Kind: NotSent, Code: "audience_changed", After: time.Second}
		}
		return a, err
	case errors.Is(err, store.ErrNotFound):
		return store.Audience{Place: known.Place}, nil
	case !errors.As(err, &u):
		return known, err
	case !known.Asked.IsZero():
		c.log.Warn("Slack does not say who sees a channel now", "workspace", known.Workspace, "channel", known.Channel, "code", u.Code)
		return known, nil
	}
	return known, &Undelivered{Kind: NotSent, Code: u.Code, After: u.After}
}

// leaveQuestion has administrators asked, and tells those whose key results wait.
func (c *Client) leaveQuestion(ctx context.Context, a store.Audience) error {
	w, err := c.wanted(ctx, a.Place)
	if err != nil {
		return err
	}
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		first, err := tx.AudienceTold(ctx, a.Place)
		if err != nil || !first {
			return err
		}
		if _, err := c.river.InsertTx(ctx, tx.Pgx(), AskConsent{a.Workspace, a.Channel}, nil); err != nil {
			return err
		}
		for _, who := range w.people() {
			if err := c.Tell(ctx, tx, a.Workspace, who, waits(a, w, who)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Client) wanted(ctx context.Context, p store.Place) (WaitingPosts, error) {
	list, err := c.store.KeyResults(ctx, p.Workspace, store.Filter{Channel: p.Channel, Open: true})
	if err != nil {
		return WaitingPosts{}, err
	}
	w := WaitingPosts{KeyResults: list}
	subscriptions, err := c.store.Subscriptions(ctx, p.Workspace)
	for _, s := range subscriptions {
		if s.Channel == p.Channel {
			w.Digest = s.By
		}
	}
	return w, err
}

// people are those who wait for something to be posted.
func (w WaitingPosts) people() []string {
	var list []string
	for _, k := range w.KeyResults {
		list = append(list, k.Owner)
	}
	if w.Digest != "" {
		list = append(list, w.Digest)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// waits tells somebody that what is theirs is not posted for now, and what can be done about it.
func waits(a store.Audience, w WaitingPosts, who string) string {
	why := "is shared with another organisation, whose people would see it"
	if a.Untold != "" {
		why = "may be shared with another organisation: Slack does not tell okrbot (" + a.Untold + ")"
	}
	text := "okrbot posts nothing in <#" + a.Channel + "> for now: the channel " + why + ". Administrators of this workspace were asked; as soon as one of them agrees, what waits is posted there."
	const mostNamed = 10
	var keys []string
	for _, k := range w.KeyResults {
		if k.Owner == who {
			keys = append(keys, k.Key())
		}
	}
	if len(keys) == 0 {
		return text + " This is about the weekly digest that you subscribed to."
	}
	named := strings.Join(keys[:min(len(keys), mostNamed)], ", ")
	if more := len(keys) - mostNamed; more > 0 {
		named += " and " + okr.CountWords(more, "other")
	}
	text += " This is about " + named + ". `/okr edit " + keys[0] + "` chooses another channel."
	if w.Digest == who {
		text += " The weekly digest that you subscribed to waits too."
	}
	return text
}

// askConsent asks administrators, unless it was decided meanwhile.
func (c *Client) askConsent(ctx context.Context, args AskConsent) error {
	p := store.Place{Workspace: args.Workspace, Channel: args.Channel}
	a, err := c.store.Audience(ctx, p)
	var w WaitingPosts
	if err == nil && a.Silent() {
		w, err = c.wanted(ctx, p)
	}
	if err != nil { // nothing was said: that is no try
		c.log.Warn("loading what administrators are to be asked", "channel", p.Channel, "error", err)
		return river.JobSnooze(10 * time.Second)
	}
	if !a.Silent() {
		return nil
	}
	err = c.messenger.AskConsent(ctx, a, w)
	var u *Undelivered
	switch known := errors.As(err, &u); {
	case known && u.Kind == NotSent:
		return river.JobSnooze(max(u.After, 10*time.Second))
	case known && u.Kind != Ambiguous:
		c.log.Warn("no administrator could be asked about a channel", "workspace", p.Workspace, "channel", p.Channel, "code", u.Code)
		return nil
	}
	return err
}
