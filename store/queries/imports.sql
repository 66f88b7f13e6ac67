-- name: LockNumbers :one
-- Holds the workspace's numbers until the end of the transaction. Rows that refer to the workspace come
-- meanwhile: it keeps its key.
select next_number, next_objective
from workspaces
where id = @workspace_id
for no key update;

-- name: MoveNumbers :exec
update workspaces
set next_number = greatest(next_number, @next_number),
    next_objective = greatest(next_objective, @next_objective)
where id = @workspace_id
  and (next_number < @next_number or next_objective < @next_objective);

-- name: NewKeyResultIDs :many
select nextval(pg_get_serial_sequence('key_results', 'id'))::bigint as id
from generate_series(1, @many::int);

-- name: KnownPeople :many
-- Everybody whom this workspace knows, by Slack's id: who used okrbot, and who owns something.
select p.id, max(p.name)::text as name, max(p.kind)::text as kind
from (
  select w.id, w.name, w.kind from people w where w.workspace_id = @workspace_id
  union all
  select distinct o.owner_id, '', '' from objectives o where o.workspace_id = @workspace_id
  union all
  select distinct k.owner_id, '', '' from key_results k where k.workspace_id = @workspace_id
  union all
  select distinct unnest(c.co_owner_ids), '', '' from key_results c where c.workspace_id = @workspace_id
  union all
  select distinct unnest(l.co_owner_ids), '', '' from objectives l where l.workspace_id = @workspace_id
) p
group by p.id;

-- name: AllConnections :many
select id, name, owner_id, shared, kind, origin
from connections
where workspace_id = @workspace_id
  and state not in ('pending', 'removed')
order by id;

-- name: AllObjectives :many
select *
from objectives
where workspace_id = @workspace_id
order by id;

-- name: ScorecardsOf :many
select *
from scorecards
where workspace_id = @workspace_id
  and (connection_id, reference) in (select unnest(@connection_ids::bigint[]), unnest(@refs::text[]));

-- name: TitlesTaken :many
-- Key results that bear one of these titles within one of these objectives.
select objective_id, title, number
from key_results
where workspace_id = @workspace_id
  and objective_id = any (@objective_ids::bigint[])
  and title = any (@titles::text[]);

-- name: PlaceObjective :execrows
-- Nothing where it was changed since it was read.
update objectives o
set zone = @zone,
    channel_id = @channel_id,
    co_owner_ids = @co_owner_ids,
    version = version + 1
where o.workspace_id = @workspace_id
  and o.id = @id
  and o.version = @version;

-- name: PutBelow :exec
-- Objectives get their parents, all at once: nobody is above themselves in between. 0 is none.
update objectives o
set parent_id = nullif(v.parent_id, 0),
    version = version + 1
from (
  select unnest(@ids::bigint[]) as id, unnest(@parent_ids::bigint[]) as parent_id
) v
where o.workspace_id = @workspace_id
  and o.id = v.id;

-- name: FirstValues :one
-- What an import left to be read at once, and what it left that is not.
select
  count(*) filter (where not k.paused and c.state = 'active')::int as soon,
  count(*) filter (where not k.paused and c.state <> 'active')::int as refused,
  count(*) filter (where k.paused)::int as paused,
  coalesce(extract(epoch from max(r.due_at) filter (where not k.paused and c.state = 'active') - now()), 0)::float8 as seconds
from sync_runs r
join key_results k on k.id = r.key_result_id
join connections c on c.id = r.connection_id
where r.workspace_id = @workspace_id
  and r.trigger_key = @trigger_key;

-- name: AnyOther :one
-- Once something is added to them, whoever closes one out or edits it waits for this transaction.
select exists (
  select
  from objectives o
  join (select unnest(@ids::bigint[]) as id, unnest(@zones::text[]) as zone) v on v.id = o.id
  where o.workspace_id = @workspace_id
    and (o.closed_at is not null or o.zone <> v.zone)
);
