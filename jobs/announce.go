package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"okrbot/store"
)

// Announce says what waits in one place, and draws its cards.
type Announce struct {
	Workspace string `json:"workspace" river:"unique"`
	Channel   string `json:"channel" river:"unique"`
}

// Kind is stored data.
func (Announce) Kind() string { return "announce" }

// InsertOpts: one job a place at a time. One that waits for Slack keeps others from being left.
func (Announce) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnnounce, MaxAttempts: 25, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unique}}
}

const (
	atOnce     = 1000 // announcements of one message; it shows ten and counts the rest
	cardsATime = 50   // Slack takes about fifty chat.update a minute
	slackPause = 30 * time.Second
)

// sweep leaves a job for each place where something waits.
func (c *Client) sweep(ctx context.Context) error {
	places, err := c.store.WaitingPlaces(ctx, placesAtOnce)
	if err != nil || len(places) == 0 {
		return err
	}
	jobs := make([]river.InsertManyParams, len(places))
	for i, p := range places {
		jobs[i] = river.InsertManyParams{Args: Announce{Workspace: p.Workspace, Channel: p.Channel}}
	}
	_, err = c.river.InsertMany(ctx, jobs)
	return err
}

type announceWorker struct {
	river.WorkerDefaults[Announce]
	client *Client
}

func (w *announceWorker) Work(ctx context.Context, job *river.Job[Announce]) error {
	return w.client.guard(job.JobRow, func() error {
		p := store.Place{Workspace: job.Args.Workspace, Channel: job.Args.Channel}
		if err := w.client.say(ctx, p); err != nil {
			return err
		}
		return w.client.draw(ctx, p)
	})
}

// say posts what waits in a place as one message.
func (c *Client) say(ctx context.Context, p store.Place) error {
	taken, err := c.store.TakeAnnouncements(ctx, p, atOnce)
	if err != nil || len(taken) == 0 {
		return err
	}
	items, err := c.announced(ctx, p.Workspace, coalesced(taken))
	if err != nil {
		return err
	}
	ids := make([]int64, len(taken))
	repeated := false
	for i, a := range taken {
		ids[i] = a.ID
		repeated = repeated || a.Repeated
	}
	if len(items) == 0 {
		return c.store.AnnouncementsSent(ctx, ids, "")
	}
	ts, err := c.messenger.Announce(ctx, p.Workspace, p.Channel, items, repeated)
	var u *Undelivered
	switch {
	case err == nil:
		return c.store.AnnouncementsSent(ctx, ids, ts)
	case errors.As(err, &u) && u.Kind == NotSent:
		if err := c.store.AnnouncementsBack(ctx, ids); err != nil {
			return err
		}
		return river.JobSnooze(wait(u))
	case errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone):
		return c.park(ctx, p, ids, items, u.Code)
	case repeated:
		// Its answer was lost twice: a third copy helps nobody.
		return c.store.AnnouncementsSent(ctx, ids, "")
	}
	// Nobody knows whether it arrived. The rows stay in "sending", so the next try says that it
	// is a repetition.
	return err
}

func wait(u *Undelivered) time.Duration {
	if u.After > 0 {
		return u.After
	}
	return slackPause
}

// coalesced makes several moves of one key result one line, from the first old value to the last
// new one. A recovery takes back a failure that nobody has read yet.
func coalesced(taken []store.Announcement) []store.Announcement {
	type subject struct {
		keyResult int64
		kind      string
	}
	at := map[subject]int{}
	var list []store.Announcement
	for _, a := range taken {
		s := subject{a.KeyResult, a.Kind}
		i, seen := at[s]
		if !seen {
			at[s] = len(list)
			list = append(list, a)
			continue
		}
		a.Old, a.OldDay, a.OldStatus = list[i].Old, list[i].OldDay, list[i].OldStatus
		a.Repeated = a.Repeated || list[i].Repeated
		list[i] = a
	}
	out := list[:0]
	for _, a := range list {
		_, failed := at[subject{a.KeyResult, "failed"}]
		_, recovered := at[subject{a.KeyResult, "recovered"}]
		if failed && recovered && (a.Kind == "failed" || a.Kind == "recovered") {
			continue
		}
		out = append(out, a)
	}
	return out
}

func (c *Client) announced(ctx context.Context, workspace string, list []store.Announcement) ([]Announced, error) {
	ids := make([]int64, len(list))
	for i, a := range list {
		ids[i] = a.KeyResult
	}
	present, now, err := c.present(ctx, workspace, ids)
	if err != nil {
		return nil, err
	}
	var items []Announced
	for _, a := range list {
		if k, ok := present[a.KeyResult]; ok {
			items = append(items, Announced{Announcement: a, Present: k, Now: now})
		}
	}
	return items, nil
}

func (c *Client) present(ctx context.Context, workspace string, ids []int64) (map[int64]store.KeyResult, time.Time, error) {
	now, err := c.store.Now(ctx)
	if err != nil {
		return nil, now, err
	}
	list, err := c.store.KeyResults(ctx, workspace, store.Filter{IDs: ids})
	if err != nil {
		return nil, now, err
	}
	present := make(map[int64]store.KeyResult, len(list))
	for _, k := range list {
		present[k.ID] = k
	}
	return present, now, nil
}

// park sets aside what Slack will not take and tells the key results' owners once, each in one
// message. What was a direct message has nobody else to be told to.
func (c *Client) park(ctx context.Context, p store.Place, ids []int64, items []Announced, code string) error {
	c.log.Warn("Slack does not take a post", "workspace", p.Workspace, "channel", p.Channel, "code", code)
	return c.store.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.AnnouncementsParked(ctx, ids, code); err != nil {
			return err
		}
		var list []store.Announcement
		for _, item := range items {
			first, err := tx.CardParked(ctx, store.Card{KeyResult: item.KeyResult, Channel: p.Channel}, code)
			if err != nil {
				return err
			}
			if first && item.Present.Owner != p.Channel {
				list = append(list, parked(item.Present, p.Channel, code))
			}
		}
		return tx.Announce(ctx, list)
	})
}

func parked(k store.KeyResult, channel, code string) store.Announcement {
	return store.Announcement{
		Workspace: k.Workspace, Channel: k.Owner, KeyResult: k.ID, Kind: "parked", Note: channel + " " + code,
	}
}

// draw brings a place's cards up to date.
func (c *Client) draw(ctx context.Context, p store.Place) error {
	cards, err := c.store.DirtyCards(ctx, p, cardsATime)
	if err != nil || len(cards) == 0 {
		return err
	}
	ids := make([]int64, len(cards))
	for i, card := range cards {
		ids[i] = card.KeyResult
	}
	present, now, err := c.present(ctx, p.Workspace, ids)
	if err != nil {
		return err
	}
	for _, card := range cards {
		if k, ok := present[card.KeyResult]; ok {
			if err := c.drawOne(ctx, p, card, k, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Client) drawOne(ctx context.Context, p store.Place, card store.Card, k store.KeyResult, now time.Time) error {
	if card.TS == "" {
		// A first post that was under way before may have arrived. A second card is the lesser
		// evil: no card would never be kept current.
		if err := c.store.CardSending(ctx, card); err != nil {
			return err
		}
	}
	ts, err := c.messenger.Card(ctx, p.Workspace, p.Channel, card.TS, k, now)
	var u *Undelivered
	switch {
	case err == nil:
		return c.store.CardDrawn(ctx, card, ts)
	case errors.As(err, &u) && u.Kind == Gone && card.TS != "":
		return c.store.CardGone(ctx, card)
	case errors.As(err, &u) && u.Kind == NotSent:
		return river.JobSnooze(wait(u))
	case errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone):
		return c.store.InTx(ctx, func(tx *store.Tx) error {
			first, err := tx.CardParked(ctx, card, u.Code)
			if err != nil || !first {
				return err
			}
			return tx.Announce(ctx, []store.Announcement{parked(k, p.Channel, u.Code)})
		})
	}
	return err
}
