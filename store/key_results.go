package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// KeyResult is a key result as it is kept, with its objective and where it reads from.
type KeyResult struct {
	okr.KeyResult
	Objective okr.Objective
	Source    Source // zero when people update it
	Version   int    // raised by every edit
}

// Source is the scorecard that a key result reads.
type Source struct {
	Connection int64
	Feed       int64 // what is read
	Reference  string
	Name       string // the scorecard's, as last seen
	Unit       string // the scorecard's, as agreed to by a person; so are the next three
	Frequency  string
	Direction  string
	Precision  okr.Precision

	// As loaded with the key result, for showing.
	ConnectionName  string
	ConnectionKind  string
	ConnectionState ConnectionState
	Origin          string
	Waiting         time.Time // the system asked us to wait until then
}

// Traits are what a person agreed to of the scorecard.
func (s Source) Traits() okr.Traits {
	return okr.Traits{Unit: s.Unit, Better: s.Direction, Frequency: okr.Frequency(s.Frequency), Precision: s.Precision}
}

// SameAs says whether two sources are one scorecard of one system, whose scores and value by hand go on
// counting: also through another connection to the same address, as when somebody connects again. The same
// reference at another address is another scorecard.
func (s Source) SameAs(other Source) bool {
	at := func(s Source) [2]string { return [2]string{s.ConnectionKind, s.Origin} }
	return s.Reference == other.Reference && (s.Connection == other.Connection || s.Origin != "" && at(s) == at(other))
}

func placesOf(p okr.Precision) int32 {
	if !p.Known {
		return -1
	}
	return p.Places
}

func placesOrNil(p okr.Precision) *int16 {
	if !p.Known {
		return nil
	}
	n := int16(p.Places)
	return &n
}

// KeyResult loads KR-number of a workspace.
func (r Statements) KeyResult(ctx context.Context, workspace string, number int) (KeyResult, error) {
	return r.oneKeyResult(ctx, workspace, Filter{Number: number})
}

// KeyResultByID loads a key result that a button, a card or a job names.
func (r Statements) KeyResultByID(ctx context.Context, workspace string, id int64) (KeyResult, error) {
	return r.oneKeyResult(ctx, workspace, Filter{IDs: []int64{id}})
}

func (r Statements) oneKeyResult(ctx context.Context, workspace string, f Filter) (KeyResult, error) {
	list, err := r.KeyResults(ctx, workspace, f)
	switch {
	case err != nil:
		return KeyResult{}, err
	case len(list) == 0:
		return KeyResult{}, fmt.Errorf("loading a key result: %w", ErrNotFound)
	}
	return list[0], nil
}

// LockKeyResult loads a key result and holds its row until the end of the transaction, so that
// rights, values and version are those at the moment of the write.
func (tx *Tx) LockKeyResult(ctx context.Context, workspace string, id int64) (KeyResult, error) {
	if _, err := tx.q.LockKeyResult(ctx, queries.LockKeyResultParams{WorkspaceID: workspace, ID: id}); err != nil {
		return KeyResult{}, fmt.Errorf("locking key result %d: %w", id, found(err))
	}
	return tx.KeyResultByID(ctx, workspace, id)
}

// CreateKeyResult gives a key result its number and keeps it with its source. The same draft
// submitted twice returns the one it made first, and false.
func (tx *Tx) CreateKeyResult(ctx context.Context, actor okr.Actor, k KeyResult, draft string) (KeyResult, bool, error) {
	// The workspace's row is locked first, so that of two submissions at once one waits here.
	number, err := tx.q.TakeNumber(ctx, actor.Workspace)
	if err != nil {
		return k, false, fmt.Errorf("taking a number: %w", found(err))
	}
	earlier, err := tx.q.KeyResultOfDraft(ctx, queries.KeyResultOfDraftParams{WorkspaceID: actor.Workspace, DraftID: orNil(draft)})
	if err == nil {
		if err := tx.q.ReturnNumber(ctx, actor.Workspace); err != nil {
			return k, false, fmt.Errorf("returning a number: %w", err)
		}
		k, err = tx.KeyResult(ctx, actor.Workspace, int(earlier))
		return k, false, err
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return k, false, fmt.Errorf("looking for the key result of a draft: %w", err)
	}
	slot, due, err := schedule(k, tx.Now)
	if err != nil {
		return k, false, err
	}
	phaseDays, phaseValues := phasesOf(k)
	id, err := tx.q.CreateKeyResult(ctx, queries.CreateKeyResultParams{
		WorkspaceID: actor.Workspace, Number: number, ObjectiveID: k.Objective.ID, Title: k.Title, Folded: okr.Fold(k.Title), Sorted: sortedOrNil(k.Title),
		OwnerID: k.Owner, CoOwnerIds: orEmpty(k.CoOwners), Kind: string(k.Kind),
		StartValue: k.Start, TargetValue: k.Target, CommittedValue: k.Committed, UpperValue: k.Upper, RiskValue: k.Risk, WantedRate: k.Wanted,
		PhaseDays: phaseDays, PhaseValues: phaseValues,
		Unit: k.Unit, Precision: int16(k.Precision), Method: string(k.Method), Weight: k.Weight,
		ChannelID: k.Channel, Integrated: k.Integrated,
		Cadence: string(k.Cadence.Every), Weekday: int16(k.Cadence.Weekday), Hour: int16(k.Cadence.Hour),
		Minute: int16(k.Cadence.Minute), OffsetDays: int16(k.Cadence.Offset), Zone: k.Cadence.Zone,
		SlotAt: slot, NextSyncAt: due, CreatedBy: actor.ID, DraftID: orNil(draft),
	})
	if err != nil {
		return k, false, fmt.Errorf("creating a key result: %w", err)
	}
	if err := tx.saveSource(ctx, actor.Workspace, id, k.Source); err != nil {
		return k, false, err
	}
	err = tx.Record(ctx, actor, "created", Object{"key_result", id}, madeWith(k))
	if err != nil {
		return k, false, err
	}
	k, err = tx.KeyResultByID(ctx, actor.Workspace, id)
	if err != nil {
		return k, false, err
	}
	return k, true, tx.saveStatuses(ctx, k)
}

// madeWith is what the audit keeps of a new key result: its title, and what its numbers hang on.
func madeWith(k KeyResult) map[string]Change {
	made := map[string]Change{"title": {"", k.Title}}
	for field, value := range map[string]string{"start": plain(k.Start), "target": plain(k.Target), "source": k.Source.Name} {
		if value != "" {
			made[field] = Change{"", value}
		}
	}
	return made
}

// EditKeyResult writes everything that people edit, computes the result again from the readings
// that remain, and records what changed. It returns ErrChanged when the key result is no longer
// at the version that was edited.
func (tx *Tx) EditKeyResult(ctx context.Context, actor okr.Actor, k KeyResult, action string) (KeyResult, error) {
	before, err := tx.LockKeyResult(ctx, actor.Workspace, k.ID)
	if err != nil {
		return k, err
	}
	if before.Closed {
		return before, fmt.Errorf("editing key result %d: %w", k.ID, ErrClosed)
	}
	if before.Version != k.Version {
		return before, fmt.Errorf("editing key result %d: %w", k.ID, ErrChanged)
	}
	if k, err = tx.moveSource(ctx, before, k); err != nil {
		return k, err
	}
	objective, err := tx.Objective(ctx, actor.Workspace, k.Objective.ID)
	if err != nil {
		return k, err
	}
	if before.Objective.ID != objective.ID {
		if err := tx.q.PlaceUnder(ctx, queries.PlaceUnderParams{ObjectiveID: objective.ID, WorkspaceID: actor.Workspace, ID: k.ID}); err != nil {
			return k, fmt.Errorf("moving key result %d: %w", k.ID, err)
		}
	}
	if k, err = tx.counting(ctx, k, objective); err != nil {
		return k, err
	}
	slot, due, err := schedule(k, tx.Now)
	if err != nil {
		return k, err
	}
	phaseDays, phaseValues := phasesOf(k)
	err = tx.q.EditKeyResult(ctx, queries.EditKeyResultParams{
		ObjectiveID: k.Objective.ID, Title: k.Title, Folded: okr.Fold(k.Title), Sorted: sortedOrNil(k.Title), OwnerID: k.Owner, CoOwnerIds: orEmpty(k.CoOwners), Kind: string(k.Kind),
		StartValue: k.Start, TargetValue: k.Target, CommittedValue: k.Committed, UpperValue: k.Upper, RiskValue: k.Risk, WantedRate: k.Wanted,
		PhaseDays: phaseDays, PhaseValues: phaseValues,
		Unit: k.Unit, Precision: int16(k.Precision), Method: string(k.Method), Weight: k.Weight,
		ChannelID: k.Channel, Integrated: k.Integrated, Paused: k.Paused,
		Cadence: string(k.Cadence.Every), Weekday: int16(k.Cadence.Weekday), Hour: int16(k.Cadence.Hour),
		Minute: int16(k.Cadence.Minute), OffsetDays: int16(k.Cadence.Offset), Zone: k.Cadence.Zone,
		SlotAt: slot, NextSyncAt: due,
		ResultValue: k.Result.Value, ResultDay: dayOrNil(k.Result.AsOf, k.Result.Value.Valid), ResultCount: int32(k.Result.N), AheadOn: dayOrNil(k.Ahead, k.Ahead != 0),
		OverrideValue: k.Override.Value, OverrideDay: dayOrNil(k.Override.Day, k.Override.Value.Valid),
		OverrideUntil: dayOrNil(k.Override.Until, k.Override.Until != 0), OverrideReason: k.Override.Reason,
		OverrideBy: k.Override.By, OverriddenAt: momentOrNil(k.Override.At),
		Confidence: string(k.Confidence.Level), ConfidenceBy: k.Confidence.By,
		ConfidenceDay: dayOrNil(k.Confidence.Day, k.Confidence.Level != ""),
		WorkspaceID:   actor.Workspace, ID: k.ID,
	})
	if err != nil {
		return k, fmt.Errorf("editing key result %d: %w", k.ID, err)
	}
	// What changed is told by what is stored: what was handed in need not name all that goes with it.
	after, err := tx.KeyResultByID(ctx, actor.Workspace, k.ID)
	if err != nil {
		return k, err
	}
	return after, tx.follow(ctx, actor, before, after, action)
}

// counting is a key result with the result of its readings under an objective.
func (tx *Tx) counting(ctx context.Context, k KeyResult, objective okr.Objective) (KeyResult, error) {
	readings, err := tx.Readings(ctx, objective.Workspace, k.ID)
	if err != nil {
		return k, err
	}
	in := k
	in.Objective = objective
	today := in.Today(tx.Now)
	k.Result, k.Ahead = k.ResultOf(objective.Period, readings, today), okr.NextAhead(readings, today)
	return k, nil
}

// follow has a key result's card follow an edit, and records what changed.
func (tx *Tx) follow(ctx context.Context, actor okr.Actor, before, after KeyResult, action string) error {
	if before.Channel != after.Channel {
		if err := tx.moveCard(ctx, after); err != nil {
			return err
		}
	}
	return tx.Record(ctx, actor, action, Object{"key_result", after.ID}, changes(before, after))
}

func phasesOf(k KeyResult) (days []time.Time, values []decimal.Decimal) {
	days, values = []time.Time{}, []decimal.Decimal{}
	for _, p := range k.Phases {
		days, values = append(days, p.Day.Time()), append(values, p.Value)
	}
	return days, values
}

// EndsOverride says whether an edit ends the value by hand, which stood in for the scores of another
// scorecard, or for what is a hit rate now. The sources name their connections' kinds and origins.
func EndsOverride(before, after KeyResult) bool {
	return !after.TakesOverride() || !before.Source.SameAs(after.Source)
}

// moveSource follows a change of where the key result reads from, and returns it with the value by hand
// that still stands, and how the connection is now.
func (tx *Tx) moveSource(ctx context.Context, before, after KeyResult) (KeyResult, error) {
	moved := before.Source.Connection != after.Source.Connection
	after.Source.ConnectionState = before.Source.ConnectionState
	if moved && after.Source.Connection != 0 {
		c, err := tx.Connection(ctx, after.Workspace, after.Source.Connection)
		if err != nil {
			return after, err
		}
		after.Source.ConnectionKind, after.Source.Origin, after.Source.ConnectionState = c.Kind, c.Origin, c.State
	}
	same := before.Source.SameAs(after.Source)
	if before.Source.Reference != "" && after.Source.Reference != "" && !same {
		if err := tx.q.ForgetScores(ctx, queries.ForgetScoresParams{WorkspaceID: after.Workspace, KeyResultID: after.ID}); err != nil {
			return after, fmt.Errorf("forgetting the scores of key result %d: %w", after.ID, err)
		}
	}
	if EndsOverride(before, after) {
		after.Override = okr.Override{}
	}
	if moved || !same {
		if err := tx.q.ClearFailure(ctx, queries.ClearFailureParams{WorkspaceID: after.Workspace, ID: after.ID}); err != nil {
			return after, fmt.Errorf("clearing the failure of key result %d: %w", after.ID, err)
		}
	}
	return after, tx.saveSource(ctx, after.Workspace, after.ID, after.Source)
}

func (tx *Tx) saveSource(ctx context.Context, workspace string, keyResult int64, s Source) error {
	if s.Connection == 0 {
		if err := tx.q.RemoveSource(ctx, queries.RemoveSourceParams{WorkspaceID: workspace, KeyResultID: keyResult}); err != nil {
			return fmt.Errorf("removing the source of key result %d: %w", keyResult, err)
		}
		return nil
	}
	err := tx.q.SaveSource(ctx, queries.SaveSourceParams{
		KeyResultID: keyResult, WorkspaceID: workspace, ConnectionID: s.Connection, Reference: s.Reference,
		Name: s.Name, Unit: s.Unit, Frequency: s.Frequency, Direction: s.Direction, Precision: placesOrNil(s.Precision),
	})
	if err != nil {
		return fmt.Errorf("saving the source of key result %d: %w", keyResult, err)
	}
	return nil
}

// RemoveKeyResult deletes a key result with its readings, check-ins, runs and cards. What was done
// to it stays in the audit, the messages of its cards say that it is removed, and who waits for its sync hears of
// the others'.
func (tx *Tx) RemoveKeyResult(ctx context.Context, actor okr.Actor, k KeyResult) error {
	err := tx.q.LeaveFarewells(ctx, queries.LeaveFarewellsParams{
		Number: int32(k.Number), Title: k.Title, RemovedBy: actor.ID, WorkspaceID: actor.Workspace, KeyResultID: k.ID,
	})
	if err != nil {
		return fmt.Errorf("closing the cards of key result %d: %w", k.ID, err)
	}
	if err := tx.q.ReadyFarewells(ctx, queries.ReadyFarewellsParams{WorkspaceID: actor.Workspace, Number: int32(k.Number)}); err != nil {
		return fmt.Errorf("closing the cards of key result %d: %w", k.ID, err)
	}
	if err := tx.q.TouchRequestsOf(ctx, queries.TouchRequestsOfParams{WorkspaceID: actor.Workspace, KeyResultID: k.ID}); err != nil {
		return fmt.Errorf("noting news for who waits: %w", err)
	}
	if err := tx.q.RemoveKeyResult(ctx, queries.RemoveKeyResultParams{WorkspaceID: actor.Workspace, ID: k.ID}); err != nil {
		return fmt.Errorf("removing key result %d: %w", k.ID, err)
	}
	return tx.Record(ctx, actor, "removed", Object{"key_result", k.ID}, map[string]Change{"title": {k.Key() + " " + k.Title, ""}})
}

// Belongings are what goes when a key result goes.
type Belongings struct{ Readings, CheckIns, Cards int }

// CountBelongings counts what a removal would take with it.
func (r Statements) CountBelongings(ctx context.Context, workspace string, id int64) (Belongings, error) {
	row, err := r.q.WhatGoes(ctx, queries.WhatGoesParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return Belongings{}, fmt.Errorf("counting what goes with key result %d: %w", id, found(err))
	}
	return Belongings{Readings: int(row.Readings), CheckIns: int(row.CheckIns), Cards: int(row.Cards)}, nil
}

// changes are the fields that people edit, before and after, in the words they read.
func changes(a, b KeyResult) map[string]Change {
	source, connection := Change{a.Source.Name, b.Source.Name}, Change{a.Source.ConnectionName, b.Source.ConnectionName}
	if source[0] == source[1] && a.Source.Reference != b.Source.Reference {
		source = Change{withApart(source[0], a.Source.Reference), withApart(source[1], b.Source.Reference)}
	}
	if connection[0] == connection[1] && a.Source.Connection != b.Source.Connection {
		connection = Change{withApart(connection[0], a.Source.Origin), withApart(connection[1], b.Source.Origin)}
	}
	all := map[string]Change{
		"title":             {a.Title, b.Title},
		"objective":         {a.Objective.Title, b.Objective.Title},
		"owner":             {a.Owner, b.Owner},
		"co-owners":         {strings.Join(a.CoOwners, " "), strings.Join(b.CoOwners, " ")},
		"kind":              {string(a.Kind), string(b.Kind)},
		"start":             entered(a.Start, b.Start),
		"target":            entered(a.Target, b.Target),
		"committed":         entered(a.Committed, b.Committed),
		"upper":             entered(a.Upper, b.Upper),
		"risk":              entered(a.Risk, b.Risk),
		"wanted hit rate":   {percent(a), percent(b)},
		"phased targets":    {phases(a), phases(b)},
		"unit":              {a.Unit, b.Unit},
		"method":            {string(a.Method), string(b.Method)},
		"weight":            entered(decimal.NewNullDecimal(a.Weight), decimal.NewNullDecimal(b.Weight)),
		"channel":           {a.Channel, b.Channel},
		"cadence":           {a.Cadence.Words(), b.Cadence.Words()},
		"paused":            {fmt.Sprint(a.Paused), fmt.Sprint(b.Paused)},
		"source":            source,
		"connection":        connection,
		"confidence":        {a.Confidence.Level.Word(), b.Confidence.Level.Word()},
		"override":          entered(a.Override.Value, b.Override.Value),
		"override's reason": {a.Override.Reason, b.Override.Reason},
	}
	if a.Source.Reference == b.Source.Reference { // what its scorecard is by now was agreed to
		for _, t := range a.Source.Traits().Changes(b.Source.Traits()) {
			all["scorecard's "+t.What] = Change{t.Before, t.After}
		}
	}
	return all
}

// withApart is a name with what tells it from others of the same.
func withApart(name, apart string) string { return name + " (" + apart + ")" }

// percent is a wanted hit rate; empty where none is kept.
func percent(k KeyResult) string {
	if k.Method != okr.HitRate {
		return ""
	}
	return okr.Typed(k.WantedRate().Shift(2)) + " %"
}

func phases(k KeyResult) string { return strings.ReplaceAll(okr.PhasesText(k.Phases), "\n", ", ") }

// entered is a number that people enter, before and after, as it was entered. The same number with other zeros
// is no change.
func entered(before, after decimal.NullDecimal) Change {
	if okr.Same(before, after) {
		after = before
	}
	return Change{plain(before), plain(after)}
}

// plain writes a number with the zeros that were entered.
func plain(n decimal.NullDecimal) string {
	if !n.Valid {
		return ""
	}
	return okr.Typed(n.Decimal)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
