package store

import (
	"cmp"
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

// Filter narrows a list of key results; an empty field does not narrow.
type Filter struct {
	IDs        []int64
	Number     int
	Numbers    []int
	Objectives []int64
	Person     string // owner or co-owner, or the objective's
	Channel    string
	People     []string     // any of them, as Person
	Channels   []string     // any of them
	Periods    []okr.Period // any that the objective's shares a day with
	Words      []string     // all of them in the titles, of the key result or its objective
	Called     string       // a part of "KR-7 Its title"
	Integrated bool         // those with a source only
	Connection int64
	Open       bool // of objectives that are not closed out
	Most       int  // at most so many; 0 is all
	standing   *standing
}

const keyResultColumns = `
select
  k.id, k.workspace_id, k.number, k.objective_id, k.title, k.owner_id, k.co_owner_ids, k.kind,
  k.start_value, k.target_value, k.committed_value, k.upper_value, k.risk_value, k.wanted_rate,
  k.phase_days, k.phase_values,
  k.unit, k.precision, k.method, k.weight, k.channel_id, k.integrated, k.paused,
  k.cadence, k.weekday, k.hour, k.minute, k.offset_days, k.zone, h.next_sync_at, k.retry_at,
  ` + synced + `,
  k.result_value, k.result_day, k.result_count, k.ahead_on, (k.created_at at time zone o.zone)::date,
  case when k.result_value is null then (select r.value ` + before + `) end, case when k.result_value is null then (select r.day ` + before + `) end,
  k.override_value, k.override_day, k.override_until, k.override_reason, k.override_by, k.overridden_at,
  k.confidence, k.confidence_by, k.confidence_day,
  k.failure_class, k.failure_cause, k.failure_says, k.failing_since, k.failure_count, k.version,
  o.number, o.title, o.owner_id, o.co_owner_ids, o.first_day, o.last_day, o.zone, o.channel_id, o.closed_at is not null,
  w.on_track_points, w.behind_points, w.hysteresis_points,
  s.connection_id, f.feed_id, s.reference, s.name, s.unit, s.frequency, s.direction, s.precision,
  ` + shown + `
`

const (
	// synced is when the source was last read: what was found unchanged is on record with its feed and
	// its rhythm.
	synced = `case when k.synced_at is not null then greatest(k.synced_at, f.synced_at, case when k.failure_class = '' and h.done_at >= f.joined_at then least(d.read_at, h.done_at) end) end`
	// shown is of the connection, for people.
	shown = `c.name, c.kind, c.state, c.origin, case when c.waiting_until > now() then c.waiting_until end`
)

// applyColumns leave out what nobody needs who applies a fetch: what is shown of the connection, and
// when the next sync and the last one were.
var applyColumns = strings.NewReplacer(
	"h.next_sync_at", "null::timestamptz", synced, "greatest(k.synced_at, f.synced_at)", shown, "''::text, ''::text, ''::text, ''::text, null::timestamptz",
).Replace(keyResultColumns)

const applyTables = `
from key_results k
join objectives o on o.id = k.objective_id
join workspaces w on w.id = k.workspace_id
left join sources s on s.key_result_id = k.id
left join follows f on f.key_result_id = k.id
where k.workspace_id = $1
  and k.id = any ($2)`

// ToApply loads locked key results to apply a fetch to. Their connection is known by its id alone, and
// SyncedAt says only whether they were ever read.
func (tx *Tx) ToApply(ctx context.Context, workspace string, ids []int64) (map[int64]KeyResult, error) {
	rows, err := tx.db.Query(ctx, applyColumns+applyTables, workspace, ids)
	if err != nil {
		return nil, fmt.Errorf("loading key results: %w", err)
	}
	list := make(map[int64]KeyResult, len(ids))
	err = each(rows, scanKeyResult, func(k KeyResult) error {
		list[k.ID] = k
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("loading key results: %w", err)
	}
	return list, nil
}

// before is the latest reading of before the period that counts: what is shown while the period has none.
const before = `
    from (
      select s.day, s.value, s.counts_from from scores s where s.feed_id = f.feed_id and s.born <= f.epoch
      union all
      select e.day, e.value, e.counts_from from readings e where e.key_result_id = k.id and e.origin <> 'score'
    ) r
    where r.day < o.first_day
      and least(r.day, coalesce(r.counts_from, r.day - 1)) <= (now() at time zone o.zone)::date
    order by r.day desc
    limit 1`

// keyResultTables come after key_results k.
const keyResultTables = `
join objectives o on o.id = k.objective_id
join workspaces w on w.id = k.workspace_id
left join sources s on s.key_result_id = k.id
left join connections c on c.id = s.connection_id
left join follows f on f.key_result_id = k.id
left join feeds d on d.id = f.feed_id
left join rhythms h on h.id = f.rhythm_id`

// listOrder is the order of lists.
const listOrder = "\norder by o.last_day desc, o.id, k.number"

// InLists is the order of lists.
func InLists(a, b KeyResult) int {
	return cmp.Or(cmp.Compare(b.Objective.Period.Last, a.Objective.Period.Last), cmp.Compare(a.Objective.ID, b.Objective.ID), cmp.Compare(a.Number, b.Number))
}

// theirs are a person's key results, each way by its own index.
const theirs = `
  select id from key_results where workspace_id = $1 and owner_id = ?
  union
  select id from key_results where workspace_id = $1 and co_owner_ids <> '{}' and co_owner_ids @> array[?]::text[]
  union
  select p.id from objectives po join key_results p on p.objective_id = po.id where po.workspace_id = $1 and po.owner_id = ?
  union
  select p.id from objectives po join key_results p on p.objective_id = po.id where po.workspace_id = $1 and po.co_owner_ids <> '{}' and po.co_owner_ids @> array[?]::text[]`

// narrow writes the filter as SQL: where key results come from, and what must hold of them.
func (f Filter) narrow(workspace string) (from, where string, args []any) {
	from, where, args = "key_results k", "k.workspace_id = $1\n  and o.workspace_id = $1", []any{workspace}
	add := func(clause string, arg any) string {
		args = append(args, arg)
		return strings.ReplaceAll(clause, "?", fmt.Sprintf("$%d", len(args)))
	}
	and := func(clause string, arg any) { where += "\n  and " + add(clause, arg) }
	switch {
	case len(f.People) > 0:
		from = "(" + add(strings.NewReplacer("= ?", "= any (?)", "@> array[?]::text[]", "&& ?::text[]").Replace(theirs), f.People) + "\n) t\njoin key_results k on k.id = t.id"
	case f.Person != "":
		from = "(" + add(theirs, f.Person) + "\n) t\njoin key_results k on k.id = t.id"
	}
	if f.IDs != nil {
		and("k.id = any (?)", f.IDs)
	}
	if f.Number != 0 {
		and("k.number = ?", f.Number)
	}
	if f.Numbers != nil {
		and("k.number = any (?)", f.Numbers)
	}
	if f.Objectives != nil {
		and("k.objective_id = any (?)", f.Objectives)
	}
	if f.Channel != "" {
		and("k.channel_id = ?", f.Channel)
	}
	if len(f.Channels) > 0 {
		and("k.channel_id = any (?)", f.Channels)
	}
	if len(f.Periods) > 0 {
		var firsts, lasts []time.Time
		for _, p := range f.Periods {
			firsts, lasts = append(firsts, p.First.Time()), append(lasts, p.Last.Time())
		}
		args = append(args, firsts, lasts)
		where += fmt.Sprintf("\n  and exists (select from unnest($%d::date[], $%d::date[]) as p (first, last) where o.first_day <= p.last and o.last_day >= p.first)", len(args)-1, len(args))
	}
	for _, word := range f.Words {
		and("(k.title || ' ' || o.title) ilike '%' || ? || '%'", likeLiteral(word))
	}
	if f.Called != "" {
		and("('KR-' || k.number || ' ' || k.title) ilike '%' || ? || '%'", likeLiteral(f.Called))
	}
	if f.Open {
		where += "\n  and o.closed_at is null"
	}
	if f.Integrated {
		where += "\n  and k.integrated"
	}
	if f.Connection != 0 {
		and("exists (select from sources s where s.key_result_id = k.id and s.connection_id = ?)", f.Connection)
	}
	if f.standing != nil {
		where += "\n  and " + f.standing.where(add)
	}
	return from, where, args
}

// found says whether an index of key results finds what the filter leaves.
func (f Filter) found() bool {
	return f.IDs != nil || f.Number != 0 || f.Numbers != nil || f.Objectives != nil || f.Person != "" || f.Channel != "" ||
		len(f.People) > 0 || len(f.Channels) > 0 || f.Connection != 0
}

// list writes the query of a filter's key results. The first few of a list are chosen before anything
// else of them is read: narrow rows, each kind of filter by its own index.
func (f Filter) list(workspace string) (sql string, args []any) {
	if f.Most == 0 {
		from, where, args := f.narrow(workspace)
		return keyResultColumns + "from " + from + keyResultTables + "\nwhere " + where + listOrder, args
	}
	chosen, args := f.chosen(workspace, listOrder)
	return "with chosen as (\n" + chosen + "\n)" + keyResultColumns + "from chosen x\njoin key_results k on k.id = x.id" + keyResultTables + listOrder, args
}

// chosen writes the query of the ids of f.Most of a filter's key results, in an order or in any.
func (f Filter) chosen(workspace, order string) (sql string, args []any) {
	from, where, args := f.narrow(workspace)
	objectives := "\njoin objectives o on o.id = k.objective_id"
	if f.found() { // then theirs are looked up, however cheap it seems to read them all
		objectives = "\ncross join lateral (select * from objectives o where o.id = k.objective_id offset 0) o"
	}
	return "select k.id\nfrom " + from + objectives + "\nwhere " + where + order + fmt.Sprintf("\nlimit %d", f.Most), args
}

// KeyResults lists a workspace's key results by objective and number, those of objectives that
// end first last: what is over comes after all that is not.
func (r Reads) KeyResults(ctx context.Context, workspace string, f Filter) ([]KeyResult, error) {
	sql, args := f.list(workspace)
	rows, err := r.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("listing key results: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanKeyResult)
	if err != nil {
		return nil, fmt.Errorf("listing key results: %w", err)
	}
	return list, nil
}

// EachOf gives key results one by one, in the order of KeyResults, however many there are.
func (r Reads) EachOf(ctx context.Context, workspace string, f Filter, do func(KeyResult) error) error {
	sql, args := f.list(workspace)
	rows, err := r.db.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("listing key results: %w", err)
	}
	return each(rows, scanKeyResult, do)
}

// CountKeyResults is how many key results a filter leaves, at most f.Most.
func (r Reads) CountKeyResults(ctx context.Context, workspace string, f Filter) (int, error) {
	chosen, args := f.chosen(workspace, "")
	n := 0
	if err := r.db.QueryRow(ctx, "select count(*) from (\n"+chosen+"\n) counted", args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting key results: %w", err)
	}
	return n, nil
}

func scanKeyResult(row pgx.CollectableRow) (KeyResult, error) {
	var (
		k                                              KeyResult
		first, last                                    time.Time
		weekday                                        int16
		phaseDays                                      []time.Time
		phaseValues                                    []decimal.Decimal
		resultDay, next, retry, synced, failing, waits *time.Time
		overrideDay, overrideUntil, overridden         *time.Time
		confidenceDay, ahead, before                   *time.Time
		made                                           time.Time
		connection, feed                               *int64
		source                                         [9]*string
		places                                         *int32
	)
	err := row.Scan(
		&k.ID, &k.Workspace, &k.Number, &k.KeyResult.Objective, &k.Title, &k.Owner, &k.CoOwners, &k.Kind,
		&k.Start, &k.Target, &k.Committed, &k.Upper, &k.Risk, &k.Wanted,
		&phaseDays, &phaseValues,
		&k.Unit, &k.Precision, &k.Method, &k.Weight, &k.Channel, &k.Integrated, &k.Paused,
		&k.Cadence.Every, &weekday, &k.Cadence.Hour, &k.Cadence.Minute, &k.Cadence.Offset, &k.Cadence.Zone, &next, &retry, &synced,
		&k.Result.Value, &resultDay, &k.Result.N, &ahead, &made, &k.Before.Value, &before,
		&k.Override.Value, &overrideDay, &overrideUntil, &k.Override.Reason, &k.Override.By, &overridden,
		&k.Confidence.Level, &k.Confidence.By, &confidenceDay,
		&k.Failure.Class, &k.Failure.Cause, &k.Failure.Says, &failing, &k.Failure.Count, &k.Version,
		&k.Objective.Number, &k.Objective.Title, &k.Objective.Owner, &k.Objective.CoOwners, &first, &last, &k.Objective.Zone, &k.Objective.Channel, &k.Objective.Closed,
		&k.Thresholds.OnTrack, &k.Thresholds.Behind, &k.Thresholds.Hysteresis,
		&connection, &feed, &source[0], &source[1], &source[2], &source[3], &source[4], &places,
		&source[5], &source[6], &source[7], &source[8], &waits,
	)
	if err != nil {
		return k, err
	}
	k.Cadence.Weekday = time.Weekday(weekday)
	k.NextSyncAt, k.RetryAt, k.SyncedAt, k.Failure.Since = orZero(next), orZero(retry), orZero(synced), orZero(failing)
	k.Result.AsOf, k.Override.Day, k.Override.Until = dayOrZero(resultDay), dayOrZero(overrideDay), dayOrZero(overrideUntil)
	k.Ahead, k.Made, k.Before.AsOf = dayOrZero(ahead), okr.DayOf(made), dayOrZero(before)
	k.Override.At, k.Confidence.Day = orZero(overridden), dayOrZero(confidenceDay)
	for i, day := range phaseDays {
		k.Phases = append(k.Phases, okr.Phase{Day: okr.DayOf(day), Value: phaseValues[i]})
	}
	k.Objective.ID, k.Objective.Workspace = k.KeyResult.Objective, k.Workspace
	k.Objective.Period = okr.Period{First: okr.DayOf(first), Last: okr.DayOf(last)}
	k.ObjectiveOwner, k.ObjectiveCoOwners, k.Closed = k.Objective.Owner, k.Objective.CoOwners, k.Objective.Closed
	if connection != nil {
		k.Source = Source{
			Connection: *connection, Reference: *source[0], Name: *source[1], Unit: *source[2], Frequency: *source[3], Direction: *source[4],
			ConnectionName: *source[5], ConnectionKind: *source[6], ConnectionState: ConnectionState(*source[7]), Origin: *source[8],
			Waiting: orZero(waits),
		}
		if feed != nil {
			k.Source.Feed = *feed
		}
		if places != nil {
			k.Source.Precision = okr.Precision{Places: *places, Known: true}
		}
		k.ScoreFrequency = okr.Frequency(k.Source.Frequency)
	}
	return k, nil
}

// KeyResult loads KR-number of a workspace.
func (r Reads) KeyResult(ctx context.Context, workspace string, number int) (KeyResult, error) {
	return r.oneKeyResult(ctx, workspace, Filter{Number: number})
}

// KeyResultByID loads a key result that a button, a card or a job names.
func (r Reads) KeyResultByID(ctx context.Context, workspace string, id int64) (KeyResult, error) {
	return r.oneKeyResult(ctx, workspace, Filter{IDs: []int64{id}})
}

func (r Reads) oneKeyResult(ctx context.Context, workspace string, f Filter) (KeyResult, error) {
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
// submitted twice gives the one it made first, and false.
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
		WorkspaceID: actor.Workspace, Number: number, ObjectiveID: k.Objective.ID, Title: k.Title,
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
	if err := tx.moveSource(ctx, before, k); err != nil {
		return k, err
	}
	objective, err := tx.Objective(ctx, actor.Workspace, k.Objective.ID)
	if err != nil {
		return k, err
	}
	readings, err := tx.Readings(ctx, actor.Workspace, k.ID)
	if err != nil {
		return k, err
	}
	in := k
	in.Objective = objective
	today := in.Today(tx.Now)
	k.Result, k.Ahead = k.ResultOf(objective.Period, readings, today), okr.NextAhead(readings, today)
	slot, due, err := schedule(k, tx.Now)
	if err != nil {
		return k, err
	}
	phaseDays, phaseValues := phasesOf(k)
	err = tx.q.EditKeyResult(ctx, queries.EditKeyResultParams{
		ObjectiveID: k.Objective.ID, Title: k.Title, OwnerID: k.Owner, CoOwnerIds: orEmpty(k.CoOwners), Kind: string(k.Kind),
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
	return after, tx.Record(ctx, actor, action, Object{"key_result", k.ID}, changes(before, after))
}

func phasesOf(k KeyResult) (days []time.Time, values []decimal.Decimal) {
	days, values = []time.Time{}, []decimal.Decimal{}
	for _, p := range k.Phases {
		days, values = append(days, p.Day.Time()), append(values, p.Value)
	}
	return days, values
}

// moveSource follows a change of where the key result reads from.
func (tx *Tx) moveSource(ctx context.Context, before, after KeyResult) error {
	same := before.Source.Connection == after.Source.Connection && before.Source.Reference == after.Source.Reference
	if before.Source.Reference != "" && before.Source.Reference != after.Source.Reference && after.Source.Reference != "" {
		if err := tx.q.ForgetScores(ctx, queries.ForgetScoresParams{WorkspaceID: after.Workspace, KeyResultID: after.ID}); err != nil {
			return fmt.Errorf("forgetting the scores of key result %d: %w", after.ID, err)
		}
	}
	if !same {
		if err := tx.q.ClearFailure(ctx, queries.ClearFailureParams{WorkspaceID: after.Workspace, ID: after.ID}); err != nil {
			return fmt.Errorf("clearing the failure of key result %d: %w", after.ID, err)
		}
	}
	return tx.saveSource(ctx, after.Workspace, after.ID, after.Source)
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
// to it stays in the audit, and the messages of its cards say that it is removed.
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
	if err := tx.q.RemoveKeyResult(ctx, queries.RemoveKeyResultParams{WorkspaceID: actor.Workspace, ID: k.ID}); err != nil {
		return fmt.Errorf("removing key result %d: %w", k.ID, err)
	}
	return tx.Record(ctx, actor, "removed", Object{"key_result", k.ID}, map[string]Change{"title": {k.Key() + " " + k.Title, ""}})
}

// Belongings are what goes when a key result goes.
type Belongings struct{ Readings, CheckIns, Cards int }

// WhatGoes counts what a removal would take with it.
func (r Reads) WhatGoes(ctx context.Context, workspace string, id int64) (Belongings, error) {
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
	return map[string]Change{
		"title":             {a.Title, b.Title},
		"objective":         {a.Objective.Title, b.Objective.Title},
		"owner":             {a.Owner, b.Owner},
		"co-owners":         {strings.Join(a.CoOwners, " "), strings.Join(b.CoOwners, " ")},
		"kind":              {string(a.Kind), string(b.Kind)},
		"start":             {plain(a.Start), plain(b.Start)},
		"target":            {plain(a.Target), plain(b.Target)},
		"committed":         {plain(a.Committed), plain(b.Committed)},
		"upper":             {plain(a.Upper), plain(b.Upper)},
		"risk":              {plain(a.Risk), plain(b.Risk)},
		"wanted hit rate":   {percent(a), percent(b)},
		"phased targets":    {phases(a), phases(b)},
		"unit":              {a.Unit, b.Unit},
		"method":            {string(a.Method), string(b.Method)},
		"weight":            {a.Weight.String(), b.Weight.String()},
		"channel":           {a.Channel, b.Channel},
		"cadence":           {a.Cadence.Words(), b.Cadence.Words()},
		"paused":            {fmt.Sprint(a.Paused), fmt.Sprint(b.Paused)},
		"source":            source,
		"connection":        connection,
		"confidence":        {a.Confidence.Level.Word(), b.Confidence.Level.Word()},
		"override":          {plain(a.Override.Value), plain(b.Override.Value)},
		"override's reason": {a.Override.Reason, b.Override.Reason},
	}
}

// withApart is a name with what tells it from others of the same.
func withApart(name, apart string) string { return name + " (" + apart + ")" }

// percent is a wanted hit rate; empty where none is kept.
func percent(k KeyResult) string {
	if k.Method != okr.HitRate {
		return ""
	}
	return k.WantedRate().Shift(2).String() + " %"
}

func phases(k KeyResult) string { return strings.ReplaceAll(okr.PhasesText(k.Phases), "\n", ", ") }

func plain(n decimal.NullDecimal) string {
	if !n.Valid {
		return ""
	}
	return n.Decimal.String()
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
