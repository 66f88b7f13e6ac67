package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"okrbot/okr"
	"okrbot/store/queries"
)

// EntryKind is what a line of a key result's history is.
type EntryKind string

// The kinds of entries.
const (
	ScoreEntry   EntryKind = "score"    // what a source had for a day
	ReadingEntry EntryKind = "reading"  // what people entered for a day, as it counts
	CheckInEntry EntryKind = "check_in" // what somebody said
	ByHandEntry  EntryKind = "by_hand"  // the value that stands in for the scores now
)

// EntryKinds are all kinds of entries.
var EntryKinds = []EntryKind{ScoreEntry, ReadingEntry, CheckInEntry, ByHandEntry}

// Entry is one line of a key result's history.
type Entry struct {
	Number     int // of the key result
	Kind       EntryKind
	Day        okr.Day
	Value      decimal.NullDecimal
	Person     string
	Confidence string
	Note       string
	Reason     string
	Until      okr.Day
	At         time.Time // when it was recorded; zero in a file that does not say
	Previous   decimal.NullDecimal
	RestatedAt time.Time // zero: never restated
	AsRead     string    // what the source wrote, where the value was rounded; else empty
	CountsFrom okr.Day   // of a score: the first day on which it counts; 0: a day before its own
}

// reading says whether the entry is a value of a day, of which there is one.
func (e Entry) reading() bool { return e.Kind == ScoreEntry || e.Kind == ReadingEntry }

// EachEntry passes the histories of all key results of a workspace, entry by entry, as they were at
// one moment: each key result's readings by day, then what was said, then what stands in for its
// scores. Scores of days to come are left out: they are read again. Nothing in do may use the network.
func (s *Store) EachEntry(ctx context.Context, workspace string, do func(Entry) error) error {
	return s.moment(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
select k.number, e.kind, e.day, e.value, e.person, e.confidence, e.note, e.reason, e.until, e.at, e.previous, e.restated_at, e.as_read, e.counts_from
from key_results k
cross join lateral (
  select
    case r.origin when 'imported' then 'score' else 'reading' end as kind, 1 as part, 0::bigint as id,
    r.day, r.value, '' as person, '' as confidence, '' as note, '' as reason, null::date as until, r.recorded_at as at, r.previous, r.restated_at,
    r.as_read, r.counts_from
  from readings r
  where r.key_result_id = k.id
    and r.day <= (now() at time zone 'UTC')::date + 1
    and (
      r.origin = 'check_in'
      or r.origin = 'imported' and not exists (select from follows f join scores s on s.feed_id = f.feed_id and s.day = r.day and s.born <= f.epoch where f.key_result_id = k.id)
    )
  union all
  select
    'score', 1, 0, s.day, score_as_of(s.value, s.epoch, s.earlier_values, s.earlier_epochs, f.epoch), '', '', '', '', null, s.recorded_at,
    case when s.epoch <= f.epoch and s.restated_at is not null then s.previous end, case when s.epoch <= f.epoch then s.restated_at end,
    case when s.epoch <= f.epoch then s.as_read else '' end, s.counts_from
  from follows f
  join objectives o on o.id = k.objective_id
  join scores s on s.feed_id = f.feed_id and s.day >= o.first_day and s.born <= f.epoch
  where f.key_result_id = k.id
    and s.day <= (now() at time zone 'UTC')::date + 1
    and not exists (select from readings c where c.key_result_id = k.id and c.day = s.day and c.origin = 'check_in')
  union all
  select 'check_in', 2, c.id, c.day, c.value, c.person_id, c.confidence, c.note, c.reason, null, c.created_at, null, null, '', null
  from check_ins c
  where c.key_result_id = k.id
  union all
  select 'by_hand', 3, 0, k.override_day, k.override_value, k.override_by, '', '', k.override_reason, k.override_until, k.overridden_at, null, null, '', null
  where k.override_value is not null
) e
where k.workspace_id = $1
order by k.number, e.part, e.id, e.day`, workspace)
		if err != nil {
			return fmt.Errorf("reading histories: %w", err)
		}
		return each(rows, scanEntry, do)
	})
}

func scanEntry(row pgx.CollectableRow) (e Entry, err error) {
	var day, until, restated, from *time.Time
	err = row.Scan(&e.Number, &e.Kind, &day, &e.Value, &e.Person, &e.Confidence, &e.Note, &e.Reason, &until, &e.At, &e.Previous, &restated, &e.AsRead, &from)
	e.Day, e.Until, e.RestatedAt = dayOrZero(day), dayOrZero(until), orZero(restated)
	e.CountsFrom = dayOrZero(from)
	return e, err
}

// HistoryAdditions is what of a history a key result does not have yet.
type HistoryAdditions struct {
	Entries []Entry
	Same    int // that it has
	Left    int // that it has another value for, which stays
}

// HistoryToAdd holds a history against what a key result has. The value that an import entered for it when
// it made it gives way to its history: it stood for the result only. An entry that does not say when it was
// recorded is there already where the same was said.
func (r Statements) HistoryToAdd(ctx context.Context, k KeyResult, list []Entry) (n HistoryAdditions, err error) {
	readings, err := r.q.Readings(ctx, queries.ReadingsParams{WorkspaceID: k.Workspace, KeyResultID: k.ID})
	if err != nil {
		return n, fmt.Errorf("reading readings: %w", err)
	}
	said, err := r.q.AllCheckIns(ctx, queries.AllCheckInsParams{WorkspaceID: k.Workspace, KeyResultID: k.ID})
	if err != nil {
		return n, fmt.Errorf("reading check-ins: %w", err)
	}
	made, err := r.q.MadeAt(ctx, queries.MadeAtParams{WorkspaceID: k.Workspace, ID: k.ID})
	if err != nil {
		return n, fmt.Errorf("looking when key result %d was made: %w", k.ID, found(err))
	}
	byDay := make(map[okr.Day]queries.ReadingsRow, len(readings))
	for _, row := range readings {
		byDay[okr.DayOf(row.Day)] = row
	}
	entered := map[okr.Day]bool{} // by somebody who checked in
	for _, row := range said {
		entered[okr.DayOf(row.Day)] = entered[okr.DayOf(row.Day)] || row.Value.Valid
	}
	for _, e := range list {
		var there, same bool
		switch {
		case e.reading():
			row, ok := byDay[e.Day]
			there = ok && (row.Origin == "score" || entered[e.Day] || !row.RecordedAt.Equal(made))
			same = ok && row.Value.Equal(e.Value.Decimal) && (there || row.RecordedAt.Equal(e.At))
		case e.Kind == CheckInEntry:
			for _, row := range said {
				same = same || e.said(row)
			}
		case e.Kind == ByHandEntry:
			there = k.Override.Value.Valid
			same = there && k.Override.Value.Decimal.Equal(e.Value.Decimal) && k.Override.Day == e.Day
		}
		switch {
		case same:
			n.Same++
		case there:
			n.Left++
		default:
			n.Entries = append(n.Entries, e)
		}
	}
	return n, nil
}

// said says whether a check-in is the one that an entry is of.
func (e Entry) said(row queries.AllCheckInsRow) bool {
	if row.PersonID != e.Person || okr.DayOf(row.Day) != e.Day {
		return false
	}
	if !e.At.IsZero() {
		return row.CreatedAt.Equal(e.At)
	}
	return row.Value.Valid == e.Value.Valid && row.Value.Decimal.Equal(e.Value.Decimal) &&
		row.Confidence == e.Confidence && row.Note == e.Note && row.Reason == e.Reason
}

// AddHistory adds to a key result what it does not have yet, and computes its result again. It posts
// nothing. What was to be read at once still is.
func (tx *Tx) AddHistory(ctx context.Context, actor okr.Actor, k KeyResult, list []Entry) error {
	batch := &pgx.Batch{}
	for _, e := range list {
		if e.At.IsZero() {
			e.At = tx.Now
		}
		switch {
		case e.reading():
			origin := "check_in"
			if e.Kind == ScoreEntry {
				origin = "imported"
			}
			batch.Queue(`
insert into readings (key_result_id, day, workspace_id, value, previous, restated_at, origin, recorded_at, as_read, counts_from)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (key_result_id, day) do update
set value = excluded.value,
    previous = excluded.previous,
    restated_at = excluded.restated_at,
    origin = excluded.origin,
    recorded_at = excluded.recorded_at,
    as_read = excluded.as_read,
    counts_from = excluded.counts_from`,
				k.ID, e.Day.Time(), k.Workspace, e.Value.Decimal, e.Previous, momentOrNil(e.RestatedAt), origin, e.At, e.AsRead, dayOrNil(e.CountsFrom, e.CountsFrom != 0))
		case e.Kind == CheckInEntry:
			batch.Queue(`
insert into check_ins (workspace_id, key_result_id, person_id, day, value, confidence, note, reason, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
				k.Workspace, k.ID, e.Person, e.Day.Time(), e.Value, e.Confidence, e.Note, e.Reason, e.At)
		default:
			k.Override = okr.Override{Value: e.Value, Day: e.Day, Until: e.Until, Reason: e.Reason, By: e.Person, At: e.At}
		}
	}
	if err := tx.tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("adding the history of key result %d: %w", k.ID, err)
	}
	k, err := tx.EditKeyResult(ctx, actor, k, "added its history")
	if err != nil {
		return err
	}
	if k.SyncedAt.IsZero() {
		if err := tx.ReadSoon(ctx, k); err != nil {
			return err
		}
	}
	return tx.MarkCards(ctx, k.ID)
}

// ReadSoon has a key result's source read within minutes, beside its slots.
func (tx *Tx) ReadSoon(ctx context.Context, k KeyResult) error {
	if !k.Integrated || k.Source.Connection == 0 {
		return nil
	}
	return tx.readSoon(ctx, k.Workspace, k.Source.Connection, []int64{k.ID})
}

// readSoon has what reads through a connection read within minutes. It stands under the moment of the
// import that asks for it.
func (tx *Tx) readSoon(ctx context.Context, workspace string, connection int64, keyResults []int64) error {
	return tx.queueRuns(ctx, workspace, connection, importTrigger(tx.Now), false, okr.Cadence{}.Jitter(connection), keyResults)
}

func importTrigger(at time.Time) string { return "import:" + at.UTC().Format(time.RFC3339Nano) }
