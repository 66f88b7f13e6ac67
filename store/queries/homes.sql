-- name: HomeOpened :exec
insert into homes (workspace_id, person_id, opened_at)
values (@workspace_id, @person_id, now())
on conflict (workspace_id, person_id) do update
set opened_at = now();

-- name: Home :one
select *
from homes
where workspace_id = @workspace_id
  and person_id = @person_id;

-- name: HomeLocked :one
select *
from homes
where workspace_id = @workspace_id
  and person_id = @person_id
for update;

-- name: SaveHome :exec
insert into homes (workspace_id, person_id, opened_at, whose, period, status, objectives, unfolded, key_results, needs)
values (@workspace_id, @person_id, now(), @whose, @period, @status, @objectives, @unfolded, @key_results, @needs)
on conflict (workspace_id, person_id) do update
set opened_at = now(),
    whose = excluded.whose,
    period = excluded.period,
    status = excluded.status,
    objectives = excluded.objectives,
    unfolded = excluded.unfolded,
    key_results = excluded.key_results,
    needs = excluded.needs;

-- name: ObjectivesOf :many
select *
from objectives
where workspace_id = @workspace_id
  and id = any (@ids::bigint[]);

-- name: DigestsAround :many
-- Channels with a weekly digest that a person asked for, or in which something of theirs is told.
select s.channel_id
from subscriptions s
where s.workspace_id = @workspace_id
  and s.channel_id ~ '^[CG]'
  and (
    s.created_by = @person_id::text
    or exists (
      select from key_results k
      where k.workspace_id = s.workspace_id
        and k.channel_id = s.channel_id
        and (k.owner_id = @person_id or k.co_owner_ids @> array[@person_id])
    )
    or exists (
      select from objectives o
      where o.workspace_id = s.workspace_id
        and o.channel_id <> ''
        and o.channel_id = s.channel_id
        and (o.owner_id = @person_id or o.co_owner_ids @> array[@person_id])
    )
  )
order by s.channel_id
limit @most;
