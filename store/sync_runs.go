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

// DueConnections are the connections with key results that are due by the database's clock, those
// that waited longest first.
func (s *Store) DueConnections(ctx context.Context, most int) ([]int64, error) {
	rows, err := s.q.DueConnections(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for what is due: %w", err)
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ConnectionID
	}
	return ids, nil
}

// ClaimDue takes a connection's due key results that no other replica is taking, notes a run for
// each slot, and moves each to its next slot after the database's now: slots that were missed
// become this one run. What failed and is to be tried again before its next slot gets a run, too.
// It answers how many it took.
func (tx *Tx) ClaimDue(ctx context.Context, connection int64, most int) (int, error) {
	rows, err := tx.q.ClaimDue(ctx, queries.ClaimDueParams{ConnectionID: connection, Most: int32(most)})
	if err != nil {
		return 0, fmt.Errorf("claiming what is due: %w", err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	runs := queries.QueueRunsParams{ConnectionID: connection}
	var moves queries.MoveSlotsParams
	var retries []int64
	for _, row := range rows {
		runs.WorkspaceIds = append(runs.WorkspaceIds, row.WorkspaceID)
		runs.KeyResultIds = append(runs.KeyResultIds, row.ID)
		if !row.SlotCame {
			retries = append(retries, row.ID)
			runs.TriggerKeys = append(runs.TriggerKeys, "retry:"+orZero(row.RetryAt).UTC().Format(time.RFC3339))
			runs.Tries = append(runs.Tries, row.Tries)
			continue
		}
		runs.TriggerKeys = append(runs.TriggerKeys, "slot:"+orZero(row.SlotAt).UTC().Format(time.RFC3339))
		runs.Tries = append(runs.Tries, 0)
		k := KeyResult{KeyResult: okr.KeyResult{ID: row.ID, Integrated: true, Cadence: okr.Cadence{
			Every: okr.Frequency(row.Cadence), Weekday: time.Weekday(row.Weekday), Hour: int(row.Hour),
			Minute: int(row.Minute), Offset: int(row.OffsetDays), Zone: row.Zone,
		}}}
		next, due, err := schedule(k, tx.Now)
		if err != nil || next == nil {
			// A zone that this build no longer knows must not stop the others: a day's pause.
			at := tx.Now.Add(24 * time.Hour)
			next, due = &at, &at
		}
		moves.Ids = append(moves.Ids, row.ID)
		moves.Slots = append(moves.Slots, *next)
		moves.Dues = append(moves.Dues, *due)
	}
	if _, err := tx.q.QueueRuns(ctx, runs); err != nil {
		return 0, fmt.Errorf("queueing runs: %w", err)
	}
	if err := tx.q.TakeRetries(ctx, retries); err != nil {
		return 0, fmt.Errorf("taking up what failed: %w", err)
	}
	if err := tx.q.MoveSlots(ctx, moves); err != nil {
		return 0, fmt.Errorf("moving slots: %w", err)
	}
	return len(rows), nil
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
	// scorecardsAtMost is how many scorecards are read together, with all who follow them.
	scorecardsAtMost = 100
	// batchAtMost is how many key results are read together.
	batchAtMost = 400
)

// TakeRuns takes a connection's next runs, gives them an epoch, and so begins their fetch: once it
// is applied, an older fetch of these key results is refused. Those who follow one
// scorecard come together, forced runs before others, and a run that died twice comes alone.
func (tx *Tx) TakeRuns(ctx context.Context, connection int64) ([]TakenRun, error) {
	if err := tx.q.OneTaker(ctx, int32(connection&0x7fffffff)); err != nil {
		return nil, fmt.Errorf("waiting for our turn: %w", err)
	}
	ready, err := tx.q.ReadyRuns(ctx, queries.ReadyRunsParams{ConnectionID: connection, Most: batchAtMost + 1}) // one more shows whether the last group goes on
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
	for range scorecardsAtMost {
		if n == len(ready) || ready[n].Forced != ready[0].Forced || n > 0 && ready[n].Crashes > 1 {
			return n
		}
		if ready[n].Crashes > 1 {
			return 1
		}
		end := n + 1
		for end < len(ready) && ready[end].Reference == ready[n].Reference && ready[end].Forced == ready[n].Forced && ready[end].Crashes <= 1 {
			end++
		}
		switch {
		case end > batchAtMost && n == 0:
			return batchAtMost
		case end > batchAtMost:
			return n
		}
		n = end
	}
	return n
}

// PutBack returns runs whose fetch came to nothing: they are taken again after their wait. Tries
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

// The outcomes of a run.
const (
	Changed    = "changed"
	Unchanged  = "unchanged" // no newer score, and none restated
	Restated   = "restated"
	Failed     = "failed"
	Superseded = "superseded" // a newer fetch was applied first, or the key result was edited or removed
)

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
