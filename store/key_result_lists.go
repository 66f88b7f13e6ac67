package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/okr"
)

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
	Without    []int64 // connections that none of them reads through
	Open       bool    // of objectives that are not closed out
	Order      Order
	From       int // how many of the list come before the first one that is wanted; only with Most
	Most       int // at most so many; 0 is all
	standing   *standing
	judged     []judged // whose need is another one than is stored
}

const keyResultColumns = `
select
  k.id, k.workspace_id, k.number, k.objective_id, k.title, k.owner_id, k.co_owner_ids, k.kind,
  k.start_value, k.target_value, k.committed_value, k.upper_value, k.risk_value, k.wanted_rate,
  k.phase_days, k.phase_values,
  k.unit, k.precision, k.method, k.weight, k.channel_id, k.integrated, k.paused,
  k.cadence, k.weekday, k.hour, k.minute, k.offset_days, k.zone, h.next_sync_at, k.retry_at,
  ` + synced + `,
  k.result_value, k.result_day, k.result_count, k.ahead_on, k.created_at,
  case when k.result_value is null then (select r.value ` + before + `) end, case when k.result_value is null then (select r.day ` + before + `) end,
  k.override_value, k.override_day, k.override_until, k.override_reason, k.override_by, k.overridden_at,
  k.confidence, k.confidence_by, k.confidence_day,
  case when not k.integrated then (select c.created_at from check_ins c where c.key_result_id = k.id order by c.id desc limit 1) end,
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

// applyColumns leave out what nobody needs who applies a fetch: what is shown of the connection but its
// state, and when the next sync and the last one were.
var applyColumns = strings.NewReplacer(
	"h.next_sync_at", "null::timestamptz", synced, "greatest(k.synced_at, f.synced_at)", shown, "''::text, ''::text, coalesce(c.state, ''), ''::text, null::timestamptz",
).Replace(keyResultColumns)

const applyTables = `
from key_results k
join objectives o on o.id = k.objective_id
join workspaces w on w.id = k.workspace_id
left join sources s on s.key_result_id = k.id
left join connections c on c.id = s.connection_id
left join follows f on f.key_result_id = k.id
where k.workspace_id = $1
  and k.id = any ($2)`

// ToApply loads locked key results to apply a fetch to. Their connection is known by its id and state
// alone, and SyncedAt says only whether they were ever read.
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
      and least(r.day, coalesce(r.counts_from, r.day - 1)) <= day_in(o.zone, now())
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
		firsts, lasts := bounds(f.Periods)
		where += "\n  and exists (select from unnest(" + add("?::date[]", firsts) + ", " + add("?::date[]", lasts) + ") as p (first, last) where o.first_day <= p.last and o.last_day >= p.first)"
	}
	for _, word := range f.Words {
		and("(coalesce(k.folded, lower(k.title)) || ' ' || coalesce(o.folded, lower(o.title))) like '%' || ? || '%'", foldedPattern(word))
	}
	if f.Called != "" {
		and("('kr-' || k.number || ' ' || coalesce(k.folded, lower(k.title))) like '%' || ? || '%'", foldedPattern(f.Called))
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
	if len(f.Without) > 0 {
		and("not exists (select from sources s where s.key_result_id = k.id and s.connection_id = any (?))", f.Without)
	}
	if f.standing != nil {
		where += "\n  and " + f.standing.where(add)
	}
	return from, where, args
}

// bounds are the first and the last days of periods.
func bounds(periods []okr.Period) (firsts, lasts []time.Time) {
	for _, p := range periods {
		firsts, lasts = append(firsts, p.First.Time()), append(lasts, p.Last.Time())
	}
	return firsts, lasts
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
		from, by := f.ordered(from, &args)
		return keyResultColumns + "from " + from + keyResultTables + f.Order.tables() + "\nwhere " + where + by, args
	}
	chosen, args := f.chosen(workspace)
	return "with chosen as (\nselect x.id, row_number() over () as place\nfrom (\n" + chosen + "\n) x\n)" + keyResultColumns + "from chosen x\njoin key_results k on k.id = x.id" + keyResultTables + "\norder by x.place", args
}

// KeyResults lists a workspace's key results in the filter's order.
func (r Statements) KeyResults(ctx context.Context, workspace string, f Filter) ([]KeyResult, error) {
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

// EachOf passes key results one by one, in the order of KeyResults, however many there are.
func (r Statements) EachOf(ctx context.Context, workspace string, f Filter, do func(KeyResult) error) error {
	sql, args := f.list(workspace)
	rows, err := r.db.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("listing key results: %w", err)
	}
	return each(rows, scanKeyResult, do)
}

// CountKeyResults is how many key results a filter leaves, at most f.Most.
func (r Statements) CountKeyResults(ctx context.Context, workspace string, f Filter) (int, error) {
	from, where, args := f.narrow(workspace)
	chosen := "select k.id\nfrom " + from + f.objectives() + "\nwhere " + where + fmt.Sprintf("\nlimit %d", f.Most)
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
		confidenceDay, checkedIn, ahead, before        *time.Time
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
		&k.Confidence.Level, &k.Confidence.By, &confidenceDay, &checkedIn,
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
	k.Ahead, k.Made, k.Before.AsOf = dayOrZero(ahead), okr.DayIn(k.Objective.Zone, made), dayOrZero(before)
	k.Override.At, k.Confidence.Day = orZero(overridden), dayOrZero(confidenceDay)
	if checkedIn != nil {
		k.CheckedIn = okr.DayIn(k.Objective.Zone, *checkedIn)
	}
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
