package store

import (
	"context"
	"fmt"

	"okrbot/okr"
	"okrbot/store/queries"
)

// foldedPattern is words as they are looked for in folded names: each character stands for itself.
func foldedPattern(words string) string { return likeLiteral(okr.Fold(words)) }

// sortedOrNil is how a name is put in order where that is not as it is folded.
func sortedOrNil(name string) *string {
	if sorted := okr.SortKey(name); sorted != okr.Fold(name) {
		return &sorted
	}
	return nil
}

// aboutFolded is what a scorecard is found by beside its name: one without a name by what stands for it.
func aboutFolded(name, description, reference string) string {
	if okr.Blank(name) {
		description += " No name · " + reference
	}
	return okr.Fold(description)
}

// Unfolded says whether there are names that are not folded.
func (s *Store) Unfolded(ctx context.Context) (bool, error) {
	some, err := s.q.AnyUnfolded(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for names that are not folded: %w", err)
	}
	return some, nil
}

// Fold folds a portion of the names that an earlier version left, and returns how many there were.
func (s *Store) Fold(ctx context.Context, most int) (n int, err error) {
	for _, fold := range []func(*Tx, context.Context, int32) (int, error){(*Tx).foldKeyResults, (*Tx).foldObjectives, (*Tx).foldPeople, (*Tx).foldScorecards} {
		err := s.InTx(ctx, func(tx *Tx) error {
			some, err := fold(tx, ctx, int32(most))
			n += some
			return err
		})
		if err != nil {
			return n, fmt.Errorf("folding names: %w", err)
		}
	}
	return n, nil
}

func (tx *Tx) foldKeyResults(ctx context.Context, most int32) (int, error) {
	rows, err := tx.q.UnfoldedKeyResults(ctx, most)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	var p queries.FoldKeyResultsParams
	for _, row := range rows {
		p.Ids, p.Folded, p.Sorted = append(p.Ids, row.ID), append(p.Folded, okr.Fold(row.Title)), append(p.Sorted, okr.SortKey(row.Title))
	}
	return len(rows), tx.q.FoldKeyResults(ctx, p)
}

func (tx *Tx) foldObjectives(ctx context.Context, most int32) (int, error) {
	rows, err := tx.q.UnfoldedObjectives(ctx, most)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	var p queries.FoldObjectivesParams
	for _, row := range rows {
		p.Ids, p.Folded = append(p.Ids, row.ID), append(p.Folded, okr.Fold(row.Title))
	}
	return len(rows), tx.q.FoldObjectives(ctx, p)
}

func (tx *Tx) foldPeople(ctx context.Context, most int32) (int, error) {
	rows, err := tx.q.UnfoldedPeople(ctx, most)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	var p queries.FoldPeopleParams
	for _, row := range rows {
		p.WorkspaceIds, p.Ids, p.Sorted = append(p.WorkspaceIds, row.WorkspaceID), append(p.Ids, row.ID), append(p.Sorted, okr.SortKey(row.Name))
	}
	return len(rows), tx.q.FoldPeople(ctx, p)
}

func (tx *Tx) foldScorecards(ctx context.Context, most int32) (int, error) {
	rows, err := tx.q.UnfoldedScorecards(ctx, most)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	var p queries.FoldScorecardsParams
	for _, row := range rows {
		p.ConnectionIds, p.Refs = append(p.ConnectionIds, row.ConnectionID), append(p.Refs, row.Reference)
		p.Folded, p.Sorted = append(p.Folded, okr.Fold(row.Name)), append(p.Sorted, okr.SortKey(row.Name))
		p.Abouts = append(p.Abouts, aboutFolded(row.Name, row.Description, row.Reference))
	}
	return len(rows), tx.q.FoldScorecards(ctx, p)
}
