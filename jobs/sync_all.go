package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"okrbot/store"
)

// BeginSync finds what a person has read who wants all of theirs read, and has it read.
type BeginSync struct {
	Ask  int64 `json:"ask"`
	Hold int64 `json:"hold"`
}

func (BeginSync) Kind() string { return "begin_sync" }

func (BeginSync) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueBegin} }

var errTaken = errors.New("another job has it")

// Begun is what becomes of a person's wish to have all of theirs read.
type Begun struct {
	Ask    store.SyncAsk
	Theirs int // key results that they may have read, the paused ones aside
	Forced
}

// ForceAll has all read that a person looks after: it notes that, in one row, and jobs find out what
// it is. The person hears what it comes to. It belongs into the transaction of whoever calls.
func (c *Client) ForceAll(ctx context.Context, tx *store.Tx, a store.SyncAsk) (Forced, error) {
	f, err := tooOften(ctx, tx, a.Actor.Workspace, a.Actor.ID)
	if err != nil || f.TooMany {
		return f, err
	}
	return f, tx.CreateAsk(ctx, a)
}

// begin makes a request of an ask, and has the person told what is read; where nothing is, why.
func (c *Client) begin(ctx context.Context, held store.HeldAsk) error {
	ask, err := c.store.Ask(ctx, held)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err // the hold ends, and another job tries
	}
	b := Begun{Ask: ask}
	var request store.HeldRequest
	err = c.store.InTx(ctx, func(tx *store.Tx) error {
		b = Begun{Ask: ask}
		mine, err := tx.TakeAsk(ctx, held)
		if err == nil && !mine {
			err = errTaken
		}
		if err != nil {
			return err
		}
		ids, err := c.theirs(ctx, tx, &b)
		if err != nil || len(ids) == 0 {
			return err
		}
		var made int64
		b.Forced, made, err = c.forceNow(ctx, tx, ForceRequest{
			Workspace: ask.Actor.Workspace, Person: ask.Actor.ID, KeyResults: ids, Every: true, Channel: ask.Channel, Response: ask.Response, LeftOut: b.LeftOut,
		})
		if err != nil || b.Total == 0 {
			return err
		}
		request, err = tx.AskBegun(ctx, held, made)
		return err
	})
	if errors.Is(err, errTaken) {
		return nil
	}
	if err != nil {
		return err
	}
	told, err := c.messenger.Begun(ctx, b)
	if b.Total > 0 {
		return c.begun(ctx, request, told, err)
	}
	var u *Undelivered
	switch known := errors.As(err, &u); {
	case err == nil:
		return c.store.EndAsk(ctx, held)
	case known && u.Kind == NotSent && u.After > 0:
		return c.store.ReleaseAsk(ctx, held, u.After, false)
	case ask.Failures+1 >= reportsAtMost || known && (u.Kind == Permanent || u.Kind == Ambiguous && ask.Failures > 0):
		c.log.Warn("nobody was told that nothing is synced", "ask", ask.ID, "error", err)
		return c.store.EndAsk(ctx, held)
	}
	c.log.Warn("nobody was told yet that nothing is synced", "ask", ask.ID, "error", err)
	return c.store.ReleaseAsk(ctx, held, again(err, ask.Failures), true)
}

// theirs are the key results that are read where somebody wants all of theirs read.
func (c *Client) theirs(ctx context.Context, tx *store.Tx, b *Begun) (ids []int64, err error) {
	list, err := tx.KeyResults(ctx, b.Ask.Actor.Workspace, store.Filter{Person: b.Ask.Actor.ID, Integrated: true, Open: true})
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		switch {
		case !k.MaySync(b.Ask.Actor):
		case k.Paused && b.LeftOut.Paused == 0:
			b.LeftOut.Paused = k.Number
		case k.Paused:
		default:
			ids = append(ids, k.ID)
		}
	}
	b.Theirs = len(ids)
	return ids, nil
}

// begun notes where the person was told what is read, so that the reports that follow find it. Where
// they were not, a report says all.
func (c *Client) begun(ctx context.Context, held store.HeldRequest, told Told, failed error) error {
	if failed != nil {
		c.log.Warn("nobody was told that a sync began; its outcome is", "request", held.ID, "error", failed)
		return c.store.ReleaseRequest(ctx, held, 0, false)
	}
	request, _, err := c.store.Request(ctx, held.ID)
	if err != nil {
		return err
	}
	if err := c.saveReport(ctx, held, request, told); err != nil {
		return err
	}
	return c.store.ReleaseRequest(ctx, held, 0, false)
}

// tooOften says whether a person asked for too many syncs lately.
func tooOften(ctx context.Context, tx *store.Tx, workspace, person string) (Forced, error) {
	count, wait, err := tx.RecentRequests(ctx, workspace, person, forceSpan)
	if err != nil || count < forceInSpan {
		return Forced{}, err
	}
	return Forced{TooMany: true, Wait: max(wait, time.Second)}, nil
}
