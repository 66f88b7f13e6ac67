-- name: Readings :many
select *
from readings
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by day;

-- name: NewestReadings :many
select *
from readings
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by day desc
limit @most;

-- name: ReadingsOf :many
-- Those of many key results at once, for applying a batch.
select key_result_id, day, value, as_read, origin
from readings
where key_result_id = any (@key_result_ids::bigint[])
order by key_result_id, day;

-- name: ApplyReadings :many
-- New days are added. A day whose score changed keeps the old value beside the new one. What a
-- person entered for a day is not written over. Those who follow one scorecard share its scores, and
-- what is known already is compared here, so that neither travels for each of them.
with followers as materialized (
  select
    unnest(@key_result_ids::bigint[]) as id,
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@follows::int[]) as series,
    unnest(@sinces::date[]) as since
),
known as materialized (
  select r.key_result_id, r.day, r.value, r.origin
  from followers f
  join readings r on r.key_result_id = f.id and r.day >= f.since
)
insert into readings (key_result_id, day, workspace_id, value, as_read, origin, recorded_at)
select f.id, s.day, f.workspace_id, s.value, s.as_read, 'score', now()
from followers f
join (
  select
    unnest(@series::int[]) as series,
    unnest(@days::date[]) as day,
    unnest(@scores::numeric[]) as value,
    unnest(@as_reads::text[]) as as_read
) s on s.series = f.series and s.day >= f.since
left join known r on r.key_result_id = f.id and r.day = s.day
where r.day is null
   or (r.origin = 'score' and r.value <> s.value)
on conflict (key_result_id, day) do update
set previous = readings.value,
    value = excluded.value,
    as_read = excluded.as_read,
    restated_at = now()
where readings.origin = 'score'
  and readings.value <> excluded.value
returning key_result_id, day, value, (restated_at is not null)::boolean as restated;
