-- name: DueConnections :many
-- Connections that have due key results and may be asked. Those that were asked to wait come
-- back when the wait is over; those whose sign-in was refused are here too, so that each due
-- slot has its run, without a call. A key result that failed is due again before its next slot.
select s.connection_id, min(least(k.next_sync_at, k.retry_at))::timestamptz as since
from key_results k
join sources s on s.key_result_id = k.id
join connections c on c.id = s.connection_id
where (k.next_sync_at <= now() or k.retry_at <= now() and k.next_sync_at is not null)
  and not k.paused
  and (c.waiting_until is null or c.waiting_until <= now())
group by s.connection_id
order by since
limit @most;

-- name: ClaimDue :many
-- Rows that another replica holds are skipped. The order brings those that follow one scorecard
-- together, so that a batch asks for it once. Those whose slot has not come try a failed one again.
select k.id, k.workspace_id, k.slot_at, k.cadence, k.weekday, k.hour, k.minute, k.offset_days, k.zone, s.reference, (k.next_sync_at <= now())::boolean as slot_came, k.retry_at, k.tries
from key_results k
join sources s on s.key_result_id = k.id
where s.connection_id = @connection_id
  and (k.next_sync_at <= now() or k.retry_at <= now() and k.next_sync_at is not null)
  and not k.paused
order by s.reference, k.id
limit @most
for update of k skip locked;

-- name: MoveSlots :exec
update key_results k
set slot_at = v.slot_at,
    next_sync_at = v.next_sync_at,
    tries = 0,
    retry_at = null
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@slots::timestamptz[]) as slot_at,
    unnest(@dues::timestamptz[]) as next_sync_at
) v
where k.id = v.id;

-- name: TakeRetries :exec
update key_results
set retry_at = null
where id = any (@ids::bigint[]);

-- name: QueueRuns :many
-- One run for each key result and trigger: a slot that was queued already gives no row. Tries are
-- those that failed since the slot.
insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, tries, due_at, queued_at)
select v.workspace_id, v.key_result_id, @connection_id, v.trigger_key, @forced, 'queued', coalesce(v.tries, 0), now(), now()
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@trigger_keys::text[]) as trigger_key,
    unnest(@tries::int[]) as tries
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

-- name: OneTaker :exec
-- Runs of a connection are taken by one job at a time: two would share out those who follow one
-- scorecard, and it would be asked twice.
select pg_advisory_xact_lock(7157, @low::int);

-- name: ReadyRuns :many
-- What somebody waits for comes first; a run that took its process down comes last and alone; in
-- between, those who follow one scorecard stand together.
select r.id, r.key_result_id, r.forced, r.crashes, coalesce(s.reference, '')::text as reference
from sync_runs r
left join sources s on s.key_result_id = r.key_result_id
where r.connection_id = @connection_id
  and r.state <> 'done'
  and r.due_at <= now()
order by r.forced desc, (r.crashes > 1), coalesce(s.reference, ''), r.key_result_id, r.id
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
