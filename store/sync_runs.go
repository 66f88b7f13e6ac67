package store

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/secret"
	"okrbot/store/queries"
)

// QueuedRun is a run that waits for its batch.
type QueuedRun struct {
	ID        int64
	KeyResult int64
	Reference string // the scorecard, so that those who follow one are asked together
}

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
// become this one run. What it returns is ordered by scorecard.
func (tx *Tx) ClaimDue(ctx context.Context, connection int64, most int) ([]QueuedRun, error) {
	rows, err := tx.q.ClaimDue(ctx, queries.ClaimDueParams{ConnectionID: connection, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("claiming what is due: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	runs := queries.QueueRunsParams{ConnectionID: connection}
	var moves queries.MoveSlotsParams
	reference := make(map[int64]string, len(rows))
	for _, row := range rows {
		slot := orZero(row.SlotAt)
		runs.WorkspaceIds = append(runs.WorkspaceIds, row.WorkspaceID)
		runs.KeyResultIds = append(runs.KeyResultIds, row.ID)
		runs.TriggerKeys = append(runs.TriggerKeys, "slot:"+slot.UTC().Format(time.RFC3339))
		reference[row.ID] = row.Reference
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
	queued, err := tx.q.QueueRuns(ctx, runs)
	if err != nil {
		return nil, fmt.Errorf("queueing runs: %w", err)
	}
	if err := tx.q.MoveSlots(ctx, moves); err != nil {
		return nil, fmt.Errorf("moving slots: %w", err)
	}
	id := make(map[int64]int64, len(queued))
	for _, q := range queued {
		id[q.KeyResultID] = q.ID
	}
	var list []QueuedRun
	for _, row := range rows {
		if run, ok := id[row.ID]; ok {
			list = append(list, QueuedRun{ID: run, KeyResult: row.ID, Reference: reference[row.ID]})
		}
	}
	return list, nil
}

// ForceRuns finds or queues a run for each key result that begins after now: a forced run that
// waits already is joined. All are of one connection.
func (tx *Tx) ForceRuns(ctx context.Context, workspace string, connection, request int64, keyResults []int64) (joined []int64, fresh []QueuedRun, err error) {
	waiting, err := tx.q.WaitingRuns(ctx, queries.WaitingRunsParams{WorkspaceID: workspace, KeyResultIds: keyResults})
	if err != nil {
		return nil, nil, fmt.Errorf("looking for waiting runs: %w", err)
	}
	has := map[int64]bool{}
	for _, w := range waiting {
		has[w.KeyResultID] = true
		joined = append(joined, w.ID)
	}
	runs := queries.QueueRunsParams{ConnectionID: connection, Forced: true}
	for _, id := range keyResults {
		if has[id] {
			continue
		}
		runs.WorkspaceIds = append(runs.WorkspaceIds, workspace)
		runs.KeyResultIds = append(runs.KeyResultIds, id)
		runs.TriggerKeys = append(runs.TriggerKeys, fmt.Sprintf("force:%d", request))
	}
	if len(runs.KeyResultIds) > 0 {
		queued, err := tx.q.QueueRuns(ctx, runs)
		if err != nil {
			return nil, nil, fmt.Errorf("queueing forced runs: %w", err)
		}
		for _, q := range queued {
			fresh = append(fresh, QueuedRun{ID: q.ID, KeyResult: q.KeyResultID})
		}
	}
	all := append([]int64{}, joined...)
	for _, f := range fresh {
		all = append(all, f.ID)
	}
	if request != 0 {
		if err := tx.q.JoinRuns(ctx, queries.JoinRunsParams{RequestID: request, RunIds: all}); err != nil {
			return nil, nil, fmt.Errorf("joining runs to a request: %w", err)
		}
	}
	return joined, fresh, nil
}

// BegunRun is a run whose fetch begins now.
type BegunRun struct {
	ID        int64
	KeyResult int64
	Epoch     int64
}

// BeginRuns marks runs as running and raises their key results' epochs: from here on an older
// fetch of these key results is refused. Runs that are done already are left out.
func (tx *Tx) BeginRuns(ctx context.Context, ids []int64) ([]BegunRun, error) {
	rows, err := tx.q.BeginRuns(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("beginning runs: %w", err)
	}
	list := make([]BegunRun, len(rows))
	for i, row := range rows {
		list[i] = BegunRun{ID: row.ID, KeyResult: row.KeyResultID, Epoch: row.SyncEpoch}
	}
	return list, nil
}

// Applying is what a key result looked like when its row was locked to apply a fetch.
type Applying struct {
	AppliedEpoch int64
	Status       okr.Status // last announced or applied
	Failing      bool
	Told         bool // the owner was told about this episode
}

// LockForApply locks key results, in one order for everybody. Removed ones are missing.
func (tx *Tx) LockForApply(ctx context.Context, ids []int64) (map[int64]Applying, error) {
	rows, err := tx.q.LockForApply(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("locking key results: %w", err)
	}
	locked := make(map[int64]Applying, len(rows))
	for _, row := range rows {
		locked[row.ID] = Applying{
			AppliedEpoch: row.AppliedEpoch, Status: okr.Status(row.AnnouncedStatus),
			Failing: row.FailureClass != "", Told: row.FailureToldAt != nil,
		}
	}
	return locked, nil
}

// AppliedResult is what a fetch made of a key result.
type AppliedResult struct {
	KeyResult int64
	Epoch     int64
	Result    okr.Result
	Status    okr.Status
	Name      string // the scorecard's name as seen
}

// ApplyResults moves the results of key results and ends their failures.
func (tx *Tx) ApplyResults(ctx context.Context, list []AppliedResult) error {
	if len(list) == 0 {
		return nil
	}
	var p queries.ApplyResultsParams
	var names queries.RenameSourcesParams
	for _, a := range list {
		p.Ids = append(p.Ids, a.KeyResult)
		p.Epochs = append(p.Epochs, a.Epoch)
		p.ResultValues = append(p.ResultValues, numberText(a.Result.Value))
		p.ResultDays = append(p.ResultDays, dayText(a.Result.AsOf, a.Result.Value.Valid))
		p.ResultCounts = append(p.ResultCounts, int32(a.Result.N))
		p.Statuses = append(p.Statuses, string(a.Status))
		if a.Name != "" {
			names.KeyResultIds = append(names.KeyResultIds, a.KeyResult)
			names.Names = append(names.Names, a.Name)
		}
	}
	if err := tx.q.ApplyResults(ctx, p); err != nil {
		return fmt.Errorf("applying results: %w", err)
	}
	if len(names.Names) > 0 {
		if err := tx.q.RenameSources(ctx, names); err != nil {
			return fmt.Errorf("noting scorecards' names: %w", err)
		}
	}
	return nil
}

// AppliedFailure is what kept a key result from being read.
type AppliedFailure struct {
	KeyResult int64
	Epoch     int64
	Failure   okr.Failure
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
		p.Classes = append(p.Classes, f.Failure.Class)
		p.Causes = append(p.Causes, f.Failure.Cause)
		p.Says = append(p.Says, f.Failure.Says)
	}
	if err := tx.q.ApplyFailures(ctx, p); err != nil {
		return fmt.Errorf("noting failures: %w", err)
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
	}
	if err := tx.q.FinishRuns(ctx, p); err != nil {
		return fmt.Errorf("finishing runs: %w", err)
	}
	return nil
}

// ConnectionSucceeded notes that a connection's sign-in works.
func (tx *Tx) ConnectionSucceeded(ctx context.Context, id int64) error {
	if err := tx.q.ConnectionSucceeded(ctx, id); err != nil {
		return fmt.Errorf("noting that connection %d works: %w", id, err)
	}
	return nil
}

// ConnectionRefused counts a refused sign-in and answers with the state the connection is in now:
// after the second one in a row it is not used again until somebody connects anew.
func (tx *Tx) ConnectionRefused(ctx context.Context, id int64) (ConnectionState, error) {
	state, err := tx.q.ConnectionRefused(ctx, id)
	if err != nil {
		return "", fmt.Errorf("counting a refused sign-in: %w", found(err))
	}
	return ConnectionState(state), nil
}

// ConnectionBroken notes that a connection's secret does not open.
func (tx *Tx) ConnectionBroken(ctx context.Context, id int64) error {
	if err := tx.q.ConnectionBroken(ctx, id); err != nil {
		return fmt.Errorf("noting a broken connection: %w", err)
	}
	return nil
}

// MakeWait pauses every connection of the workspace to one system.
func (tx *Tx) MakeWait(ctx context.Context, c Connection, wait time.Duration) error {
	err := tx.q.MakeWait(ctx, queries.MakeWaitParams{Seconds: wait.Seconds(), WorkspaceID: c.Workspace, Origin: c.Origin})
	if err != nil {
		return fmt.Errorf("pausing connections: %w", err)
	}
	return nil
}

// TakeSlot takes one of a connection's places for a job; false when all are taken.
func (s *Store) TakeSlot(ctx context.Context, connection, job int64) (bool, error) {
	n, err := s.q.TakeSlot(ctx, queries.TakeSlotParams{ConnectionID: connection, JobID: &job})
	if err != nil {
		return false, fmt.Errorf("taking a place on connection %d: %w", connection, err)
	}
	return n == 1, nil
}

// LeaveSlot gives a job's place back.
func (s *Store) LeaveSlot(ctx context.Context, connection, job int64) error {
	if err := s.q.LeaveSlot(ctx, queries.LeaveSlotParams{ConnectionID: connection, JobID: &job}); err != nil {
		return fmt.Errorf("leaving a place on connection %d: %w", connection, err)
	}
	return nil
}

// ForceWaits says how long each key result must wait until it may be read by hand again.
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
	Response  secret.String // Slack's response_url while it is good for another use, else empty
	Responses int           // how often it was used
	Total     int
	Reported  int // runs done at the last report
	// The direct message that counts up instead, where there is one.
	MessageChannel string
	MessageTS      string
	Finished       bool
}

// CreateRequest notes a request. The response_url is a secret and sealed.
func (tx *Tx) CreateRequest(ctx context.Context, q SyncRequest) (int64, error) {
	id, err := tx.q.CreateRequest(ctx, queries.CreateRequestParams{
		WorkspaceID: q.Workspace, PersonID: q.Person, Every: q.Every, ChannelID: q.Channel, Total: int32(q.Total),
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

// Request loads a sync request with its runs.
func (r Reads) Request(ctx context.Context, id int64) (SyncRequest, []FinishedRun, map[int64]int64, error) {
	row, err := r.q.Request(ctx, id)
	if err != nil {
		return SyncRequest{}, nil, nil, fmt.Errorf("loading a sync request: %w", found(err))
	}
	q := SyncRequest{
		ID: row.ID, Workspace: row.WorkspaceID, Person: row.PersonID, Every: row.Every, Channel: row.ChannelID,
		Responses: int(row.Responses), Total: int(row.Total), Reported: int(row.Reported),
		MessageChannel: row.MessageChannel, MessageTS: row.MessageTs, Finished: row.FinishedAt != nil,
	}
	if len(row.SealedResponse) > 0 && !row.Old && q.Responses < responseUses {
		if q.Response, err = r.keys.Open(row.SealedResponse, responsePlace(q.Workspace, id)); err != nil {
			return q, nil, nil, fmt.Errorf("opening a response address: %w", err)
		}
	}
	rows, err := r.q.RunsOfRequest(ctx, id)
	if err != nil {
		return q, nil, nil, fmt.Errorf("loading a request's runs: %w", err)
	}
	var done []FinishedRun
	keyResult := map[int64]int64{}
	for _, run := range rows {
		if run.State != "done" {
			continue
		}
		keyResult[run.ID] = run.KeyResultID
		done = append(done, finishedRun(run))
	}
	q.Total = max(q.Total, len(rows))
	return q, done, keyResult, nil
}

func finishedRun(run queries.SyncRun) FinishedRun {
	return FinishedRun{
		ID: run.ID, Outcome: run.Outcome, Epoch: run.Epoch, Old: run.OldValue, New: run.NewValue, AsOf: dayOrZero(run.AsOf),
		Failure: okr.Failure{Class: run.FailureClass, Cause: run.FailureCause, Says: run.FailureSays},
	}
}

// RequestsOf are the unfinished requests that wait for any of these runs.
func (tx *Tx) RequestsOf(ctx context.Context, runs []int64) ([]int64, error) {
	ids, err := tx.q.RequestsOfRuns(ctx, runs)
	if err != nil {
		return nil, fmt.Errorf("looking for who waits: %w", err)
	}
	return ids, nil
}

// SaveReport notes what the person was told.
func (s *Store) SaveReport(ctx context.Context, q SyncRequest) error {
	err := s.q.Reported(ctx, queries.ReportedParams{
		Reported: int32(q.Reported), Responses: int32(q.Responses), MessageChannel: q.MessageChannel, MessageTs: q.MessageTS,
		Finished: q.Finished, ID: q.ID,
	})
	if err != nil {
		return fmt.Errorf("noting a report: %w", err)
	}
	return nil
}
