-- name: Readings :many
select *
from readings
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by day;

-- name: ReadingsOf :many
-- Those of many key results at once, each from a day on, for applying a batch.
select r.key_result_id, r.day, r.value, r.origin
from readings r
join (
  select
    unnest(@key_result_ids::bigint[]) as id,
    unnest(@sinces::date[]) as since
) v on v.id = r.key_result_id and r.day >= v.since
order by r.key_result_id, r.day;

-- name: ApplyReadings :exec
-- New days are added. A day whose score changed keeps the old value beside the new one. What a
-- person entered for a day is not written over.
insert into readings (key_result_id, day, workspace_id, value, origin, recorded_at)
select v.key_result_id, v.day, v.workspace_id, v.value, 'score', now()
from (
  select
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@days::date[]) as day,
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@scores::numeric[]) as value
) v
on conflict (key_result_id, day) do update
set previous = readings.value,
    value = excluded.value,
    restated_at = now()
where readings.origin = 'score'
  and readings.value <> excluded.value;
