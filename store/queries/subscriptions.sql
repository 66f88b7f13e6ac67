-- name: Subscribe :execrows
insert into subscriptions (workspace_id, channel_id, zone, next_at, created_by, created_at)
values (@workspace_id, @channel_id, @zone, @next_at, @created_by, now())
on conflict do nothing;

-- name: Unsubscribe :execrows
delete from subscriptions
where workspace_id = @workspace_id
  and channel_id = @channel_id;

-- name: Subscriptions :many
select *
from subscriptions
where workspace_id = @workspace_id
order by channel_id;

-- name: HoldDigests :many
update subscriptions
set hold = hold + 1,
    held_until = now() + interval '1 minute'
where (workspace_id, channel_id) in (
  select o.workspace_id, o.channel_id
  from subscriptions o
  where o.next_at <= now()
    and (o.held_until is null or o.held_until <= now())
  order by o.next_at
  limit @most
  for update skip locked
)
returning *;

-- name: Subscription :one
select *
from subscriptions
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

-- name: DigestPosted :exec
update subscriptions
set next_at = @next_at,
    held_until = null
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;
