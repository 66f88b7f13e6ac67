package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Audience is who sees what is posted in a channel, as Slack last said.
type Audience struct {
	Place
	Outside     bool     // people of other organisations see it, or will
	Others      []string // Slack's ids of their workspaces and Grids, as far as it names them
	Untold      string   // Slack's word for why it does not say, so that it counts as outside
	Asked       time.Time
	Changes     int64     // how often Slack told that it changed, before it was asked
	Fresh       bool      // it was asked within a day, and nothing changed since
	Told        time.Time // when administrators were asked to consent; zero: not yet
	ConsentedBy string    // who lets it be posted to them; empty: nobody
	ConsentedAt time.Time
	DeclinedBy  string // who would not; empty: nobody
}

// Silent says whether nothing may be posted in the channel.
func (a Audience) Silent() bool { return a.Outside && a.ConsentedBy == "" }

// Mark tells the others who see a channel from others.
func (a Audience) Mark() string {
	sum := sha256.Sum256([]byte(strings.Join(a.Others, " ")))
	return hex.EncodeToString(sum[:8])
}

// Audience is what is known of who sees what is posted in a channel; nothing where Slack was not asked.
func (r Statements) Audience(ctx context.Context, p Place) (Audience, error) {
	row, err := r.q.Audience(ctx, queries.AudienceParams{WorkspaceID: p.Workspace, ChannelID: p.Channel})
	if err = found(err); errors.Is(err, ErrNotFound) {
		return Audience{Place: p}, nil
	}
	if err != nil {
		return Audience{Place: p}, fmt.Errorf("loading who sees a channel: %w", err)
	}
	a := audience(row.Audience)
	a.Fresh = row.Fresh
	return a, nil
}

// SaveAudience notes what Slack said, and returns what holds then: a consent is for those who were there when it was
// given. Where Slack told of a change since Changes was loaded nothing is noted, and what is returned is not fresh
// before somebody asked again.
func (r Statements) SaveAudience(ctx context.Context, a Audience) (Audience, error) {
	rows, err := r.q.SaveAudience(ctx, queries.SaveAudienceParams{
		WorkspaceID: a.Workspace, ChannelID: a.Channel, Outside: a.Outside, Others: orEmpty(a.Others), Untold: a.Untold, Changes: a.Changes,
	})
	if err != nil {
		return a, fmt.Errorf("saving who sees a channel: %w", err)
	}
	if len(rows) == 0 {
		return r.Audience(ctx, a.Place)
	}
	saved := audience(rows[0])
	saved.Fresh = true
	return saved, nil
}

// AudienceChanged notes that others came to a channel, or went: Slack is asked before anything is posted
// there. Where something is posted the place is looked at now.
func (tx *Tx) AudienceChanged(ctx context.Context, p Place, outside bool) error {
	n, err := tx.q.AudienceChanged(ctx, queries.AudienceChangedParams{WorkspaceID: p.Workspace, ChannelID: p.Channel, Outside: outside})
	if err != nil {
		return fmt.Errorf("noting who sees a channel: %w", err)
	}
	if n == 0 {
		return nil
	}
	return tx.PlacesReady(ctx, []Place{p})
}

// AudienceTold notes that administrators are asked to consent; false where they were already, or nobody
// has to.
func (tx *Tx) AudienceTold(ctx context.Context, p Place) (bool, error) {
	n, err := tx.q.AudienceTold(ctx, queries.AudienceToldParams{WorkspaceID: p.Workspace, ChannelID: p.Channel})
	if err != nil {
		return false, fmt.Errorf("noting that administrators are asked: %w", err)
	}
	return n == 1, nil
}

// ErrOthersCame says that others see a channel by now than those whom somebody decided about.
var ErrOthersCame = errors.New("others came meanwhile")

// Consent lets it be posted in a channel that others see, those whom the person was told of by their mark.
// What waited is posted now. It returns the channel as it was, ErrNotFound where nobody has to consent.
func (tx *Tx) Consent(ctx context.Context, actor okr.Actor, channel, mark string) (Audience, error) {
	before, err := tx.lockAudience(ctx, actor, channel)
	if err != nil {
		return before, err
	}
	if before.Mark() != mark {
		return before, ErrOthersCame
	}
	if err := tx.q.Consent(ctx, queries.ConsentParams{Person: actor.ID, WorkspaceID: actor.Workspace, ChannelID: channel}); err != nil {
		return before, fmt.Errorf("consenting to posts: %w", err)
	}
	if err := tx.PlacesReady(ctx, []Place{before.Place}); err != nil {
		return before, err
	}
	return before, tx.recordConsent(ctx, actor, before, "let okrbot post", actor.ID)
}

// Decline keeps it from being posted in a channel that others see, or takes a consent back. It returns the
// channel as it was.
func (tx *Tx) Decline(ctx context.Context, actor okr.Actor, channel string) (Audience, error) {
	before, err := tx.lockAudience(ctx, actor, channel)
	if err != nil {
		return before, err
	}
	if err := tx.q.Decline(ctx, queries.DeclineParams{Person: actor.ID, WorkspaceID: actor.Workspace, ChannelID: channel}); err != nil {
		return before, fmt.Errorf("keeping posts back: %w", err)
	}
	action := "kept okrbot silent"
	if before.ConsentedBy != "" {
		action = "took a consent back"
	}
	return before, tx.recordConsent(ctx, actor, before, action, "")
}

func (tx *Tx) lockAudience(ctx context.Context, actor okr.Actor, channel string) (Audience, error) {
	row, err := tx.q.LockAudience(ctx, queries.LockAudienceParams{WorkspaceID: actor.Workspace, ChannelID: channel})
	if err != nil {
		return Audience{}, fmt.Errorf("locking who sees a channel: %w", found(err))
	}
	if !row.Outside {
		return audience(row), ErrNotFound
	}
	return audience(row), nil
}

// recordConsent writes down who may read along in a channel, and who said so.
func (tx *Tx) recordConsent(ctx context.Context, actor okr.Actor, a Audience, action, by string) error {
	return tx.Record(ctx, actor, action, Object{"channel", 0}, map[string]Change{
		"channel": {"", a.Channel}, "seen by": {"", strings.Join(a.Others, ", ")}, "consent of": {a.ConsentedBy, by},
	})
}

// OutsideAudiences are a workspace's channels that others see, those first that wait for somebody's word.
func (r Statements) OutsideAudiences(ctx context.Context, workspace string) ([]Audience, error) {
	rows, err := r.q.OutsideAudiences(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("listing channels that others see: %w", err)
	}
	list := make([]Audience, len(rows))
	for i, row := range rows {
		list[i] = audience(row)
	}
	return list, nil
}

// PausePlace gives a place back in which nothing may be posted for now.
func (s *Store) PausePlace(ctx context.Context, h HeldPlace) error {
	err := s.q.PausePlace(ctx, queries.PausePlaceParams{WorkspaceID: h.Workspace, ChannelID: h.Channel, Hold: h.Hold})
	if err != nil {
		return fmt.Errorf("giving back a place that is silent: %w", err)
	}
	return nil
}

func audience(row queries.Audience) Audience {
	return Audience{
		Place: Place{row.WorkspaceID, row.ChannelID}, Outside: row.Outside, Others: row.Others, Untold: row.Untold, Asked: orZero(row.AskedAt), Changes: row.Changes, Told: orZero(row.ToldAt),
		ConsentedBy: row.ConsentedBy, ConsentedAt: orZero(row.ConsentedAt), DeclinedBy: row.DeclinedBy,
	}
}
