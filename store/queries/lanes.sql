-- name: HoldLanes :many
-- Each connection has two takers at most: slot 1 reads what fell due, slot 2 what was asked for and
-- what is tried again. One is held where there is something for it and the system may be asked.
-- Connection 0 is all of them. A row that somebody is at is left to them, also where they are stuck.
update connection_slots h
set hold = h.hold + 1,
    leased_until = now() + interval '1 minute'
from (
  select s.connection_id, s.slot
  from connection_slots s
  join connections c on c.id = s.connection_id
  where s.slot <= 2
    and (s.leased_until is null or s.leased_until <= now())
    and (c.waiting_until is null or c.waiting_until <= now())
    and (@connection_id::bigint = 0 or s.connection_id = @connection_id)
    and (
      s.slot = 1 and s.connection_id in (
        select r.connection_id from rhythms r where r.next_sync_at <= now()
      )
      or s.slot = 2 and exists (
        select from sync_runs r where r.connection_id = s.connection_id and r.state <> 'done' and r.due_at <= now()
      )
    )
  order by s.connection_id, s.slot
  for update of s skip locked
) ready
where h.connection_id = ready.connection_id
  and h.slot = ready.slot
returning h.connection_id, h.slot, h.hold;

-- The taker's own notes do not wait for the disk (synchronous_commit): what a crash of Postgres takes
-- with it is at most that a taker was there, and the hold, which decides, was written by HoldLanes.

-- name: TakeLane :many
-- What the taker before was reading when it died, if it did.
with unhurried as (select set_config('synchronous_commit', 'off', true)),
before as (
  select s.reading
  from connection_slots s
  where s.connection_id = @connection_id
    and s.slot = @slot
  for update
)
update connection_slots h
set leased_until = now() + interval '105 seconds',
    reading = '{}'
from before, unhurried
where h.connection_id = @connection_id
  and h.slot = @slot
  and h.hold = @hold
returning before.reading;

-- name: KeepLane :execrows
-- What the transaction asks after it is planned once for a session: it finds rows by lists of ids, whatever
-- their lengths. Planning it each time is a third of Postgres' time where little has changed.
with planned as (select set_config('plan_cache_mode', 'force_generic_plan', true))
update connection_slots
set leased_until = now() + interval '105 seconds'
from planned
where connection_id = @connection_id
  and slot = @slot
  and hold = @hold;

-- name: BeginReading :many
-- On record before it is read, so that a death on the way is seen. Each fetch has an epoch above all
-- that began before it.
with unhurried as (select set_config('synchronous_commit', 'off', true))
update connection_slots
set leased_until = now() + interval '105 seconds',
    reading = @reading::bigint[]
from unhurried
where connection_id = @connection_id
  and slot = @slot
  and hold = @hold
returning nextval('sync_epochs')::bigint as epoch, now()::timestamptz as began;

-- name: ReleaseLane :many
-- And whether there is something for the next taker already.
with unhurried as (select set_config('synchronous_commit', 'off', true))
update connection_slots s
set leased_until = null,
    reading = '{}'
from unhurried
where s.connection_id = @connection_id
  and s.slot = @slot
  and s.hold = @hold
returning (
  s.slot = 1 and exists (
    select from rhythms r where r.connection_id = s.connection_id and r.next_sync_at <= now()
  )
  or s.slot = 2 and exists (
    select from sync_runs r where r.connection_id = s.connection_id and r.state <> 'done' and r.due_at <= now()
  )
)::boolean as more;
