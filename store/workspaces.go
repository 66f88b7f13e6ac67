package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store/queries"
)

// Workspace is a Slack workspace that the bot serves.
type Workspace struct {
	ID         string // Slack's team id
	Enterprise string // Slack's id of the Enterprise Grid that it is of; empty: of none
	Name       string
	BotUserID  string

	Thresholds okr.Thresholds // as loaded; SaveThresholds changes them
}

// SaveWorkspace notes a workspace, or what is new of it.
func (s *Store) SaveWorkspace(ctx context.Context, w Workspace) error {
	err := s.q.SaveWorkspace(ctx, queries.SaveWorkspaceParams{ID: w.ID, EnterpriseID: w.Enterprise, Name: w.Name, BotUserID: w.BotUserID})
	if err != nil {
		return fmt.Errorf("saving workspace %s: %w", w.ID, err)
	}
	return nil
}

// Workspace loads a workspace.
func (r Statements) Workspace(ctx context.Context, id string) (Workspace, error) {
	row, err := r.q.Workspace(ctx, id)
	if err != nil {
		return Workspace{}, fmt.Errorf("loading workspace %s: %w", id, found(err))
	}
	return workspace(row), nil
}

func workspace(row queries.Workspace) Workspace {
	return Workspace{ID: row.ID, Enterprise: row.EnterpriseID, Name: row.Name, BotUserID: row.BotUserID, Thresholds: okr.Thresholds{
		OnTrack: int(row.OnTrackPoints), Behind: int(row.BehindPoints), Hysteresis: int(row.HysteresisPoints),
	}}
}

// SaveThresholds sets a workspace's bounds between the statuses, and records who did it. Its key results are judged
// and their cards drawn again portion by portion afterwards, see Judge. Bounds that are the same change nothing;
// ErrChanged where they are not what they were when they were shown.
func (tx *Tx) SaveThresholds(ctx context.Context, actor okr.Actor, was, t okr.Thresholds) error {
	row, err := tx.q.LockWorkspace(ctx, actor.Workspace)
	if err != nil {
		return fmt.Errorf("loading workspace %s: %w", actor.Workspace, found(err))
	}
	before := workspace(row).Thresholds
	if before == t {
		return nil
	}
	if before != was {
		return fmt.Errorf("saving thresholds: %w", ErrChanged)
	}
	err = tx.q.SaveThresholds(ctx, queries.SaveThresholdsParams{
		OnTrackPoints: int16(t.OnTrack), BehindPoints: int16(t.Behind), HysteresisPoints: int16(t.Hysteresis), WorkspaceID: actor.Workspace,
	})
	if err != nil {
		return fmt.Errorf("saving thresholds: %w", err)
	}
	points := func(n int) string { return strconv.Itoa(n) + " points" }
	return tx.Record(ctx, actor, "set the thresholds", Object{"workspace", 0}, map[string]Change{
		"on track": {points(before.OnTrack), points(t.OnTrack)}, "behind": {points(before.Behind), points(t.Behind)},
		"hysteresis": {points(before.Hysteresis), points(t.Hysteresis)},
	})
}

// Workspaces are all workspaces.
func (r Statements) Workspaces(ctx context.Context) ([]Workspace, error) {
	rows, err := r.q.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing workspaces: %w", err)
	}
	list := make([]Workspace, len(rows))
	for i, row := range rows {
		list[i] = Workspace{ID: row.ID, Name: row.Name, BotUserID: row.BotUserID}
	}
	return list, nil
}

var canary = secret.New("The keys fit.")
var canaryPlace = secret.Place{Workspace: "-", Kind: "canary", Version: 1}

// UnfitKeys says that a database was sealed with a key that the keyset lacks. It is apart from a
// database that does not answer: that one recovers by itself, this one waits for a person.
type UnfitKeys struct {
	KeyID uint32 // of the key that the database expects
	cause error
}

func (e UnfitKeys) Error() string {
	return fmt.Sprintf("ENCRYPTION_KEYSET lacks key %d, with which this database's secrets are sealed: %v", e.KeyID, e.cause)
}

func (e UnfitKeys) Unwrap() error { return e.cause }

// ProveKeys opens the canary, or seals one in a database that has none. It is asked before
// migrating, when there may be no table yet, and after. A keyset that does not fit is UnfitKeys.
func (s *Store) ProveKeys(ctx context.Context) error {
	sealed, err := s.q.Canary(ctx)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if sealed, err = s.keys.Seal(canary, canaryPlace); err != nil {
			return fmt.Errorf("sealing what proves the keys: %w", err)
		}
		if err := s.q.FirstCanary(ctx, sealed); err != nil {
			return fmt.Errorf("saving what proves the keys: %w", err)
		}
		// Another process may have sealed one at the same time, with other keys.
		if sealed, err = s.q.Canary(ctx); err != nil {
			return fmt.Errorf("asking the database whether the keys fit: %w", err)
		}
	case isCode(err, "42P01"): // no such table: nothing was ever sealed here
		return nil
	case err != nil:
		return fmt.Errorf("asking the database whether the keys fit: %w", err)
	}
	return s.fits(sealed)
}

// KeysFit says whether the keys fit a database, without changing it; false when nothing was sealed in it
// yet, so that any keys do.
func (s *Store) KeysFit(ctx context.Context) (sealed bool, err error) {
	proof, err := s.q.Canary(ctx)
	switch {
	case errors.Is(err, pgx.ErrNoRows), isCode(err, "42P01"):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("asking the database whether the keys fit: %w", err)
	}
	return true, s.fits(proof)
}

// ProvenWith is the key that what proves the keys is sealed with; 0 when nothing was sealed in a database yet.
func ProvenWith(ctx context.Context, pool *pgxpool.Pool) (keyID uint32, err error) {
	proof, err := queries.New(pool).Canary(ctx)
	switch {
	case errors.Is(err, pgx.ErrNoRows), isCode(err, "42P01"):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("asking the database which key it is sealed with: %w", err)
	}
	return secret.KeyID(proof), nil
}

func (r Statements) fits(proof []byte) error {
	if _, err := r.keys.Open(proof, canaryPlace); err != nil {
		return UnfitKeys{KeyID: secret.KeyID(proof), cause: err}
	}
	return nil
}
