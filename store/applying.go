package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Applying is what a key result looked like when its row was locked to apply a fetch.
type Applying struct {
	Feed    int64
	Epoch   int64      // up to which it has taken over what its feed brought; negative: nothing yet
	Status  okr.Status // last announced or applied
	Failing bool
	Told    bool // the owner was told about this episode
	Tries   int  // that failed since the slot
	RetryAt time.Time
	Missing time.Time // since when it was not found; zero: the last time it was, or failed in another way
}

// LockForApply locks key results, in one order for everybody. Removed ones are missing.
func (tx *Tx) LockForApply(ctx context.Context, ids []int64) (map[int64]Applying, error) {
	rows, err := tx.q.LockForApply(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("locking key results: %w", err)
	}
	locked := make(map[int64]Applying, len(rows))
	for _, row := range rows {
		a := Applying{
			Feed: row.FeedID, Epoch: row.Epoch, Status: okr.Status(row.AnnouncedStatus),
			Failing: row.FailureClass != "", Told: row.FailureToldAt != nil, Tries: int(row.Tries), RetryAt: orZero(row.RetryAt),
		}
		if row.MissingSince.Unix() > 0 {
			a.Missing = row.MissingSince
		}
		locked[row.ID] = a
	}
	return locked, nil
}

// AppliedResult is what a fetch made of a key result.
type AppliedResult struct {
	KeyResult int64
	Epoch     int64
	Result    okr.Result
	Ahead     okr.Day       // on which the next score begins to count; 0: there is none
	Status    okr.Status    // to announce the next change from
	Judged    okr.Judgement // how it stands with this result
	Name      string        // the scorecard's name as seen, where that or Seen is news
	Seen      okr.Traits
}

// ApplyResults moves the results of key results and ends their failures.
func (tx *Tx) ApplyResults(ctx context.Context, list []AppliedResult) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.ApplyResultsParams
	var seen queries.SeeSourcesParams
	for _, a := range list {
		p.Ids = append(p.Ids, a.KeyResult)
		p.Epochs = append(p.Epochs, a.Epoch)
		p.ResultValues = append(p.ResultValues, numberText(a.Result.Value))
		p.ResultDays = append(p.ResultDays, dayText(a.Result.AsOf, a.Result.Value.Valid))
		p.ResultCounts = append(p.ResultCounts, int32(a.Result.N))
		p.AheadDays = append(p.AheadDays, dayText(a.Ahead, a.Ahead != 0))
		p.Statuses = append(p.Statuses, string(a.Status))
		p.Stands = append(p.Stands, string(a.Judged.Status))
		p.Ranks = append(p.Ranks, int32(a.Judged.Rank))
		p.Untils = append(p.Untils, untilText(a.Judged))
		if a.Name != "" {
			seen.KeyResultIds = append(seen.KeyResultIds, a.KeyResult)
			seen.Names = append(seen.Names, a.Name)
			seen.Directions = append(seen.Directions, a.Seen.Better)
			seen.Frequencies = append(seen.Frequencies, string(a.Seen.Frequency))
			seen.Precisions = append(seen.Precisions, placesOf(a.Seen.Precision))
		}
	}
	if err := tx.q.ApplyResults(ctx, p); err != nil {
		return fmt.Errorf("applying results: %w", err)
	}
	if len(seen.Names) > 0 {
		if err := tx.q.SeeSources(ctx, seen); err != nil {
			return fmt.Errorf("noting what scorecards are: %w", err)
		}
	}
	return nil
}

// ClearOverrides has key results follow their scores again, since newer ones have come.
func (tx *Tx) ClearOverrides(ctx context.Context, keyResults []int64) error {
	if len(keyResults) == 0 {
		return nil
	}
	if err := tx.q.ClearOverrides(ctx, keyResults); err != nil {
		return fmt.Errorf("ending overrides: %w", err)
	}
	return nil
}

// AppliedFailure is what kept a key result from being read.
type AppliedFailure struct {
	KeyResult int64
	Epoch     int64
	Failure   okr.Failure
	Told      bool      // its owner is told with it, or was
	Tries     int       // that failed since the slot
	RetryAt   time.Time // when it is tried again, if that is before the next slot; zero when it is not
}

// ApplyFailures notes failures. The last good value stays.
func (tx *Tx) ApplyFailures(ctx context.Context, list []AppliedFailure) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.ApplyFailuresParams
	for _, f := range list {
		p.Ids = append(p.Ids, f.KeyResult)
		p.Epochs = append(p.Epochs, f.Epoch)
		p.Told = append(p.Told, f.Told)
		p.Tries = append(p.Tries, int32(f.Tries))
		p.Retries = append(p.Retries, f.RetryAt)
		p.Classes = append(p.Classes, f.Failure.Class)
		p.Causes = append(p.Causes, f.Failure.Cause)
		p.Says = append(p.Says, f.Failure.Says)
	}
	if err := tx.q.ApplyFailures(ctx, p); err != nil {
		return fmt.Errorf("noting failures: %w", err)
	}
	return nil
}

// QueueChecks has key results read once more in an hour, whatever their cadence.
func (tx *Tx) QueueChecks(ctx context.Context, c Connection, list []AppliedFailure) error {
	p := queries.QueueChecksParams{WorkspaceID: c.Workspace, ConnectionID: c.ID}
	for _, f := range list {
		p.KeyResultIds = append(p.KeyResultIds, f.KeyResult)
		p.TriggerKeys = append(p.TriggerKeys, fmt.Sprintf("check:%d", f.Epoch))
	}
	if len(list) == 0 {
		return nil
	}
	if err := tx.q.QueueChecks(ctx, p); err != nil {
		return fmt.Errorf("queueing second looks: %w", err)
	}
	return nil
}

// SignInWorks notes that a connection's sign-in was taken, outside of a sync. Where the one before was not
// refused nothing is written.
func (tx *Tx) SignInWorks(ctx context.Context, id int64) error {
	if err := tx.q.SignInWorks(ctx, id); err != nil {
		return fmt.Errorf("noting that the sign-in of connection %d works: %w", id, err)
	}
	return nil
}

// ConnectionSucceeded notes that a sync through a connection worked.
func (r Statements) ConnectionSucceeded(ctx context.Context, id int64) error {
	if err := r.q.ConnectionSucceeded(ctx, id); err != nil {
		return fmt.Errorf("noting that connection %d works: %w", id, err)
	}
	return nil
}

// ConnectionRefused counts a refused sign-in and returns the state the connection is in now: after the second
// one in a row it is not used again until somebody connects again. Counted is false where the connection was
// given up before, or has another sign-in by now. Says is what happened, in our words.
func (tx *Tx) ConnectionRefused(ctx context.Context, c Connection, says string) (state ConnectionState, counted bool, err error) {
	p := queries.ConnectionRefusedParams{ID: c.ID, SecretVersion: int32(c.version), Refusal: says}
	if !c.Consented.IsZero() {
		p.ConsentedAt = &c.Consented
	}
	is, err := tx.q.ConnectionRefused(ctx, p)
	if errors.Is(err, pgx.ErrNoRows) {
		now, err := tx.TokenStanding(ctx, c.ID)
		return now.State, false, err
	}
	if err != nil {
		return "", false, fmt.Errorf("counting a refused sign-in: %w", err)
	}
	return ConnectionState(is), true, nil
}

// MakeWait pauses every connection of the workspace to one system, and sign-ins to it that are only tried.
func (tx *Tx) MakeWait(ctx context.Context, c Connection, wait time.Duration) error {
	err := tx.q.MakeWait(ctx, queries.MakeWaitParams{Seconds: wait.Seconds(), WorkspaceID: c.Workspace, Origin: c.Origin})
	if err != nil {
		return fmt.Errorf("pausing connections: %w", err)
	}
	err = tx.q.LeaveHostAlone(ctx, queries.LeaveHostAloneParams{WorkspaceID: c.Workspace, Origin: c.Origin, Seconds: wait.Seconds()})
	if err != nil {
		return fmt.Errorf("leaving a system alone: %w", err)
	}
	return nil
}

// WaitOf is how long a system still wants to be left alone by a workspace; 0 where it does not.
func (r Statements) WaitOf(ctx context.Context, workspace, origin string) (time.Duration, error) {
	seconds, err := r.q.WaitOf(ctx, queries.WaitOfParams{WorkspaceID: workspace, Origin: origin})
	if err != nil {
		return 0, fmt.Errorf("looking whether a system is to be left alone: %w", err)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// FailConnection has everything that reads through a connection fail at once, apart from what the
// owners know already, and returns those key results.
func (tx *Tx) FailConnection(ctx context.Context, connection int64, failure okr.Failure) ([]Failing, error) {
	rows, err := tx.q.FailConnection(ctx, queries.FailConnectionParams{
		ConnectionID: connection, Class: failure.Class, Cause: failure.Cause, Says: failure.Says,
	})
	if err != nil {
		return nil, fmt.Errorf("noting a connection's failure: %w", err)
	}
	list := make([]Failing, len(rows))
	for i, row := range rows {
		list[i] = Failing{KeyResult: row.ID, Workspace: row.WorkspaceID, Owner: row.OwnerID}
	}
	return list, nil
}

// Failing is a key result that began to fail, and who is to hear of it.
type Failing struct {
	KeyResult int64
	Workspace string
	Owner     string
}

// ResultChange is a change of a result that a sync brought, for the audit.
type ResultChange struct {
	KeyResult int64
	Workspace string
	Action    string // "synced", "restated", "resumed automatic"
	Field     string // what changed: "result", "override"
	Before    string
	After     string
}

// RecordResults writes down what syncs changed.
func (tx *Tx) RecordResults(ctx context.Context, list []ResultChange) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.RecordResultsParams
	for _, r := range list {
		p.KeyResultIds = append(p.KeyResultIds, r.KeyResult)
		p.WorkspaceIds = append(p.WorkspaceIds, r.Workspace)
		p.Actions = append(p.Actions, r.Action)
		p.Fields = append(p.Fields, r.Field)
		p.OldValues = append(p.OldValues, r.Before)
		p.NewValues = append(p.NewValues, r.After)
	}
	if err := tx.q.RecordResults(ctx, p); err != nil {
		return fmt.Errorf("recording results: %w", err)
	}
	return nil
}

// momentText is how a moment that may be missing travels in an array.
func momentText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
