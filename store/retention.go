package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okrbot/store/queries"
)

const (
	// forgetAtOnce is how many rows go in one statement, so that nobody waits for it.
	forgetAtOnce = 5000
	// forgetPortions is how many such statements one tidying makes of a table; the next goes on.
	forgetPortions = 40
	// feedsTidied is how many feeds one tidying looks at; the next goes on behind them.
	feedsTidied = 5000
	// scoresTogether is of how many feeds scores go in one transaction: a few hundred each, some thousand where
	// a feed of years has lost the last who counts it.
	scoresTogether = 20
	// keepScores is how long scores are kept after the objective of the last who counts them, where it is closed out
	// or gone: until then they make its results.
	keepScores = 400 * 24 * time.Hour
)

// Tidy deletes what is too old: drafts after 30 minutes, deliveries after 10, batches, runs and
// what was said after 90 days, requests, exports and tellings after 7, pages after 10 minutes, unconfirmed
// connections after an hour, rhythms that nobody keeps, digests of refresh tokens after 800 days.
func (s *Store) Tidy(ctx context.Context) error {
	for what, do := range map[string]func(context.Context) error{
		"wishes for syncs": s.q.ExpireAsks, "exports": s.q.ExpireExports,
		"pages": s.q.ExpireSignInPages, "connections that nobody confirmed": s.q.ExpirePending, "rhythms": s.q.ExpireRhythms, "places": s.q.ForgottenPlaces, "tellings": s.q.ExpireTellings,
		"refresh tokens": s.q.ExpireRefreshTokens, "waits": s.q.ExpireHostWaits,
	} {
		if err := do(ctx); err != nil {
			return fmt.Errorf("forgetting old %s: %w", what, err)
		}
	}
	for what, do := range map[string]func(context.Context, int32) (int64, error){
		"drafts": s.q.ExpireDrafts, "deliveries": s.q.ExpireDeliveries, "requests": s.q.ExpireRequests,
		"runs": s.q.ExpireRuns, "batches": s.q.ExpireBatches, "announcements": s.q.ExpireAnnouncements,
	} {
		if err := forget(ctx, what, do); err != nil {
			return err
		}
	}
	return nil
}

// TidyAudit forgets audit entries that are older than so many days.
func (s *Store) TidyAudit(ctx context.Context, days int) error {
	return forget(ctx, "audit entries", func(ctx context.Context, most int32) (int64, error) {
		return s.q.ExpireAudit(ctx, queries.ExpireAuditParams{Most: most, Days: int32(days)})
	})
}

// forget deletes in small portions until one is not full.
func forget(ctx context.Context, what string, do func(context.Context, int32) (int64, error)) error {
	for range forgetPortions {
		n, err := do(ctx, forgetAtOnce)
		if err != nil {
			return fmt.Errorf("forgetting old %s: %w", what, err)
		}
		if n < forgetAtOnce {
			return nil
		}
	}
	return nil
}

// TidyScores forgets scores that nobody counts any more, and feeds that nobody follows, of the feeds
// behind one; it returns the last that it looked at, and 0 at the end.
func (s *Store) TidyScores(ctx context.Context, after int64) (int64, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return 0, err
	}
	feeds, err := s.q.FeedsAfter(ctx, queries.FeedsAfterParams{After: after, Among: []int64{}, Most: feedsTidied})
	if err != nil {
		return 0, fmt.Errorf("looking for old scores: %w", err)
	}
	var older, alone []int64
	old := now.Add(-keepScores)
	for _, f := range feeds {
		after = f.ID
		if f.Alone && (f.ReadAt == nil || f.ReadAt.Before(old)) {
			alone = append(alone, f.ID)
		}
		if f.Older {
			older = append(older, f.ID)
		}
	}
	for some := range slices.Chunk(older, scoresTogether) {
		if err := s.InTx(ctx, func(tx *Tx) error { return tx.forgetScores(ctx, some) }); err != nil {
			return 0, fmt.Errorf("forgetting old scores: %w", err)
		}
	}
	if _, err := s.q.ExpireFeeds(ctx, alone); err != nil {
		return 0, fmt.Errorf("forgetting feeds that nobody follows: %w", err)
	}
	if len(feeds) < feedsTidied {
		after = 0
	}
	return after, nil
}

// forgetScores forgets what nobody counts of some feeds, but of those that somebody is at: whoever comes to
// one afterwards has it read again.
func (tx *Tx) forgetScores(ctx context.Context, ids []int64) error {
	held, err := tx.q.LockFeedsToTidy(ctx, ids)
	if err != nil || len(held) == 0 {
		return err
	}
	feeds, err := tx.q.FeedsAfter(ctx, queries.FeedsAfterParams{Among: held, Most: int32(len(held))})
	if err != nil {
		return err
	}
	var p queries.RaiseFeedsParams
	for _, f := range feeds {
		p.FeedIds, p.Keeps = append(p.FeedIds, f.ID), append(p.Keeps, f.Keep)
	}
	if err := tx.q.RaiseFeeds(ctx, p); err != nil {
		return err
	}
	_, err = tx.q.ExpireScores(ctx, queries.ExpireScoresParams(p))
	return err
}
