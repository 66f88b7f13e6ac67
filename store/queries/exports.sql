-- name: CreateExport :execrows
-- Somebody who waits for one already gets no second one, and in it what it lacked. No formats are all.
insert into exports as e (workspace_id, person_id, person_kind, formats, created_at)
values (@workspace_id, @person_id, @person_kind, @formats, now())
on conflict (workspace_id, person_id) where finished_at is null do update
set formats = case
    when excluded.formats = '{}' then '{}'
    else array(select distinct f from unnest(e.formats || excluded.formats) f order by f)
  end
where e.formats <> '{}'
  and (excluded.formats = '{}' or not e.formats @> excluded.formats);

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

-- name: HandOverExport :exec
-- What was made of an export arrived; what was asked for meanwhile is still to be made.
update exports
set finished_at = case when formats = @made::text[] then now() end,
    formats = case
      when formats in (@made::text[], '{}') then formats
      else array(select f from unnest(formats) f where f <> all (@made::text[]) order by f)
    end,
    failures = 0,
    held_until = now()
where id = @id
  and hold = @hold;

-- name: FinishExport :exec
update exports
set finished_at = now(),
    error = @error
where id = @id
  and hold = @hold;
