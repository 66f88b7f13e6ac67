-- name: HomeOpened :exec
-- Whoever notes it shows it at once; where that is lost, a sweep does.
insert into homes (workspace_id, person_id, opened_at, dirty_at)
values (@workspace_id, @person_id, now(), now() + interval '15 seconds')
on conflict (workspace_id, person_id) do update
set opened_at = now(),
    version = homes.version + 1,
    dirty_at = least(homes.dirty_at, now() + interval '15 seconds');

-- name: Home :one
select *
from homes
where workspace_id = @workspace_id
  and person_id = @person_id;

-- name: HomeLocked :one
select *
from homes
where workspace_id = @workspace_id
  and person_id = @person_id
for update;

-- name: SaveHome :exec
insert into homes (workspace_id, person_id, opened_at, dirty_at, whose, period, status, objectives, unfolded, key_results, needs)
values (@workspace_id, @person_id, now(), now() + interval '15 seconds', @whose, @period, @status, @objectives, @unfolded, @key_results, @needs)
on conflict (workspace_id, person_id) do update
set opened_at = now(),
    version = homes.version + 1,
    dirty_at = least(homes.dirty_at, now() + interval '15 seconds'),
    whose = excluded.whose,
    period = excluded.period,
    status = excluded.status,
    objectives = excluded.objectives,
    unfolded = excluded.unfolded,
    key_results = excluded.key_results,
    needs = excluded.needs;

-- name: ObjectivesOf :many
select *
from objectives
where workspace_id = @workspace_id
  and id = any (@ids::bigint[]);

-- name: DigestsAround :many
-- Channels with a weekly digest that a person asked for, or in which something of theirs is told.
select s.channel_id
from subscriptions s
where s.workspace_id = @workspace_id
  and s.channel_id ~ '^[CG]'
  and (
    s.created_by = @person_id::text
    or exists (
      select from key_results k
      where k.workspace_id = s.workspace_id
        and k.channel_id = s.channel_id
        and (k.owner_id = @person_id or k.co_owner_ids @> array[@person_id])
    )
    or exists (
      select from objectives o
      where o.workspace_id = s.workspace_id
        and o.channel_id <> ''
        and o.channel_id = s.channel_id
        and (o.owner_id = @person_id or o.co_owner_ids @> array[@person_id])
    )
  )
order by s.channel_id
limit @most;

-- name: HomeShowing :one
select version, shows, (opened_at > now() - interval '30 days')::boolean as lately
from homes
where workspace_id = @workspace_id
  and person_id = @person_id;

-- name: HomeShown :exec
-- Where it became another one while it was drawn, or another process showed it meanwhile, nobody knows
-- which of them Slack took last: it is shown again.
update homes
set shown_at = now(),
    wide = @wide,
    shows = case when version = @version then @shows::bytea end,
    dirty_at = case when version <> @version then coalesce(dirty_at, now()) end,
    version = version + (version <> @version)::int,
    held_until = null,
    failures = 0
where workspace_id = @workspace_id
  and person_id = @person_id;

-- name: HomeNotShown :exec
update homes
set dirty_at = coalesce(dirty_at, now()),
    shows = null,
    held_until = now() + make_interval(secs => @seconds),
    failures = failures + 1
where workspace_id = @workspace_id
  and person_id = @person_id;

-- name: HomesWait :exec
-- Slack asked us to wait with all of a workspace.
update homes
set held_until = now() + make_interval(secs => @seconds)
where (workspace_id, person_id) in (
  select h.workspace_id, h.person_id
  from homes h
  where h.workspace_id = @workspace_id
    and h.ready_at is not null
  order by h.person_id
  for update
);

-- name: HomeClosed :exec
-- Slack does not show it to them: not before they open it again. Who has opened it meanwhile keeps it.
update homes
set opened_at = 'epoch',
    dirty_at = null,
    held_until = null
where workspace_id = @workspace_id
  and person_id = @person_id
  and hold = @hold
  and opened_at = @opened_at;

-- name: GatherHomeChanges :execrows
-- What happened within seconds is shown at once. Changes of what is not the reader's are shown once a
-- minute, those of key results beside theirs too.
with gone as (
  delete from home_changes
  where id in (select c.id from home_changes c order by c.id limit @most for update skip locked)
  returning workspace_id, person_id, objective_id
), involved as (
  select g.workspace_id, g.person_id, g.person_id <> '' as own
  from (select distinct workspace_id, person_id from gone) g
  union all
  select k.workspace_id, p.id, false
  from (select distinct objective_id from gone where objective_id is not null) g
  join key_results k on k.objective_id = g.objective_id
  cross join lateral unnest(k.owner_id || k.co_owner_ids) p (id)
), concerned as (
  select h.workspace_id, h.person_id, bool_or(i.own) as own
  from (select workspace_id, person_id, bool_or(own) as own from involved group by 1, 2) i
  join homes h on h.workspace_id = i.workspace_id and (h.person_id = i.person_id or i.person_id = '' and h.wide)
  where h.opened_at > now() - interval '30 days'
  group by h.workspace_id, h.person_id
), locked as (
  select h.workspace_id, h.person_id, c.own
  from homes h
  join concerned c on c.workspace_id = h.workspace_id and c.person_id = h.person_id
  order by h.workspace_id, h.person_id
  for update of h
)
update homes h
set version = h.version + 1,
    dirty_at = least(h.dirty_at, greatest(now(), h.shown_at + case when l.own then interval '10 seconds' else interval '1 minute' end))
from locked l
where l.workspace_id = h.workspace_id
  and l.person_id = h.person_id;

-- name: HoldHomes :many
update homes
set hold = hold + 1,
    held_until = now() + interval '1 minute'
where (workspace_id, person_id) in (
  select h.workspace_id, h.person_id
  from homes h
  where h.ready_at <= now()
  order by h.ready_at
  limit @most
  for update skip locked
)
returning workspace_id, person_id, hold;

-- name: KeepHome :one
update homes
set held_until = now() + interval '105 seconds'
where workspace_id = @workspace_id
  and person_id = @person_id
  and hold = @hold
  and dirty_at is not null
returning failures, opened_at;
