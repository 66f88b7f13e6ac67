-- name: UpsertScorecards :exec
insert into scorecards (connection_id, reference, workspace_id, name, description, unit, precision, direction, frequency, target, value, is_key, favorite, seen_at)
select @connection_id, v.reference, @workspace_id, v.name, v.description, v.unit, v.precision, v.direction, v.frequency, nullif(v.target, '')::numeric, nullif(v.value, '')::numeric, v.is_key, v.favorite, now()
from (
  select
    unnest(@refs::text[]) as reference,
    unnest(@names::text[]) as name,
    unnest(@descriptions::text[]) as description,
    unnest(@units::text[]) as unit,
    unnest(@precisions::int[]) as precision,
    unnest(@directions::text[]) as direction,
    unnest(@frequencies::text[]) as frequency,
    unnest(@targets::text[]) as target,
    unnest(@scores::text[]) as value,
    unnest(@keys::boolean[]) as is_key,
    unnest(@favorites::boolean[]) as favorite
) v
on conflict (connection_id, reference) do update
set name = excluded.name,
    description = excluded.description,
    unit = excluded.unit,
    precision = excluded.precision,
    direction = excluded.direction,
    frequency = excluded.frequency,
    target = excluded.target,
    value = excluded.value,
    is_key = excluded.is_key,
    favorite = excluded.favorite,
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

-- name: ExpireDrafts :exec
delete from drafts
where expires_at < now();

-- name: ExpireDeliveries :exec
delete from deliveries
where expires_at < now();

-- name: ExpireRuns :exec
delete from sync_runs
where state = 'done'
  and finished_at < now() - interval '90 days';

-- name: ExpireRequests :exec
delete from sync_requests
where created_at < now() - interval '7 days';

-- name: ExpireAnnouncements :exec
delete from announcements
where state in ('sent', 'parked')
  and created_at < now() - interval '90 days';

-- name: ExpireExports :exec
delete from exports
where finished_at < now() - interval '7 days';
