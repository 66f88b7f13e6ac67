-- name: ForceLimits :many
-- How long each key result must wait before it may be forced again; none is negative. The rows are
-- held, so that of two clicks at once the second sees the first.
select id, greatest(0, extract(epoch from coalesce(forced_at, now() - interval '1 day') - now()) + @seconds::float8)::float8 as wait
from key_results
where workspace_id = @workspace_id
  and id = any (@ids::bigint[])
order by id
for no key update;

-- name: MarkForced :exec
update key_results
set forced_at = now()
where workspace_id = @workspace_id
  and id = any (@ids::bigint[]);

-- name: RecentRequests :one
-- A person's requests within the window, with those that wait to be worked out, and when the oldest of
-- them leaves it.
select count(*)::int as requests, coalesce(extract(epoch from min(created_at) - now()) + @seconds::float8, 0)::float8 as wait
from (
  select q.created_at
  from sync_requests q
  where q.workspace_id = @workspace_id
    and q.person_id = @person_id
    and q.created_at > now() - make_interval(secs => @seconds::float8)
  union all
  select a.created_at
  from sync_asks a
  where a.workspace_id = @workspace_id
    and a.person_id = @person_id
) asked;

-- name: CreateAsk :one
-- Whoever asked is answered first.
insert into sync_asks (workspace_id, person_id, person_kind, channel_id, ready_at, created_at)
values (@workspace_id, @person_id, @person_kind, @channel_id, now() + interval '300 milliseconds', now())
returning id;

-- name: SealAsk :exec
update sync_asks
set sealed_response = @sealed
where id = @id;

-- name: HoldAsks :many
update sync_asks a
set hold = a.hold + 1,
    ready_at = now() + interval '2 minutes'
where a.id in (
  select o.id
  from sync_asks o
  where o.ready_at <= now()
  order by o.ready_at
  limit @most
  for update skip locked
)
returning a.id, a.hold;

-- name: Ask :one
select *, (created_at < now() - interval '25 minutes')::boolean as old
from sync_asks
where id = @id
  and hold = @hold;

-- name: LockAsk :execrows
-- Nobody else makes a request of it meanwhile.
update sync_asks
set ready_at = now() + interval '2 minutes'
where id = @id
  and hold = @hold;

-- name: ReleaseAsk :exec
update sync_asks
set ready_at = now() + make_interval(secs => @seconds::float8),
    failures = failures + (@failed::boolean)::int
where id = @id
  and hold = @hold;

-- name: EndAsk :exec
delete from sync_asks
where id = @id
  and hold = @hold;

-- name: HoldRequest :exec
-- Nothing is reported before it was said what is read, by a job that may take 100 seconds.
update sync_requests
set hold = 1,
    held_until = now() + interval '105 seconds'
where id = @id;

-- name: CreateRequest :one
insert into sync_requests (workspace_id, person_id, every, channel_id, view_id, total, asked_lately, paused_out, left_out, created_at)
values (@workspace_id, @person_id, @every, @channel_id, @view_id, @total, @asked_lately, @paused_out, @left_out, now())
returning id;

-- name: SealResponse :exec
update sync_requests
set sealed_response = @sealed
where id = @id;

-- name: JoinRuns :exec
insert into sync_request_runs (request_id, run_id)
select @request_id, unnest(@run_ids::bigint[])
on conflict do nothing;

-- name: TouchRequestsOf :exec
-- What is removed is waited for no longer, which is news for those who wait for the rest.
update sync_requests q
set touched = true
where q.finished_at is null
  and q.id in (
    select j.request_id
    from sync_runs r
    join sync_request_runs j on j.run_id = r.id
    where r.workspace_id = @workspace_id
      and r.key_result_id = @key_result_id
  );

-- name: TouchRequests :exec
-- Runs that ended are news for those who wait for them.
update sync_requests q
set touched = true
where q.finished_at is null
  and q.id in (select j.request_id from sync_request_runs j where j.run_id = any (@run_ids::bigint[]));

-- name: HoldRequests :many
-- Requests with news, and those whose report was lost or was asked to wait.
update sync_requests q
set hold = q.hold + 1,
    touched = false,
    held_until = now() + interval '1 minute'
where q.id in (
  select o.id
  from sync_requests o
  where o.ready_at <= now()
  order by o.ready_at
  limit @most
  for update skip locked
)
returning q.id, q.hold;

-- name: Request :one
select *, (created_at < now() - interval '25 minutes')::boolean as old
from sync_requests
where id = @id;

-- name: RunsOfRequest :many
select r.*
from sync_runs r
join sync_request_runs j on j.run_id = r.id
where j.request_id = @request_id
order by r.key_result_id;

-- name: Reported :exec
update sync_requests
set reported = @reported,
    waits_until = null,
    responses = @responses,
    message_channel = @message_channel,
    message_ts = @message_ts,
    failures = 0,
    finished_at = case when @finished::boolean then now() else finished_at end
where id = @id
  and hold = @hold;

-- name: KeepRequest :execrows
update sync_requests
set held_until = now() + interval '105 seconds'
where id = @id
  and hold = @hold
  and finished_at is null;

-- name: ReleaseRequest :exec
-- With a wait, it is reported again afterwards.
update sync_requests
set held_until = case when @seconds::float8 > 0 then now() + make_interval(secs => @seconds::float8) end,
    failures = failures + (@failed::boolean)::int
where id = @id
  and hold = @hold;

-- name: TellWait :exec
-- Whoever waits for one of these runs is told that it takes longer.
update sync_requests q
set waits_until = now() + make_interval(secs => @seconds::float8),
    touched = true
where q.finished_at is null
  and q.id in (
    select j.request_id
    from sync_request_runs j
    where j.run_id = any(@run_ids::bigint[])
  );
