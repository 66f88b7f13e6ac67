package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Runs are fetches of key results that somebody asked for, or that are tried again: rows of their
// own, beside the slots of the cadence.

// queueRuns leaves a run for each key result, after a wait. One that its trigger has left already is
// not left again.
func (tx *Tx) queueRuns(ctx context.Context, workspace string, connection int64, trigger string, forced bool, wait time.Duration, keyResults []int64) error {
	p := queries.QueueRunsParams{ConnectionID: connection, Forced: forced, Seconds: wait.Seconds(), KeyResultIds: keyResults}
	for range keyResults {
		p.WorkspaceIds = append(p.WorkspaceIds, workspace)
		p.TriggerKeys = append(p.TriggerKeys, trigger)
	}
	if _, err := tx.q.QueueRuns(ctx, p); err != nil {
		return fmt.Errorf("queueing runs: %w", err)
	}
	return nil
}

// QueueRetries has key results read again after a wait, whose slot's fetch failed.
func (tx *Tx) QueueRetries(ctx context.Context, c Connection, slot time.Time, wait time.Duration, keyResults []int64) error {
	if len(keyResults) == 0 {
		return nil
	}
	if err := tx.q.ResetTries(ctx, keyResults); err != nil {
		return fmt.Errorf("beginning a slot's tries: %w", err)
	}
	err := tx.q.QueueRetries(ctx, queries.QueueRetriesParams{
		WorkspaceID: c.Workspace, ConnectionID: c.ID, TriggerKey: "slot:" + slot.UTC().Format(time.RFC3339), Seconds: wait.Seconds(), KeyResultIds: keyResults,
	})
	if err != nil {
		return fmt.Errorf("queueing another try: %w", err)
	}
	return nil
}

// TakeRetries leaves runs for what failed and is to be tried again before its next slot.
func (r Statements) TakeRetries(ctx context.Context, most int) error {
	if _, err := r.q.TakeRetries(ctx, int32(most)); err != nil {
		return fmt.Errorf("taking up what failed: %w", err)
	}
	return nil
}

// TakenRun is a run whose fetch begins now.
type TakenRun struct {
	ID        int64
	KeyResult int64
	Forced    bool
	Epoch     int64
	Tries     int // fetches that failed before and deserved another: of this run, or since the slot
	Crashes   int // fetches of it whose job or process died under them
}

const (
	// feedsAtMost is how many feeds' runs are taken together.
	feedsAtMost = 200
	// runsAtMost is how many runs are taken together.
	runsAtMost = 2000
)

// TakeRuns takes a connection's next runs, gives them an epoch, and so begins their fetch: once it
// is applied, an older fetch of these key results is refused. Those who follow one
// scorecard come together, forced runs before others, and a run that died twice comes alone.
func (tx *Tx) TakeRuns(ctx context.Context, connection int64) ([]TakenRun, error) {
	ready, err := tx.q.ReadyRuns(ctx, queries.ReadyRunsParams{ConnectionID: connection, Most: runsAtMost + 1}) // one more shows whether the last group goes on
	if err != nil {
		return nil, fmt.Errorf("looking for runs: %w", err)
	}
	var ids []int64
	for _, r := range ready[:firstBatch(ready)] {
		ids = append(ids, r.ID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.q.BeginRuns(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("beginning runs: %w", err)
	}
	list := make([]TakenRun, len(rows))
	for i, row := range rows {
		list[i] = TakenRun{ID: row.ID, KeyResult: row.KeyResultID, Forced: row.Forced, Epoch: row.Epoch, Tries: int(row.Tries), Crashes: int(row.Crashes)}
	}
	slices.SortFunc(list, func(a, b TakenRun) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// firstBatch is how many of the ready runs are taken together. Those who follow one scorecard are
// only parted when they are too many for one batch.
func firstBatch(ready []queries.ReadyRunsRow) int {
	n := 0
	for range feedsAtMost {
		if n == len(ready) || ready[n].Forced != ready[0].Forced || n > 0 && ready[n].Crashes > 1 {
			return n
		}
		if ready[n].Crashes > 1 {
			return 1
		}
		end := n + 1
		for end < len(ready) && ready[end].FeedID == ready[n].FeedID && ready[end].Forced == ready[n].Forced && ready[end].Crashes <= 1 {
			end++
		}
		switch {
		case end > runsAtMost && n == 0:
			return runsAtMost
		case end > runsAtMost:
			return n
		}
		n = end
	}
	return n
}

// PutBack puts back runs whose fetch failed: they are taken again after their wait. Tries
// and crashes are counted on them.
func (tx *Tx) PutBack(ctx context.Context, runs []TakenRun, tries, crashes int, wait func(TakenRun) time.Duration) error {
	if len(runs) == 0 {
		return nil
	}
	p := queries.PutBackRunsParams{Tries: int32(tries), Crashes: int32(crashes)}
	for _, r := range runs {
		p.Ids = append(p.Ids, r.ID)
		p.Epochs = append(p.Epochs, r.Epoch)
		p.Seconds = append(p.Seconds, wait(r).Seconds())
	}
	if err := tx.q.PutBackRuns(ctx, p); err != nil {
		return fmt.Errorf("putting runs back: %w", err)
	}
	return nil
}

// FinishedRun is how a run ended.
type FinishedRun struct {
	ID       int64
	Outcome  string
	Epoch    int64
	Old, New decimal.NullDecimal
	AsOf     okr.Day // zero when there is no score
	Failure  okr.Failure
	Note     string // what else is to be said: which days were restated, what came without a date
}

// FinishRuns notes how runs ended. A run that ended before keeps its first ending.
func (tx *Tx) FinishRuns(ctx context.Context, list []FinishedRun) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.FinishRunsParams
	for _, f := range list {
		p.Ids = append(p.Ids, f.ID)
		p.Outcomes = append(p.Outcomes, f.Outcome)
		p.Epochs = append(p.Epochs, f.Epoch)
		p.OldValues = append(p.OldValues, numberText(f.Old))
		p.NewValues = append(p.NewValues, numberText(f.New))
		p.AsOfs = append(p.AsOfs, dayText(f.AsOf, f.AsOf != 0))
		p.FailureClasses = append(p.FailureClasses, f.Failure.Class)
		p.FailureCauses = append(p.FailureCauses, f.Failure.Cause)
		p.FailureSays = append(p.FailureSays, f.Failure.Says)
		p.Notes = append(p.Notes, f.Note)
	}
	if err := tx.q.FinishRuns(ctx, p); err != nil {
		return fmt.Errorf("finishing runs: %w", err)
	}
	return nil
}
