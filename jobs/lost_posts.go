package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"okrbot/store"
)

// Found is what a look for a message in its channel came to.
type Found struct {
	TS     string // empty: it does not stand there
	Looked bool   // false: the app may not read there, or not far enough back
}

// Post is how a message goes out.
type Post struct {
	// Mark stands in the message's metadata and names it for ever: by it, it is found again where
	// Slack's answer was lost.
	Mark     string
	Repeated bool // it may stand there already, and says so
}

const (
	// settlesWithin is how long after a lost answer a message may still appear in its channel.
	settlesWithin = time.Minute
	// clocksApart is how much later than Slack's clock the database's may be.
	clocksApart = time.Hour
	// unclear is the code of a post that was sent twice and whose answer was lost twice.
	unclear = "ambiguous"
)

// lostAnswer says whether nobody knows if something arrived.
func lostAnswer(err error) bool {
	var u *Undelivered
	return err != nil && (!errors.As(err, &u) || u.Kind == Ambiguous)
}

// again is the wait before something is sent again that did not arrive, or may not have.
func again(err error, failures int) time.Duration {
	if lostAnswer(err) {
		return max(settlesWithin, backOff(failures))
	}
	return backOff(failures)
}

func announcementMark(list []store.Announcement) string {
	return fmt.Sprintf("announcement-%d-%d", list[0].ID, list[len(list)-1].ID)
}

func cardMark(card store.Card) string {
	return fmt.Sprintf("card-%d-%d", card.KeyResult, card.Sending.UnixMicro())
}

func closeOutMark(objective int64) string { return fmt.Sprintf("close-out-%d", objective) }

func digestMark(s store.Subscription) string {
	return fmt.Sprintf("digest-%s-%d", s.Channel, s.Next.Unix())
}

// find looks in its channel for a message whose answer was lost. While that fails, Slack does not work
// and nothing is posted again.
func (c *Client) find(ctx context.Context, p store.Place, mark string, sent time.Time) (Found, error) {
	found, err := c.messenger.Find(ctx, p.Workspace, p.Channel, mark, sent.Add(-clocksApart))
	if err == nil {
		c.log.Info("looked for a post whose answer was lost", "workspace", p.Workspace, "channel", p.Channel, "mark", mark, "looked", found.Looked, "stands", found.TS != "")
	}
	return found, err
}

// settleLost finds out what became of announcements whose answer was lost. Where nobody can, they are
// said once more; what was said twice is set aside, and the owners are told.
func (c *Client) settleLost(ctx context.Context, p store.HeldPlace) error {
	lost, err := c.store.LostAnnouncements(ctx, p)
	if err != nil || len(lost) == 0 {
		return err
	}
	found, err := c.find(ctx, p.Place, announcementMark(lost), lost[0].At)
	if err != nil {
		return err
	}
	ids := make([]int64, len(lost))
	repeated := false
	for i, a := range lost {
		ids[i] = a.ID
		repeated = repeated || a.Repeated
	}
	switch {
	case found.TS != "":
		if err := c.store.AnnouncementsSent(ctx, p, ids, found.TS); err != nil {
			return err
		}
		return c.store.UnparkPlace(ctx, p)
	case found.Looked:
		return c.store.AnnouncementsBack(ctx, p, ids)
	case !repeated:
		return nil // they are taken once more, and say so
	}
	items, err := c.announced(ctx, p.Workspace, coalesced(lost))
	if err != nil {
		return err
	}
	c.log.Warn("nobody knows whether a post arrived that was sent twice", "workspace", p.Workspace, "channel", p.Channel)
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		if mine, err := tx.AnnouncementsParked(ctx, p, ids, unclear); err != nil || !mine || store.IsDirect(p.Channel) {
			return err
		}
		list := make([]store.Announcement, len(items))
		for i, item := range items {
			list[i] = parked(item.Present, p.Channel, unclear)
		}
		return tx.Announce(ctx, list)
	})
}

// settleCard finds out what became of a card whose first post's answer was lost. It returns the card as
// it is to be drawn, and false where it is not drawn any more.
func (c *Client) settleCard(ctx context.Context, p store.HeldPlace, card store.Card, k store.KeyResult) (store.Card, bool, error) {
	found, err := c.find(ctx, p.Place, cardMark(card), card.Sending)
	switch {
	case err != nil:
		return card, false, err
	case found.TS != "":
		card.TS, card.Sending = found.TS, time.Time{}
		return card, true, c.store.CardFound(ctx, p, card)
	case found.Looked:
		card.Sending = time.Time{}
		return card, true, c.store.CardNotSent(ctx, p, card, false)
	case card.Repeated:
		c.log.Warn("nobody knows whether a card arrived that was sent twice", "workspace", p.Workspace, "channel", p.Channel, "key_result", k.ID)
		return card, false, c.parkCard(ctx, p, card, k, unclear, false)
	}
	return card, true, nil
}

// parkCard sets a card aside and tells the owner, once. NothingSent: no post of it stands there.
func (c *Client) parkCard(ctx context.Context, p store.HeldPlace, card store.Card, k store.KeyResult, code string, nothingSent bool) error {
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		first, err := tx.CardParked(ctx, p, card, code, nothingSent)
		if err != nil || !first {
			return err
		}
		return tx.Announce(ctx, []store.Announcement{parked(k, p.Channel, code)})
	})
}
