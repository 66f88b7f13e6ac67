-- name: CreateObjective :one
insert into objectives (workspace_id, title, owner_id, first_day, last_day, zone, channel_id, created_by, created_at, draft_id)
values (@workspace_id, @title, @owner_id, @first_day, @last_day, @zone, @channel_id, @created_by, now(), @draft_id)
on conflict (draft_id) do nothing
returning id;

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

-- name: Objectives :many
-- Those that are not over first, newest first; an owner when given.
select *
from objectives
where workspace_id = @workspace_id
  and (@owner_id::text = '' or owner_id = @owner_id)
  and (@containing::text = '' or title ilike '%' || @containing || '%')
order by (last_day < @today::date), first_day desc, id desc
limit @most;
