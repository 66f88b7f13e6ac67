-- name: Readings :many
-- What people entered, and the scores of the feed that a key result follows as far as it has taken
-- them over. A day for which a person entered a value is theirs; a score that was imported with a key
-- result's history stands where its feed has none. Of the version before, readings hold scores too.
select r.key_result_id, r.day, r.counts_from, r.value, r.as_read, r.previous, r.restated_at, (case r.origin when 'imported' then 'score' else r.origin end)::text as origin, r.recorded_at
from readings r
where r.workspace_id = @workspace_id
  and r.key_result_id = @key_result_id
  and (r.origin = 'check_in' or r.origin = 'imported' and not exists (select from follows f join scores s on s.feed_id = f.feed_id and s.day = r.day and s.born <= f.epoch where f.key_result_id = r.key_result_id))
union all
select f.key_result_id, s.day, s.counts_from, score_as_of(s.value, s.epoch, s.earlier_values, s.earlier_epochs, f.epoch)::numeric, (case when s.epoch <= f.epoch then s.as_read else '' end)::text,
  case when s.epoch <= f.epoch and s.restated_at is not null then s.previous end, case when s.epoch <= f.epoch then s.restated_at end, 'score', s.recorded_at
from follows f
join key_results k on k.id = f.key_result_id
join objectives o on o.id = k.objective_id
join scores s on s.feed_id = f.feed_id and s.day >= o.first_day and s.born <= f.epoch
where k.workspace_id = @workspace_id
  and f.key_result_id = @key_result_id
  and not exists (select from readings c where c.key_result_id = f.key_result_id and c.day = s.day and c.origin = 'check_in')
order by 2;

-- name: NewestReadings :many
-- Of many key results, each of the days of its period, as far as they count.
select v.key_result_id::bigint as key_result_id, u.day, u.value, u.as_read, u.origin
from (
  select
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@first_days::date[]) as first_day,
    unnest(@last_days::date[]) as last_day,
    unnest(@todays::date[]) as today
) v
cross join lateral (
  (
    select r.day, r.counts_from, r.value, r.as_read, r.origin
    from readings r
    where r.workspace_id = @workspace_id
      and r.key_result_id = v.key_result_id
      and (r.origin = 'check_in' or r.origin = 'imported' and not exists (select from follows f join scores s on s.feed_id = f.feed_id and s.day = r.day and s.born <= f.epoch where f.key_result_id = r.key_result_id))
      and r.day between v.first_day and v.last_day
      and (r.day <= v.today or coalesce(r.counts_from, r.day - 1) <= v.today)
    order by r.day desc
    limit @most
  )
  union all
  (
    select s.day, s.counts_from, score_as_of(s.value, s.epoch, s.earlier_values, s.earlier_epochs, f.epoch)::numeric, (case when s.epoch <= f.epoch then s.as_read else '' end)::text, 'score'
    from follows f
    join key_results k on k.id = f.key_result_id
    join scores s on s.feed_id = f.feed_id and s.born <= f.epoch
    where k.workspace_id = @workspace_id
      and f.key_result_id = v.key_result_id
      and not exists (select from readings c where c.key_result_id = f.key_result_id and c.day = s.day and c.origin = 'check_in')
      and s.day between v.first_day and v.last_day
      and (s.day <= v.today or coalesce(s.counts_from, s.day - 1) <= v.today)
    order by s.day desc
    limit @most
  )
  order by day desc
  limit @most
) u
order by v.key_result_id, u.day desc;

-- name: ReadingsOf :many
-- All that many key results have, for applying a portion: also what they have not taken over yet.
select r.key_result_id, r.day, r.counts_from, r.value, r.as_read, r.origin
from readings r
where r.key_result_id = any (@key_result_ids::bigint[])
  and (
    r.origin = 'check_in'
    or r.origin = 'imported' and not exists (select from follows f join scores s on s.feed_id = f.feed_id and s.day = r.day where f.key_result_id = r.key_result_id)
  )
union all
select f.key_result_id, s.day, s.counts_from, s.value, s.as_read, 'score'
from follows f
join key_results k on k.id = f.key_result_id
join objectives o on o.id = k.objective_id
join scores s on s.feed_id = f.feed_id and s.day >= o.first_day
where f.key_result_id = any (@key_result_ids::bigint[])
  and not exists (select from readings c where c.key_result_id = f.key_result_id and c.day = s.day and c.origin = 'check_in')
order by 1, 2;

-- name: EnteredDays :many
-- The days for which people entered values, which scores do not write over, and those whose scores
-- were imported, which they do.
select key_result_id, day, origin
from readings
where key_result_id = any (@key_result_ids::bigint[])
  and origin in ('check_in', 'imported')
order by key_result_id, day;

-- name: ScoresComing :many
-- Key results with a score whose day has come.
select k.workspace_id, k.id
from key_results k
join objectives o on o.id = k.objective_id
where k.ahead_on <= (now() at time zone 'UTC')::date + 1 -- no zone is further ahead
  and k.ahead_on <= day_in(o.zone, now())
  and o.closed_at is null
order by k.ahead_on, k.id
limit @most;

-- name: CountScores :exec
-- What the scores make whose day has come.
update key_results
set result_value = @result_value,
    result_day = @result_day,
    result_count = @result_count,
    ahead_on = @ahead_on
where workspace_id = @workspace_id
  and id = @id;
