-- name: Announce :exec
insert into announcements (workspace_id, channel_id, key_result_id, kind, old_value, new_value, old_words, new_words, old_day, new_day, old_status, new_status, note, refused_channel, refused_code, posted_by, state, created_at)
select v.workspace_id, v.channel_id, v.key_result_id, v.kind, nullif(v.old_value, '')::numeric, nullif(v.new_value, '')::numeric, v.old_words, v.new_words, nullif(v.old_day, '')::date, nullif(v.new_day, '')::date, v.old_status, v.new_status, v.note, v.refused_channel, v.refused_code, v.posted_by, 'pending', now()
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@channel_ids::text[]) as channel_id,
    unnest(@key_result_ids::bigint[]) as key_result_id,
    unnest(@kinds::text[]) as kind,
    unnest(@old_values::text[]) as old_value,
    unnest(@new_values::text[]) as new_value,
    unnest(@old_words::text[]) as old_words,
    unnest(@new_words::text[]) as new_words,
    unnest(@old_days::text[]) as old_day,
    unnest(@new_days::text[]) as new_day,
    unnest(@old_statuses::text[]) as old_status,
    unnest(@new_statuses::text[]) as new_status,
    unnest(@notes::text[]) as note,
    unnest(@refused_channels::text[]) as refused_channel,
    unnest(@refused_codes::text[]) as refused_code,
    unnest(@posted_by::text[]) as posted_by
) v;

-- name: AnnouncedStatus :one
select announced_status
from key_results
where workspace_id = @workspace_id
  and id = @id;

-- name: SaveAnnouncedStatus :exec
update key_results
set announced_status = @status
where workspace_id = @workspace_id
  and id = @id
  and announced_status <> @status;

-- name: ReadyPlaces :exec
-- Something is to be said or drawn in these places, in so many seconds: what comes meanwhile is said
-- with it. It waits for a job that is just leaving the place, and for one that is just taking it, so
-- that neither overlooks what was left: also a row that stays as it is is locked. In one order for
-- everybody.
insert into places (workspace_id, channel_id, ready_at)
select v.workspace_id, v.channel_id, now() + make_interval(secs => @seconds::float8)
from (
  select
    unnest(@workspace_ids::text[]) as workspace_id,
    unnest(@channel_ids::text[]) as channel_id
  union
  select c.workspace_id, c.channel_id
  from cards c
  where c.key_result_id = any (@key_result_ids::bigint[])
    and c.dirty_at is not null
    and c.parked = ''
) v
order by v.workspace_id, v.channel_id
on conflict (workspace_id, channel_id) do update
set ready_at = excluded.ready_at
where places.ready_at is null
   or places.ready_at > excluded.ready_at;

-- name: HoldPlaces :many
-- Places that are ready and that nobody is at. A place that is held is ready again when its hold
-- ends, so that what a dead process was at is found.
update places h
set hold = h.hold + 1,
    held_until = now() + interval '105 seconds',
    ready_at = now() + interval '105 seconds'
from (
  select p.workspace_id, p.channel_id
  from places p
  where p.ready_at <= now()
    and (p.held_until is null or p.held_until <= now())
  order by p.ready_at
  limit @most
  for update skip locked
) ready
where h.workspace_id = ready.workspace_id
  and h.channel_id = ready.channel_id
returning h.workspace_id, h.channel_id, h.hold;

-- name: KeepPlace :many
-- Without waiting for the disk: what a crash of Postgres takes with it is the length of a hold.
with unhurried as (select set_config('synchronous_commit', 'off', true))
update places
set held_until = now() + interval '105 seconds',
    ready_at = case when ready_at < held_until then ready_at else now() + interval '105 seconds' end
from unhurried
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and hold = @hold
returning failures;

-- name: ReleasePlace :exec
-- With a wait, nobody speaks there before it is over. Without one the place is ready again where
-- something was left over, or came while it was held.
update places p
set held_until = case when @seconds::float8 > 0 then now() + make_interval(secs => @seconds::float8) end,
    ready_at = case
      when @seconds::float8 > 0 then now() + make_interval(secs => @seconds::float8)
      when p.ready_at < p.held_until then p.ready_at
      when exists (
        select from announcements a
        where a.workspace_id = p.workspace_id and a.channel_id = p.channel_id and a.state in ('pending', 'sending')
      ) or exists (
        select from cards c
        where c.workspace_id = p.workspace_id and c.channel_id = p.channel_id and c.dirty_at is not null and c.parked = ''
      ) or exists (
        select from cards c
        where c.workspace_id = p.workspace_id and c.channel_id = p.channel_id and c.refresh_at <= now() and c.parked = ''
      ) or exists (
        select from farewells f
        where f.workspace_id = p.workspace_id and f.channel_id = p.channel_id
      ) then now()
    end,
    failures = case when @failed::boolean then failures + 1 else 0 end
where p.workspace_id = @workspace_id
  and p.channel_id = @channel_id
  and p.hold = @hold;

-- name: LeavePlaceAlone :exec
-- Slack asked that nothing be posted here for so long.
insert into places (workspace_id, channel_id, waits_until)
values (@workspace_id, @channel_id, now() + make_interval(secs => @seconds::float8))
on conflict (workspace_id, channel_id) do update
set waits_until = greatest(places.waits_until, excluded.waits_until);

-- name: PlaceLeftAlone :many
select extract(epoch from waits_until - now())::float8 as seconds
from places
where workspace_id = @workspace_id
  and channel_id = @channel_id
  and waits_until > now();

-- name: ForgottenPlaces :exec
-- A net under all this, every ten minutes: what waits for a minute in a place that is not ready, and
-- where something may be posted.
insert into places (workspace_id, channel_id, ready_at)
select distinct w.workspace_id, w.channel_id, now()
from (
  select a.workspace_id, a.channel_id
  from announcements a
  where a.state in ('pending', 'sending')
    and a.created_at < now() - interval '1 minute'
  union all
  select c.workspace_id, c.channel_id
  from cards c
  where c.dirty_at < now() - interval '1 minute'
    and c.parked = ''
) w
where not exists (select from silent_channels q where q.workspace_id = w.workspace_id and q.channel_id = w.channel_id)
order by w.workspace_id, w.channel_id
on conflict (workspace_id, channel_id) do update
set ready_at = excluded.ready_at
where places.ready_at is null;

-- name: LostAnnouncements :many
-- What was being sent when the answer was lost, or the process died: nobody knows whether it arrived. This and what
-- follows is for who holds the place.
select a.*
from announcements a
join places p using (workspace_id, channel_id)
where a.workspace_id = @workspace_id
  and a.channel_id = @channel_id
  and a.state = 'sending'
  and p.hold = @hold
order by a.id;

-- name: TakeAnnouncements :many
-- A row found in 'sending' is sent for the second time.
with taken as (
  select a.id, a.state
  from announcements a
  where a.workspace_id = @workspace_id
    and a.channel_id = @channel_id
    and a.state in ('pending', 'sending')
    and exists (select from places p where p.workspace_id = a.workspace_id and p.channel_id = a.channel_id and p.hold = @hold)
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
update announcements a
set state = 'sent',
    sent_at = now(),
    message_ts = @message_ts
where a.id = any (@ids::bigint[])
  and exists (select from places p where p.workspace_id = a.workspace_id and p.channel_id = a.channel_id and p.hold = @hold);

-- name: AnnouncementsBack :exec
-- Surely not sent: they wait for the next try.
update announcements a
set state = 'pending'
where a.id = any (@ids::bigint[])
  and exists (select from places p where p.workspace_id = a.workspace_id and p.channel_id = a.channel_id and p.hold = @hold);

-- name: AnnouncementsParked :execrows
update announcements a
set state = 'parked',
    error = @error
where a.id = any (@ids::bigint[])
  and exists (select from places p where p.workspace_id = a.workspace_id and p.channel_id = a.channel_id and p.hold = @hold);
