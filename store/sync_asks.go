package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store/queries"
)

// SyncAsk is that a person wants all of theirs read, before it is known what that is.
type SyncAsk struct {
	ID       int64
	Actor    okr.Actor     // as they were when they asked
	Channel  string        // where they asked
	Response secret.String // Slack's response_url while it is good for another use, else empty
	Failures int           // answers in a row that did not arrive
}

// CreateAsk notes it: one row. The response_url is a secret and sealed.
func (tx *Tx) CreateAsk(ctx context.Context, a SyncAsk) error {
	id, err := tx.q.CreateAsk(ctx, queries.CreateAskParams{
		WorkspaceID: a.Actor.Workspace, PersonID: a.Actor.ID, PersonKind: string(a.Actor.Kind), ChannelID: a.Channel,
	})
	if err != nil {
		return fmt.Errorf("noting who wants a sync: %w", err)
	}
	if a.Response.Empty() {
		return nil
	}
	sealed, err := tx.keys.Seal(a.Response, askPlace(a.Actor.Workspace, id))
	if err != nil {
		return fmt.Errorf("sealing a response address: %w", err)
	}
	if err := tx.q.SealAsk(ctx, queries.SealAskParams{ID: id, Sealed: sealed}); err != nil {
		return fmt.Errorf("saving a response address: %w", err)
	}
	return nil
}

func askPlace(workspace string, id int64) secret.Place {
	return secret.Place{Workspace: workspace, ID: id, Kind: "ask", Version: 1}
}

// HeldAsk is an ask that one job works out. A job that carries an older hold comes too late.
type HeldAsk struct{ ID, Hold int64 }

// HoldAsks takes asks that nobody is at, each for two minutes.
func (tx *Tx) HoldAsks(ctx context.Context, most int) ([]HeldAsk, error) {
	rows, err := tx.q.HoldAsks(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for syncs to begin: %w", err)
	}
	list := make([]HeldAsk, len(rows))
	for i, row := range rows {
		list[i] = HeldAsk{ID: row.ID, Hold: row.Hold}
	}
	return list, nil
}

// Ask loads an ask that a job holds; ErrNotFound when it comes too late.
func (r Statements) Ask(ctx context.Context, h HeldAsk) (SyncAsk, error) {
	row, err := r.q.Ask(ctx, queries.AskParams{ID: h.ID, Hold: h.Hold})
	if err != nil {
		return SyncAsk{}, fmt.Errorf("loading who wants a sync: %w", found(err))
	}
	a := SyncAsk{
		ID: row.ID, Actor: okr.Actor{Workspace: row.WorkspaceID, ID: row.PersonID, Kind: okr.ActorKind(row.PersonKind)},
		Channel: row.ChannelID, Failures: int(row.Failures),
	}
	if len(row.SealedResponse) > 0 && !row.Old {
		if a.Response, err = r.keys.Open(row.SealedResponse, askPlace(row.WorkspaceID, row.ID)); err != nil {
			return a, fmt.Errorf("opening a response address: %w", err)
		}
	}
	return a, nil
}

// TakeAsk holds an ask until the end of the transaction; false when another job has it.
func (tx *Tx) TakeAsk(ctx context.Context, h HeldAsk) (bool, error) {
	n, err := tx.q.LockAsk(ctx, queries.LockAskParams{ID: h.ID, Hold: h.Hold})
	if err != nil {
		return false, fmt.Errorf("holding who wants a sync: %w", err)
	}
	return n == 1, nil
}

// AskBegun ends an ask that a request was made of. The request is held by whoever says so.
func (tx *Tx) AskBegun(ctx context.Context, h HeldAsk, request int64) (HeldRequest, error) {
	held := HeldRequest{ID: request, Hold: 1}
	if err := tx.q.HoldRequest(ctx, request); err != nil {
		return held, fmt.Errorf("holding a sync request: %w", err)
	}
	if err := tx.q.EndAsk(ctx, queries.EndAskParams{ID: h.ID, Hold: h.Hold}); err != nil {
		return held, fmt.Errorf("ending who wants a sync: %w", err)
	}
	return held, nil
}

// ReleaseAsk gives an ask back for after a wait; failed counts an answer that did not arrive.
func (s *Store) ReleaseAsk(ctx context.Context, h HeldAsk, wait time.Duration, failed bool) error {
	if err := s.q.ReleaseAsk(ctx, queries.ReleaseAskParams{ID: h.ID, Hold: h.Hold, Seconds: wait.Seconds(), Failed: failed}); err != nil {
		return fmt.Errorf("giving back who wants a sync: %w", err)
	}
	return nil
}

// EndAsk forgets an ask: there was nothing to read, and the person knows.
func (s *Store) EndAsk(ctx context.Context, h HeldAsk) error {
	if err := s.q.EndAsk(ctx, queries.EndAskParams{ID: h.ID, Hold: h.Hold}); err != nil {
		return fmt.Errorf("ending who wants a sync: %w", err)
	}
	return nil
}
