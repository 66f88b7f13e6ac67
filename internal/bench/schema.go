package main

import (
	"context"
	"fmt"
)

// What the benchmark knows of okrbot's tables is in this file alone.

const (
	// scorecardsKnown is how many scorecards the lists hold.
	scorecardsKnown = `select count(*) from scorecards`
	// unread is how many key results were never read.
	unread = `select count(*) from key_results where synced_at is null`
	// unsynced is how many key results are due or being read.
	unsynced = `
select (select count(*) from rhythms r join follows f on f.rhythm_id = r.id join feeds d on d.id = f.feed_id
        where r.next_sync_at <= now() and f.joined_at <= r.next_sync_at and (d.tried_at is null or d.tried_at < r.next_sync_at))
     + (select count(*) from sync_runs where state <> 'done')`
	// anyUnsynced is whether there are such, which is quicker to ask.
	anyUnsynced = `
select case when exists (select from sync_runs where state <> 'done') then 1
            when exists (select from rhythms where next_sync_at <= now()) then 1
            else 0 end`
	// unsyncedOf is the same of one connection.
	unsyncedOf = `
select case when exists (select from sync_runs r where r.connection_id = $1 and r.state <> 'done') then 1
            when exists (select from rhythms where next_sync_at <= now() and connection_id = $1) then 1
            else 0 end`
	// cardsLeft is how many cards are not posted or do not show the present.
	cardsLeft = `select count(*) from cards where dirty_at is not null or message_ts = ''`
	// addCards gives one of so many key results its card, which the wizard gives and an import does not.
	addCards = `
with added as (
  insert into cards (key_result_id, channel_id, workspace_id, dirty_at)
  select id, channel_id, workspace_id, now() from key_results where channel_id <> '' and id % $1 = 0
  returning workspace_id, channel_id
)
insert into places (workspace_id, channel_id, ready_at)
select distinct workspace_id, channel_id, now() from added
on conflict (workspace_id, channel_id) do update set ready_at = excluded.ready_at`
	// askedAfter is that Slack was asked just now who everybody is.
	askedAfter = `update people set refreshed_at = now()`
	// unsaid is how many announcements wait.
	unsaid = `select count(*) from announcements where state in ('pending', 'sending')`
	// crashed is how many readings were counted as crashes of a process.
	crashed = `select (select coalesce(sum(crashes), 0) from sync_runs) + (select coalesce(sum(crashes), 0) from feeds)`
	// rightOf is how many key results of a connection have the value that their scorecard has.
	rightOf = `
select count(*)
from key_results k
join sources s on s.key_result_id = k.id
join (select unnest($2::text[]) as reference, unnest($3::numeric[]) as value) v on v.reference = s.reference
where s.connection_id = $1 and k.result_value = v.value`
	// makeDue has all key results fall due.
	makeDue = `
with imported as (update sync_runs set due_at = now() where state = 'queued' and due_at > now())
update rhythms set slot_at = now(), next_sync_at = now()`
	// giveTo makes somebody the owner of the first key results.
	giveTo = `update key_results set owner_id = $1 where number <= $2`
	// makeDueOf has those of one connection fall due.
	makeDueOf = makeDue + ` where connection_id = $1`
	// makeOneDue has one key result fall due, in a rhythm of its own.
	makeOneDue = `
with alone as (
  insert into rhythms (workspace_id, connection_id, cadence, weekday, hour, minute, offset_days, zone, slot_at, next_sync_at)
  select r.workspace_id, r.connection_id, r.cadence, r.weekday, r.hour, 59, r.offset_days, r.zone, now(), now()
  from follows f join rhythms r on r.id = f.rhythm_id
  order by f.key_result_id limit 1
  returning id
)
update follows set rhythm_id = alone.id from alone where key_result_id = (select min(key_result_id) from follows)`
	// addScorecards has a connection list so many more scorecards.
	addScorecards = `
insert into scorecards (connection_id, reference, workspace_id, name, description, unit, precision, direction, frequency, is_key, favorite, seen_at)
select c.id, 'a' || lpad(to_hex(n), 31, '0'), c.workspace_id, 'Requests of team ' || md5(n::text), 'Requests that wait for ' || md5((n * 7)::text), '#%', 1, 'minimize', 'daily', n % 50 = 0, n % 200 = 0, now()
from connections c, generate_series($2::int + 1, $3::int) n
where c.id = $1`
)

func (r *running) count(ctx context.Context, sql string, args ...any) (n int, err error) {
	if err := r.watch.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("looking into the database: %w", err)
	}
	return n, nil
}

// allDue has every key result fall due.
func (r *running) allDue(ctx context.Context) error { return r.change(ctx, makeDue) }

func (r *running) change(ctx context.Context, sql string, args ...any) error {
	if _, err := r.watch.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("changing the database: %w", err)
	}
	return nil
}

// connectionIDs are the connections, in the order of the instances.
func (r *running) connectionIDs(ctx context.Context) ([]int64, error) {
	ids := make([]int64, r.connections)
	for n, origin := range r.origins {
		if err := r.watch.QueryRow(ctx, "select id from connections where origin = $1", origin).Scan(&ids[n]); err != nil {
			return nil, fmt.Errorf("looking for a connection: %w", err)
		}
	}
	return ids, nil
}

// right is how many key results have the value that their scorecard has.
func (r *running) right(ctx context.Context) (int, error) {
	ids, err := r.connectionIDs(ctx)
	if err != nil {
		return 0, err
	}
	all := 0
	for n, id := range ids {
		var references []string
		var values []float64
		for _, s := range r.instances[n].Scorecards() {
			references, values = append(references, s.ID), append(values, s.Scores[len(s.Scores)-1].Value)
		}
		k, err := r.count(ctx, rightOf, id, references, values)
		if err != nil {
			return 0, err
		}
		all += k
	}
	return all, nil
}

// spent is what Postgres has written so far.
type spent struct {
	wal     int64 // bytes
	rows    int64 // updated in tables of okrbot's
	inPlace int64 // of them without touching an index
}

// writes is what Postgres has written in a copy. Sessions tell their part of the rows a second after
// their last transaction.
func (r *running) writes(ctx context.Context) (s spent, err error) {
	err = r.watch.QueryRow(ctx, `
		select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint, coalesce(sum(n_tup_upd), 0)::bigint, coalesce(sum(n_tup_hot_upd), 0)::bigint
		from pg_stat_user_tables where relname not like 'river%'`).Scan(&s.wal, &s.rows, &s.inPlace)
	if err != nil {
		return s, fmt.Errorf("asking Postgres what it wrote: %w", err)
	}
	return s, nil
}

// postmaster is Postgres' own process.
func (r *running) postmaster(ctx context.Context) (int, error) {
	session, err := r.count(ctx, "select pg_backend_pid()")
	if err != nil {
		return 0, err
	}
	pid, _, err := stat(session)
	return pid, err
}
