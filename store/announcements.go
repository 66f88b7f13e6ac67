package store

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Announcement is one thing to say about a key result in a channel. A direct message's channel is
// the person's id.
type Announcement struct {
	ID        int64
	Workspace string
	Channel   string
	KeyResult int64
	Kind      string // "changed", "restated", "failed", "recovered", "parked"
	Old, New  decimal.NullDecimal
	OldDay    okr.Day // zero when there was none
	NewDay    okr.Day
	OldStatus okr.Status
	NewStatus okr.Status
	Note      string // failed, parked: what happened and what to do
	Repeated  bool   // the answer to an earlier try was lost
}

// Announce puts things to say into the outbox; a channel's leave together.
func (tx *Tx) Announce(ctx context.Context, list []Announcement) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.AnnounceParams
	for _, a := range list {
		p.WorkspaceIds = append(p.WorkspaceIds, a.Workspace)
		p.ChannelIds = append(p.ChannelIds, a.Channel)
		p.KeyResultIds = append(p.KeyResultIds, a.KeyResult)
		p.Kinds = append(p.Kinds, a.Kind)
		p.OldValues = append(p.OldValues, numberText(a.Old))
		p.NewValues = append(p.NewValues, numberText(a.New))
		p.OldDays = append(p.OldDays, dayText(a.OldDay, a.OldDay != 0))
		p.NewDays = append(p.NewDays, dayText(a.NewDay, a.NewDay != 0))
		p.OldStatuses = append(p.OldStatuses, string(a.OldStatus))
		p.NewStatuses = append(p.NewStatuses, string(a.NewStatus))
		p.Notes = append(p.Notes, a.Note)
	}
	if err := tx.q.Announce(ctx, p); err != nil {
		return fmt.Errorf("announcing: %w", err)
	}
	return nil
}

// AnnounceChange says in a key result's channel that its result moved, and has its cards drawn
// again. It says nothing when the result is the same.
func (tx *Tx) AnnounceChange(ctx context.Context, before, after KeyResult) error {
	if err := tx.MarkCards(ctx, after.ID); err != nil {
		return err
	}
	old, now := before.Result, after.Result
	same := old.Value.Valid == now.Value.Valid && old.Value.Decimal.Equal(now.Value.Decimal)
	if after.Channel == "" || same {
		return nil
	}
	day := okr.DayOf(tx.Now)
	return tx.Announce(ctx, []Announcement{{
		Workspace: after.Workspace, Channel: after.Channel, KeyResult: after.ID, Kind: "changed",
		Old: old.Value, New: now.Value, OldDay: old.AsOf, NewDay: now.AsOf,
		OldStatus: before.Standing(before.Objective.Period, day).Status, NewStatus: after.Standing(after.Objective.Period, day).Status,
	}})
}

// Place is a channel of a workspace where something waits to be said or drawn.
type Place struct{ Workspace, Channel string }

// WaitingPlaces are where something is to be said or a card to be drawn.
func (s *Store) WaitingPlaces(ctx context.Context, most int) ([]Place, error) {
	rows, err := s.q.WaitingChannels(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for what is to be said: %w", err)
	}
	list := make([]Place, len(rows))
	for i, row := range rows {
		list[i] = Place{row.WorkspaceID, row.ChannelID}
	}
	return list, nil
}

// TakeAnnouncements takes what is to be said in a place, oldest first. They are on record as being
// sent before they are, so that a death on the way is seen.
func (s *Store) TakeAnnouncements(ctx context.Context, p Place, most int) ([]Announcement, error) {
	rows, err := s.q.TakeAnnouncements(ctx, queries.TakeAnnouncementsParams{WorkspaceID: p.Workspace, ChannelID: p.Channel, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("taking announcements: %w", err)
	}
	list := make([]Announcement, len(rows))
	for i, row := range rows {
		list[i] = Announcement{
			ID: row.ID, Workspace: row.WorkspaceID, Channel: row.ChannelID, KeyResult: row.KeyResultID, Kind: row.Kind,
			Old: row.OldValue, New: row.NewValue, OldDay: dayOrZero(row.OldDay), NewDay: dayOrZero(row.NewDay),
			OldStatus: okr.Status(row.OldStatus), NewStatus: okr.Status(row.NewStatus), Note: row.Note, Repeated: row.Repeated,
		}
	}
	return list, nil
}

// AnnouncementsSent notes that a message with these was posted.
func (s *Store) AnnouncementsSent(ctx context.Context, ids []int64, ts string) error {
	if err := s.q.AnnouncementsSent(ctx, queries.AnnouncementsSentParams{Ids: ids, MessageTs: ts}); err != nil {
		return fmt.Errorf("noting a post: %w", err)
	}
	return nil
}

// AnnouncementsBack puts back what was surely not sent.
func (s *Store) AnnouncementsBack(ctx context.Context, ids []int64) error {
	if err := s.q.AnnouncementsBack(ctx, ids); err != nil {
		return fmt.Errorf("putting announcements back: %w", err)
	}
	return nil
}

// AnnouncementsParked sets aside what Slack will not take, with Slack's word for it.
func (tx *Tx) AnnouncementsParked(ctx context.Context, ids []int64, code string) error {
	if err := tx.q.AnnouncementsParked(ctx, queries.AnnouncementsParkedParams{Ids: ids, Error: code}); err != nil {
		return fmt.Errorf("parking announcements: %w", err)
	}
	return nil
}

// Card is a key result's living message in a channel.
type Card struct {
	KeyResult int64
	Workspace string
	Channel   string
	TS        string // empty: not posted yet
	Dirty     time.Time
	Sending   bool // a first post is or was under way
}

// AddCard has a key result's card posted in a channel, or drawn again where it is.
func (tx *Tx) AddCard(ctx context.Context, workspace string, keyResult int64, channel string) error {
	err := tx.q.AddCard(ctx, queries.AddCardParams{KeyResultID: keyResult, ChannelID: channel, WorkspaceID: workspace})
	if err != nil {
		return fmt.Errorf("adding a card: %w", err)
	}
	return nil
}

// MarkCards has the cards of key results drawn again.
func (tx *Tx) MarkCards(ctx context.Context, keyResults ...int64) error {
	if err := tx.q.MarkCards(ctx, keyResults); err != nil {
		return fmt.Errorf("marking cards: %w", err)
	}
	return nil
}

// UnparkCards tries cards again that Slack did not take.
func (tx *Tx) UnparkCards(ctx context.Context, keyResults []int64) error {
	if err := tx.q.UnparkCards(ctx, keyResults); err != nil {
		return fmt.Errorf("trying parked cards again: %w", err)
	}
	return nil
}

// DirtyCards are the cards of a place that do not show the present.
func (s *Store) DirtyCards(ctx context.Context, p Place, most int) ([]Card, error) {
	rows, err := s.q.DirtyCards(ctx, queries.DirtyCardsParams{WorkspaceID: p.Workspace, ChannelID: p.Channel, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing cards: %w", err)
	}
	list := make([]Card, len(rows))
	for i, row := range rows {
		list[i] = Card{
			KeyResult: row.KeyResultID, Workspace: row.WorkspaceID, Channel: row.ChannelID, TS: row.MessageTs,
			Dirty: orZero(row.DirtyAt), Sending: row.SendingAt != nil,
		}
	}
	return list, nil
}

// CardSending notes that a card's first post begins.
func (s *Store) CardSending(ctx context.Context, c Card) error {
	if err := s.q.SendingCard(ctx, queries.SendingCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel}); err != nil {
		return fmt.Errorf("noting a card's post: %w", err)
	}
	return nil
}

// CardDrawn notes that a card shows what it was when it was taken.
func (s *Store) CardDrawn(ctx context.Context, c Card, ts string) error {
	err := s.q.DrawnCard(ctx, queries.DrawnCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, MessageTs: ts, ReadAt: &c.Dirty})
	if err != nil {
		return fmt.Errorf("noting a card: %w", err)
	}
	return nil
}

// CardGone notes that a card's message is no more: it is posted anew.
func (s *Store) CardGone(ctx context.Context, c Card) error {
	if err := s.q.ForgetCard(ctx, queries.ForgetCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel}); err != nil {
		return fmt.Errorf("forgetting a card's message: %w", err)
	}
	return nil
}

// CardParked sets aside a card that Slack will not take; true the first time.
func (tx *Tx) CardParked(ctx context.Context, c Card, code string) (bool, error) {
	n, err := tx.q.ParkCard(ctx, queries.ParkCardParams{KeyResultID: c.KeyResult, ChannelID: c.Channel, Error: code})
	if err != nil {
		return false, fmt.Errorf("parking a card: %w", err)
	}
	return n == 1, nil
}
