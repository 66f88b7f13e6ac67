package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"okrbot/store/queries"
)

// Telling is what one person is to hear once, by direct message.
type Telling struct {
	Workspace string
	Person    string
	Says      string // mrkdwn, what people wrote escaped
}

// CreateTelling keeps what somebody is to hear until they have, and returns its id.
func (tx *Tx) CreateTelling(ctx context.Context, t Telling) (int64, error) {
	id, err := tx.q.CreateTelling(ctx, queries.CreateTellingParams{WorkspaceID: t.Workspace, PersonID: t.Person, Says: t.Says})
	if err != nil {
		return 0, fmt.Errorf("keeping what somebody is to hear: %w", err)
	}
	return id, nil
}

// Telling loads what somebody is to hear; ErrNotFound where they have.
func (s *Store) Telling(ctx context.Context, id int64) (Telling, error) {
	row, err := s.q.Telling(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Telling{}, ErrNotFound
	}
	if err != nil {
		return Telling{}, fmt.Errorf("loading what somebody is to hear: %w", err)
	}
	return Telling{row.WorkspaceID, row.PersonID, row.Says}, nil
}

// DeleteTelling forgets what somebody has heard.
func (s *Store) DeleteTelling(ctx context.Context, id int64) error {
	if err := s.q.DeleteTelling(ctx, id); err != nil {
		return fmt.Errorf("forgetting what somebody has heard: %w", err)
	}
	return nil
}
