-- name: UpsertScorecards :exec
-- What was read by its reference does not say whether it is listed. Of a connection that was disconnected
-- meanwhile nothing is kept; whoever disconnects it now waits, and forgets this too.
with kept as materialized (
  select c.id
  from connections c
  where c.id = @connection_id
    and c.state <> 'removed'
  for key share
)
insert into scorecards (connection_id, reference, workspace_id, name, folded, folded_about, sorted, description, unit, precision, direction, frequency, target, value, is_key, favorite, hidden, seen_at)
select k.id, v.reference, @workspace_id, v.name, v.folded, v.about, nullif(v.sorted, v.folded), v.description, v.unit, v.precision, v.direction, v.frequency, nullif(v.target, '')::numeric, nullif(v.value, '')::numeric, v.is_key, v.favorite, v.hidden, now()
from kept k
cross join (
  select
    unnest(@refs::text[]) as reference,
    unnest(@names::text[]) as name,
    unnest(@folded::text[]) as folded,
    unnest(@abouts::text[]) as about,
    unnest(@sorted::text[]) as sorted,
    unnest(@descriptions::text[]) as description,
    unnest(@units::text[]) as unit,
    unnest(@precisions::int[]) as precision,
    unnest(@directions::text[]) as direction,
    unnest(@frequencies::text[]) as frequency,
    unnest(@targets::text[]) as target,
    unnest(@scores::text[]) as value,
    unnest(@keys::boolean[]) as is_key,
    unnest(@favorites::boolean[]) as favorite,
    unnest(@hiddens::boolean[]) as hidden
) v
on conflict (connection_id, reference) do update
set name = excluded.name,
    folded = excluded.folded,
    folded_about = excluded.folded_about,
    sorted = excluded.sorted,
    description = excluded.description,
    unit = excluded.unit,
    precision = excluded.precision,
    direction = excluded.direction,
    frequency = excluded.frequency,
    target = excluded.target,
    value = excluded.value,
    is_key = excluded.is_key,
    favorite = excluded.favorite,
    hidden = case when @searched::boolean then excluded.hidden else scorecards.hidden end,
    seen_at = now();

-- name: DropScorecards :exec
-- What a complete listing no longer held, unless it is read: a part of a scorecard is never listed.
delete from scorecards d
where d.connection_id = @connection_id
  and d.seen_at < @before
  and not exists (
    select 1
    from sources s
    where s.connection_id = d.connection_id
      and s.reference = d.reference
  );

-- name: DirectoryRead :exec
update connections
set directory_at = now(),
    directory_due_at = now() + interval '24 hours'
where id = @id;

-- name: DueDirectories :many
-- Lists of scorecards that are to be read again. Whoever takes one has it for a quarter of an hour.
update connections c
set directory_due_at = now() + interval '15 minutes'
where c.id in (
  select o.id
  from connections o
  where o.state = 'active'
    and (o.waiting_until is null or o.waiting_until <= now())
    and (o.directory_due_at is null or o.directory_due_at <= now())
  order by o.id
  limit @most
  for update skip locked
)
returning c.id;

-- name: DemandDirectory :execrows
-- Somebody searched in vain: the list is read again, but not more often than every ten minutes.
update connections
set directory_due_at = now() + interval '15 minutes'
where id = @id
  and (directory_at is null or directory_at <= now() - interval '10 minutes')
  and (directory_due_at is null or directory_due_at <= now() or directory_due_at > now() + interval '15 minutes');

-- name: ExpireDrafts :execrows
delete from drafts
where id in (
  select id
  from drafts
  where expires_at < now()
  order by expires_at
  limit @most
);

-- name: ExpireDeliveries :execrows
delete from deliveries
where key in (
  select key
  from deliveries
  where expires_at < now()
  order by expires_at
  limit @most
);

-- name: ExpireRuns :execrows
delete from sync_runs
where id in (
  select id
  from sync_runs
  where state = 'done'
    and finished_at < now() - interval '90 days'
  order by finished_at
  limit @most
);

-- name: ExpireBatches :execrows
-- The oldest have the lowest ids.
delete from sync_batches
where id in (
  select o.id
  from (select b.id, b.applied_at from sync_batches b order by b.id limit @most) o
  where o.applied_at < now() - interval '90 days'
);

-- name: ExpireAudit :execrows
delete from audit_events
where id in (
  select o.id
  from (select a.id, a.created_at from audit_events a order by a.id limit @most) o
  where o.created_at < now() - make_interval(days => @days::int)
);

-- name: FeedsAfter :many
-- The next feeds, or some of them, with the first day that anybody counts whose objective is open, or ended within
-- 400 days, or shows as the latest score of before: as follow() has it. Older says that there is something of
-- before that day, or that it is asked for.
select d.id, v.keep::date as keep, v.alone, d.read_at,
  (d.wanted_from < v.keep or exists (select from scores s where s.feed_id = d.id and s.day < v.keep))::boolean as older
from (
  select x.id, x.read_at, x.wanted_from
  from feeds x
  where x.id > @after
    and (cardinality(@among::bigint[]) = 0 or x.id = any (@among::bigint[]))
  order by x.id
  limit @most
) d
cross join lateral (
  select (count(f.key_result_id) = 0)::boolean as alone,
    coalesce(
      min(least(o.first_day, now()::date) - case s.frequency when 'yearly' then 732 when 'quarterly' then 184 else 92 end) filter (where o.id is not null),
      (now() - interval '400 days')::date
    ) as keep
  from follows f
  left join key_results k on k.id = f.key_result_id
  left join sources s on s.key_result_id = k.id
  left join objectives o on o.id = k.objective_id and (o.closed_at is null or o.last_day >= (now() - interval '400 days')::date)
  where f.feed_id = d.id
) v
order by d.id;

-- name: LockFeedsToTidy :many
-- Nobody comes to these before the transaction ends.
select id
from feeds
where id = any (@ids::bigint[])
order by id
for update skip locked;

-- name: RaiseFeeds :exec
-- What of feeds is kept and asked for: what nobody counts any more is not complete.
update feeds d
set wanted_from = greatest(d.wanted_from, v.keep),
    since = greatest(d.since, v.keep)
from (
  select
    unnest(@feed_ids::bigint[]) as feed_id,
    unnest(@keeps::date[]) as keep
) v
where d.id = v.feed_id;

-- name: ExpireScores :execrows
-- What nobody counts any more.
delete from scores s
using (
  select
    unnest(@feed_ids::bigint[]) as feed_id,
    unnest(@keeps::date[]) as keep
) v
where s.feed_id = v.feed_id
  and s.day < v.keep;

-- name: ExpireFeeds :execrows
-- Nobody follows them, and nobody has for 400 days.
delete from feeds d
where d.id = any (@ids::bigint[])
  and not exists (select from follows f where f.feed_id = d.id);

-- name: ExpireRhythms :exec
-- Nobody keeps them.
delete from rhythms r
where not exists (select from follows f where f.rhythm_id = r.id);

-- name: ExpireRequests :execrows
delete from sync_requests
where id in (
  select id
  from sync_requests
  where created_at < now() - interval '7 days'
  order by id
  limit @most
);

-- name: ExpireAsks :exec
-- No job got to the end of them.
delete from sync_asks
where created_at < now() - interval '7 days';

-- name: ExpireAnnouncements :execrows
-- The oldest have the lowest ids. What nobody could be told for so long, in a channel where okrbot may not
-- post, is no news any more.
delete from announcements
where id in (
  select o.id
  from (select a.id, a.created_at from announcements a order by a.id limit @most) o
  where o.created_at < now() - interval '90 days'
);

-- name: ExpireExports :exec
delete from exports
where finished_at < now() - interval '7 days';

-- name: DueLag :one
-- For how many seconds what is due longest has waited to be read. Where a system asked to wait, it is
-- not us who are late.
select coalesce(extract(epoch from now() - min(v.due)), 0)::float8 as seconds
from (
  select min(r.next_sync_at) as due
  from rhythms r
  join connections c on c.id = r.connection_id
  where r.next_sync_at <= now()
    and (c.waiting_until is null or c.waiting_until <= now())
  union all
  select min(r.due_at)
  from sync_runs r
  join connections c on c.id = r.connection_id
  where r.state <> 'done'
    and r.due_at <= now()
    and (c.waiting_until is null or c.waiting_until <= now())
) v;
