-- name: AddCard :exec
insert into cards (key_result_id, channel_id, workspace_id, dirty_at)
values (@key_result_id, @channel_id, @workspace_id, now())
on conflict (key_result_id, channel_id) do update
set dirty_at = now(),
    parked = ''
where cards.workspace_id = excluded.workspace_id;

-- name: AddCards :exec
insert into cards (key_result_id, channel_id, workspace_id, dirty_at)
select c.key_result_id, c.channel_id, @workspace_id, now()
from (
  select
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@channel_ids::text[]) as channel_id
) c
on conflict do nothing;

-- name: MoveCard :exec
-- The one in the channel before says so when it is drawn, and is forgotten then.
insert into cards (key_result_id, channel_id, workspace_id, dirty_at)
select distinct c.key_result_id, @channel_id::text, c.workspace_id, now()
from cards c
where c.key_result_id = @key_result_id
  and @channel_id::text <> ''
on conflict (key_result_id, channel_id) do update
set dirty_at = now(),
    parked = '';

-- name: LeaveCard :execrows
-- Unless the key result is back.
delete from cards c
where c.key_result_id = @key_result_id
  and c.channel_id = @channel_id
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold)
  and c.dirty_at is not distinct from sqlc.narg('read_at')::timestamptz
  and not exists (select from key_results k where k.id = c.key_result_id and k.channel_id = c.channel_id);

-- name: MarkCards :exec
-- Cards of these key results are to be drawn again, and something is to be said in these places: all of
-- them are ready in so many seconds, as by ReadyPlaces.
with marked as (
  update cards
  set dirty_at = now()
  where key_result_id = any (@key_result_ids::bigint[])
  returning workspace_id, channel_id, parked
)
insert into places (workspace_id, channel_id, ready_at)
select v.workspace_id, v.channel_id, now() + make_interval(secs => @seconds::float8)
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@channel_ids::text[]) as channel_id
  union
  select m.workspace_id, m.channel_id
  from marked m
  where m.parked = ''
) v
order by v.workspace_id, v.channel_id
on conflict (workspace_id, channel_id) do update
set ready_at = excluded.ready_at
where places.ready_at is null
   or places.ready_at > excluded.ready_at;

-- name: DirtyCards :many
-- What people wait for comes first, then those whose times of the clock are a day old, the newest
-- key results first.
(
  select c.*, false as refresh
  from cards c
  where c.workspace_id = @workspace_id
    and c.channel_id = @channel_id
    and c.dirty_at is not null
    and c.parked = ''
  order by c.dirty_at, c.key_result_id
  limit @most
)
union all
(
  select c.*, true as refresh
  from cards c
  where c.workspace_id = @workspace_id
    and c.channel_id = @channel_id
    and c.dirty_at is null
    and c.refresh_at <= now()
    and c.parked = ''
  order by c.key_result_id desc
  limit @most
);

-- name: SendingCard :many
-- A card that is on record as being sent is sent for the second time, under the same mark.
update cards c
set repeated = sending_at is not null,
    sending_at = coalesce(sending_at, now())
where c.key_result_id = @key_result_id
  and c.channel_id = @channel_id
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold)
returning sending_at::timestamptz;

-- name: CardNotSent :exec
-- An earlier post of it may stand there all the same, and is looked for before the next one.
update cards c
set repeated = false,
    sending_at = case when @earlier::boolean then sending_at end
where c.key_result_id = @key_result_id
  and c.channel_id = @channel_id
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold);

-- name: CardFound :exec
-- What it says is not known: it is drawn again.
update cards c
set message_ts = @message_ts,
    repeated = false,
    sending_at = null,
    shows = null
where c.key_result_id = @key_result_id
  and c.channel_id = @channel_id
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold);

-- name: DrawnCard :execrows
-- Marked again since it was read: it stays dirty. Its next sync shows on it, so that it is drawn again
-- when that is over; a day later at the earliest.
-- One that was redrawn does not wait for the disk: what a crash of Postgres takes with it is drawn again,
-- into the same message.
with unhurried as (
  select set_config('synchronous_commit', case when @redrawn::boolean then 'off' else current_setting('synchronous_commit') end, true)
)
update cards c
set message_ts = @message_ts,
    repeated = false,
    sending_at = null,
    shows = @shows,
    refresh_at = case
      when sqlc.narg('next_sync_at')::timestamptz is not null
        then greatest(sqlc.narg('next_sync_at')::timestamptz + interval '15 minutes', now() + interval '1 day')
    end,
    dirty_at = case when dirty_at > @read_at then dirty_at end
from unhurried
where c.key_result_id = @key_result_id
  and c.channel_id = @channel_id
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold);

-- name: CardsAsTheyWere :exec
-- Cards that show the present already. Those that were marked again since they were read stay dirty.
update cards c
set dirty_at = null
from (
  select
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@read_at::timestamptz[]) as read_at
) v
where c.key_result_id = v.key_result_id
  and c.channel_id = @channel_id
  and c.dirty_at <= v.read_at
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold);

-- name: ReadyToRefresh :exec
-- Places with cards whose times of the clock are a day old.
insert into places (workspace_id, channel_id, ready_at)
select distinct c.workspace_id, c.channel_id, now()
from cards c
where c.refresh_at <= now()
  and c.parked = ''
  and not exists (select from silent_channels q where q.workspace_id = c.workspace_id and q.channel_id = c.channel_id)
order by c.workspace_id, c.channel_id
on conflict (workspace_id, channel_id) do update
set ready_at = excluded.ready_at
where places.ready_at is null;

-- name: ParkCard :execrows
-- A key result that has no card in the channel gets one that is parked: it remembers who was told. What of it may
-- stand there is looked for before it is posted again.
insert into cards (key_result_id, channel_id, workspace_id, parked)
select @key_result_id, p.channel_id, p.workspace_id, @error
from places p
where p.workspace_id = @workspace_id
  and p.channel_id = @channel_id
  and p.hold = @hold
on conflict (key_result_id, channel_id) do update
set parked = excluded.parked,
    sending_at = case when not @nothing_sent::boolean then cards.sending_at end
where cards.parked = '';

-- name: ForgetCard :exec
-- The message is gone: the card is posted again.
update cards c
set message_ts = '',
    shows = null,
    dirty_at = now()
where c.key_result_id = @key_result_id
  and c.channel_id = @channel_id
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold);

-- name: UnparkCards :exec
-- Somebody asked for the key result: what stopped its cards may be fixed by now. One that may stand there already
-- is not posted again.
update cards
set parked = '',
    dirty_at = now()
where key_result_id = any (@key_result_ids::bigint[])
  and parked not in ('', 'ambiguous');

-- name: UnparkCardsIn :execrows
-- As UnparkPlace, for some of its key results.
update cards
set parked = '',
    dirty_at = now()
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and key_result_id = any (@key_result_ids::bigint[])
  and parked not in ('', 'ambiguous');

-- name: UnparkPlace :exec
-- A post arrived, so the channel takes cards again. Those that may stand there are not posted once more.
update cards c
set parked = '',
    dirty_at = now()
where c.workspace_id = @workspace_id
  and c.channel_id = @channel_id
  and c.parked not in ('', 'ambiguous')
  and exists (select from places p where p.workspace_id = c.workspace_id and p.channel_id = c.channel_id and p.hold = @hold);

-- name: LeaveFarewells :exec
-- The messages of a key result's cards stay when it goes, and are to say so.
insert into farewells (workspace_id, channel_id, message_ts, number, title, removed_by, removed_at)
select c.workspace_id, c.channel_id, c.message_ts, @number, @title, @removed_by, now()
from cards c
where c.workspace_id = @workspace_id
  and c.key_result_id = @key_result_id
  and c.message_ts <> ''
on conflict do nothing;

-- name: ReadyFarewells :exec
insert into places (workspace_id, channel_id, ready_at)
select distinct f.workspace_id, f.channel_id, now()
from farewells f
where f.workspace_id = @workspace_id
  and f.number = @number
order by f.workspace_id, f.channel_id
on conflict (workspace_id, channel_id) do update
set ready_at = least(places.ready_at, excluded.ready_at);

-- name: LeaveFarewell :exec
-- A card that was first posted while its key result was removed.
insert into farewells (workspace_id, channel_id, message_ts, number, title, removed_by, removed_at)
select @workspace_id, @channel_id, @message_ts, @number, @title, a.actor_id, a.created_at
from audit_events a
where a.workspace_id = @workspace_id
  and a.object = 'key_result'
  and a.object_id = @key_result_id
  and a.action = 'removed'
order by a.id desc
limit 1
on conflict do nothing;

-- name: Farewells :many
select *
from farewells
where workspace_id = @workspace_id
  and channel_id = @channel_id
order by removed_at, message_ts
limit @most;

-- name: FarewellSaid :exec
delete from farewells f
where f.workspace_id = @workspace_id
  and f.channel_id = @channel_id
  and f.message_ts = @message_ts
  and exists (select from places p where p.workspace_id = f.workspace_id and p.channel_id = f.channel_id and p.hold = @hold);
