-- name: CreateExport :execrows
-- Somebody who waits for one already gets no second one.
insert into exports (workspace_id, person_id, person_kind, formats, created_at)
values (@workspace_id, @person_id, @person_kind, @formats, now())
on conflict (workspace_id, person_id) where finished_at is null do nothing;

-- name: HoldExports :many
-- Exports that nobody is at: new ones, those whose wait is over, and those whose process died.
update exports e
set hold = e.hold + 1,
    held_until = now() + interval '1 minute'
where e.id in (
  select o.id
  from exports o
  where o.ready_at <= now()
  order by o.ready_at
  limit @most
  for update skip locked
)
returning e.id, e.hold;

-- name: KeepExport :many
-- For longer than the job may take.
update exports
set held_until = now() + interval '6 minutes'
where id = @id
  and hold = @hold
  and finished_at is null
returning *;

-- name: ReleaseExport :exec
update exports
set held_until = now() + make_interval(secs => @seconds::float8),
    failures = failures + (@failed::boolean)::int
where id = @id
  and hold = @hold;

-- name: FinishExport :exec
update exports
set finished_at = now(),
    error = @error
where id = @id
  and hold = @hold;
