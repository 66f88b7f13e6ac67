-- +goose Up
-- Signing in by browser, and looking after connections.

-- A client that an administrator registered in a system, once for each address.
create table oauth_clients (
  id             bigint generated always as identity primary key,
  workspace_id   text not null references workspaces on delete cascade,
  kind           text not null,             -- integrations.Connector.Kind
  origin         text not null,             -- the secret is never sent anywhere else
  client_id      text not null,
  sealed         bytea not null,            -- the client secret
  secret_version integer not null default 1,
  challenges     boolean not null default true, -- PKCE; false once the system refused it
  created_by     text not null,
  created_at     timestamptz not null,
  unique (workspace_id, kind, origin)
);

alter table connections
  add column account_name text not null default '',  -- whom the system says we are
  add column client_id    bigint references oauth_clients,
  add column token_due_at timestamptz,               -- OAuth: when the access token is to be renewed
  add column ends_at      timestamptz,               -- of the consent, or the key's expiry; null: nobody knows
  add column warned_days  smallint not null default 0, -- the last warning before the end; 0: none
  add column replaces     bigint references connections on delete cascade, -- pending: whose sign-in it will be
  add column notice       text not null default '',  -- what its owner is to be told, once
  add column notice_held_until timestamptz,          -- the lease of the job that tells
  add column removed_at   timestamptz,
  drop constraint connections_state_check,
  add constraint connections_state_check check (state in ('pending', 'active', 'rejected', 'broken', 'removed'));
create index connections_notice on connections (id) where notice <> '';
create index connections_ends on connections (ends_at) where ends_at is not null and state = 'active';

-- A page of ours in somebody's browser: they were given its address in Slack, for ten minutes.
create table visits (
  id            bigint generated always as identity primary key,
  workspace_id  text not null references workspaces on delete cascade,
  person_id     text not null,
  token_hash    bytea not null unique,      -- of what is in the address
  kind          text not null,
  origin        text not null,
  sign_in       text not null,
  shared        boolean not null,
  reconnects    bigint references connections on delete cascade, -- null: a new connection
  draft_id      uuid,                       -- of the form it came from
  view_id       text not null default '',   -- Slack's, to be drawn again when it is done
  browser_hash  bytea,                      -- of the cookie of the browser that went on from it
  state_hash    bytea unique,               -- OAuth's state: single use
  challenged    boolean not null default false, -- a PKCE challenge went with it
  verifier      bytea,                      -- sealed
  tries         smallint not null default 0,    -- sign-ins that were refused
  expires_at    timestamptz not null
);
create index visits_expiry on visits (expires_at);

-- A system asked to wait: the person who asked for a sync is told until when.
alter table sync_requests add column waits_until timestamptz;

-- +goose Down
alter table sync_requests drop column waits_until;
drop table visits;
delete from connections where state in ('pending', 'removed') and not exists (select from sources s where s.connection_id = connections.id) and not exists (select from sync_runs r where r.connection_id = connections.id);
update connections set state = 'rejected' where state in ('pending', 'removed');
drop index connections_notice, connections_ends;
alter table connections
  drop constraint connections_state_check,
  add constraint connections_state_check check (state in ('active', 'rejected', 'broken')),
  drop column account_name, drop column client_id, drop column token_due_at, drop column ends_at, drop column warned_days,
  drop column replaces, drop column notice, drop column notice_held_until, drop column removed_at;
drop table oauth_clients;
