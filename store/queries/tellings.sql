-- name: CreateTelling :one
insert into tellings (workspace_id, person_id, says, created_at)
values (@workspace_id, @person_id, @says, now())
returning id;

-- name: Telling :one
select workspace_id, person_id, says
from tellings
where id = @id;

-- name: DeleteTelling :exec
delete from tellings
where id = @id;

-- name: ExpireTellings :exec
delete from tellings
where created_at < now() - interval '7 days';
