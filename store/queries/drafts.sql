-- name: CreateDraft :exec
insert into drafts (id, workspace_id, person_id, kind, step, state, expires_at, created_at)
values (@id, @workspace_id, @person_id, @kind, @step, @state, now() + interval '30 minutes', now());

-- name: Draft :one
select *
from drafts
where id = @id
  and workspace_id = @workspace_id
  and person_id = @person_id
  and expires_at > now();

-- name: SaveDraft :execrows
-- Nothing is saved over a version that the person did not see. A step gives the draft new life.
update drafts
set step = @step,
    state = @state,
    version = version + 1,
    expires_at = now() + interval '30 minutes'
where id = @id
  and workspace_id = @workspace_id
  and person_id = @person_id
  and version = @version
  and expires_at > now();

-- name: NoteInDraft :execrows
-- What was found out for the person: it neither takes the draft a step further nor comes between two
-- steps of theirs.
update drafts
set state = @state
where id = @id
  and workspace_id = @workspace_id
  and person_id = @person_id
  and version = @version
  and expires_at > now();

-- name: DeleteDraft :exec
delete from drafts
where id = @id
  and workspace_id = @workspace_id
  and person_id = @person_id;
