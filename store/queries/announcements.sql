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

-- name: HoldPlaces :many
-- Where something is to be said or a card to be drawn, and nobody is at it. As long as runs of a
-- channel's key results are under way their changes are gathered, a quarter of a minute at most:
-- what belongs to one run is one message. A run that waits for its time is not under way.
with busy as (
  select distinct k.workspace_id, unnest(array[k.channel_id, k.owner_id]) as channel_id
  from sync_runs r
  join key_results k on k.id = r.key_result_id
  join connections c on c.id = r.connection_id
  where r.state <> 'done'
    and (r.state = 'running' or r.due_at <= now())
    and r.crashes = 0
    and (c.waiting_until is null or c.waiting_until <= now())
),
waiting as (
  select w.workspace_id, w.channel_id, min(w.since) as since
  from (
    select a.workspace_id, a.channel_id, a.created_at as since
    from announcements a
    where a.state in ('pending', 'sending')
    union all
    select c.workspace_id, c.channel_id, c.dirty_at
    from cards c
    where c.dirty_at is not null
      and c.parked = ''
    union all
    select f.workspace_id, f.channel_id, f.removed_at
    from farewells f
  ) w
  group by w.workspace_id, w.channel_id
)
insert into places (workspace_id, channel_id, hold, held_until)
select w.workspace_id, w.channel_id, 1, now() + interval '105 seconds'
from waiting w
left join places p on p.workspace_id = w.workspace_id and p.channel_id = w.channel_id
where (p.held_until is null or p.held_until <= now())
  and (
    w.since <= now() - interval '15 seconds'
    or not exists (select 1 from busy b where b.workspace_id = w.workspace_id and b.channel_id = w.channel_id)
  )
order by w.workspace_id, w.channel_id
limit @most
on conflict (workspace_id, channel_id) do update
set hold = places.hold + 1,
    held_until = excluded.held_until
where places.held_until is null
   or places.held_until <= now()
returning workspace_id, channel_id, hold;

-- name: KeepPlace :many
update places
set held_until = now() + interval '105 seconds'
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold
returning failures;

-- name: ReleasePlace :exec
-- With a wait, nobody speaks there before it is over.
update places
set held_until = case when @seconds::float8 > 0 then now() + make_interval(secs => @seconds::float8) end,
    failures = case when @failed::boolean then failures + 1 else 0 end
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold;

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
