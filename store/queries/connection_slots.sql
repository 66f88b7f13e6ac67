-- name: HoldSlots :many
-- A place on each connection that has runs to take and may be asked: one for each hundred runs, as
-- far as places are free. Connection 0 is all of them.
with ready as (
  select r.connection_id, count(*) as waiting, bool_or(r.forced)::boolean as forced
  from sync_runs r
  join connections c on c.id = r.connection_id
  where r.state <> 'done'
    and r.due_at <= now()
    and (@connection_id::bigint = 0 or r.connection_id = @connection_id)
    and (c.waiting_until is null or c.waiting_until <= now())
  group by r.connection_id
)
update connection_slots s
set hold = s.hold + 1,
    leased_until = now() + interval '1 minute'
from ready
where s.connection_id = ready.connection_id
  and s.slot <= (ready.waiting + 99) / 100
  and (s.leased_until is null or s.leased_until <= now())
returning s.connection_id, s.slot, s.hold, ready.forced;

-- name: KeepSlot :execrows
update connection_slots
set leased_until = now() + interval '105 seconds'
where connection_id = @connection_id
  and slot = @slot
  and hold = @hold;

-- name: ReleaseSlot :exec
update connection_slots
set leased_until = null
where connection_id = @connection_id
  and slot = @slot
  and hold = @hold;
