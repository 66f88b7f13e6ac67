package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"okrbot/okr"
	"okrbot/store/queries"
)

// Home is what a person chose to see on their Home tab.
type Home struct {
	Whose      string // empty: theirs; HomeOfEverybody; else a channel's id
	Period     string // empty: any
	Status     string // empty: any
	Objectives int    // place of the first objective that is shown
	Unfolded   int64  // the objective that is open; 0: none was opened, HomeFolded: it was folded
	KeyResults int    // place of the first of its key results that is shown
	Needs      int    // place of the first that needs them; HomeWorstFew: the worst few
}

// What a Home shows besides places and ids.
const (
	HomeOfEverybody       = "everybody" // objectives
	HomeFolded      int64 = -1
	HomeWorstFew          = -1
)

// HomeOpened notes that a person looks at their Home tab.
func (r Statements) HomeOpened(ctx context.Context, workspace, person string) error {
	if err := r.q.HomeOpened(ctx, queries.HomeOpenedParams{WorkspaceID: workspace, PersonID: person}); err != nil {
		return fmt.Errorf("noting who looks at Home: %w", err)
	}
	return nil
}

// Home is what a person chose; who never did sees the usual.
func (r Statements) Home(ctx context.Context, workspace, person string) (Home, error) {
	row, err := r.q.Home(ctx, queries.HomeParams{WorkspaceID: workspace, PersonID: person})
	if errors.Is(err, pgx.ErrNoRows) {
		return Home{Needs: HomeWorstFew}, nil
	}
	if err != nil {
		return Home{}, fmt.Errorf("loading what Home shows: %w", err)
	}
	return home(row), nil
}

// ChangeHome keeps what a person chooses now.
func (tx *Tx) ChangeHome(ctx context.Context, workspace, person string, choose func(*Home)) error {
	h := Home{Needs: HomeWorstFew}
	row, err := tx.q.HomeLocked(ctx, queries.HomeLockedParams{WorkspaceID: workspace, PersonID: person})
	switch {
	case err == nil:
		h = home(row)
	case !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("loading what Home shows: %w", err)
	}
	choose(&h)
	err = tx.q.SaveHome(ctx, queries.SaveHomeParams{
		WorkspaceID: workspace, PersonID: person, Whose: h.Whose, Period: h.Period, Status: h.Status,
		Objectives: int32(h.Objectives), Unfolded: h.Unfolded, KeyResults: int32(h.KeyResults), Needs: int32(h.Needs),
	})
	if err != nil {
		return fmt.Errorf("keeping what Home shows: %w", err)
	}
	return nil
}

func home(row queries.Home) Home {
	return Home{
		Whose: row.Whose, Period: row.Period, Status: row.Status,
		Objectives: int(row.Objectives), Unfolded: row.Unfolded, KeyResults: int(row.KeyResults), Needs: int(row.Needs),
	}
}

// HomeFilter narrows the open objectives of a workspace to those that a Home tab shows.
type HomeFilter struct {
	Person  string     // that they own, co-own, or own or co-own a key result of; empty: anybody's
	Channel string     // that are announced there, or a key result of which is; empty: anywhere
	Period  okr.Period // that theirs shares a day with; zero: any
	Status  okr.Status // that a key result of theirs has, what is not syncing not counted as stale; empty: any
	Failing bool       // with a key result that does not sync
	Now     time.Time
}

// What finds the ids of objectives, each way by its own index.
const (
	homeOfPerson = `(
  select id from objectives where workspace_id = $1 and owner_id = ?
  union
  select id from objectives where workspace_id = $1 and co_owner_ids <> '{}' and co_owner_ids @> array[?]::text[]
  union
  select objective_id from key_results where workspace_id = $1 and owner_id = ?
  union
  select objective_id from key_results where workspace_id = $1 and co_owner_ids <> '{}' and co_owner_ids @> array[?]::text[]
)`
	homeInChannel = `(
  select id from objectives where workspace_id = $1 and channel_id <> '' and channel_id = ?
  union
  select objective_id from key_results where workspace_id = $1 and channel_id = ?
)`
)

// HomeObjectives are the objectives that a filter leaves, from a place on, at most so many, and how many
// there are, by okr.Stage on the day in their own zone, the nearest end first.
func (r Statements) HomeObjectives(ctx context.Context, workspace string, s HomeFilter, from, most int) (list []okr.Objective, total int, err error) {
	zones, days, err := r.todays(ctx, workspace, s.Now)
	if err != nil {
		return nil, 0, err
	}
	args := []any{workspace, zones, days, okr.DayIn("UTC", s.Now).Time()}
	where := ""
	and := func(clause string, arg any) {
		args = append(args, arg)
		where += "\n  and " + strings.ReplaceAll(clause, "?", fmt.Sprintf("$%d", len(args)))
	}
	if s.Person != "" {
		and("o.id in "+homeOfPerson, s.Person)
	}
	if s.Channel != "" {
		and("o.id in "+homeInChannel, s.Channel)
	}
	if s.Period != (okr.Period{}) {
		and("o.first_day <= ?", s.Period.Last.Time())
		and("o.last_day >= ?", s.Period.First.Time())
	}
	if s.Status != "" {
		is := "status = ?"
		if s.Status == okr.Stale { // what does not sync goes before
			is += " and failure_class = ''"
		}
		and("o.id in (select objective_id from key_results where workspace_id = $1 and "+is+")", string(s.Status))
	}
	if s.Failing {
		where += "\n  and o.id in (select objective_id from key_results where workspace_id = $1 and failure_class <> '')"
	}
	sql := `
select o.id, count(*) over ()
from objectives o
left join unnest($2::text[], $3::date[]) there (zone, day) on there.zone = o.zone
cross join lateral (select coalesce(there.day, $4::date) as day) today
where o.workspace_id = $1
  and o.closed_at is null` + where + `
order by (o.last_day < today.day)::int + 2 * (o.first_day > today.day)::int, abs(o.last_day - today.day), o.id
offset %d
limit %d`
	rows, err := r.db.Query(ctx, fmt.Sprintf(sql, from, most), args...)
	if err != nil {
		return nil, 0, fmt.Errorf("looking for a Home's objectives: %w", err)
	}
	var ids []int64
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&id, &total}, func() error { ids = append(ids, id); return nil }); err != nil {
		return nil, 0, fmt.Errorf("looking for a Home's objectives: %w", err)
	}
	if len(ids) == 0 {
		return nil, 0, nil
	}
	found, err := r.q.ObjectivesOf(ctx, queries.ObjectivesOfParams{WorkspaceID: workspace, Ids: ids})
	if err != nil {
		return nil, 0, fmt.Errorf("loading a Home's objectives: %w", err)
	}
	list = objectives(found)
	slices.SortFunc(list, func(a, b okr.Objective) int { return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID)) })
	return list, total, nil
}

// Standings are how many key results stand how, those of which that has to be found out, and how many
// do not sync.
type Standings struct {
	Counts  map[okr.Status]int
	Unsure  []int64
	Failing int
}

// StandingsOf counts the key results of objectives by how they stand.
func (r Statements) StandingsOf(ctx context.Context, workspace string, objectives []int64) (map[int64]Standings, error) {
	return standings[int64](ctx, r, workspace, "k.objective_id = any ($2)", "k.objective_id", objectives)
}

// StandingsIn counts those of channels, of objectives that are open.
func (r Statements) StandingsIn(ctx context.Context, workspace string, channels []string) (map[string]Standings, error) {
	return standings[string](ctx, r, workspace, "k.channel_id = any ($2)\n  and o.closed_at is null", "k.channel_id", channels)
}

func standings[K comparable](ctx context.Context, r Statements, workspace, where, by string, of []K) (map[K]Standings, error) {
	if len(of) == 0 {
		return nil, nil
	}
	after, err := r.q.JudgeAfter(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("looking up how a workspace is judged: %w", found(err))
	}
	st := standing{States: States{Statuses: okr.Statuses()}, after: -1}
	if after != nil {
		st.after = *after
	}
	sql := `
select ` + by + `, case when j.unsure then '' else k.status end, count(*), coalesce(array_agg(k.id) filter (where j.unsure), '{}'),
  count(*) filter (where k.failure_class <> '' and o.closed_at is null)
from key_results k
join objectives o on o.id = k.objective_id
cross join lateral (select ` + st.unknown() + ` as unsure) j
where k.workspace_id = $1
  and ` + where + `
group by 1, 2`
	rows, err := r.db.Query(ctx, sql, workspace, of)
	if err != nil {
		return nil, fmt.Errorf("counting how key results stand: %w", err)
	}
	list := map[K]Standings{}
	var (
		key        K
		status     string
		n, failing int
		unsure     []int64
	)
	_, err = pgx.ForEachRow(rows, []any{&key, &status, &n, &unsure, &failing}, func() error {
		s := list[key]
		if s.Counts == nil {
			s.Counts = map[okr.Status]int{}
		}
		s.Failing += failing
		if s.Unsure = append(s.Unsure, unsure...); status != "" || len(unsure) == 0 {
			s.Counts[okr.Status(status)] += n
		}
		list[key] = s
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("counting how key results stand: %w", err)
	}
	return list, nil
}

// DigestsAround are channels with a weekly digest that a person asked for, or in which something of
// theirs is told.
func (r Statements) DigestsAround(ctx context.Context, workspace, person string, most int) ([]string, error) {
	list, err := r.q.DigestsAround(ctx, queries.DigestsAroundParams{WorkspaceID: workspace, PersonID: person, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("listing the digests around a person: %w", err)
	}
	return list, nil
}
