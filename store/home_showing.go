package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/store/queries"
)

// HomeShowing is a Home tab as it is when it begins to be drawn.
type HomeShowing struct {
	Version int64
	Shows   []byte // a digest of what Slack shows; nil: not known
	Lately  bool   // its person opened it within 30 days
}

// HomeShowing is what is known of a person's Home tab before it is drawn.
func (r Statements) HomeShowing(ctx context.Context, workspace, person string) (HomeShowing, error) {
	row, err := r.q.HomeShowing(ctx, queries.HomeShowingParams{WorkspaceID: workspace, PersonID: person})
	if errors.Is(err, pgx.ErrNoRows) {
		return HomeShowing{}, nil
	}
	if err != nil {
		return HomeShowing{}, fmt.Errorf("looking up who has Home open: %w", err)
	}
	return HomeShowing{Version: row.Version, Shows: row.Shows, Lately: row.Lately}, nil
}

// HomeShown notes what Slack shows of a Home tab that was drawn; wide where that is not its person's alone.
func (r Statements) HomeShown(ctx context.Context, workspace, person string, drawn HomeShowing, wide bool) error {
	err := r.q.HomeShown(ctx, queries.HomeShownParams{WorkspaceID: workspace, PersonID: person, Version: drawn.Version, Shows: drawn.Shows, Wide: wide})
	if err != nil {
		return fmt.Errorf("noting what Home shows: %w", err)
	}
	return nil
}

// HomeNotShown has a Home tab shown after a wait, since nobody knows what Slack shows.
func (r Statements) HomeNotShown(ctx context.Context, workspace, person string, wait time.Duration) error {
	if err := r.q.HomeNotShown(ctx, queries.HomeNotShownParams{WorkspaceID: workspace, PersonID: person, Seconds: wait.Seconds()}); err != nil {
		return fmt.Errorf("noting a Home that was not shown: %w", err)
	}
	return nil
}

// HomesWait has no Home tab of a workspace shown before a wait is over.
func (r Statements) HomesWait(ctx context.Context, workspace string, wait time.Duration) error {
	if err := r.q.HomesWait(ctx, queries.HomesWaitParams{WorkspaceID: workspace, Seconds: wait.Seconds()}); err != nil {
		return fmt.Errorf("having Homes wait: %w", err)
	}
	return nil
}

// HomeClosed has a Home tab that a job holds shown no more until its person opens it again, which they may have done
// since it was kept.
func (r Statements) HomeClosed(ctx context.Context, h HeldHome, k KeptHome) error {
	if err := r.q.HomeClosed(ctx, queries.HomeClosedParams{WorkspaceID: h.Workspace, PersonID: h.Person, Hold: h.Hold, OpenedAt: k.Opened}); err != nil {
		return fmt.Errorf("noting that Home is not looked at: %w", err)
	}
	return nil
}

// changesAtOnce is how many notes of changes are gathered together.
const changesAtOnce = 5000

// GatherHomeChanges finds whose Home tabs the changes since then concern.
func (s *Store) GatherHomeChanges(ctx context.Context) error {
	if _, err := s.q.GatherHomeChanges(ctx, changesAtOnce); err != nil {
		return fmt.Errorf("looking for Homes that changed: %w", err)
	}
	return nil
}

// HeldHome is a Home tab that one job shows. A job that carries an older hold comes too late.
type HeldHome struct {
	Workspace, Person string
	Hold              int64
}

// HoldHomes takes Home tabs that are to be shown again, each for a minute.
func (tx *Tx) HoldHomes(ctx context.Context, most int) ([]HeldHome, error) {
	rows, err := tx.q.HoldHomes(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for Homes to show: %w", err)
	}
	list := make([]HeldHome, len(rows))
	for i, row := range rows {
		list[i] = HeldHome{row.WorkspaceID, row.PersonID, row.Hold}
	}
	return list, nil
}

// KeptHome is a Home tab as it is when its job begins.
type KeptHome struct {
	Failures int       // how often it could not be shown in a row
	Opened   time.Time // by its person, the last time
}

// KeepHome prolongs a hold; false where another job has it, or it shows the present.
func (s *Store) KeepHome(ctx context.Context, h HeldHome) (k KeptHome, mine bool, err error) {
	row, err := s.q.KeepHome(ctx, queries.KeepHomeParams{WorkspaceID: h.Workspace, PersonID: h.Person, Hold: h.Hold})
	if errors.Is(err, pgx.ErrNoRows) {
		return k, false, nil
	}
	if err != nil {
		return k, false, fmt.Errorf("holding a Home: %w", err)
	}
	return KeptHome{int(row.Failures), row.OpenedAt}, true, nil
}
