package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// ErrClosed says that an objective was closed out, so that its key results stay as they are.
var ErrClosed = errors.New("closed out")

// CloseOut is how an objective ended. It is written once.
type CloseOut struct {
	Objective okr.Objective
	Person    string
	Note      string
	RollUp    okr.RollUp
	Results   []ClosedKeyResult // by number
	Next      okr.Objective     // that goes on with some of them; zero: nothing was carried over
	Above     okr.Objective     // of the one that goes on, where the closed one is below another one
	Below     []okr.Objective   // right below the one that goes on, and gone on from right below the closed one
	At        time.Time
}

// ClosedKeyResult is a key result as it was when its objective was closed out.
type ClosedKeyResult struct {
	KeyResult int64
	Number    int
	Title     string
	Result    string // as people read it; empty: there was none
	Value     decimal.NullDecimal
	AsOf      okr.Day             // of the newest reading counted, or of the value by hand that stood in for it
	Score     decimal.NullDecimal // raw progress to two decimals
	Status    okr.Status
	Committed okr.Verdict
	CarriedTo int // the number of the key result that goes on with it; 0: none
}

// LockObjective loads an objective and holds its row until the end of the transaction.
func (tx *Tx) LockObjective(ctx context.Context, workspace string, id int64) (okr.Objective, error) {
	row, err := tx.q.LockObjective(ctx, queries.LockObjectiveParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return okr.Objective{}, fmt.Errorf("locking objective %d: %w", id, found(err))
	}
	return objective(row), nil
}

// LockKeyResultsOf loads an objective's key results and holds them until the end of the transaction:
// what a sync under way has read comes before it or not at all.
func (tx *Tx) LockKeyResultsOf(ctx context.Context, o okr.Objective) ([]KeyResult, error) {
	_, err := tx.q.LockKeyResultsOf(ctx, queries.LockKeyResultsOfParams{WorkspaceID: o.Workspace, ObjectiveID: o.ID})
	if err != nil {
		return nil, fmt.Errorf("locking the key results of objective %d: %w", o.ID, err)
	}
	return tx.KeyResults(ctx, o.Workspace, Filter{Objectives: []int64{o.ID}})
}

// CloseOut writes an objective's end, stops its syncs, has its cards drawn again and the summary
// posted in its channel. It returns ErrClosed when that was done before. The objective is one that
// LockObjective gave, its key results are those of LockKeyResultsOf; carried is by key result the
// number of the one that goes on with it.
func (tx *Tx) CloseOut(ctx context.Context, actor okr.Actor, c CloseOut, list []KeyResult, carried map[int64]int, today okr.Day) error {
	o := c.Objective
	if o.Closed {
		return fmt.Errorf("closing out objective %d: %w", o.ID, ErrClosed)
	}
	var items []okr.RollUpItem
	var rows [][]any
	var ids, over []int64 // over: with a value by hand whose time is over, which must not stand again
	for _, k := range list {
		standing := k.Standing(o.Period, today)
		items = append(items, okr.RollUpItem{Progress: standing.Progress, Weight: k.Weight, Kind: k.Kind, Status: standing.Status})
		ids = append(ids, k.ID)
		counted := k.Counted(today)
		if k.Override.Value.Valid && !k.Overridden(today) {
			over = append(over, k.ID)
		}
		var carriedTo *int
		if n := carried[k.ID]; n != 0 {
			carriedTo = &n
		}
		rows = append(rows, []any{
			o.ID, k.ID, o.Workspace, k.Number, k.Title, k.CountedWords(today), counted.Value, dayOrNil(counted.AsOf, counted.Value.Valid),
			standing.Score(), string(standing.Status), string(k.Verdict(standing)), carriedTo,
		})
	}
	r := okr.RollUpOf(items)
	if err := tx.writeEnd(ctx, actor, c, r, rows); err != nil {
		return err
	}
	if err := tx.q.CloseObjective(ctx, queries.CloseObjectiveParams{WorkspaceID: o.Workspace, ID: o.ID}); err != nil {
		return fmt.Errorf("closing objective %d: %w", o.ID, err)
	}
	if err := tx.ClearOverrides(ctx, over); err != nil {
		return err
	}
	if err := tx.q.StopKeyResults(ctx, queries.StopKeyResultsParams{WorkspaceID: o.Workspace, ObjectiveID: o.ID}); err != nil {
		return fmt.Errorf("stopping the syncs of objective %d: %w", o.ID, err)
	}
	if o.Channel != "" {
		err := tx.q.CreateCloseOutPost(ctx, queries.CreateCloseOutPostParams{ObjectiveID: o.ID, WorkspaceID: o.Workspace, ChannelID: o.Channel})
		if err != nil {
			return fmt.Errorf("leaving the summary of objective %d: %w", o.ID, err)
		}
	}
	if err := tx.MarkCards(ctx, ids...); err != nil {
		return err
	}
	return tx.Record(ctx, actor, "closed out", Object{"objective", o.ID}, map[string]Change{"progress": {"", plain(r.Progress)}})
}

// writeEnd writes how an objective and its key results ended.
func (tx *Tx) writeEnd(ctx context.Context, actor okr.Actor, c CloseOut, r okr.RollUp, rows [][]any) error {
	o := c.Objective
	var next *int64
	if c.Next.ID != 0 {
		next = &c.Next.ID
	}
	err := tx.q.CreateCloseOut(ctx, queries.CreateCloseOutParams{
		ObjectiveID: o.ID, WorkspaceID: o.Workspace, PersonID: actor.ID, Note: c.Note,
		Progress: r.Progress, Reporting: int32(r.Reporting), Total: int32(r.Total), Worst: string(r.Worst), NextObjectiveID: next,
	})
	if err != nil {
		return fmt.Errorf("closing out objective %d: %w", o.ID, err)
	}
	columns := []string{"objective_id", "key_result_id", "workspace_id", "number", "title", "result", "value", "as_of", "score", "status", "committed", "carried_to"}
	if _, err := tx.tx.CopyFrom(ctx, pgx.Identifier{"close_out_results"}, columns, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("closing out the key results of objective %d: %w", o.ID, err)
	}
	return nil
}

// CloseOut loads how an objective ended.
func (r Statements) CloseOut(ctx context.Context, workspace string, objectiveID int64) (CloseOut, error) {
	row, err := r.q.CloseOut(ctx, queries.CloseOutParams{WorkspaceID: workspace, ObjectiveID: objectiveID})
	if err != nil {
		return CloseOut{}, fmt.Errorf("loading the close-out of objective %d: %w", objectiveID, found(err))
	}
	c := CloseOut{
		Objective: objective(row.Objective), Person: row.CloseOut.PersonID, Note: row.CloseOut.Note, At: row.CloseOut.CreatedAt,
		RollUp: okr.RollUp{
			Progress: row.CloseOut.Progress, Reporting: int(row.CloseOut.Reporting), Total: int(row.CloseOut.Total), Worst: okr.Status(row.CloseOut.Worst),
		},
	}
	if row.CloseOut.NextObjectiveID != nil {
		if err := r.around(ctx, &c, *row.CloseOut.NextObjectiveID); err != nil && !errors.Is(err, ErrNotFound) {
			return c, err
		}
	}
	results, err := r.q.CloseOutResults(ctx, queries.CloseOutResultsParams{WorkspaceID: workspace, ObjectiveID: objectiveID})
	if err != nil {
		return c, fmt.Errorf("loading the close-out of objective %d: %w", objectiveID, err)
	}
	for _, k := range results {
		closed := ClosedKeyResult{
			KeyResult: k.KeyResultID, Number: int(k.Number), Title: k.Title, Result: k.Result, Value: k.Value, AsOf: dayOrZero(k.AsOf),
			Score: k.Score, Status: okr.Status(k.Status), Committed: okr.Verdict(k.Committed),
		}
		if k.CarriedTo != nil {
			closed.CarriedTo = int(*k.CarriedTo)
		}
		c.Results = append(c.Results, closed)
	}
	return c, nil
}

// EndedObjectives are those whose last day is over where they are and which nobody has closed out, the latest
// first; those that somebody owns or co-owns when they are given.
func (r Statements) EndedObjectives(ctx context.Context, workspace, leader string, now time.Time, most int) ([]okr.Objective, error) {
	zones, days, err := r.todays(ctx, workspace, now)
	if err != nil {
		return nil, err
	}
	rows, err := r.q.EndedObjectives(ctx, queries.EndedObjectivesParams{
		WorkspaceID: workspace, LeaderID: leader, Zones: zones, Days: days, UtcDay: okr.DayIn("UTC", now).Time(), Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("listing objectives that have ended: %w", err)
	}
	return objectives(rows), nil
}

// HeldCloseOut is a summary that one job posts. A job that carries an older hold comes too late.
type HeldCloseOut struct {
	Workspace string
	Objective int64
	Hold      int64
}

// CloseOutPost is a summary on its way to a channel.
type CloseOutPost struct {
	Channel  string
	Failures int  // tries in a row that came to nothing
	Lost     bool // the answer to the last try was lost
	Repeated bool // it was sent twice at least
}

// HoldCloseOutPosts takes summaries that nobody posts yet, each for a minute.
func (tx *Tx) HoldCloseOutPosts(ctx context.Context, most int) ([]HeldCloseOut, error) {
	rows, err := tx.q.HoldCloseOutPosts(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("looking for summaries to post: %w", err)
	}
	list := make([]HeldCloseOut, len(rows))
	for i, row := range rows {
		list[i] = HeldCloseOut{Workspace: row.WorkspaceID, Objective: row.ObjectiveID, Hold: row.Hold}
	}
	return list, nil
}

// KeepCloseOutPost prolongs a hold and notes that the summary is being sent; false when another job
// has it.
func (s *Store) KeepCloseOutPost(ctx context.Context, h HeldCloseOut) (CloseOutPost, bool, error) {
	rows, err := s.q.KeepCloseOutPost(ctx, queries.KeepCloseOutPostParams{ObjectiveID: h.Objective, Hold: h.Hold})
	if err != nil {
		return CloseOutPost{}, false, fmt.Errorf("holding a summary: %w", err)
	}
	if len(rows) == 0 {
		return CloseOutPost{}, false, nil
	}
	return CloseOutPost{Channel: rows[0].ChannelID, Failures: int(rows[0].Failures), Lost: rows[0].Lost, Repeated: rows[0].Repeated}, true, nil
}

// RepeatCloseOutPost notes that a summary is sent for the second time, since nobody knows whether the
// first one arrived.
func (s *Store) RepeatCloseOutPost(ctx context.Context, h HeldCloseOut) error {
	if err := s.q.RepeatCloseOutPost(ctx, queries.RepeatCloseOutPostParams{ObjectiveID: h.Objective, Hold: h.Hold}); err != nil {
		return fmt.Errorf("noting that a summary is repeated: %w", err)
	}
	return nil
}

// ReleaseCloseOutPost gives a summary back for after a wait; unsure says that it may have arrived.
func (s *Store) ReleaseCloseOutPost(ctx context.Context, h HeldCloseOut, wait time.Duration, unsure bool) error {
	err := s.q.ReleaseCloseOutPost(ctx, queries.ReleaseCloseOutPostParams{ObjectiveID: h.Objective, Hold: h.Hold, Seconds: wait.Seconds(), Sending: unsure})
	if err != nil {
		return fmt.Errorf("giving a summary back: %w", err)
	}
	return nil
}

// FinishCloseOutPost notes that a summary was posted, or by Slack's error that it never will be.
func (s *Store) FinishCloseOutPost(ctx context.Context, h HeldCloseOut, code string) error {
	if err := s.q.FinishCloseOutPost(ctx, queries.FinishCloseOutPostParams{ObjectiveID: h.Objective, Hold: h.Hold, Error: code}); err != nil {
		return fmt.Errorf("noting a posted summary: %w", err)
	}
	return nil
}
