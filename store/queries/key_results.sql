-- name: CreateKeyResult :one
insert into key_results (
  workspace_id, number, objective_id, title, folded, sorted, owner_id, co_owner_ids, kind,
  start_value, target_value, committed_value, upper_value, risk_value, wanted_rate,
  phase_days, phase_values,
  unit, precision, method, weight, channel_id, integrated,
  cadence, weekday, hour, minute, offset_days, zone, slot_at, next_sync_at,
  created_by, created_at, draft_id
)
values (
  @workspace_id, @number, @objective_id, @title, @folded::text, sqlc.narg(sorted), @owner_id, @co_owner_ids, @kind,
  @start_value, @target_value, @committed_value, @upper_value, @risk_value, @wanted_rate,
  @phase_days, @phase_values,
  @unit, @precision, @method, @weight, @channel_id, @integrated,
  @cadence, @weekday, @hour, @minute, @offset_days, @zone, @slot_at, @next_sync_at,
  @created_by, now(), @draft_id
)
returning id;

-- name: KeyResultOfDraft :one
select number
from key_results
where workspace_id = @workspace_id
  and draft_id = @draft_id;

-- name: LockKeyResult :one
-- Holds the row until the end of the transaction; rights and versions are read after it.
select version
from key_results
where workspace_id = @workspace_id
  and id = @id
for update;

-- name: EditKeyResult :exec
update key_results
set objective_id = @objective_id,
    title = @title,
    folded = @folded::text,
    sorted = sqlc.narg(sorted),
    owner_id = @owner_id,
    co_owner_ids = @co_owner_ids,
    kind = @kind,
    start_value = @start_value,
    target_value = @target_value,
    committed_value = @committed_value,
    upper_value = @upper_value,
    risk_value = @risk_value,
    wanted_rate = @wanted_rate,
    phase_days = @phase_days,
    phase_values = @phase_values,
    unit = @unit,
    precision = @precision,
    method = @method,
    weight = @weight,
    channel_id = @channel_id,
    integrated = @integrated,
    paused = @paused,
    cadence = @cadence,
    weekday = @weekday,
    hour = @hour,
    minute = @minute,
    offset_days = @offset_days,
    zone = @zone,
    slot_at = @slot_at,
    next_sync_at = @next_sync_at,
    result_value = @result_value,
    result_day = @result_day,
    result_count = @result_count,
    ahead_on = @ahead_on,
    override_value = @override_value,
    override_day = @override_day,
    override_until = @override_until,
    override_reason = @override_reason,
    override_by = @override_by,
    overridden_at = @overridden_at,
    confidence = @confidence,
    confidence_by = @confidence_by,
    confidence_day = @confidence_day,
    version = version + 1
where workspace_id = @workspace_id
  and id = @id;

-- name: PlaceUnder :exec
-- Under another objective, by whose first day the readings that it has are known.
update key_results
set objective_id = @objective_id
where workspace_id = @workspace_id
  and id = @id;

-- name: ClearFailure :exec
-- After a change of source the old source's troubles are over, and what it said is not known.
update key_results
set failure_class = '',
    failure_cause = '',
    failure_says = '',
    failing_since = null,
    failure_count = 0,
    failure_told_at = null,
    tries = 0,
    retry_at = null
where workspace_id = @workspace_id
  and id = @id;

-- name: ForgetScores :exec
-- Another scorecard's scores say nothing about this one. What people entered stays.
delete from readings
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
  and origin <> 'check_in';

-- name: SaveSource :exec
insert into sources (key_result_id, workspace_id, connection_id, reference, name, unit, frequency, direction, precision)
values (@key_result_id, @workspace_id, @connection_id, @reference, @name, @unit, @frequency, @direction, @precision)
on conflict (key_result_id) do update
set connection_id = excluded.connection_id,
    reference = excluded.reference,
    name = excluded.name,
    unit = excluded.unit,
    frequency = excluded.frequency,
    direction = excluded.direction,
    precision = excluded.precision
where sources.workspace_id = excluded.workspace_id;

-- name: RemoveSource :exec
delete from sources
where workspace_id = @workspace_id
  and key_result_id = @key_result_id;

-- name: RemoveKeyResult :exec
delete from key_results
where workspace_id = @workspace_id
  and id = @id;

-- name: WhatGoes :one
-- What a removal takes with it, for the question before it.
select
  (
    (select count(*) from readings r where r.key_result_id = k.id and r.origin <> 'score')
    + (
      select count(*)
      from follows f
      join objectives o on o.id = k.objective_id
      join scores s on s.feed_id = f.feed_id and s.day >= o.first_day and s.born <= f.epoch
      where f.key_result_id = k.id
    )
  )::int as readings,
  (select count(*) from check_ins c where c.key_result_id = k.id)::int as check_ins,
  (select count(*) from cards d where d.key_result_id = k.id)::int as cards
from key_results k
where k.workspace_id = @workspace_id
  and k.id = @id;

-- name: RecordCheckIn :execrows
insert into check_ins (workspace_id, key_result_id, person_id, day, value, confidence, note, reason, created_at, draft_id)
values (@workspace_id, @key_result_id, @person_id, @day, @value, @confidence, @note, @reason, now(), @draft_id)
on conflict (draft_id) do nothing;

-- name: CheckIns :many
select *
from check_ins
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by id desc
limit @most;

-- name: SaveCheckInReading :exec
insert into readings (key_result_id, day, workspace_id, value, origin, recorded_at)
values (@key_result_id, @day, @workspace_id, @value, 'check_in', now())
on conflict (key_result_id, day) do update
set value = excluded.value,
    as_read = '',
    origin = 'check_in',
    recorded_at = now()
where readings.workspace_id = excluded.workspace_id;

-- name: EndedOverrides :many
-- Values by hand whose time is over where their objectives are: their last day, or, where they were entered
-- once, the running period whose score was there, see okr.KeyResult.Overridden.
select workspace_id, id
from (
  select k.workspace_id, k.id
  from key_results k
  join objectives o on o.id = k.objective_id
  where k.override_until is not null
    and k.override_until < day_in(o.zone, now())
    and o.closed_at is null
  union all
  select k.workspace_id, k.id
  from key_results k
  join objectives o on o.id = k.objective_id
  left join sources s on s.key_result_id = k.id
  cross join lateral (
    select
      day_in(o.zone, now()) as today,
      case s.frequency when 'daily' then 1 when 'weekly' then 7 when 'monthly' then 31 when 'quarterly' then 92 when 'yearly' then 366 else 0 end as days
  ) at
  where k.override_value is not null
    and k.override_until is null
    and k.integrated
    and k.result_day > k.override_day
    and at.today > k.override_day
    and (k.result_day <= at.today or k.result_day - at.days >= k.override_day)
    and o.closed_at is null
) over_now
order by id
limit @most;

-- name: MadeAt :one
select created_at
from key_results
where workspace_id = @workspace_id
  and id = @id;

-- name: AllCheckIns :many
select person_id, day, value, confidence, note, reason, created_at
from check_ins
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by id;
