package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Subscription is a channel, or a person under their user id, that gets the weekly digest.
type Subscription struct {
	Workspace string
	Channel   string
	Zone      string
	Next      time.Time
	By        string
	Posted    time.Time // when the last one was posted; zero: none was
	Sending   time.Time // when it went out first, and nobody knows whether it arrived; zero: it did not go out
	Repeated  bool      // it went out for the second time
	Hold      int64     // of the job that posts it
}

// DigestEntry is a key result as a digest told it.
type DigestEntry struct {
	KeyResult int64
	Value     decimal.NullDecimal
	Words     string // the value as it was written; empty where there was none, or it is not known
	Status    okr.Status
}

// Subscribe has a digest posted from next on; false when there is one already.
func (tx *Tx) Subscribe(ctx context.Context, actor okr.Actor, s Subscription) (bool, error) {
	n, err := tx.q.Subscribe(ctx, queries.SubscribeParams{
		WorkspaceID: actor.Workspace, ChannelID: s.Channel, Zone: s.Zone, NextAt: s.Next, CreatedBy: actor.ID,
	})
	if err != nil {
		return false, fmt.Errorf("subscribing: %w", err)
	}
	return n == 1, nil
}

// Unsubscribe ends a digest; false when there was none.
func (r Statements) Unsubscribe(ctx context.Context, workspace, channel string) (bool, error) {
	n, err := r.q.Unsubscribe(ctx, queries.UnsubscribeParams{WorkspaceID: workspace, ChannelID: channel})
	if err != nil {
		return false, fmt.Errorf("unsubscribing: %w", err)
	}
	return n == 1, nil
}

// Subscriptions lists a workspace's digests.
func (r Statements) Subscriptions(ctx context.Context, workspace string) ([]Subscription, error) {
	rows, err := r.q.Subscriptions(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("listing subscriptions: %w", err)
	}
	list := make([]Subscription, len(rows))
	for i, row := range rows {
		list[i] = subscription(row)
	}
	return list, nil
}

// HoldDigests takes digests that are due. Each is taken for a minute.
func (tx *Tx) HoldDigests(ctx context.Context, most int) ([]Subscription, error) {
	rows, err := tx.q.HoldDigests(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("taking digests: %w", err)
	}
	list := make([]Subscription, len(rows))
	for i, row := range rows {
		list[i] = subscription(row)
	}
	return list, nil
}

// KeepDigest holds a digest on, for longer than the job may take, and returns it; false when it is another
// job's, or was unsubscribed meanwhile.
func (s *Store) KeepDigest(ctx context.Context, workspace, channel string, hold int64) (Subscription, bool, error) {
	rows, err := s.q.KeepDigest(ctx, queries.KeepDigestParams{WorkspaceID: workspace, ChannelID: channel, Hold: hold})
	if err != nil {
		return Subscription{}, false, fmt.Errorf("holding a digest on: %w", err)
	}
	if len(rows) == 0 {
		return Subscription{}, false, nil
	}
	return subscription(rows[0]), true, nil
}

// SendingDigest notes that a digest is being sent; false when it is another job's, or was unsubscribed meanwhile.
func (s *Store) SendingDigest(ctx context.Context, d Subscription) (bool, error) {
	n, err := s.q.SendingDigest(ctx, queries.SendingDigestParams{WorkspaceID: d.Workspace, ChannelID: d.Channel, Hold: d.Hold})
	if err != nil {
		return false, fmt.Errorf("noting that a digest is sent: %w", err)
	}
	return n == 1, nil
}

// DigestNotSent notes that a digest surely did not arrive the last time that it was sent.
func (s *Store) DigestNotSent(ctx context.Context, d Subscription) error {
	err := s.q.DigestNotSent(ctx, queries.DigestNotSentParams{WorkspaceID: d.Workspace, ChannelID: d.Channel, Hold: d.Hold})
	if err != nil {
		return fmt.Errorf("noting that a digest was not sent: %w", err)
	}
	return nil
}

// DigestMissing notes that a digest was looked for and never arrived.
func (s *Store) DigestMissing(ctx context.Context, d Subscription) error {
	err := s.q.DigestMissing(ctx, queries.DigestMissingParams{WorkspaceID: d.Workspace, ChannelID: d.Channel, Hold: d.Hold})
	if err != nil {
		return fmt.Errorf("noting that a digest is missing: %w", err)
	}
	return nil
}

// ReleaseDigest gives a digest back for after a wait.
func (s *Store) ReleaseDigest(ctx context.Context, d Subscription, wait time.Duration) error {
	err := s.q.ReleaseDigest(ctx, queries.ReleaseDigestParams{
		Seconds: wait.Seconds(), WorkspaceID: d.Workspace, ChannelID: d.Channel, Hold: d.Hold,
	})
	if err != nil {
		return fmt.Errorf("giving a digest back: %w", err)
	}
	return nil
}

// PauseDigest gives a digest back that may not be posted for now.
func (s *Store) PauseDigest(ctx context.Context, d Subscription) error {
	err := s.q.PauseDigest(ctx, queries.PauseDigestParams{WorkspaceID: d.Workspace, ChannelID: d.Channel, Hold: d.Hold})
	if err != nil {
		return fmt.Errorf("giving a digest of a silent channel back: %w", err)
	}
	return nil
}

// DigestWaits says whether a digest waits for syncs that were due before it. It waits half an hour at
// most, and is given back until the next look.
func (r Statements) DigestWaits(ctx context.Context, s Subscription) (bool, error) {
	n, err := r.q.DigestWaits(ctx, queries.DigestWaitsParams{WorkspaceID: s.Workspace, ChannelID: s.Channel, Hold: s.Hold})
	if err != nil {
		return false, fmt.Errorf("looking for syncs before a digest: %w", err)
	}
	return n == 1, nil
}

// LastTold is what the last digest told, by key result.
func (r Statements) LastTold(ctx context.Context, s Subscription) (map[int64]DigestEntry, error) {
	rows, err := r.q.DigestItems(ctx, queries.DigestItemsParams{WorkspaceID: s.Workspace, ChannelID: s.Channel})
	if err != nil {
		return nil, fmt.Errorf("reading what a digest told: %w", err)
	}
	told := make(map[int64]DigestEntry, len(rows))
	for _, row := range rows {
		told[row.KeyResultID] = DigestEntry{row.KeyResultID, row.Value, row.Words, okr.Status(row.Status)}
	}
	return told, nil
}

// EndDigest ends a digest that a job holds; false when it is another job's, or was unsubscribed meanwhile.
func (tx *Tx) EndDigest(ctx context.Context, s Subscription) (bool, error) {
	n, err := tx.q.EndDigest(ctx, queries.EndDigestParams{WorkspaceID: s.Workspace, ChannelID: s.Channel, Hold: s.Hold})
	if err != nil {
		return false, fmt.Errorf("ending a digest: %w", err)
	}
	return n == 1, nil
}

// DigestPosted moves a digest to its next time, and keeps what it told.
func (tx *Tx) DigestPosted(ctx context.Context, s Subscription, next time.Time, told []DigestEntry) error {
	n, err := tx.q.DigestPosted(ctx, queries.DigestPostedParams{NextAt: next, WorkspaceID: s.Workspace, ChannelID: s.Channel, Hold: s.Hold})
	if err != nil {
		return fmt.Errorf("noting a digest: %w", err)
	}
	if n == 0 {
		return nil // unsubscribed meanwhile, or another job's
	}
	if err := tx.q.ForgetDigestItems(ctx, queries.ForgetDigestItemsParams{WorkspaceID: s.Workspace, ChannelID: s.Channel}); err != nil {
		return fmt.Errorf("noting a digest: %w", err)
	}
	_, err = tx.tx.CopyFrom(ctx, pgx.Identifier{"digest_items"}, []string{"workspace_id", "channel_id", "key_result_id", "value", "words", "status"},
		pgx.CopyFromSlice(len(told), func(i int) ([]any, error) {
			return []any{s.Workspace, s.Channel, told[i].KeyResult, told[i].Value, told[i].Words, string(told[i].Status)}, nil
		}))
	if err != nil {
		return fmt.Errorf("noting what a digest told: %w", err)
	}
	return nil
}

func subscription(row queries.Subscription) Subscription {
	return Subscription{
		Workspace: row.WorkspaceID, Channel: row.ChannelID, Zone: row.Zone, Next: row.NextAt, By: row.CreatedBy,
		Posted: orZero(row.PostedAt), Sending: orZero(row.SendingAt), Repeated: row.Repeated, Hold: row.Hold,
	}
}
