-- name: Announce :exec
insert into announcements (workspace_id, channel_id, key_result_id, kind, old_value, new_value, old_day, new_day, old_status, new_status, note, state, created_at)
select v.workspace_id, v.channel_id, v.key_result_id, v.kind, nullif(v.old_value, '')::numeric, nullif(v.new_value, '')::numeric, nullif(v.old_day, '')::date, nullif(v.new_day, '')::date, v.old_status, v.new_status, v.note, 'pending', now()
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@channel_ids::text[]) as channel_id,
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@kinds::text[]) as kind,
    unnest(@old_values::text[]) as old_value,
    unnest(@new_values::text[]) as new_value,
    unnest(@old_days::text[]) as old_day,
    unnest(@new_days::text[]) as new_day,
    unnest(@old_statuses::text[]) as old_status,
    unnest(@new_statuses::text[]) as new_status,
    unnest(@notes::text[]) as note
) v;

-- name: WaitingChannels :many
-- Where something is to be said or a card to be drawn.
select workspace_id, channel_id
from announcements
where state in ('pending', 'sending')
union
select workspace_id, channel_id
from cards
where dirty_at is not null
  and parked = ''
order by 1, 2
limit @most;

-- name: TakeAnnouncements :many
-- A row found in 'sending' was being sent when its process died: nobody knows whether it arrived.
with taken as (
  select a.id, a.state
  from announcements a
  where a.workspace_id = @workspace_id
    and a.channel_id = @channel_id
    and a.state in ('pending', 'sending')
  order by a.id
  limit @most
  for update
)
update announcements a
set state = 'sending',
    repeated = a.repeated or taken.state = 'sending'
from taken
where a.id = taken.id
returning a.*;

-- name: AnnouncementsSent :exec
update announcements
set state = 'sent',
    sent_at = now(),
    message_ts = @message_ts
where id = any (@ids::bigint[]);

-- name: AnnouncementsBack :exec
-- Surely not sent: they wait for the next try.
update announcements
set state = 'pending'
where id = any (@ids::bigint[]);

-- name: AnnouncementsParked :exec
update announcements
set state = 'parked',
    error = @error
where id = any (@ids::bigint[]);

-- name: AddCard :exec
insert into cards (key_result_id, channel_id, workspace_id, dirty_at)
values (@key_result_id, @channel_id, @workspace_id, now())
on conflict (key_result_id, channel_id) do update
set dirty_at = now(),
    parked = '';

-- name: MarkCards :exec
update cards
set dirty_at = now()
where key_result_id = any (@key_result_ids::bigint[]);

-- name: DirtyCards :many
select *
from cards
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and dirty_at is not null
  and parked = ''
order by dirty_at, key_result_id
limit @most;

-- name: SendingCard :exec
update cards
set sending_at = now()
where key_result_id = @key_result_id
  and channel_id = @channel_id;

-- name: DrawnCard :exec
-- Marked again since it was read: it stays dirty.
update cards
set message_ts = @message_ts,
    sending_at = null,
    dirty_at = case when dirty_at > @read_at then dirty_at end
where key_result_id = @key_result_id
  and channel_id = @channel_id;

-- name: ParkCard :execrows
update cards
set parked = @error,
    sending_at = null
where key_result_id = @key_result_id
  and channel_id = @channel_id
  and parked = '';

-- name: ForgetCard :exec
-- The message is gone: the card is posted anew.
update cards
set message_ts = '',
    dirty_at = now()
where key_result_id = @key_result_id
  and channel_id = @channel_id;

-- name: UnparkCards :exec
-- Somebody asked for the key result: what stopped its cards may be mended by now.
update cards
set parked = '',
    dirty_at = now()
where key_result_id = any (@key_result_ids::bigint[])
  and parked <> '';
