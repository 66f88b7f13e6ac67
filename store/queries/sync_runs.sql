-- name: QueueRuns :many
-- One run for each key result and trigger: a slot that was queued already gives no row.
insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, due_at, queued_at)
select v.workspace_id, v.key_result_id, @connection_id, v.trigger_key, @forced, 'queued', now() + make_interval(secs => @seconds::float8), now()
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@trigger_keys::text[]) as trigger_key
) v
on conflict do nothing
returning id, key_result_id;

-- name: SupersedeWaiting :many
-- Forced runs that wait at a connection from which their key result no longer reads.
update sync_runs
set state = 'done',
    outcome = 'superseded',
    finished_at = now()
where workspace_id = @workspace_id
  and key_result_id = any (@key_result_ids::bigint[])
  and connection_id <> @connection_id
  and forced
  and state = 'queued'
returning id;

-- name: WaitingRuns :many
-- Forced runs that have not begun: another request can join them. A run that was to be tried
-- again later is tried now.
update sync_runs
set due_at = now()
where workspace_id = @workspace_id
  and key_result_id = any (@key_result_ids::bigint[])
  and connection_id = @connection_id
  and forced
  and state = 'queued'
returning id, key_result_id;

-- name: ReadyRuns :many
-- What somebody waits for comes first; a run that took its process down comes last and alone; in
-- between, those who follow one scorecard stand together.
select r.id, r.key_result_id, r.forced, r.crashes, coalesce(f.feed_id, 0)::bigint as feed_id
from sync_runs r
left join follows f on f.key_result_id = r.key_result_id
where r.connection_id = @connection_id
  and r.state <> 'done'
  and r.due_at <= now()
order by r.forced desc, (r.crashes > 1), coalesce(f.feed_id, 0), r.key_result_id, r.id
limit @most;

-- name: BeginRuns :many
-- Each fetch has an epoch above all before it: once it is applied, an older fetch no longer can be.
-- A run that is still running was left behind by a process that died.
with begun as materialized (select nextval('sync_epochs') as epoch)
update sync_runs r
set state = 'running',
    started_at = now(),
    due_at = now() + interval '105 seconds',
    crashes = r.crashes + (r.state = 'running')::int,
    epoch = begun.epoch
from begun
where r.id = any (@ids::bigint[])
  and r.finished_at is null
returning r.id, r.key_result_id, r.forced, r.epoch, r.tries, r.crashes;

-- name: PutBackRuns :exec
-- Runs that somebody else has begun since are left to them.
update sync_runs r
set state = 'queued',
    due_at = now() + make_interval(secs => v.seconds),
    tries = r.tries + @tries::int,
    crashes = r.crashes + @crashes::int
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@seconds::float8[]) as seconds
) v
where r.id = v.id
  and r.epoch = v.epoch
  and r.state = 'running';

-- name: FinishRuns :exec
-- Asks for finished_at, not for the state: by the statistics of a quiet hour nothing is open, and the
-- planner would read all open runs instead of these few by their ids.
update sync_runs r
set state = 'done',
    outcome = v.outcome,
    epoch = v.epoch,
    old_value = nullif(v.old_value, '')::numeric,
    new_value = nullif(v.new_value, '')::numeric,
    as_of = nullif(v.as_of, '')::date,
    failure_class = v.failure_class,
    failure_cause = v.failure_cause,
    failure_says = v.failure_says,
    note = v.note,
    finished_at = now()
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@outcomes::text[]) as outcome,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@old_values::text[]) as old_value,
    unnest(@new_values::text[]) as new_value,
    unnest(@as_ofs::text[]) as as_of,
    unnest(@failure_classes::text[]) as failure_class,
    unnest(@failure_causes::text[]) as failure_cause,
    unnest(@failure_says::text[]) as failure_says,
    unnest(@notes::text[]) as note
) v
where r.id = v.id
  and r.finished_at is null;

-- name: RecentRuns :many
select *
from sync_runs
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by id desc
limit @most;

-- name: QueueChecks :exec
-- A second look an hour later, by the database's clock, beside the slots of the cadence.
insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, due_at, queued_at)
select @workspace_id, v.key_result_id, @connection_id, v.trigger_key, false, 'queued', now() + interval '1 hour', now()
from (
  select
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@trigger_keys::text[]) as trigger_key
) v
on conflict do nothing;

-- name: TakeRetries :execrows
-- What failed and is to be tried again before its next slot. Tries are those that failed since the
-- slot.
with due as (
  select k.id, k.retry_at
  from key_results k
  where k.retry_at <= now()
    and not k.paused
  order by k.retry_at, k.id
  limit @most
  for update skip locked
),
taken as (
  update key_results k
  set retry_at = null
  from due
  where k.id = due.id
  returning k.id, k.workspace_id, k.tries, due.retry_at
)
insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, tries, due_at, queued_at)
select t.workspace_id, t.id, s.connection_id, 'retry:' || to_char(t.retry_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), false, 'queued', t.tries, now(), now()
from taken t
join sources s on s.key_result_id = t.id
order by t.id
on conflict (key_result_id, trigger_key) do nothing;

-- name: ResetTries :exec
-- A slot begins to count again.
update key_results
set tries = 0,
    retry_at = null
where id = any (@ids::bigint[])
  and (tries <> 0 or retry_at is not null);

-- name: QueueRetries :exec
-- What a slot's fetch did not get is tried again, by itself from now on.
insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, due_at, tries, queued_at)
select @workspace_id, v.key_result_id, @connection_id, @trigger_key, false, 'queued', now() + make_interval(secs => @seconds::float8), 1, now()
from (select unnest(@key_result_ids::bigint[]) as key_result_id) v
on conflict (key_result_id, trigger_key) do nothing;
