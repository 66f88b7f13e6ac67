-- name: SavePerson :execrows
-- Where it is said how often somebody had changed before Slack was asked, only if they have not changed since.
insert into people (workspace_id, id, name, sorted, time_zone, kind, refreshed_at)
values (@workspace_id, @id, @name, @sorted::text, @time_zone, @kind, now())
on conflict (workspace_id, id) do update
set name = excluded.name,
    sorted = excluded.sorted,
    time_zone = excluded.time_zone,
    kind = excluded.kind,
    refreshed_at = now()
where people.changes = coalesce(sqlc.narg('changes')::bigint, people.changes);

-- name: PersonChanged :exec
update people
set name = @name,
    sorted = @sorted::text,
    time_zone = @time_zone,
    kind = @kind,
    refreshed_at = 'epoch',
    changes = changes + 1
where workspace_id = @workspace_id
  and id = @id;

-- name: Person :one
select *, (refreshed_at > now() - interval '4 minutes')::boolean as fresh, (refreshed_at > now() - interval '5 minutes')::boolean as current
from people
where workspace_id = @workspace_id
  and id = @id;

-- name: Administrators :many
-- Those of whom Slack told, when it was asked about them, that they administer the workspace.
select id
from people
where workspace_id = @workspace_id
  and kind = 'admin'
order by id
limit @most;

-- name: People :many
select id, name, kind
from people
where workspace_id = @workspace_id
  and kind <> 'bot'
order by coalesce(sorted, lower(name)) collate "C", id
limit @most;
