package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/store/queries"
)

// KnownPerson is somebody whom a workspace knows; the name is empty where Slack never told it, and the kind with
// it.
type KnownPerson struct {
	ID, Name string
	Kind     okr.ActorKind
}

// KnownPeople are all who used okrbot in a workspace or own something there.
func (r Statements) KnownPeople(ctx context.Context, workspace string) ([]KnownPerson, error) {
	rows, err := r.q.KnownPeople(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("listing people: %w", err)
	}
	list := make([]KnownPerson, len(rows))
	for i, row := range rows {
		list[i] = KnownPerson{row.ID, row.Name, okr.ActorKind(row.Kind)}
	}
	return list, nil
}

// Connections are all connections of a workspace, whoever may use them, but for those that nobody has confirmed
// and those that were disconnected.
func (r Statements) Connections(ctx context.Context, workspace string) ([]Connection, error) {
	rows, err := r.q.AllConnections(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("listing connections: %w", err)
	}
	list := make([]Connection, len(rows))
	for i, row := range rows {
		list[i] = Connection{ID: row.ID, Workspace: workspace, Name: row.Name, Owner: row.OwnerID, Shared: row.Shared, Kind: row.Kind, Origin: row.Origin}
	}
	return list, nil
}

// AllObjectives are all objectives of a workspace, the oldest first.
func (r Statements) AllObjectives(ctx context.Context, workspace string) ([]okr.Objective, error) {
	rows, err := r.q.AllObjectives(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("listing objectives: %w", err)
	}
	return objectives(rows), nil
}

// SourceKey names a scorecard of a connection.
type SourceKey struct {
	Connection int64
	Reference  string
}

// SourcesKnown are those of some scorecards that their connections' directories list.
func (r Statements) SourcesKnown(ctx context.Context, workspace string, keys []SourceKey) (map[SourceKey]Source, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	p := queries.ScorecardsOfParams{WorkspaceID: workspace}
	for _, key := range keys {
		p.ConnectionIds = append(p.ConnectionIds, key.Connection)
		p.Refs = append(p.Refs, key.Reference)
	}
	rows, err := r.q.ScorecardsOf(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("looking for scorecards: %w", err)
	}
	known := make(map[SourceKey]Source, len(rows))
	for _, row := range rows {
		known[SourceKey{row.ConnectionID, row.Reference}] = Source{
			Connection: row.ConnectionID, Reference: row.Reference, Name: row.Name, Unit: row.Unit, Frequency: row.Frequency, Direction: row.Direction, Precision: okr.PrecisionOf(int(row.Precision)),
		}
	}
	return known, nil
}

// TitleKey names a key result by its title within an objective.
type TitleKey struct {
	Objective int64
	Title     string
}

// TitlesTaken are those of some titles that key results bear already, with their numbers.
func (r Statements) TitlesTaken(ctx context.Context, workspace string, titles []TitleKey) (map[TitleKey]int, error) {
	if len(titles) == 0 {
		return nil, nil
	}
	p := queries.TitlesTakenParams{WorkspaceID: workspace}
	for _, t := range titles {
		p.ObjectiveIds = append(p.ObjectiveIds, t.Objective)
		p.Titles = append(p.Titles, t.Title)
	}
	rows, err := r.q.TitlesTaken(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("looking for titles: %w", err)
	}
	taken := make(map[TitleKey]int, len(rows))
	for _, row := range rows {
		taken[TitleKey{row.ObjectiveID, row.Title}] = int(row.Number)
	}
	return taken, nil
}

// NextNumbers are the next ones of a workspace.
type NextNumbers struct{ KeyResult, Objective int }

// LockNumbers returns a workspace's next numbers, and keeps others from taking one. MoveNumbers says which
// are next once some were given away.
func (tx *Tx) LockNumbers(ctx context.Context, workspace string) (NextNumbers, error) {
	row, err := tx.q.LockNumbers(ctx, workspace)
	if err != nil {
		return NextNumbers{}, fmt.Errorf("taking numbers: %w", found(err))
	}
	return NextNumbers{int(row.NextNumber), int(row.NextObjective)}, nil
}

// MoveNumbers says which numbers are next; none goes back. It is for the end of a transaction: each time
// the workspace's row changes within one, whatever looks at it afterwards goes through one version more.
func (tx *Tx) MoveNumbers(ctx context.Context, workspace string, next NextNumbers) error {
	err := tx.q.MoveNumbers(ctx, queries.MoveNumbersParams{NextNumber: int32(next.KeyResult), NextObjective: int32(next.Objective), WorkspaceID: workspace})
	if err != nil {
		return fmt.Errorf("taking numbers: %w", err)
	}
	return nil
}

// PlaceObjective changes an objective's time zone, channel and co-owners, and records it. FollowObjective has
// its key results follow. It returns ErrChanged where it was edited since it was read. That Postgres knows
// the time zone is the caller's to see.
func (tx *Tx) PlaceObjective(ctx context.Context, actor okr.Actor, o okr.Objective, changes map[string]Change) error {
	n, err := tx.q.PlaceObjective(ctx, queries.PlaceObjectiveParams{
		Zone: o.Zone, ChannelID: o.Channel, CoOwnerIds: orEmpty(o.CoOwners), WorkspaceID: actor.Workspace, ID: o.ID, Version: int32(o.Version),
	})
	if err == nil && n == 0 {
		err = ErrChanged
	}
	if err != nil {
		return fmt.Errorf("editing objective %d: %w", o.ID, err)
	}
	return tx.Record(ctx, actor, "edited", Object{"objective", o.ID}, changes)
}

// Below is an objective that comes below another one.
type Below struct {
	Objective, Parent int64             // parent 0: below none any more
	Changes           map[string]Change // as recorded; nil: of an objective that is new
}

// PutBelow gives objectives their parents. That nothing comes above itself is the caller's to see, who holds
// LockTree, unless all of them are new. It returns ErrNoParent where a parent was removed meanwhile.
func (tx *Tx) PutBelow(ctx context.Context, actor okr.Actor, list []Below) error {
	p := queries.PutBelowParams{WorkspaceID: actor.Workspace}
	for _, b := range list {
		p.Ids, p.ParentIds = append(p.Ids, b.Objective), append(p.ParentIds, b.Parent)
	}
	if err := tx.q.PutBelow(ctx, p); err != nil {
		return fmt.Errorf("putting objectives below others: %w", parentGone(err))
	}
	for _, b := range list {
		if b.Changes == nil {
			continue
		}
		if err := tx.Record(ctx, actor, "edited", Object{"objective", b.Objective}, b.Changes); err != nil {
			return err
		}
	}
	return nil
}

// FollowObjective has the key results of an objective that was placed follow it into its time zone, with
// their hours and results, and their cards drawn again. It posts nothing. It is for the end of a
// transaction, when those that are edited by themselves follow already.
func (tx *Tx) FollowObjective(ctx context.Context, actor okr.Actor, o okr.Objective) error {
	list, err := tx.LockKeyResultsOf(ctx, o)
	if err != nil {
		return err
	}
	var behind []KeyResult
	for _, k := range list {
		if k.Cadence.Zone != o.Zone {
			behind = append(behind, k)
		}
	}
	if _, err := tx.replan(ctx, actor, o, behind); err != nil {
		return err
	}
	return tx.MarkCards(ctx, idsOf(list)...)
}

// AddKeyResults keeps many new key results at once, with their numbers and sources, and a first
// reading where they have a result. What is read is read at once, connection by connection. It records
// each; it posts nothing. That the numbers are taken is for the caller to say, with MoveNumbers. It returns
// ErrNotFound where an objective is not there any more.
func (tx *Tx) AddKeyResults(ctx context.Context, actor okr.Actor, list []KeyResult) error {
	if err := tx.insertKeyResults(ctx, actor, list); err != nil {
		return err
	}
	imported := map[int64][]int64{} // by connection
	for _, k := range list {
		if k.Integrated {
			imported[k.Source.Connection] = append(imported[k.Source.Connection], k.ID)
		}
	}
	for _, connection := range slices.Sorted(maps.Keys(imported)) {
		if err := tx.readSoon(ctx, actor.Workspace, connection, imported[connection]); err != nil {
			return err
		}
	}
	return nil
}

// CarryOver keeps many new key results at once that go on with others, like AddKeyResults, and has the
// cards posted of those that have a channel. Having them read is the caller's.
func (tx *Tx) CarryOver(ctx context.Context, actor okr.Actor, list []KeyResult) error {
	if err := tx.insertKeyResults(ctx, actor, list); err != nil {
		return err
	}
	p := queries.AddCardsParams{WorkspaceID: actor.Workspace}
	next := NextNumbers{}
	for _, k := range list {
		next.KeyResult = max(next.KeyResult, k.Number+1)
		if k.Channel != "" {
			p.KeyResultIds, p.ChannelIds = append(p.KeyResultIds, k.ID), append(p.ChannelIds, k.Channel)
		}
	}
	if err := tx.q.AddCards(ctx, p); err != nil {
		return fmt.Errorf("adding cards: %w", err)
	}
	return tx.MoveNumbers(ctx, actor.Workspace, next)
}

// AnyOther says whether one of some objectives is closed out by now, or in another time zone than given.
func (tx *Tx) AnyOther(ctx context.Context, workspace string, list []okr.Objective) (bool, error) {
	p := queries.AnyOtherParams{WorkspaceID: workspace}
	for _, o := range list {
		p.Ids, p.Zones = append(p.Ids, o.ID), append(p.Zones, o.Zone)
	}
	other, err := tx.q.AnyOther(ctx, p)
	if err != nil {
		return false, fmt.Errorf("looking whether objectives are as they were: %w", err)
	}
	return other, nil
}

// insertKeyResults writes new key results with all that belongs to them, and gives each its id.
func (tx *Tx) insertKeyResults(ctx context.Context, actor okr.Actor, list []KeyResult) error {
	ids, err := tx.q.NewKeyResultIDs(ctx, int32(len(list)))
	if err != nil {
		return fmt.Errorf("taking ids: %w", err)
	}
	var rows, sources, readings, audit [][]any
	for i, k := range list {
		k.ID = ids[i]
		list[i].ID = k.ID
		var slot, due, day *time.Time
		if k.Integrated {
			if slot, due, err = schedule(k, tx.Now); err != nil {
				return err
			}
		}
		if k.Result.Value.Valid {
			recorded := k.Result.AsOf.Time()
			readings = append(readings, []any{k.ID, recorded, actor.Workspace, k.Result.Value.Decimal, "check_in", tx.Now})
			first := []okr.Reading{{Day: k.Result.AsOf, Value: k.Result.Value.Decimal}}
			if k.Result = k.ResultOf(k.Objective.Period, first, k.Today(tx.Now)); k.Result.Value.Valid {
				day = &recorded
			}
		}
		phaseDays, phaseValues := phasesOf(k)
		rows = append(rows, []any{
			k.ID, actor.Workspace, k.Number, k.Objective.ID, k.Title, okr.Fold(k.Title), sortedOrNil(k.Title), k.Owner, orEmpty(k.CoOwners), string(k.Kind),
			k.Start, k.Target, k.Committed, k.Upper, k.Risk, k.Wanted,
			k.Unit, k.Precision, string(k.Method), k.Weight, k.Channel, k.Integrated, k.Paused,
			string(k.Cadence.Every), int(k.Cadence.Weekday), k.Cadence.Hour, k.Cadence.Minute, k.Cadence.Offset, k.Cadence.Zone, slot, due,
			k.Result.Value, day, k.Result.N, actor.ID, tx.Now, phaseDays, phaseValues,
			string(k.Confidence.Level), k.Confidence.By, dayOrNil(k.Confidence.Day, k.Confidence.Level != ""),
		})
		if s := k.Source; k.Integrated {
			sources = append(sources, []any{k.ID, actor.Workspace, s.Connection, s.Reference, s.Name, s.Unit, s.Frequency, s.Direction, placesOrNil(s.Precision)})
		}
		audit = append(audit, []any{actor.Workspace, actor.ID, "created", "key_result", k.ID, madeWith(k), tx.Now})
	}
	return tx.copyAll(ctx, rows, sources, readings, audit)
}

// copyAll writes the rows of new key results, a table after the other.
func (tx *Tx) copyAll(ctx context.Context, keyResults, sources, readings, audit [][]any) error {
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"key_results", []string{
			"id", "workspace_id", "number", "objective_id", "title", "folded", "sorted", "owner_id", "co_owner_ids", "kind",
			"start_value", "target_value", "committed_value", "upper_value", "risk_value", "wanted_rate",
			"unit", "precision", "method", "weight", "channel_id", "integrated", "paused",
			"cadence", "weekday", "hour", "minute", "offset_days", "zone", "slot_at", "next_sync_at",
			"result_value", "result_day", "result_count", "created_by", "created_at", "phase_days", "phase_values",
			"confidence", "confidence_by", "confidence_day",
		}, keyResults},
		{"sources", []string{"key_result_id", "workspace_id", "connection_id", "reference", "name", "unit", "frequency", "direction", "precision"}, sources},
		{"readings", []string{"key_result_id", "day", "workspace_id", "value", "origin", "recorded_at"}, readings},
		{"audit_events", []string{"workspace_id", "actor_id", "action", "object", "object_id", "changes", "created_at"}, audit},
	} {
		if _, err := tx.tx.CopyFrom(ctx, pgx.Identifier{table.name}, table.columns, pgx.CopyFromRows(table.rows)); err != nil {
			if isCode(err, noSuchRow) { // the objective was removed after it was looked for
				err = ErrNotFound
			}
			return fmt.Errorf("adding to %s: %w", table.name, err)
		}
	}
	return nil
}

// FirstValues is what an import left to be read for the first time.
type FirstValues struct {
	Soon, Minutes int // so many key results, within so many minutes
	Refused       int // whose connection is not signed in
	Paused        int
}

// FirstValues says what becomes of the key results that an import of a moment made or had read from
// elsewhere.
func (r Statements) FirstValues(ctx context.Context, workspace string, at time.Time) (FirstValues, error) {
	row, err := r.q.FirstValues(ctx, queries.FirstValuesParams{WorkspaceID: workspace, TriggerKey: importTrigger(at)})
	if err != nil {
		return FirstValues{}, fmt.Errorf("looking at what was imported: %w", err)
	}
	return FirstValues{Soon: int(row.Soon), Minutes: max(1, int(row.Seconds/60)+1), Refused: int(row.Refused), Paused: int(row.Paused)}, nil
}

// Analyze has Postgres look at tables that have just grown, so that it plans for what they hold now:
// by itself it does so only in a while, and until then a list can take minutes.
func (s *Store) Analyze(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, "analyze objectives, key_results, sources, readings, feeds, follows, rhythms"); err != nil {
		return fmt.Errorf("measuring the tables: %w", err)
	}
	return nil
}
