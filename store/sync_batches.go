package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/store/queries"
)

// The outcomes of a sync of a key result.
const (
	Changed    = "changed"
	Unchanged  = "unchanged" // no newer score, and none restated
	Restated   = "restated"
	Failed     = "failed"
	Again      = "again"      // it is tried again within the slot
	Superseded = "superseded" // a newer fetch was applied first, or the key result was edited or removed
)

// Batch is what was applied together, with the outcome of every key result in it.
type Batch struct {
	Connection Connection
	Epoch      int64
	Forced     bool // asked for, or tried again; else of a slot
	Slots      []time.Time
	Began      time.Time // the fetch
	Feeds      int       // that were asked for

	by       map[string][]int64
	failures []okr.Failure
}

// Note says what became of key results.
func (b *Batch) Note(outcome string, keyResults ...int64) {
	if b.by == nil {
		b.by = map[string][]int64{}
	}
	b.by[outcome] = append(b.by[outcome], keyResults...)
}

// NoteFailed says why a key result was not read.
func (b *Batch) NoteFailed(keyResult int64, f okr.Failure) {
	b.Note(Failed, keyResult)
	b.failures = append(b.failures, f)
}

// Outcomes says how many key results each outcome has.
func (b *Batch) Outcomes() map[string]int {
	counts := make(map[string]int, len(b.by))
	for outcome, ids := range b.by {
		counts[outcome] = len(ids)
	}
	return counts
}

// BatchRecorded says whether what became of a key result by a fetch is on record already.
func (r Statements) BatchRecorded(ctx context.Context, connection, epoch, keyResult int64, began time.Time) (bool, error) {
	is, err := r.q.BatchRecorded(ctx, queries.BatchRecordedParams{ConnectionID: connection, Epoch: epoch, BeganAt: began, KeyResultID: keyResult})
	if err != nil {
		return false, fmt.Errorf("looking for a batch: %w", err)
	}
	return is, nil
}

// RecordBatch writes down what became of each key result of a portion.
func (tx *Tx) RecordBatch(ctx context.Context, b *Batch) error {
	if len(b.by) == 0 {
		return nil
	}
	ids := func(outcome string) []int64 {
		if list := b.by[outcome]; list != nil {
			return list
		}
		return []int64{}
	}
	p := queries.RecordBatchParams{
		WorkspaceID: b.Connection.Workspace, ConnectionID: b.Connection.ID, Epoch: b.Epoch, Forced: b.Forced,
		Slots: b.Slots, BeganAt: b.Began, Feeds: int32(b.Feeds),
		Unchanged: ids(Unchanged), Changed: ids(Changed), Restated: ids(Restated), Again: ids(Again), Superseded: ids(Superseded), Failed: ids(Failed),
		Failures: []string{}, Causes: []string{},
	}
	if p.Slots == nil {
		p.Slots = []time.Time{}
	}
	for _, f := range b.failures {
		p.Failures = append(p.Failures, f.Class)
		p.Causes = append(p.Causes, f.Cause)
	}
	if err := tx.q.RecordBatch(ctx, p); err != nil {
		return fmt.Errorf("recording what became of a batch: %w", err)
	}
	return nil
}
