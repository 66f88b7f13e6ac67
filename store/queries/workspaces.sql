-- name: SaveWorkspace :exec
insert into workspaces (id, enterprise_id, name, bot_user_id, created_at)
values (@id, @enterprise_id, @name, @bot_user_id, now())
on conflict (id) do update
set enterprise_id = excluded.enterprise_id,
    name = excluded.name,
    bot_user_id = excluded.bot_user_id;

-- name: Workspace :one
select *
from workspaces
where id = @workspace_id;

-- name: SaveThresholds :exec
update workspaces
set on_track_points = @on_track_points,
    behind_points = @behind_points,
    hysteresis_points = @hysteresis_points
where id = @workspace_id;

-- name: LockWorkspace :one
select *
from workspaces
where id = @workspace_id
for no key update;

-- name: Workspaces :many
select *
from workspaces
order by id;

-- name: TakeNumber :one
-- The next key result's number. The row stays locked until the end, so numbers have no gaps.
update workspaces
set next_number = next_number + 1
where id = @workspace_id
returning next_number - 1 as number;

-- name: ReturnNumber :exec
update workspaces
set next_number = next_number - 1
where id = @workspace_id;

-- name: Now :one
select now()::timestamptz;

-- name: Canary :one
select sealed
from canary
where id;

-- name: FirstCanary :exec
insert into canary (sealed)
values (@sealed)
on conflict do nothing;

-- name: SaveCanary :exec
insert into canary (id, sealed)
values (true, @sealed)
on conflict (id) do update
set sealed = excluded.sealed;

-- name: ConsumeDelivery :execrows
-- Does not wait for the disk, since somebody waits for the answer: the effect's own commit comes
-- later and waits, and with it this row is on the disk too.
with unhurried as materialized (select set_config('synchronous_commit', 'off', true))
insert into deliveries (key, expires_at)
select @key::bytea, now() + interval '10 minutes'
from unhurried
on conflict (key) do update
set expires_at = excluded.expires_at
where deliveries.expires_at < now();

-- name: BeginEvent :execrows
with unhurried as materialized (select set_config('synchronous_commit', 'off', true))
insert into deliveries (key, expires_at)
select @key::bytea, now() + interval '5 seconds'
from unhurried
on conflict (key) do update
set expires_at = excluded.expires_at
where deliveries.expires_at < now();

-- name: EventFinished :one
-- What is only begun expires sooner.
select exists (
  select from deliveries
  where key = @key and expires_at > now() + interval '5 seconds'
);

-- name: FinishEvent :exec
with unhurried as materialized (select set_config('synchronous_commit', 'off', true))
insert into deliveries (key, expires_at)
select @key::bytea, now() + interval '10 minutes'
from unhurried
on conflict (key) do update
set expires_at = excluded.expires_at;

-- name: FinishEventOnce :execrows
-- As a part of what it has done, which waits for the disk. Of two who act on it the one that commits
-- first has done it.
insert into deliveries (key, expires_at)
values (@key::bytea, now() + interval '10 minutes')
on conflict (key) do update
set expires_at = excluded.expires_at
where deliveries.expires_at <= now() + interval '5 seconds';

-- name: ReleaseDelivery :exec
delete from deliveries
where key = @key;

-- name: ReleaseEvent :exec
-- What somebody else has finished meanwhile stays.
delete from deliveries
where key = @key
  and expires_at <= now() + interval '5 seconds';

-- name: RecordAudit :exec
insert into audit_events (workspace_id, actor_id, action, object, object_id, changes, created_at)
values (@workspace_id, @actor_id, @action, @object, @object_id, @changes, now());

-- name: AuditEvents :many
select *
from audit_events
where workspace_id = @workspace_id
  and object = @object
  and object_id = @object_id
order by id desc
limit @most;

-- name: LastChanges :many
-- The last time that each of some fields of an object changed, the newest first.
select last.*
from (
  select distinct on (c.field) c.field::text as field, a.actor_id, a.action, a.created_at, (c.change->>0)::text as before, (c.change->>1)::text as after
  from audit_events a
  cross join lateral jsonb_each(a.changes) as c (field, change)
  where a.workspace_id = @workspace_id
    and a.object = @object
    and a.object_id = @object_id
    and c.field = any (@fields::text[])
  order by c.field, a.id desc
) last
order by last.created_at desc, last.field;

-- name: KeysInUse :many
-- What is sealed, by how it begins, which names its key. What is passing is of no use after half an hour.
select substring(s.sealed for 5)::bytea as begins,
       s.passing,
       count(*)
from (
  select sealed, false as passing from canary
  union all
  select sealed, false from connections where state <> 'removed'
  union all
  select sealed, false from oauth_clients
  union all
  select verifier, true from visits where expires_at > now()
  union all
  select sealed_response, true from sync_requests where created_at > now() - interval '25 minutes'
  union all
  select sealed_response, true from sync_asks where created_at > now() - interval '25 minutes'
) s
where length(s.sealed) >= 5
group by 1, 2
order by 1, 2;
