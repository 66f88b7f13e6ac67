-- name: DueConnections :many
-- Connections that have due key results and may be asked. Those that were asked to wait come
-- back when the wait is over; those whose sign-in was refused are here too, so that each due
-- slot has its run, without a call.
select s.connection_id, min(k.next_sync_at)::timestamptz as since
from key_results k
join sources s on s.key_result_id = k.id
join connections c on c.id = s.connection_id
where k.next_sync_at <= now()
  and not k.paused
  and (c.waiting_until is null or c.waiting_until <= now())
group by s.connection_id
order by since
limit @most;

-- name: ClaimDue :many
-- Rows that another replica holds are skipped. The order brings those that follow one scorecard
-- together, so that a batch asks for it once.
select k.id, k.workspace_id, k.slot_at, k.cadence, k.weekday, k.hour, k.minute, k.offset_days, k.zone, s.reference
from key_results k
join sources s on s.key_result_id = k.id
where s.connection_id = @connection_id
  and k.next_sync_at <= now()
  and not k.paused
order by s.reference, k.id
limit @most
for update of k skip locked;

-- name: MoveSlots :exec
update key_results k
set slot_at = v.slot_at,
    next_sync_at = v.next_sync_at
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@slots::timestamptz[]) as slot_at,
    unnest(@dues::timestamptz[]) as next_sync_at
) v
where k.id = v.id;

-- name: QueueRuns :many
-- One run for each key result and trigger: a slot that was queued already gives no row.
insert into sync_runs (workspace_id, key_result_id, connection_id, trigger_key, forced, state, queued_at)
select v.workspace_id, v.key_result_id, @connection_id, v.trigger_key, @forced, 'queued', now()
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@trigger_keys::text[]) as trigger_key
) v
on conflict do nothing
returning id, key_result_id;

-- name: WaitingRuns :many
-- Forced runs that have not begun: another request can join them.
select r.id, r.key_result_id
from sync_runs r
where r.workspace_id = @workspace_id
  and r.key_result_id = any (@key_result_ids::bigint[])
  and r.forced
  and r.state = 'queued';

-- name: BeginRuns :many
-- The start of a fetch raises the epoch of its key result: an older fetch can no longer apply.
with begun as (
  update sync_runs r
  set state = 'running',
      started_at = now()
  where r.id = any (@ids::bigint[])
    and r.state <> 'done'
  returning r.id, r.key_result_id
),
raised as (
  update key_results k
  set sync_epoch = k.sync_epoch + 1
  where k.id in (select key_result_id from begun)
  returning k.id, k.sync_epoch
)
select b.id, b.key_result_id, e.sync_epoch
from begun b
join raised e on e.id = b.key_result_id
order by b.key_result_id, b.id;

-- name: FinishRuns :exec
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
    unnest(@failure_says::text[]) as failure_says
) v
where r.id = v.id
  and r.state <> 'done';

-- name: LockForApply :many
-- In the order of ids, so that two batches cannot wait for each other.
select id, applied_epoch, announced_status, failure_class, failure_told_at
from key_results
where id = any (@ids::bigint[])
order by id
for update;

-- name: ApplyResults :exec
update key_results k
set applied_epoch = v.epoch,
    synced_at = now(),
    result_value = nullif(v.result_value, '')::numeric,
    result_day = nullif(v.result_day, '')::date,
    result_count = v.result_count,
    announced_status = v.status,
    failure_class = '',
    failure_cause = '',
    failure_says = '',
    failing_since = null,
    failure_count = 0,
    failure_told_at = null
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@result_values::text[]) as result_value,
    unnest(@result_days::text[]) as result_day,
    unnest(@result_counts::int[]) as result_count,
    unnest(@statuses::text[]) as status
) v
where k.id = v.id;

-- name: ApplyFailures :exec
update key_results k
set applied_epoch = v.epoch,
    failure_class = v.class,
    failure_cause = v.cause,
    failure_says = v.says,
    failing_since = coalesce(k.failing_since, now()),
    failure_count = k.failure_count + 1,
    failure_told_at = coalesce(k.failure_told_at, now())
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@classes::text[]) as class,
    unnest(@causes::text[]) as cause,
    unnest(@says::text[]) as says
) v
where k.id = v.id;

-- name: RenameSources :exec
-- The scorecard's name as last seen.
update sources s
set name = v.name
from (select unnest(@key_result_ids::bigint[]) as id, unnest(@names::text[]) as name) v
where s.key_result_id = v.id
  and s.name <> v.name;

-- name: ConnectionSucceeded :exec
update connections
set refusals = 0,
    waiting_until = null,
    succeeded_at = now()
where id = @id;

-- name: ConnectionRefused :one
-- Two refusals in a row and nobody tries again until somebody connects anew: a third and a fourth
-- would lock the account.
update connections
set refusals = refusals + 1,
    state = case when refusals + 1 >= 2 then 'rejected' else state end
where id = @id
returning state;

-- name: ConnectionBroken :exec
update connections
set state = 'broken'
where id = @id;

-- name: MakeWait :exec
-- One "too many requests" pauses the whole system, for all who ask it.
update connections
set waiting_until = greatest(waiting_until, now() + make_interval(secs => @seconds::float8))
where workspace_id = @workspace_id
  and origin = @origin;

-- name: MarkForced :exec
update key_results
set forced_at = now()
where workspace_id = @workspace_id
  and id = any (@ids::bigint[]);

-- name: ForceLimits :many
-- How long each key result must wait before it may be forced again; none is negative.
select id, greatest(0, extract(epoch from coalesce(forced_at, now() - interval '1 day') - now()) + @seconds::float8)::float8 as wait
from key_results
where workspace_id = @workspace_id
  and id = any (@ids::bigint[]);

-- name: RecentRequests :one
-- A person's requests within the window, and when the oldest of them leaves it.
select count(*)::int as requests, coalesce(extract(epoch from min(created_at) - now()) + @seconds::float8, 0)::float8 as wait
from sync_requests
where workspace_id = @workspace_id
  and person_id = @person_id
  and created_at > now() - make_interval(secs => @seconds::float8);

-- name: CreateRequest :one
insert into sync_requests (workspace_id, person_id, every, channel_id, total, created_at)
values (@workspace_id, @person_id, @every, @channel_id, @total, now())
returning id;

-- name: SealResponse :exec
update sync_requests
set sealed_response = @sealed
where id = @id;

-- name: JoinRuns :exec
insert into sync_request_runs (request_id, run_id)
select @request_id, unnest(@run_ids::bigint[])
on conflict do nothing;

-- name: RequestsOfRuns :many
select distinct q.id
from sync_requests q
join sync_request_runs j on j.request_id = q.id
where j.run_id = any (@run_ids::bigint[])
  and q.finished_at is null
order by q.id;

-- name: Request :one
select *, (created_at < now() - interval '25 minutes')::boolean as old
from sync_requests
where id = @id;

-- name: RunsOfRequest :many
select r.*
from sync_runs r
join sync_request_runs j on j.run_id = r.id
where j.request_id = @request_id
order by r.key_result_id;

-- name: Reported :exec
update sync_requests
set reported = @reported,
    responses = @responses,
    message_channel = @message_channel,
    message_ts = @message_ts,
    finished_at = case when @finished::boolean then now() else finished_at end
where id = @id;

-- name: RecentRuns :many
select *
from sync_runs
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by id desc
limit @most;

-- name: TakeSlot :execrows
-- One of the connection's places, if one is free or was left by a process that died.
update connection_slots c
set job_id = @job_id,
    leased_until = now() + interval '2 minutes'
where (c.connection_id, c.slot) = (
  select s.connection_id, s.slot
  from connection_slots s
  where s.connection_id = @connection_id
    and (s.leased_until is null or s.leased_until <= now() or s.job_id = @job_id)
  order by (s.job_id = @job_id) desc nulls last, s.slot
  limit 1
  for update skip locked
);

-- name: LeaveSlot :exec
update connection_slots
set job_id = null,
    leased_until = null
where connection_id = @connection_id
  and job_id = @job_id;
