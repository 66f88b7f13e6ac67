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
    and not exists (select from silent_channels q where q.workspace_id = o.workspace_id and q.channel_id = o.channel_id)
  order by o.next_at
  limit @most
  for update skip locked
)
returning *;

-- name: KeepDigest :many
-- For longer than the job may take.
update subscriptions
set held_until = now() + interval '105 seconds'
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold
returning *;

-- name: SendingDigest :execrows
-- One that is on record as being sent is sent for the second time.
update subscriptions
set repeated = sending_at is not null,
    sending_at = coalesce(sending_at, now())
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

-- name: DigestNotSent :exec
-- The last time it was sent it surely did not arrive; of the time before that nobody knows.
update subscriptions
set sending_at = case when repeated then sending_at end,
    repeated = false
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

-- name: DigestMissing :exec
-- It was looked for and does not stand there: whenever it was sent, it did not arrive.
update subscriptions
set sending_at = null,
    repeated = false
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

-- name: ReleaseDigest :exec
update subscriptions
set held_until = now() + make_interval(secs => @seconds::float8)
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

-- name: PauseDigest :exec
-- Nothing is posted here for now: it is taken as soon as somebody consents, or Slack is to be asked again.
-- Where Slack does not say what holds, in a minute.
update subscriptions s
set held_until = case when not exists (
    select from silent_channels q where q.workspace_id = s.workspace_id and q.channel_id = s.channel_id
  ) then now() + interval '1 minute' end
where s.workspace_id = @workspace_id
  and s.channel_id = @channel_id
  and s.hold = @hold;

-- name: EndDigest :execrows
delete from subscriptions
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

-- name: DigestPosted :execrows
update subscriptions
set next_at = @next_at,
    posted_at = now(),
    sending_at = null,
    repeated = false,
    waiting_since = null,
    held_until = null
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

-- name: DigestWaits :execrows
-- While something that it tells of was due before it and is not read yet, half an hour at most; what
-- fails, is paused or waits for its system is not waited for. It is looked at again in some seconds.
-- What it tells of is found first, each way by its own index.
with told as materialized (
  select id from key_results where workspace_id = @workspace_id and channel_id = @channel_id
  union
  select id from key_results where workspace_id = @workspace_id and owner_id = @channel_id
  union
  select id from key_results where workspace_id = @workspace_id and co_owner_ids <> '{}' and co_owner_ids @> array[@channel_id]::text[]
  union
  select p.id from objectives po join key_results p on p.objective_id = po.id where po.workspace_id = @workspace_id and po.owner_id = @channel_id
  union
  select p.id from objectives po join key_results p on p.objective_id = po.id where po.workspace_id = @workspace_id and po.co_owner_ids <> '{}' and po.co_owner_ids @> array[@channel_id]::text[]
)
update subscriptions s
set waiting_since = coalesce(s.waiting_since, now()),
    held_until = now() + interval '5 seconds'
where s.workspace_id = @workspace_id
  and s.channel_id = @channel_id
  and s.hold = @hold
  and (s.waiting_since is null or s.waiting_since > now() - interval '30 minutes')
  and exists (
    select
    from told t
    join key_results k on k.id = t.id
    join objectives o on o.id = k.objective_id
    join connections c on c.id = (select f.connection_id from sources f where f.key_result_id = k.id)
    where o.closed_at is null
      and not k.paused
      and k.failure_class = ''
      and c.state = 'active'
      and (c.waiting_until is null or c.waiting_until <= now())
      and (
        exists (
          select from follows w
          join rhythms h on h.id = w.rhythm_id
          join feeds d on d.id = w.feed_id
          where w.key_result_id = k.id
            and h.slot_at <= s.next_at
            and w.joined_at <= h.next_sync_at
            and (d.tried_at is null or d.tried_at < h.next_sync_at)
        )
        or exists (select from sync_runs r where r.key_result_id = k.id and r.state <> 'done')
      )
  );

-- name: DigestItems :many
select key_result_id, value, words, status
from digest_items
where workspace_id = @workspace_id
  and channel_id = @channel_id;

-- name: ForgetDigestItems :exec
delete from digest_items
where workspace_id = @workspace_id
  and channel_id = @channel_id;
