-- name: SaveOAuthClient :one
-- A client that is entered again takes the place of the one before.
insert into oauth_clients (workspace_id, kind, origin, client_id, sealed, created_by, created_at)
values (@workspace_id, @kind, @origin, @client_id, '', @created_by, now())
on conflict (workspace_id, kind, origin) do update
set client_id = excluded.client_id,
    secret_version = oauth_clients.secret_version + 1,
    challenges = true,
    created_by = excluded.created_by
returning *;

-- name: SealOAuthClient :exec
update oauth_clients
set sealed = @sealed
where workspace_id = @workspace_id
  and id = @id;

-- name: OAuthClient :one
select *
from oauth_clients
where workspace_id = @workspace_id
  and kind = @kind
  and origin = @origin;

-- name: OAuthClientByID :one
select *
from oauth_clients
where workspace_id = @workspace_id
  and id = @id;

-- name: WithoutChallenges :exec
update oauth_clients
set challenges = false
where workspace_id = @workspace_id
  and id = @id;

-- name: OAuthClientIDs :many
select id
from oauth_clients
order by id;

-- name: LockOAuthClient :one
select *
from oauth_clients
where id = @id
for update;

-- name: ResealOAuthClient :exec
update oauth_clients
set sealed = @sealed
where id = @id;

-- name: TokenStanding :one
-- Whether a connection's access token has had its time, by the database's clock.
select state, token_epoch, coalesce(token_due_at <= now(), true)::boolean as due
from connections
where id = @id;

-- name: LeaseTokens :many
-- Of all who find a token old, one asks for the next. When its lease ends is what it knows its own by.
update connections
set token_leased_until = now() + interval '30 seconds'
where id = @id
  and state = 'active'
  and token_epoch = @token_epoch
  and (token_leased_until is null or token_leased_until <= now())
returning token_leased_until::timestamptz;

-- name: LeaveTokens :exec
-- It did not work out. The next try is some seconds away, whoever makes it. Who has the lease by now keeps it.
update connections
set token_leased_until = now() + interval '5 seconds'
where id = @id
  and token_epoch = @token_epoch
  and token_leased_until = @leased_until::timestamptz;

-- name: SaveTokens :execrows
-- The consent ends a refresh token's life after that token was first given: the one that was there counts from
-- the consent where nothing else is known, another one from now.
with given as (
  insert into refresh_tokens (client_id, digest, given_at)
  select c.client_id, @digest, case when @another::boolean then now() else coalesce(c.consented_at, now()) end
  from connections c
  where c.id = @id
    and c.state = 'active'
    and c.token_epoch = @token_epoch
  on conflict (client_id, digest) do update
  set given_at = refresh_tokens.given_at
  returning given_at + make_interval(secs => @life_seconds::float8) as ends_at
)
update connections c
set sealed = @sealed,
    secret_version = @secret_version,
    token_epoch = c.token_epoch + 1,
    token_leased_until = null,
    token_due_at = now() + make_interval(secs => @due_seconds::float8),
    ends_at = g.ends_at,
    warned_days = case when g.ends_at > c.ends_at then 0 else c.warned_days end
from given g
where c.id = @id
  and c.state = 'active'
  and c.token_epoch = @token_epoch;

-- name: RefreshTokenGiven :one
-- Since when a client has a refresh token: now, where it is seen for the first time.
insert into refresh_tokens (client_id, digest, given_at)
values (@client_id, @digest, now())
on conflict (client_id, digest) do update
set given_at = refresh_tokens.given_at
returning given_at;

-- name: ExpireRefreshTokens :exec
-- Far beyond any life of a refresh token that systems are delivered with.
delete from refresh_tokens
where given_at < now() - interval '800 days';

-- name: SignInsEnding :exec
-- Sign-ins whose end comes near, and that were not spoken of at this distance yet.
update connections c
set warned_days = v.days,
    notice = 'ends'
from (
  select o.id, case
    when o.ends_at <= now() + interval '1 day' then 1
    when o.ends_at <= now() + interval '3 days' then 3
    else 14
  end as days
  from connections o
  where o.state = 'active'
    and o.ends_at <= now() + interval '14 days'
) v
where c.id = v.id
  and (c.warned_days = 0 or c.warned_days > v.days);

-- name: HoldNotices :many
update connections c
set notice_hold = c.notice_hold + 1,
    notice_held_until = now() + interval '1 minute'
where c.id in (
  select o.id
  from connections o
  where o.notice <> ''
    and (o.notice_held_until is null or o.notice_held_until <= now())
  order by o.id
  limit @most
  for update skip locked
)
returning c.id, c.notice_hold;

-- name: KeepNotice :many
-- For longer than the job may take.
update connections
set notice_held_until = now() + interval '105 seconds'
where id = @id
  and notice_hold = @hold
  and notice <> ''
returning *;

-- name: Notice :exec
-- Who tells the one before does not end this one.
update connections
set notice = @notice,
    notice_hold = notice_hold + 1,
    notice_held_until = null
where id = @id;

-- name: NoticeTold :exec
update connections
set notice = '',
    notice_held_until = null
where id = @id
  and notice_hold = @hold
  and notice = @notice;

-- name: CountOAuthClients :one
select count(*)
from oauth_clients
where workspace_id = @workspace_id;
