package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Listed is a scorecard as a system lists it.
type Listed struct {
	Scorecard
	Key, Favorite bool
}

// SaveScorecards puts a page of a listing or of a search into a connection's directory.
func (tx *Tx) SaveScorecards(ctx context.Context, c Connection, list []Listed) error {
	return tx.saveScorecards(ctx, c, list, true)
}

// SaveRead does the same with what was read by its reference, which does not tell whether it is listed.
func (tx *Tx) SaveRead(ctx context.Context, c Connection, list []Listed) error {
	return tx.saveScorecards(ctx, c, list, false)
}

func (tx *Tx) saveScorecards(ctx context.Context, c Connection, list []Listed, searched bool) error {
	if len(list) == 0 {
		return nil
	}
	p := queries.UpsertScorecardsParams{ConnectionID: c.ID, WorkspaceID: c.Workspace, Searched: searched}
	seen := map[string]bool{} // a page may name one twice; an upsert may not
	for _, s := range list {
		if seen[s.Reference] {
			continue
		}
		seen[s.Reference] = true
		p.Refs = append(p.Refs, s.Reference)
		p.Names = append(p.Names, s.Name)
		p.Folded, p.Sorted = append(p.Folded, okr.Fold(s.Name)), append(p.Sorted, okr.SortKey(s.Name))
		p.Abouts = append(p.Abouts, aboutFolded(s.Name, s.Description, s.Reference))
		p.Descriptions = append(p.Descriptions, s.Description)
		p.Units = append(p.Units, s.Unit)
		p.Precisions = append(p.Precisions, int32(s.Precision))
		p.Directions = append(p.Directions, s.Direction)
		p.Frequencies = append(p.Frequencies, s.Frequency)
		p.Targets = append(p.Targets, numberText(s.Target))
		p.Scores = append(p.Scores, numberText(s.Value))
		p.Keys = append(p.Keys, s.Key)
		p.Favorites = append(p.Favorites, s.Favorite)
		p.Hiddens = append(p.Hiddens, s.Hidden)
	}
	if err := tx.q.UpsertScorecards(ctx, p); err != nil {
		return fmt.Errorf("saving scorecards: %w", err)
	}
	return nil
}

// DirectoryRead notes that a listing which began at a moment is complete: what it no longer held
// goes.
func (tx *Tx) DirectoryRead(ctx context.Context, c Connection, began time.Time) error {
	if err := tx.q.DropScorecards(ctx, queries.DropScorecardsParams{ConnectionID: c.ID, Before: began}); err != nil {
		return fmt.Errorf("dropping scorecards that are gone: %w", err)
	}
	if err := tx.q.DirectoryRead(ctx, c.ID); err != nil {
		return fmt.Errorf("noting a directory: %w", err)
	}
	return nil
}

// DueDirectories takes connections whose list of scorecards is to be read: never read, or a day
// old. Each is left alone for a quarter of an hour then.
func (tx *Tx) DueDirectories(ctx context.Context, most int) ([]int64, error) {
	ids, err := tx.q.DueDirectories(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for old directories: %w", err)
	}
	return ids, nil
}

// DemandDirectory takes a connection's list of scorecards to be read now; false when it was read
// within ten minutes or is being read.
func (tx *Tx) DemandDirectory(ctx context.Context, connection int64) (bool, error) {
	n, err := tx.q.DemandDirectory(ctx, connection)
	if err != nil {
		return false, fmt.Errorf("asking for a directory: %w", err)
	}
	return n == 1, nil
}
