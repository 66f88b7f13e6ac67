-- name: CreateConnection :one
insert into connections (workspace_id, kind, name, origin, sign_in, sealed, shared, owner_id, state, account_name, ends_at, succeeded_at, created_at, draft_id)
values (@workspace_id, @kind, @name, @origin, @sign_in, '', @shared, @owner_id, 'active', @account_name, @ends_at, now(), now(), @draft_id)
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
    refusal = '',
    succeeded_at = now()
where workspace_id = @workspace_id
  and id = @id;

-- name: Connection :one
select *
from connections
where workspace_id = @workspace_id
  and id = @id;

-- name: ConnectionToRead :one
-- Ready says that its system may be asked now.
select sqlc.embed(c), (c.waiting_until is null or c.waiting_until <= now())::boolean as ready
from connections c
where c.id = @id;

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
  and c.state not in ('pending', 'removed')
  and (c.shared or c.owner_id = @person_id)
order by c.shared, c.id;

-- name: SearchScorecards :many
-- A name that holds the words before a description that does; then favourites, then key indicators;
-- a name that starts with the words before one that holds them elsewhere. Every word must be found.
-- One without a name is found by what stands for it.
select sqlc.embed(s)
from scorecards s
where s.connection_id = @connection_id
  and s.workspace_id = @workspace_id
  and not exists (
    select 1
    from unnest(@words::text[]) w
    where coalesce(
      s.folded || ' ' || s.folded_about,
      lower(s.name || ' ' || s.description || case when btrim(s.name) = '' then ' No name · ' || s.reference else '' end)
    ) not like '%' || w || '%'
  )
order by
  (coalesce(s.folded, lower(s.name)) like '%' || @phrase::text || '%') desc,
  s.favorite desc,
  s.is_key desc,
  (coalesce(s.folded, lower(s.name)) like @phrase::text || '%') desc,
  coalesce(s.sorted, s.folded, lower(s.name)) collate "C",
  s.reference
limit @most;

-- name: ScorecardTwins :many
-- Some scorecards and those that an option, of 75 characters, calls the same: letters of either case and
-- blanks of any kind read alike.
select sqlc.embed(s)
from scorecards s
where s.connection_id = @connection_id
  and s.workspace_id = @workspace_id
  and translate(left(coalesce(s.folded, lower(s.name)), 74), e' \t\n\u00a0', '') = any (array( -- found once, however many there are
    select translate(left(coalesce(one.folded, lower(one.name)), 74), e' \t\n\u00a0', '')
    from scorecards one
    where one.connection_id = @connection_id
      and one.workspace_id = @workspace_id
      and one.reference = any (@refs::text[])
  ))
order by s.reference
limit 300;

-- name: CountUnlistable :one
-- Those whose reference is longer than an option may be.
select count(*)::int
from scorecards
where connection_id = @connection_id
  and workspace_id = @workspace_id
  and char_length(reference) > @longest::int;

-- name: ScorecardNames :many
-- What a misspelt search is compared with.
select reference, name, (favorite or is_key)::boolean as liked
from scorecards
where connection_id = @connection_id
  and workspace_id = @workspace_id;

-- name: NearScorecards :many
select *
from scorecards
where connection_id = @connection_id
  and workspace_id = @workspace_id
  and reference = any (@refs::text[]);

-- name: Scorecard :one
select *
from scorecards
where connection_id = @connection_id
  and workspace_id = @workspace_id
  and reference = @reference;

-- name: ConnectionIDs :many
select id
from connections
where state <> 'removed'
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

-- name: CreatePending :one
-- A sign-in by browser that its person has not confirmed yet.
insert into connections (workspace_id, kind, name, origin, sign_in, sealed, shared, owner_id, state, account_name, client_id, consented_at, ends_at, replaces, created_at, agreed)
values (@workspace_id, @kind, @name, @origin, @sign_in, '', @shared, @owner_id, 'pending', @account_name, @client_id, now(), @ends_at, @replaces, now(), false)
returning id;

-- name: SealPending :exec
update connections
set sealed = @sealed,
    token_due_at = now() + make_interval(secs => @due_seconds::float8)
where workspace_id = @workspace_id
  and id = @id;

-- name: LockConnectionOf :one
select *
from connections
where workspace_id = @workspace_id
  and id = @id
for update;

-- name: ConfirmConnection :exec
update connections
set state = 'active',
    shared = @shared,
    succeeded_at = now()
where workspace_id = @workspace_id
  and id = @id;

-- name: AgreePending :execrows
update connections
set agreed = true
where workspace_id = @workspace_id
  and id = @id
  and owner_id = @owner_id
  and state = 'pending';

-- name: DeletePending :execrows
delete from connections
where workspace_id = @workspace_id
  and id = @id
  and owner_id = @owner_id
  and state = 'pending';

-- name: ReplaceSignIn :exec
-- Another sign-in for the same address: the connection starts again with a clean record.
update connections
set sealed = @sealed,
    secret_version = @secret_version,
    sign_in = @sign_in,
    state = 'active',
    refusals = 0,
    refusal = '',
    succeeded_at = now(),
    account_name = @account_name,
    client_id = @client_id,
    consented_at = @consented_at,
    ends_at = @ends_at,
    token_due_at = @token_due_at,
    token_epoch = token_epoch + 1,
    token_leased_until = null,
    warned_days = 0,
    notice = ''
where workspace_id = @workspace_id
  and id = @id;

-- name: ChangeConnection :exec
update connections
set name = @name,
    shared = @shared
where workspace_id = @workspace_id
  and id = @id;

-- name: RemoveConnection :exec
-- The row stays for the history of what was read through it; its secret goes with it at once.
update connections
set state = 'removed',
    sealed = '',
    shared = false,
    removed_at = now(),
    client_id = null,
    consented_at = null,
    ends_at = null,
    token_due_at = null,
    notice = ''
where workspace_id = @workspace_id
  and id = @id;

-- name: DropReplacements :exec
-- Sign-ins that were to take its place: nobody can confirm them any more.
delete from connections
where workspace_id = @workspace_id
  and replaces = @connection_id
  and state = 'pending';

-- name: StopReading :many
-- Key results of a removed connection keep what was read, and are due no more. What is closed out stays as it
-- is. Held in the order of their ids, as a sync holds them.
with held as materialized (
  select k.id
  from key_results k
  join sources s on s.key_result_id = k.id
  where s.connection_id = @connection_id
    and not exists (select from objectives o where o.id = k.objective_id and o.closed_at is not null)
  order by k.id
  for no key update of k
)
update key_results k
set next_sync_at = null,
    slot_at = null,
    retry_at = null,
    failure_class = 'unauthorized',
    failure_cause = 'disconnected',
    failure_says = @says,
    failing_since = coalesce(k.failing_since, now()),
    failure_count = k.failure_count + 1,
    failure_told_at = now()
from held h
where k.id = h.id
returning k.id, k.workspace_id, k.owner_id;

-- name: DropDirectory :exec
delete from scorecards
where connection_id = @connection_id;

-- name: KeyResultsOfConnection :many
-- What is closed out reads no more.
select k.id, k.number, k.title, k.owner_id, k.paused, k.failure_class, s.reference, s.name
from key_results k
join sources s on s.key_result_id = k.id
where s.workspace_id = @workspace_id
  and s.connection_id = @connection_id
  and not exists (select from objectives o where o.id = k.objective_id and o.closed_at is not null)
order by k.number;

-- name: ConnectionsToManage :many
-- What a person may look after: their own, and with all of them the whole workspace's.
select sqlc.embed(c), (
  select count(*)
  from sources s
  join key_results k on k.id = s.key_result_id
  where s.connection_id = c.id
    and not exists (select from objectives o where o.id = k.objective_id and o.closed_at is not null)
)::int as key_results
from connections c
where c.workspace_id = @workspace_id
  and c.state <> 'removed'
  and c.replaces is null
  and (@every::boolean or c.shared or c.owner_id = @person_id)
order by c.owner_id <> @person_id, c.id
limit @most;

-- name: ConnectionsInNeed :many
-- Connections whose sign-in is not taken any more, or ends soon: a person's own, and with every one the
-- whole workspace's.
select sqlc.embed(c), (
  select count(*)
  from sources s
  join key_results k on k.id = s.key_result_id
  where s.connection_id = c.id
    and not exists (select from objectives o where o.id = k.objective_id and o.closed_at is not null)
)::int as key_results
from connections c
where c.workspace_id = @workspace_id
  and c.replaces is null
  and (c.state in ('rejected', 'broken') or c.state = 'active' and c.ends_at <= now() + interval '14 days')
  and (@every::boolean or c.owner_id = @person_id)
order by c.owner_id <> @person_id, c.state = 'active', c.id
limit @most;

-- name: ExpirePending :exec
delete from connections
where state = 'pending'
  and created_at < now() - interval '1 hour';

-- name: BreakConnection :execrows
-- Its secret does not open: somebody changed the row. It is not tried again.
update connections
set state = 'broken'
where id = @id
  and state = 'active'
  and secret_version = @secret_version;

-- name: RefusedLike :one
-- A person's own connection to the same address as the same user, or as nobody whom the system tells both times,
-- whose sign-in is not used any more. What is to be private takes the place of nothing that is shared.
select *
from connections
where workspace_id = @workspace_id
  and owner_id = @owner_id
  and kind = @kind
  and origin = @origin
  and account_name = @account_name
  and (not shared or @shared::boolean)
  and state in ('rejected', 'broken')
order by id
limit 1;
