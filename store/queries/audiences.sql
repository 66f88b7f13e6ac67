-- name: Audience :one
select sqlc.embed(a), coalesce(a.asked_at > now() - interval '1 day', false)::boolean as fresh
from audiences a
where a.workspace_id = @workspace_id
  and a.channel_id = @channel_id;

-- name: SaveAudience :many
-- A consent is for those who were there when it was given: it ends when another organisation comes, or
-- when all have gone. What was asked before the last change that Slack told of is not kept.
insert into audiences as a (workspace_id, channel_id, outside, others, untold, asked_at)
values (@workspace_id, @channel_id, @outside, @others, @untold, now())
on conflict (workspace_id, channel_id) do update
set outside = excluded.outside,
    others = excluded.others,
    untold = excluded.untold,
    asked_at = now(),
    told_at = case when excluded.outside and (a.consented_by = '' or a.consented_with @> excluded.others) then a.told_at end,
    consented_by = case when excluded.outside and a.consented_with @> excluded.others then a.consented_by else '' end,
    consented_at = case when excluded.outside and a.consented_with @> excluded.others then a.consented_at end,
    declined_by = case when excluded.outside then a.declined_by else '' end
where a.changes = @changes
returning *;

-- name: AudienceChanged :execrows
-- Slack tells of a change: it is asked before anything is posted. Of channels in which nothing was ever
-- posted nothing is kept.
insert into audiences (workspace_id, channel_id, outside, changes)
select @workspace_id, @channel_id, @outside::boolean, 1
where exists (select from places p where p.workspace_id = @workspace_id and p.channel_id = @channel_id)
   or exists (select from subscriptions s where s.workspace_id = @workspace_id and s.channel_id = @channel_id)
on conflict (workspace_id, channel_id) do update
set outside = audiences.outside or excluded.outside,
    asked_at = null,
    changes = audiences.changes + 1;

-- name: AudienceTold :execrows
update audiences
set told_at = now()
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and outside
  and consented_by = ''
  and told_at is null;

-- name: LockAudience :one
select *
from audiences
where workspace_id = @workspace_id
  and channel_id = @channel_id
for update;

-- name: Consent :exec
update audiences
set consented_by = @person,
    consented_at = now(),
    consented_with = others,
    declined_by = '',
    told_at = coalesce(told_at, now())
where workspace_id = @workspace_id
  and channel_id = @channel_id;

-- name: Decline :exec
update audiences
set consented_by = '',
    consented_at = null,
    consented_with = '{}',
    declined_by = @person,
    told_at = coalesce(told_at, now())
where workspace_id = @workspace_id
  and channel_id = @channel_id;

-- name: OutsideAudiences :many
-- Those that wait for somebody's word first.
select *
from audiences
where workspace_id = @workspace_id
  and outside
order by consented_by <> '', channel_id;

-- name: PausePlace :exec
-- Nothing is posted here for now. What came while it was held is looked at once more.
update places p
set held_until = null,
    ready_at = case when p.ready_at < p.held_until then p.ready_at end,
    failures = 0
where p.workspace_id = @workspace_id
  and p.channel_id = @channel_id
  and p.hold = @hold;
