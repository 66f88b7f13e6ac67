-- name: LockForApply :many
-- In the order of ids, so that two batches cannot wait for each other. What is not found is missing since its
-- second look was queued: it may have failed in other ways before.
select k.id, f.feed_id, f.epoch, k.announced_status, k.failure_class, k.failure_told_at, k.tries, k.retry_at,
  case when k.failure_class = 'not_found' then coalesce((
    select max(r.queued_at)
    from sync_runs r
    where r.key_result_id = k.id
      and r.trigger_key like 'check:%'
  ), k.failing_since, now()) else 'epoch' end::timestamptz as missing_since
from key_results k
join follows f on f.key_result_id = k.id
where k.id = any (@ids::bigint[])
order by k.id
for no key update of k;

-- name: ApplyResults :exec
-- A stored status that goes on to be true for as long as it said is left alone, and its indexes too, but for
-- the rank's where the progress passes a ten of percent.
update key_results k
set applied_epoch = v.epoch,
    synced_at = now(),
    result_value = nullif(v.result_value, '')::numeric,
    result_day = nullif(v.result_day, '')::date,
    result_count = v.result_count,
    ahead_on = nullif(v.ahead_day, '')::date,
    announced_status = v.status,
    status = v.stands,
    rank = v.rank,
    status_until = case when k.status = v.stands and k.status_until > now() and k.status_until <= v.until then k.status_until else v.until end,
    judged = k.judged + 1,
    failure_class = '',
    failure_cause = '',
    failure_says = '',
    failing_since = null,
    failure_count = 0,
    failure_told_at = null,
    tries = 0,
    retry_at = null
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@result_values::text[]) as result_value,
    unnest(@result_days::text[]) as result_day,
    unnest(@result_counts::int[]) as result_count,
    unnest(@ahead_days::text[]) as ahead_day,
    unnest(@statuses::text[]) as status,
    unnest(@stands::text[]) as stands,
    unnest(@ranks::int[]) as rank,
    unnest(@untils::text[])::timestamptz as until
) v
where k.id = v.id;

-- name: ClearOverrides :exec
-- What was entered until there is a newer score gives way to it.
update key_results
set override_value = null,
    override_day = null,
    override_until = null,
    override_reason = '',
    override_by = '',
    overridden_at = null
where id = any (@ids::bigint[]);

-- name: ApplyFailures :exec
update key_results k
set applied_epoch = v.epoch,
    synced_at = greatest(k.synced_at, case when k.synced_at is not null then (
      -- of the syncs that found nothing new, which are on record with its feed and its rhythm
      select greatest(f.synced_at, case when k.failure_class = '' and h.done_at >= f.joined_at then least(d.read_at, h.done_at) end)
      from follows f
      join feeds d on d.id = f.feed_id
      left join rhythms h on h.id = f.rhythm_id
      where f.key_result_id = k.id
    ) end),
    failure_class = v.class,
    failure_cause = v.cause,
    failure_says = v.says,
    failing_since = coalesce(k.failing_since, now()),
    failure_count = k.failure_count + 1,
    failure_told_at = case when v.told then coalesce(k.failure_told_at, now()) else k.failure_told_at end,
    tries = v.tries,
    retry_at = case when v.retry_at > 'epoch' then v.retry_at end
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@told::boolean[]) as told,
    unnest(@tries::int[]) as tries,
    unnest(@retries::timestamptz[]) as retry_at,
    unnest(@classes::text[]) as class,
    unnest(@causes::text[]) as cause,
    unnest(@says::text[]) as says
) v
where k.id = v.id;

-- name: RecordResults :exec
-- What the syncs changed, for "why this number".
insert into audit_events (workspace_id, actor_id, action, object, object_id, changes, created_at)
select v.workspace_id, 'okrbot', v.action, 'key_result', v.key_result_id, jsonb_build_object(v.field, jsonb_build_array(v.old_value, v.new_value)), now()
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@actions::text[]) as action,
    unnest(@fields::text[]) as field,
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@old_values::text[]) as old_value,
    unnest(@new_values::text[]) as new_value
) v;

-- name: SeeSources :exec
-- The scorecard's name as last seen, and what was not known of it before.
update sources s
set name = v.name,
    direction = case when s.direction = '' then v.direction else s.direction end,
    frequency = case when s.frequency = '' then v.frequency else s.frequency end,
    precision = coalesce(s.precision, nullif(v.precision, -1))
from (
  select
    unnest(@key_result_ids::bigint[]) as id,
    unnest(@names::text[]) as name,
    unnest(@directions::text[]) as direction,
    unnest(@frequencies::text[]) as frequency,
    unnest(@precisions::int[]) as precision
) v
where s.key_result_id = v.id
  and (s.name <> v.name
    or s.direction = '' and v.direction <> ''
    or s.frequency = '' and v.frequency <> ''
    or s.precision is null and v.precision <> -1);

-- name: ConnectionSucceeded :exec
-- After what was read is applied, not with it: whoever saves, shares or disconnects holds the connection first
-- and key results then.
-- A wait that another batch was asked for meanwhile stays. Of one that was given up meanwhile a success that
-- comes late says nothing.
update connections
set refusals = 0,
    refusal = '',
    succeeded_at = now()
where id = @id
  and state = 'active';

-- name: SignInWorks :exec
-- Outside of a sync: the next refusal is the first in a row again.
update connections
set refusals = 0,
    refusal = ''
where id = @id
  and state = 'active'
  and refusals > 0;

-- name: ConnectionRefused :one
-- Two refusals in a row and nobody tries again until somebody connects again: a third and a fourth
-- would lock the account. A refusal of an earlier sign-in says nothing about the present one; a
-- renewal of tokens gives another secret, and leaves the consent as it is.
update connections
set refusals = refusals + 1,
    refusal = @refusal,
    state = case when refusals + 1 >= 2 then 'rejected' else state end
where id = @id
  and state = 'active'
  and (secret_version = @secret_version or consented_at = @consented_at)
returning state;

-- name: FailConnection :many
-- All that reads through a connection which is not used any more fails at once, so that an owner
-- hears of it in one message. Who was told of an earlier failure is left as they are.
-- Held in the order of their ids, as a sync holds them.
with held as materialized (
  select k.id
  from key_results k
  join sources s on s.key_result_id = k.id
  where s.connection_id = @connection_id
    and not k.paused
    and k.failure_told_at is null
    and not exists (select from objectives o where o.id = k.objective_id and o.closed_at is not null)
  order by k.id
  for no key update of k
)
update key_results k
set failure_class = @class,
    failure_cause = @cause,
    failure_says = @says,
    failing_since = coalesce(k.failing_since, now()),
    failure_count = k.failure_count + 1,
    failure_told_at = now(),
    retry_at = null
from held h
where k.id = h.id
returning k.id, k.workspace_id, k.owner_id;

-- name: MakeWait :exec
-- One "too many requests" pauses the whole host, for all who ask it: a document's address has a path
-- behind the host.
update connections
set waiting_until = greatest(waiting_until, now() + make_interval(secs => @seconds::float8))
where workspace_id = @workspace_id
  and split_part(origin, '/', 3) = split_part(@origin::text, '/', 3);

-- name: LeaveHostAlone :exec
-- Beside MakeWait: the workspace may have no connection to the host.
insert into host_waits (workspace_id, host, until)
values (@workspace_id, split_part(@origin::text, '/', 3), now() + make_interval(secs => @seconds::float8))
on conflict (workspace_id, host) do update
set until = greatest(host_waits.until, excluded.until);

-- name: ExpireHostWaits :exec
delete from host_waits
where until < now();

-- name: WaitOf :one
-- For how many seconds the workspace is still to leave a host alone.
select greatest(coalesce(extract(epoch from max(w.until) - now()), 0), 0)::float8 as seconds
from (
  select c.waiting_until as until
  from connections c
  where c.workspace_id = @workspace_id
    and split_part(c.origin, '/', 3) = split_part(@origin::text, '/', 3)
  union all
  select h.until
  from host_waits h
  where h.workspace_id = @workspace_id
    and h.host = split_part(@origin::text, '/', 3)
) w;
