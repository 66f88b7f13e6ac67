package store

import (
	"context"
	"fmt"
	"time"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store/queries"
)

// ForceRuns finds or queues a run for each key result that begins after now: a forced run that
// waits already is joined. All are of one connection. Request 0 is nobody's: an import.
func (tx *Tx) ForceRuns(ctx context.Context, workspace string, connection, request int64, keyResults []int64) error {
	gone, err := tx.q.SupersedeWaiting(ctx, queries.SupersedeWaitingParams{WorkspaceID: workspace, KeyResultIds: keyResults, ConnectionID: connection})
	if err != nil {
		return fmt.Errorf("ending runs of another connection: %w", err)
	}
	if err := tx.TouchRequests(ctx, gone); err != nil {
		return err
	}
	waiting, err := tx.q.WaitingRuns(ctx, queries.WaitingRunsParams{WorkspaceID: workspace, KeyResultIds: keyResults, ConnectionID: connection})
	if err != nil {
		return fmt.Errorf("looking for waiting runs: %w", err)
	}
	var runs []int64
	has := map[int64]bool{}
	for _, w := range waiting {
		has[w.KeyResultID] = true
		runs = append(runs, w.ID)
	}
	trigger := fmt.Sprintf("force:%d", request)
	if request == 0 {
		trigger = "import:" + tx.Now.UTC().Format(time.RFC3339Nano)
	}
	p := queries.QueueRunsParams{ConnectionID: connection, Forced: true}
	for _, id := range keyResults {
		if has[id] {
			continue
		}
		p.WorkspaceIds = append(p.WorkspaceIds, workspace)
		p.KeyResultIds = append(p.KeyResultIds, id)
		p.TriggerKeys = append(p.TriggerKeys, trigger)
	}
	if len(p.KeyResultIds) > 0 {
		queued, err := tx.q.QueueRuns(ctx, p)
		if err != nil {
			return fmt.Errorf("queueing forced runs: %w", err)
		}
		for _, q := range queued {
			runs = append(runs, q.ID)
		}
	}
	if request == 0 {
		return nil
	}
	if err := tx.q.JoinRuns(ctx, queries.JoinRunsParams{RequestID: request, RunIds: runs}); err != nil {
		return fmt.Errorf("joining runs to a request: %w", err)
	}
	return nil
}

// ForceWaits says how long each key result must wait until it may be read by hand again, and holds
// their rows, so that of two clicks at once the second waits for the first.
func (tx *Tx) ForceWaits(ctx context.Context, workspace string, ids []int64, every time.Duration) (map[int64]time.Duration, error) {
	rows, err := tx.q.ForceLimits(ctx, queries.ForceLimitsParams{WorkspaceID: workspace, Ids: ids, Seconds: every.Seconds()})
	if err != nil {
		return nil, fmt.Errorf("looking up forced syncs: %w", err)
	}
	waits := make(map[int64]time.Duration, len(rows))
	for _, row := range rows {
		waits[row.ID] = time.Duration(row.Wait * float64(time.Second))
	}
	return waits, nil
}

// RecentRequests counts a person's syncs by hand within a span, and says when the oldest leaves it.
func (tx *Tx) RecentRequests(ctx context.Context, workspace, person string, span time.Duration) (int, time.Duration, error) {
	row, err := tx.q.RecentRequests(ctx, queries.RecentRequestsParams{WorkspaceID: workspace, PersonID: person, Seconds: span.Seconds()})
	if err != nil {
		return 0, 0, fmt.Errorf("counting syncs by hand: %w", err)
	}
	return int(row.Requests), time.Duration(row.Wait * float64(time.Second)), nil
}

// MarkForced notes when key results were last read by hand.
func (tx *Tx) MarkForced(ctx context.Context, workspace string, ids []int64) error {
	if err := tx.q.MarkForced(ctx, queries.MarkForcedParams{WorkspaceID: workspace, Ids: ids}); err != nil {
		return fmt.Errorf("noting forced syncs: %w", err)
	}
	return nil
}

// SyncRequest is what a person asked to be read, and where they hear of the outcome.
type SyncRequest struct {
	ID        int64
	Workspace string
	Person    string
	Every     bool          // sync all
	Channel   string        // where they asked; empty on the Home tab
	View      string        // the window with a key result's details in which they asked; else empty
	Response  secret.String // Slack's response_url while it is good for another use, else empty
	Responses int           // how often it was used
	Total     int
	LeftOut   LeftOut
	Reported  int // runs done at the last report
	// The direct message that counts up instead, where there is one.
	MessageChannel string
	MessageTS      string
	Finished       bool
	Failures       int // reports in a row that did not arrive
	// Waits is until when a system asked us to wait with some of it, where the person was not told yet.
	Waits   time.Time
	Waiting []int64 // key results that are still to be read
}

// LeftOut is what was asked for and is not read.
type LeftOut struct {
	Lately int    // so many somebody had read a moment before
	Paused int    // the number of a paused one; 0: there is none
	Why    string // why others are not, in words that follow a sentence; empty: there are none
}

// CreateRequest notes a request. The response_url is a secret and sealed.
func (tx *Tx) CreateRequest(ctx context.Context, q SyncRequest) (int64, error) {
	id, err := tx.q.CreateRequest(ctx, queries.CreateRequestParams{
		WorkspaceID: q.Workspace, PersonID: q.Person, Every: q.Every, ChannelID: q.Channel, ViewID: q.View, Total: int32(q.Total),
		AskedLately: int32(q.LeftOut.Lately), PausedOut: int32(q.LeftOut.Paused), LeftOut: q.LeftOut.Why,
	})
	if err != nil {
		return 0, fmt.Errorf("noting a sync request: %w", err)
	}
	if q.Response.Empty() {
		return id, nil
	}
	sealed, err := tx.keys.Seal(q.Response, responsePlace(q.Workspace, id))
	if err != nil {
		return 0, fmt.Errorf("sealing a response address: %w", err)
	}
	if err := tx.q.SealResponse(ctx, queries.SealResponseParams{ID: id, Sealed: sealed}); err != nil {
		return 0, fmt.Errorf("saving a response address: %w", err)
	}
	return id, nil
}

func responsePlace(workspace string, id int64) secret.Place {
	return secret.Place{Workspace: workspace, ID: id, Kind: "response", Version: 1}
}

// responseUses is how often Slack takes one response_url, within 30 minutes.
const responseUses = 5

// Ending is how one run of a request ended.
type Ending struct {
	FinishedRun
	KeyResult int64
}

// Request loads a sync request and how its runs ended so far, by key result. What was removed
// meanwhile no longer counts.
func (r Statements) Request(ctx context.Context, id int64) (SyncRequest, []Ending, error) {
	row, err := r.q.Request(ctx, id)
	if err != nil {
		return SyncRequest{}, nil, fmt.Errorf("loading a sync request: %w", found(err))
	}
	q := SyncRequest{
		ID: row.ID, Workspace: row.WorkspaceID, Person: row.PersonID, Every: row.Every, Channel: row.ChannelID, View: row.ViewID,
		Responses: int(row.Responses), Reported: int(row.Reported), Failures: int(row.Failures),
		MessageChannel: row.MessageChannel, MessageTS: row.MessageTs, Finished: row.FinishedAt != nil, Waits: orZero(row.WaitsUntil),
		LeftOut: LeftOut{Lately: int(row.AskedLately), Paused: int(row.PausedOut), Why: row.LeftOut},
	}
	if len(row.SealedResponse) > 0 && !row.Old && q.Responses < responseUses {
		if q.Response, err = r.keys.Open(row.SealedResponse, responsePlace(q.Workspace, id)); err != nil {
			return q, nil, fmt.Errorf("opening a response address: %w", err)
		}
	}
	rows, err := r.q.RunsOfRequest(ctx, id)
	if err != nil {
		return q, nil, fmt.Errorf("loading a request's runs: %w", err)
	}
	q.Total = len(rows)
	var ended []Ending
	for _, run := range rows {
		if run.State == "done" {
			ended = append(ended, Ending{FinishedRun: finishedRun(run), KeyResult: run.KeyResultID})
		} else {
			q.Waiting = append(q.Waiting, run.KeyResultID)
		}
	}
	return q, ended, nil
}

// TouchRequests notes that there is news for those who wait for any of these runs.
func (tx *Tx) TouchRequests(ctx context.Context, runs []int64) error {
	if len(runs) == 0 {
		return nil
	}
	if err := tx.q.TouchRequests(ctx, runs); err != nil {
		return fmt.Errorf("noting news for who waits: %w", err)
	}
	return nil
}

// HeldRequest is a request that one job reports. A job that carries an older hold comes too late.
type HeldRequest struct{ ID, Hold int64 }

// HoldRequests takes requests that there is news for, each for a minute.
func (tx *Tx) HoldRequests(ctx context.Context, most int) ([]HeldRequest, error) {
	rows, err := tx.q.HoldRequests(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for outcomes to tell: %w", err)
	}
	list := make([]HeldRequest, len(rows))
	for i, row := range rows {
		list[i] = HeldRequest{ID: row.ID, Hold: row.Hold}
	}
	return list, nil
}

// KeepRequest prolongs a hold; false when another job has the request.
func (s *Store) KeepRequest(ctx context.Context, h HeldRequest) (bool, error) {
	n, err := s.q.KeepRequest(ctx, queries.KeepRequestParams{ID: h.ID, Hold: h.Hold})
	if err != nil {
		return false, fmt.Errorf("holding a sync request: %w", err)
	}
	return n == 1, nil
}

// ReleaseRequest gives a request back. With a wait it is reported again after it; failed counts a
// report that did not arrive.
func (s *Store) ReleaseRequest(ctx context.Context, h HeldRequest, wait time.Duration, failed bool) error {
	err := s.q.ReleaseRequest(ctx, queries.ReleaseRequestParams{ID: h.ID, Hold: h.Hold, Seconds: wait.Seconds(), Failed: failed})
	if err != nil {
		return fmt.Errorf("giving a sync request back: %w", err)
	}
	return nil
}

// SaveReport notes what the person was told, for who holds the request.
func (s *Store) SaveReport(ctx context.Context, h HeldRequest, q SyncRequest) error {
	err := s.q.Reported(ctx, queries.ReportedParams{
		Reported: int32(q.Reported), Responses: int32(q.Responses), MessageChannel: q.MessageChannel, MessageTs: q.MessageTS,
		Finished: q.Finished, ID: h.ID, Hold: h.Hold,
	})
	if err != nil {
		return fmt.Errorf("noting a report: %w", err)
	}
	return nil
}

func finishedRun(run queries.SyncRun) FinishedRun {
	return FinishedRun{
		ID: run.ID, Outcome: run.Outcome, Epoch: run.Epoch, Old: run.OldValue, New: run.NewValue, AsOf: dayOrZero(run.AsOf), Note: run.Note,
		Failure: okr.Failure{Class: run.FailureClass, Cause: run.FailureCause, Says: run.FailureSays},
	}
}

// TellWait has whoever waits for runs told that a system asked us to wait first.
func (tx *Tx) TellWait(ctx context.Context, runs []TakenRun, wait time.Duration) error {
	ids := make([]int64, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	if err := tx.q.TellWait(ctx, queries.TellWaitParams{Seconds: wait.Seconds(), RunIds: ids}); err != nil {
		return fmt.Errorf("telling of a wait: %w", err)
	}
	return nil
}
