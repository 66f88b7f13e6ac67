-- name: CreateSignInPage :one
insert into visits (workspace_id, person_id, token_hash, kind, origin, sign_in, shared, reconnects, draft_id, view_id, expires_at)
values (@workspace_id, @person_id, @token_hash, @kind, @origin, @sign_in, @shared, @reconnects, @draft_id, @view_id, now() + interval '10 minutes')
returning id;

-- name: SignInPage :one
select *
from visits
where token_hash = @token_hash
  and expires_at > now();

-- name: BindSignInPage :execrows
-- The first browser that goes on from the page has it.
update visits
set browser_hash = @browser_hash
where id = @id
  and expires_at > now()
  and (browser_hash is null or browser_hash = @browser_hash);

-- name: BeginConsent :exec
update visits
set state_hash = @state_hash,
    challenged = @challenged,
    verifier = @verifier
where id = @id;

-- name: SignInPageOfState :one
select *
from visits
where state_hash = @state_hash
  and expires_at > now();

-- name: TakeConsent :execrows
-- Once: of two that bring the same state, one goes on.
update visits
set state_hash = null
where id = @id
  and state_hash = @state_hash
  and browser_hash = @browser_hash;

-- name: BeginTry :execrows
-- Before the system is asked, and in one row for all replicas.
update visits
set asked = asked + 1
where id = @id
  and expires_at > now()
  and asked < @most
  and tries < @most;

-- name: GiveTryBack :exec
update visits
set asked = asked - 1
where id = @id
  and asked > 0;

-- name: AskAboutSignIn :exec
-- The page goes on at another address: the one before was in Slack.
update visits
set token_hash = @token_hash,
    pending_id = @pending_id,
    stages = @stages,
    expires_at = now() + interval '10 minutes'
where id = @id;

-- name: CountTry :one
update visits
set tries = tries + 1
where id = @id
returning tries;

-- name: EndSignInPage :exec
delete from visits
where id = @id;

-- name: ExpireSignInPages :exec
delete from visits
where expires_at < now();
