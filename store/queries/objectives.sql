-- name: CreateObjective :one
-- Without a number it takes one from the workspace, by a trigger.
insert into objectives (workspace_id, number, title, folded, owner_id, co_owner_ids, first_day, last_day, zone, channel_id, parent_id, created_by, created_at, draft_id)
values (@workspace_id, sqlc.narg(number), @title, @folded::text, @owner_id, @co_owner_ids, @first_day, @last_day, @zone, @channel_id, @parent_id, @created_by, now(), @draft_id)
on conflict (draft_id) do nothing
returning id, number;

-- name: ObjectiveOfDraft :one
select *
from objectives
where workspace_id = @workspace_id
  and draft_id = @draft_id;

-- name: Objective :one
select *
from objectives
where workspace_id = @workspace_id
  and id = @id;

-- name: ObjectiveByNumber :one
select *
from objectives
where workspace_id = @workspace_id
  and number = @number;

-- name: ObjectivesByNumber :many
select *
from objectives
where workspace_id = @workspace_id
  and number = any (@numbers::int[])
order by number;

-- name: EditObjective :exec
update objectives
set title = @title,
    folded = @folded::text,
    owner_id = @owner_id,
    co_owner_ids = @co_owner_ids,
    first_day = @first_day,
    last_day = @last_day,
    zone = @zone,
    channel_id = @channel_id,
    parent_id = @parent_id,
    version = version + 1
where workspace_id = @workspace_id
  and id = @id;

-- name: RemoveObjective :exec
delete from objectives
where workspace_id = @workspace_id
  and id = @id;

-- name: LockTree :exec
-- Of two who change whose parent is whose in a workspace, one comes second.
select pg_advisory_xact_lock(hashtextextended('objectives of ' || @workspace_id::text, 0));

-- name: Above :many
-- An objective's parents, the nearest first, and itself.
with recursive above as (
  select o.id, o.parent_id, 0 as far
  from objectives o
  where o.workspace_id = @workspace_id
    and o.id = @id
  union
  select p.id, p.parent_id, a.far + 1
  from above a
  join objectives p on p.id = a.parent_id
  where a.far < 1000
)
select id
from above
order by far;

-- name: ChildrenOf :many
-- By okr.Stage, the nearest end first; by the day in UTC, which is enough for an order.
select *
from objectives
where workspace_id = @workspace_id
  and parent_id = any (@parents::bigint[])
order by parent_id, case when closed_at is not null then 3 when last_day < now()::date then 1 when first_day > now()::date then 2 else 0 end, abs(last_day - now()::date), id;

-- name: WithBelow :many
-- Some objectives and all below them, at any depth.
with recursive below as (
  select o.id
  from objectives o
  where o.workspace_id = @workspace_id
    and o.id = any (@tops::bigint[])
  union
  select o.id
  from below b
  join objectives o on o.parent_id = b.id
)
select id
from below
order by id;

-- name: NeedsBelow :many
-- How many key results need what, of all objectives below some, at any depth. What needs nobody is left
-- out, but for what has no data.
with recursive below as (
  select o.parent_id as top, o.id
  from objectives o
  where o.workspace_id = @workspace_id
    and o.parent_id = any (@tops::bigint[])
  union
  select b.top, o.id
  from below b
  join objectives o on o.parent_id = b.id
)
select b.top::bigint as top, k.need, count(*)::integer as many
from below b
join key_results k on k.objective_id = b.id
where k.need <= @pressing
   or k.need = @no_data
group by b.top, k.need
order by b.top, k.need;

-- name: ParentChoices :many
-- Objectives that one can have as its parent: neither it nor what is below it. Without one, all.
with recursive below as (
  select o.id
  from objectives o
  where o.workspace_id = @workspace_id
    and o.id = @id
  union
  select c.id
  from below b
  join objectives c on c.parent_id = b.id
)
select *
from objectives o
where o.workspace_id = @workspace_id
  and o.closed_at is null
  and o.id not in (select id from below)
  and ('o-' || o.number || ' ' || coalesce(o.folded, lower(o.title))) like '%' || @containing::text || '%'
order by (o.last_day < @today::date), o.first_day desc, o.id desc
limit @most;

-- name: ObjectivesLed :many
-- Those that a person owns or co-owns, by okr.Stage, the nearest end first.
select *
from objectives o
where o.workspace_id = @workspace_id
  and (o.owner_id = @person_id::text or o.co_owner_ids <> '{}' and o.co_owner_ids @> array[@person_id::text])
  and coalesce(o.folded, lower(o.title)) like '%' || @containing::text || '%'
order by case when o.closed_at is not null then 3 when o.last_day < @today::date then 1 when o.first_day > @today then 2 else 0 end, abs(o.last_day - @today), o.id
offset @skip
limit @most;

-- name: ObjectivesOfOthers :many
select *
from objectives o
where o.workspace_id = @workspace_id
  and o.owner_id <> @person_id::text
  and not o.co_owner_ids @> array[@person_id::text]
  and coalesce(o.folded, lower(o.title)) like '%' || @containing::text || '%'
order by case when o.closed_at is not null then 3 when o.last_day < @today::date then 1 when o.first_day > @today then 2 else 0 end, abs(o.last_day - @today), o.id
offset @skip
limit @most;

-- name: CountObjectives :one
select
  count(*) filter (where o.owner_id = @person_id::text or o.co_owner_ids @> array[@person_id::text])::int as led,
  count(*)::int as total
from objectives o
where o.workspace_id = @workspace_id
  and coalesce(o.folded, lower(o.title)) like '%' || @containing::text || '%';

-- name: Objectives :many
-- Those that nobody has closed out: first those that a person owns or co-owns, then those that are not over, newest first.
select *
from objectives
where workspace_id = @workspace_id
  and closed_at is null
  and (@containing::text = '' or ('o-' || number || ' ' || coalesce(folded, lower(title))) like '%' || @containing || '%')
order by
  (owner_id = @person_id::text or co_owner_ids <> '{}' and co_owner_ids @> array[@person_id::text]) desc,
  (last_day < @today::date), (owner_id = @person_id) desc, first_day desc, id desc
limit @most;

-- name: OpenZones :many
select distinct zone
from objectives
where workspace_id = @workspace_id
  and closed_at is null;
