-- name: LockObjective :one
-- Holds the row until the end of the transaction, so that of two who close it one comes second.
select *
from objectives
where workspace_id = @workspace_id
  and id = @id
for update;

-- name: LockKeyResultsOf :many
-- In the order of ids, as applying a fetch does.
select id
from key_results
where workspace_id = @workspace_id
  and objective_id = @objective_id
order by id
for no key update;

-- name: CloseObjective :exec
update objectives
set closed_at = now()
where workspace_id = @workspace_id
  and id = @id;

-- name: StopKeyResults :exec
update key_results
set slot_at = null,
    next_sync_at = null,
    retry_at = null
where workspace_id = @workspace_id
  and objective_id = @objective_id;

-- name: CreateCloseOut :exec
insert into close_outs (objective_id, workspace_id, person_id, note, progress, reporting, total, worst, next_objective_id, created_at)
values (@objective_id, @workspace_id, @person_id, @note, @progress, @reporting, @total, @worst, @next_objective_id, now());

-- name: CreateCloseOutPost :exec
insert into close_out_posts (objective_id, workspace_id, channel_id)
values (@objective_id, @workspace_id, @channel_id);

-- name: GoesOnAs :one
-- The last of those that an objective went on as, one close-out after the other; itself where there is none.
with recursive later as (
  select o.id, 0 as far
  from objectives o
  where o.workspace_id = @workspace_id
    and o.id = @id
  union
  select c.next_objective_id, l.far + 1
  from later l
  join close_outs c on c.objective_id = l.id
  where c.next_objective_id is not null
    and l.far < 1000
)
select id::bigint
from later
order by far desc
limit 1;

-- name: WentOnBelow :many
-- Those right below one objective that go on from others right below another one; from a day on.
select n.*
from objectives n
where n.workspace_id = @workspace_id
  and n.parent_id = @parent_id
  and n.first_day > @after
  and exists (
    select
    from close_outs c
    join objectives b on b.id = c.objective_id
    where c.next_objective_id = n.id
      and b.parent_id = @was_below
  )
order by n.number;

-- name: LockObjectives :many
-- In the order of ids, as whoever locks several.
select *
from objectives
where workspace_id = @workspace_id
  and id = any (@ids::bigint[])
order by id
for no key update;

-- name: MoveBelow :exec
update objectives
set parent_id = @parent_id,
    version = version + 1
where workspace_id = @workspace_id
  and id = @id;

-- name: CloseOut :one
select sqlc.embed(c), sqlc.embed(o)
from close_outs c
join objectives o on o.id = c.objective_id
where c.workspace_id = @workspace_id
  and c.objective_id = @objective_id;

-- name: CloseOutResults :many
select *
from close_out_results
where workspace_id = @workspace_id
  and objective_id = @objective_id
order by number;

-- name: EndedObjectives :many
-- Those whose last day is over where they are, and which nobody has closed out; those that somebody owns or co-owns when given.
select o.*
from objectives o
left join (select unnest(@zones::text[]) as zone, unnest(@days::date[]) as day) there on there.zone = o.zone
where o.workspace_id = @workspace_id
  and closed_at is null
  and o.last_day < coalesce(there.day, @utc_day::date)
  and (@leader_id::text = '' or owner_id = @leader_id or co_owner_ids <> '{}' and co_owner_ids @> array[@leader_id])
order by o.last_day desc, o.id
limit @most;

-- name: HoldCloseOutPosts :many
update close_out_posts p
set hold = p.hold + 1,
    held_until = now() + interval '1 minute'
where p.objective_id in (
  select o.objective_id
  from close_out_posts o
  where o.ready_at <= now()
    and not exists (select from silent_channels q where q.workspace_id = o.workspace_id and q.channel_id = o.channel_id)
  order by o.ready_at
  limit @most
  for update skip locked
)
returning p.workspace_id, p.objective_id, p.hold;

-- name: KeepCloseOutPost :many
-- It is on record as being sent before it is, so that a death on the way is seen.
with before as (
  select b.objective_id, b.sending
  from close_out_posts b
  where b.objective_id = @objective_id
  for update
)
update close_out_posts p
set held_until = now() + interval '105 seconds',
    sending = true
from before
where p.objective_id = before.objective_id
  and p.hold = @hold
  and p.finished_at is null
returning p.channel_id, p.failures, before.sending as lost, p.repeated;

-- name: RepeatCloseOutPost :exec
update close_out_posts
set repeated = true
where objective_id = @objective_id
  and hold = @hold;

-- name: ReleaseCloseOutPost :exec
update close_out_posts
set held_until = now() + make_interval(secs => @seconds::float8),
    failures = failures + 1,
    sending = @sending
where objective_id = @objective_id
  and hold = @hold;

-- name: FinishCloseOutPost :exec
update close_out_posts
set finished_at = now(),
    error = @error
where objective_id = @objective_id
  and hold = @hold;
