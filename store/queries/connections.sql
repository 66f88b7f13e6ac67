-- name: CreateConnection :one
insert into connections (workspace_id, kind, name, origin, sign_in, sealed, shared, owner_id, state, succeeded_at, created_at, draft_id)
values (@workspace_id, @kind, @name, @origin, @sign_in, '', @shared, @owner_id, 'active', now(), now(), @draft_id)
on conflict (draft_id) do nothing
returning id;

-- name: CreateConnectionSlots :exec
insert into connection_slots (connection_id, slot)
select @connection_id, generate_series(1, @slots::int);

-- name: SealConnection :exec
-- A new secret: the sign-in starts again with a clean record.
update connections
set sealed = @sealed,
    secret_version = @secret_version,
    sign_in = @sign_in,
    state = 'active',
    refusals = 0,
    succeeded_at = now()
where workspace_id = @workspace_id
  and id = @id;

-- name: Connection :one
select *
from connections
where workspace_id = @workspace_id
  and id = @id;

-- name: ConnectionByID :one
-- For jobs, whose arguments are ids and nothing else.
select *
from connections
where id = @id;

-- name: ConnectionOfDraft :one
select *
from connections
where workspace_id = @workspace_id
  and draft_id = @draft_id;

-- name: ConnectionsFor :many
-- What a person may use: their own and the shared ones.
select sqlc.embed(c), (select count(*) from sources s where s.connection_id = c.id)::int as key_results
from connections c
where c.workspace_id = @workspace_id
  and (c.shared or c.owner_id = @person_id)
order by c.shared, c.id;

-- name: SearchScorecards :many
-- A name that holds the words before a description that does; then favourites, then key indicators;
-- a name that starts with the words before one that holds them elsewhere. Every word must be found.
select sqlc.embed(s)
from scorecards s
where s.connection_id = @connection_id
  and s.workspace_id = @workspace_id
  and not exists (
    select 1
    from unnest(@words::text[]) w
    where (s.name || ' ' || s.description) not ilike '%' || w || '%'
  )
order by
  (s.name ilike '%' || @phrase::text || '%') desc,
  s.favorite desc,
  s.is_key desc,
  (s.name ilike @phrase::text || '%') desc,
  lower(s.name),
  s.reference
limit @most;

-- name: Scorecard :one
select *
from scorecards
where connection_id = @connection_id
  and workspace_id = @workspace_id
  and reference = @reference;

-- name: ConnectionIDs :many
select id
from connections
order by id;

-- name: LockConnection :one
select *
from connections
where id = @id
for update;

-- name: ResealConnection :exec
update connections
set sealed = @sealed
where id = @id;
