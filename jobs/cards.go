package jobs

import (
	"bytes"
	"context"
	"errors"
	"time"

	"okrbot/store"
)

const (
	// drawAtOnce is how many cards of a place are looked at together. Slack takes about fifty
	// chat.update a minute, and says when it has enough.
	drawAtOnce = 100
	// errorsAtMost is how many cards in a row may fail before the place is left for now.
	errorsAtMost = 3
)

// CardDrawer posts cards and keeps them current.
type CardDrawer interface {
	// Shows is a digest of what a card says, without its times of the clock. It asks nobody.
	Shows(d Drawing) ([]byte, error)
	// Card posts a key result's card, or draws it again when ts names its message.
	Card(ctx context.Context, channel, ts string, d Drawing, post Post) (newTS string, err error)
	// Moved closes a key result's card in a channel that the key result has left, and says where it is now.
	Moved(ctx context.Context, channel, ts string, k store.KeyResult, now time.Time) error
	// CloseCard closes what was the card of a key result that was removed.
	CloseCard(ctx context.Context, r store.RemovedCard) error
}

// look is what a place's cards are drawn from.
type look struct {
	card    store.Card
	drawing Drawing
	shows   []byte
}

// draw brings a place's cards up to date. One that says what it said already is left alone: Slack is
// called for it only when its times of the clock are a day old.
func (c *Client) draw(ctx context.Context, place store.HeldPlace) error {
	var list []look
	err := c.budget.draw(ctx, func() (err error) {
		list, err = c.looks(ctx, place)
		return err
	})
	if err != nil {
		return err
	}
	inRow := 0
	var failed error
	for _, l := range list {
		if c.stopping.Err() != nil {
			return failed
		}
		if _, mine, err := c.store.KeepPlace(ctx, place); err != nil || !mine {
			return err
		}
		if may, err := c.mayPost(ctx, place.Place); err != nil || !may { // others may have come since the last one
			return err
		}
		err := c.drawOne(ctx, place, l)
		var u *Undelivered
		switch {
		case err == nil:
			inRow = 0
			continue
		case errors.As(err, &u) && u.Kind == NotSent:
			return err
		}
		// One card that does not work does not keep the others from being drawn.
		failed = err
		if inRow++; inRow >= errorsAtMost {
			break
		}
	}
	return failed
}

// looks are the cards of a place that Slack is to be called for, read together. Those that show the
// present are noted as such.
func (c *Client) looks(ctx context.Context, place store.HeldPlace) ([]look, error) {
	cards, err := c.store.DirtyCards(ctx, place.Place, drawAtOnce)
	if err != nil || len(cards) == 0 {
		return nil, err
	}
	ids := make([]int64, len(cards))
	for i, card := range cards {
		ids[i] = card.KeyResult
	}
	present, now, err := c.present(ctx, place.Workspace, ids)
	if err != nil {
		return nil, err
	}
	there := make([]store.KeyResult, 0, len(present))
	for _, k := range present {
		there = append(there, k)
	}
	newest, err := c.store.NewestReadings(ctx, place.Workspace, there, now, TrendReadings)
	if err != nil {
		return nil, err
	}
	var list []look
	var same []store.Card
	for _, card := range cards {
		k, ok := present[card.KeyResult]
		if !ok {
			continue
		}
		l := look{card: card, drawing: Drawing{KeyResult: k, Newest: newest[k.ID], Now: now}}
		if l.shows, err = c.messenger.Shows(l.drawing); err != nil {
			return nil, err
		}
		if k.Channel == place.Channel && card.TS != "" && !card.Refresh && bytes.Equal(l.shows, card.Shows) {
			same = append(same, card)
			continue
		}
		list = append(list, l)
	}
	return list, c.store.CardsAsTheyWere(ctx, place, same)
}

func (c *Client) drawOne(ctx context.Context, p store.HeldPlace, l look) error {
	card, k := l.card, l.drawing.KeyResult
	if k.Channel != p.Channel {
		return c.leave(ctx, p, card, l.drawing)
	}
	if card.TS == "" && !card.Sending.IsZero() {
		var goesOn bool
		var err error
		if card, goesOn, err = c.settleCard(ctx, p, card, k); err != nil || !goesOn {
			return err
		}
	}
	post := Post{}
	if card.TS == "" {
		var there bool
		var err error
		if card, there, err = c.store.CardSending(ctx, p, card); err != nil || !there {
			return err
		}
		post = Post{Mark: cardMark(card), Repeated: card.Repeated}
	}
	ts, err := c.messenger.Card(ctx, p.Channel, card.TS, l.drawing, post)
	var u *Undelivered
	switch {
	case err == nil:
		return c.store.CardDrawn(ctx, p, card, k, ts, l.shows)
	case errors.As(err, &u) && u.Kind == NotSent && card.TS == "":
		return errors.Join(err, c.store.CardNotSent(ctx, p, card, card.Repeated))
	case errors.As(err, &u) && u.Kind == Gone && card.TS != "":
		return c.store.CardGone(ctx, p, card)
	case errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone):
		return c.parkCard(ctx, p, card, k, u.Code, card.TS != "" || !card.Repeated)
	}
	return err
}

// leave closes a card in a place that its key result has left. A message that Slack does not let us
// change any more stays as it is.
func (c *Client) leave(ctx context.Context, p store.HeldPlace, card store.Card, d Drawing) error {
	if card.TS == "" && !card.Sending.IsZero() {
		found, err := c.find(ctx, p.Place, cardMark(card), card.Sending)
		if err != nil {
			return err
		}
		card.TS = found.TS
	}
	if card.TS != "" {
		err := c.messenger.Moved(ctx, p.Channel, card.TS, d.KeyResult, d.Now)
		var u *Undelivered
		if err != nil && !(errors.As(err, &u) && (u.Kind == Permanent || u.Kind == Gone)) {
			return err
		}
	}
	return c.store.CardLeft(ctx, p, card)
}

// refreshEvery is how often cards are looked for whose times of the clock are a day old.
const refreshEvery = time.Minute
