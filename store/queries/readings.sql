-- name: Readings :many
select *
from readings
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
order by day;

-- name: NewestReadings :many
-- Of the days of a period, as far as they count.
select *
from readings
where workspace_id = @workspace_id
  and key_result_id = @key_result_id
  and day between @first_day and @last_day
  and (day <= @today or coalesce(counts_from, day - 1) <= @today)
order by day desc
limit @most;

-- name: ReadingsOf :many
-- Those of many key results at once, for applying a batch.
select key_result_id, day, counts_from, value, as_read, origin
from readings
where key_result_id = any (@key_result_ids::bigint[])
order by key_result_id, day;

-- name: ApplyReadings :many
-- New days are added. A day whose score changed keeps the old value beside the new one. What a
-- person entered for a day is not written over. Those who follow one scorecard share its scores, and
-- what is known already is compared here, so that neither travels for each of them. A score that was
-- recorded while its period still ran, or before its day, moves on; it is not restated.
with followers as materialized (
  select
    unnest(@key_result_ids::bigint[]) as id,
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@follows::int[]) as series,
    unnest(@sinces::date[]) as since
),
known as materialized (
  select r.key_result_id, r.day, r.value, r.origin,
    (r.recorded_at at time zone 'UTC')::date > r.day - case when r.counts_from < r.day - 1 then 0 else 2 end as final
  from followers f
  join readings r on r.key_result_id = f.id and r.day >= f.since
)
insert into readings (key_result_id, day, workspace_id, value, as_read, previous, origin, counts_from, restated_at, recorded_at)
select f.id, s.day, f.workspace_id, s.value, s.as_read, case when r.final then r.value end, 'score', s.counts_from, case when r.final then now() end, now()
from followers f
join (
  select
    unnest(@series::int[]) as series,
    unnest(@days::date[]) as day,
    unnest(@counts_from::date[]) as counts_from,
    unnest(@scores::numeric[]) as value,
    unnest(@as_reads::text[]) as as_read
) s on s.series = f.series and s.day >= f.since
left join known r on r.key_result_id = f.id and r.day = s.day
where r.day is null
   or (r.origin = 'score' and r.value <> s.value)
on conflict (key_result_id, day) do update
set previous = excluded.previous,
    value = excluded.value,
    as_read = excluded.as_read,
    counts_from = excluded.counts_from,
    restated_at = excluded.restated_at,
    recorded_at = case when excluded.restated_at is null then excluded.recorded_at else readings.recorded_at end
where readings.origin = 'score'
  and readings.value <> excluded.value
returning key_result_id, day, counts_from, value, previous, (xmax = 0)::boolean as fresh, (restated_at is not null)::boolean as restated;

-- name: ForgetAhead :exec
-- Scores of days to come that the source does not hold any more: they were taken back.
delete from readings r
using (
  select
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@todays::date[]) as today
) k
where r.key_result_id = k.key_result_id
  and r.origin = 'score'
  and coalesce(r.counts_from, r.day - 1) > k.today
  and not exists (
    select from (
      select
        unnest(@held_by::bigint[]) as key_result_id,
        unnest(@held_days::date[]) as day
    ) h
    where h.key_result_id = r.key_result_id
      and h.day = r.day
  );

-- name: ScoresComing :many
-- Key results with a score whose day has come.
select k.workspace_id, k.id
from key_results k
join objectives o on o.id = k.objective_id
where k.ahead_on <= (now() at time zone o.zone)::date
  and o.closed_at is null
order by k.ahead_on, k.id
limit @most;

-- name: CountScores :exec
-- What the scores make whose day has come.
update key_results
set result_value = @result_value,
    result_day = @result_day,
    result_count = @result_count,
    ahead_on = @ahead_on,
    scores_digest = null,
    announced_status = @status
where workspace_id = @workspace_id
  and id = @id;
