package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Card is a key result's living message in a channel.
type Card struct {
	KeyResult int64
	Workspace string
	Channel   string
	TS        string // empty: not posted yet
	Dirty     time.Time
	Sending   time.Time // when the first post went out whose answer is not known; zero: none
	Repeated  bool      // it went out for the second time
	Shows     []byte    // a digest of what it says; nil: not known
	Refresh   bool      // it shows the present, but for times of the clock that are a day old
}

// AddCard has a key result's card posted in a channel, or drawn again where it is.
func (tx *Tx) AddCard(ctx context.Context, workspace string, keyResult int64, channel string) error {
	err := tx.q.AddCard(ctx, queries.AddCardParams{KeyResultID: keyResult, ChannelID: channel, WorkspaceID: workspace})
	if err != nil {
		return fmt.Errorf("adding a card: %w", err)
	}
	return tx.ready(ctx, 0, nil, []int64{keyResult})
}

// MarkCards has the cards of key results drawn again.
func (tx *Tx) MarkCards(ctx context.Context, keyResults ...int64) error {
	return tx.Say(ctx, 0, nil, keyResults, nil)
}

// UnparkCards tries cards again that Slack did not take.
func (tx *Tx) UnparkCards(ctx context.Context, keyResults []int64) error {
	if err := tx.q.UnparkCards(ctx, keyResults); err != nil {
		return fmt.Errorf("trying parked cards again: %w", err)
	}
	return tx.ready(ctx, 0, nil, keyResults)
}

// UnparkCardsIn tries the cards of key results again that a place did not take, and returns how many there
// are. Those that may stand there are not posted once more.
func (tx *Tx) UnparkCardsIn(ctx context.Context, p Place, keyResults []int64) (int64, error) {
	n, err := tx.q.UnparkCardsIn(ctx, queries.UnparkCardsInParams{WorkspaceID: p.Workspace, ChannelID: p.Channel, KeyResultIds: keyResults})
	if err != nil {
		return 0, fmt.Errorf("trying a place's parked cards again: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	return n, tx.ready(ctx, 0, map[Place]bool{p: true}, nil)
}

// DirtyCards are the cards of a place that may not show the present, then those whose times of the
// clock are a day old: at most so many.
func (s *Store) DirtyCards(ctx context.Context, p Place, most int) ([]Card, error) {
	rows, err := s.q.DirtyCards(ctx, queries.DirtyCardsParams{WorkspaceID: p.Workspace, ChannelID: p.Channel, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing cards: %w", err)
	}
	rows = rows[:min(len(rows), most)]
	list := make([]Card, len(rows))
	for i, row := range rows {
		list[i] = Card{
			KeyResult: row.KeyResultID, Workspace: row.WorkspaceID, Channel: row.ChannelID, TS: row.MessageTs,
			Dirty: orZero(row.DirtyAt), Sending: orZero(row.SendingAt), Repeated: row.Repeated, Shows: row.Shows, Refresh: row.Refresh,
		}
	}
	return list, nil
}

// CardsAsTheyWere notes that cards of a place show the present already.
func (s *Store) CardsAsTheyWere(ctx context.Context, h HeldPlace, cards []Card) error {
	if len(cards) == 0 {
		return nil
	}
	p := queries.CardsAsTheyWereParams{ChannelID: h.Channel, Hold: h.Hold}
	for _, c := range cards {
		p.KeyResultIds = append(p.KeyResultIds, c.KeyResult)
		p.ReadAt = append(p.ReadAt, c.Dirty)
	}
	if err := s.q.CardsAsTheyWere(ctx, p); err != nil {
		return fmt.Errorf("noting cards that show the present: %w", err)
	}
	return nil
}

// RefreshCards has places looked at where a card's times of the clock are a day old.
func (s *Store) RefreshCards(ctx context.Context) error {
	if err := s.q.ReadyToRefresh(ctx); err != nil {
		return fmt.Errorf("looking for cards to refresh: %w", err)
	}
	return nil
}

// CardSending notes that a card's first post goes out, and returns it as noted; false where there is no
// such card any more, or another job has the place.
func (s *Store) CardSending(ctx context.Context, h HeldPlace, c Card) (Card, bool, error) {
	rows, err := s.q.SendingCard(ctx, queries.SendingCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, Hold: h.Hold})
	if err != nil {
		return c, false, fmt.Errorf("noting a card's post: %w", err)
	}
	if len(rows) == 0 {
		return c, false, nil
	}
	c.Repeated, c.Sending = !c.Sending.IsZero(), rows[0]
	return c, true, nil
}

// CardNotSent notes that a card's post surely did not arrive; earlier: one before it may have.
func (s *Store) CardNotSent(ctx context.Context, h HeldPlace, c Card, earlier bool) error {
	if err := s.q.CardNotSent(ctx, queries.CardNotSentParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, Hold: h.Hold, Earlier: earlier}); err != nil {
		return fmt.Errorf("noting that a card was not posted: %w", err)
	}
	return nil
}

// CardFound notes where a card stands whose first post's answer was lost.
func (s *Store) CardFound(ctx context.Context, h HeldPlace, c Card) error {
	err := s.q.CardFound(ctx, queries.CardFoundParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, Hold: h.Hold, MessageTs: c.TS})
	if err != nil {
		return fmt.Errorf("noting where a card stands: %w", err)
	}
	return nil
}

// CardDrawn notes what a card shows. Where its key result was removed while the card was first
// posted, the message is to say so.
func (s *Store) CardDrawn(ctx context.Context, h HeldPlace, c Card, k KeyResult, ts string, shows []byte) error {
	p := queries.DrawnCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, Hold: h.Hold, MessageTs: ts, ReadAt: &c.Dirty, Shows: shows, Redrawn: c.TS == ts}
	if !k.NextSyncAt.IsZero() && !k.Paused && !k.Closed {
		p.NextSyncAt = &k.NextSyncAt
	}
	n, err := s.q.DrawnCard(ctx, p)
	if err == nil && n == 0 && c.TS == "" {
		err = s.q.LeaveFarewell(ctx, queries.LeaveFarewellParams{
			WorkspaceID: c.Workspace, ChannelID: c.Channel, MessageTs: ts, Number: int32(k.Number), Title: k.Title, KeyResultID: c.KeyResult,
		}) // whoever draws has the place, and looks before leaving it
	}
	if err != nil {
		return fmt.Errorf("noting a card: %w", err)
	}
	return nil
}

// RemovedCard is a message that was the card of a key result which was removed.
type RemovedCard struct {
	Place
	TS      string
	Key     string // "KR-3"
	Title   string
	By      string
	Removed time.Time
}

// RemovedCards are the messages of a place that are to say that their key result was removed.
func (s *Store) RemovedCards(ctx context.Context, p Place, most int) ([]RemovedCard, error) {
	rows, err := s.q.Farewells(ctx, queries.FarewellsParams{WorkspaceID: p.Workspace, ChannelID: p.Channel, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing cards of removed key results: %w", err)
	}
	list := make([]RemovedCard, len(rows))
	for i, row := range rows {
		list[i] = RemovedCard{
			Place: p, TS: row.MessageTs, Key: okr.KeyResult{Number: int(row.Number)}.Key(), Title: row.Title, By: row.RemovedBy, Removed: row.RemovedAt,
		}
	}
	return list, nil
}

// RemovedCardClosed notes that a message says so, or that nothing more can be done about it.
func (s *Store) RemovedCardClosed(ctx context.Context, h HeldPlace, f RemovedCard) error {
	err := s.q.FarewellSaid(ctx, queries.FarewellSaidParams{WorkspaceID: h.Workspace, ChannelID: h.Channel, Hold: h.Hold, MessageTs: f.TS})
	if err != nil {
		return fmt.Errorf("noting the end of a card: %w", err)
	}
	return nil
}

// CardGone notes that a card's message is no more: it is posted again.
func (s *Store) CardGone(ctx context.Context, h HeldPlace, c Card) error {
	if err := s.q.ForgetCard(ctx, queries.ForgetCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, Hold: h.Hold}); err != nil {
		return fmt.Errorf("forgetting a card's message: %w", err)
	}
	return nil
}

// UnparkPlace tries the cards of a place again, since Slack took a post there.
func (s *Store) UnparkPlace(ctx context.Context, h HeldPlace) error {
	if err := s.q.UnparkPlace(ctx, queries.UnparkPlaceParams{WorkspaceID: h.Workspace, ChannelID: h.Channel, Hold: h.Hold}); err != nil {
		return fmt.Errorf("trying a place's cards again: %w", err)
	}
	return nil
}

// CardLeft forgets a card in a channel that its key result has left, and that says so. Where the key
// result is back meanwhile, the card is drawn again.
func (s *Store) CardLeft(ctx context.Context, h HeldPlace, c Card) error {
	p := queries.LeaveCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, Hold: h.Hold}
	if !c.Dirty.IsZero() {
		p.ReadAt = &c.Dirty
	}
	n, err := s.q.LeaveCard(ctx, p)
	if err != nil {
		return fmt.Errorf("forgetting a card that was left: %w", err)
	}
	if n == 0 && c.TS != "" {
		return s.CardFound(ctx, h, c)
	}
	return nil
}

// moveCard has a key result's card follow it to another channel. One that had none, such as one that was
// imported, gets none.
func (tx *Tx) moveCard(ctx context.Context, k KeyResult) error {
	if err := tx.q.MoveCard(ctx, queries.MoveCardParams{ChannelID: k.Channel, KeyResultID: k.ID}); err != nil {
		return fmt.Errorf("moving the card of key result %d: %w", k.ID, err)
	}
	return tx.MarkCards(ctx, k.ID)
}

// CardParked sets aside a card that Slack will not take; true the first time, for who has the place. NothingSent: no
// post of it stands there.
func (tx *Tx) CardParked(ctx context.Context, h HeldPlace, c Card, code string, nothingSent bool) (bool, error) {
	n, err := tx.q.ParkCard(ctx, queries.ParkCardParams{
		KeyResultID: c.KeyResult, ChannelID: h.Channel, WorkspaceID: h.Workspace, Hold: h.Hold, Error: code, NothingSent: nothingSent,
	})
	if err != nil {
		return false, fmt.Errorf("parking a card: %w", err)
	}
	return n == 1, nil
}
