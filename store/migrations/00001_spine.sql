-- +goose Up
-- Every table carries the workspace, so that every query can. No column has a default of now():
-- a default is bound to pg_catalog.now() when the table is made, and a shifted clock would miss it.

create table workspaces (
  id          text primary key,             -- Slack's team id
  name        text not null,
  bot_user_id text not null,
  next_number integer not null default 1,   -- of the next key result
  created_at  timestamptz not null
);

-- The key set's proof: a known sentence, sealed. It opens, or the process must not start.
create table canary (
  id     boolean primary key default true check (id),
  sealed bytea not null
);

create table people (
  workspace_id text not null references workspaces on delete cascade,
  id           text not null,               -- Slack's user id
  name         text not null,
  time_zone    text not null,
  kind         text not null,               -- okr.ActorKind
  refreshed_at timestamptz not null,
  primary key (workspace_id, id)
);

create table objectives (
  id           bigint generated always as identity primary key,
  workspace_id text not null references workspaces on delete cascade,
  title        text not null,
  owner_id     text not null,
  first_day    date not null,
  last_day     date not null check (last_day >= first_day),
  zone         text not null,
  channel_id   text not null,
  created_by   text not null,
  created_at   timestamptz not null,
  draft_id     uuid unique                  -- one objective for each submitted form
);
create index objectives_owner on objectives (workspace_id, owner_id);
create index objectives_order on objectives (workspace_id, last_day desc, id); -- of lists

create table connections (
  id              bigint generated always as identity primary key,
  workspace_id    text not null references workspaces on delete cascade,
  kind            text not null,            -- integrations.Connector.Kind
  name            text not null,            -- what people call it: "acme.service-now.com (okr.reader)"
  origin          text not null,            -- the secret is never sent anywhere else
  sign_in         text not null,            -- integrations.SignIn.Kind
  sealed          bytea not null,           -- integrations.Account.Fields, as sealed JSON
  secret_version  integer not null default 1,
  shared          boolean not null default false,
  owner_id        text not null,
  state           text not null check (state in ('active', 'rejected', 'broken')),
  refusals        integer not null default 0,   -- sign-ins refused in a row
  waiting_until   timestamptz,              -- the system asked us to wait
  succeeded_at    timestamptz,
  directory_at    timestamptz,              -- when the list of scorecards was last read
  directory_due_at timestamptz,             -- when it is to be read again; null: now
  consented_at    timestamptz,              -- OAuth: a refresh token's life counts from here
  token_epoch     bigint not null default 0,
  token_leased_until timestamptz,
  created_at      timestamptz not null,
  draft_id        uuid unique
);
create index connections_workspace on connections (workspace_id, owner_id);
create index connections_origin on connections (origin);

-- How many batches of one connection may run at once: one row each. Leaving a job takes the lease
-- and raises hold, which the job carries: a job that comes too late finds another hold and goes.
create table connection_slots (
  connection_id bigint not null references connections on delete cascade,
  slot          smallint not null,
  hold          bigint not null default 0,
  leased_until  timestamptz,
  primary key (connection_id, slot)
);

-- The directory: what type-ahead searches. A cache; the connection can fill it again.
create table scorecards (
  connection_id bigint not null references connections on delete cascade,
  reference     text not null,
  workspace_id  text not null,
  name          text not null,
  description   text not null,
  unit          text not null,
  precision     smallint not null,
  direction     text not null,
  frequency     text not null,
  target        numeric,
  value         numeric,
  is_key        boolean not null,
  favorite      boolean not null,
  seen_at       timestamptz not null,
  primary key (connection_id, reference)
);

create table key_results (
  id              bigint generated always as identity primary key,
  workspace_id    text not null references workspaces on delete cascade,
  number          integer not null,         -- KR-n
  objective_id    bigint not null references objectives on delete cascade,
  title           text not null,
  owner_id        text not null,
  co_owner_ids    text[] not null default '{}',
  kind            text not null,
  start_value     numeric check (start_value not in ('NaN', 'Infinity', '-Infinity')),
  target_value    numeric check (target_value not in ('NaN', 'Infinity', '-Infinity')),
  committed_value numeric check (committed_value not in ('NaN', 'Infinity', '-Infinity')),
  upper_value     numeric check (upper_value not in ('NaN', 'Infinity', '-Infinity')),
  risk_value      numeric check (risk_value not in ('NaN', 'Infinity', '-Infinity')),
  unit            text not null,
  precision       smallint not null,
  method          text not null,
  weight          numeric not null check (weight >= 0),
  channel_id      text not null,            -- empty: announced nowhere
  integrated      boolean not null,
  paused          boolean not null default false,

  cadence         text not null,            -- empty: updated by people
  weekday         smallint not null default 1,
  hour            smallint not null default 9,
  minute          smallint not null default 0,
  offset_days     smallint not null default 0,
  zone            text not null,
  slot_at         timestamptz,              -- the next slot of the cadence, before jitter
  next_sync_at    timestamptz,              -- slot plus jitter: when a replica claims it

  applied_epoch   bigint not null default 0,    -- of the fetch last applied; an older one is refused
  forced_at       timestamptz,              -- of the last forced sync
  synced_at       timestamptz,              -- of the last fetch that read the source
  result_value    numeric check (result_value not in ('NaN', 'Infinity', '-Infinity')),
  result_day      date,                     -- as-of day of the newest reading counted
  result_count    integer not null default 0,
  scores_digest   bytea,                    -- of the scores that the next sync reads again, as applied
  announced_status text not null default '',

  failure_class   text not null default '', -- empty: healthy
  failure_cause   text not null default '',
  failure_says    text not null default '', -- what happened, then what to do; our words only
  failing_since   timestamptz,
  failure_count   integer not null default 0,
  failure_told_at timestamptz,              -- one message an episode

  version         integer not null default 1,   -- of what people edit
  created_by      text not null,
  created_at      timestamptz not null,
  draft_id        uuid,                     -- of the wizard that made it
  unique (workspace_id, number)
) with (fillfactor = 60); -- room for what each sync writes, beside the row and without its indexes
create index key_results_due on key_results (next_sync_at) where next_sync_at is not null and not paused;
create unique index key_results_draft on key_results (draft_id) where draft_id is not null; -- one for each wizard
create index key_results_objective on key_results (objective_id);
create index key_results_owner on key_results (workspace_id, owner_id);
create index key_results_co_owners on key_results using gin (co_owner_ids) where co_owner_ids <> '{}';
create index key_results_channel on key_results (workspace_id, channel_id);

create table sources (
  key_result_id bigint primary key references key_results on delete cascade,
  workspace_id  text not null,
  connection_id bigint not null references connections,
  reference     text not null,
  name          text not null,              -- the scorecard's, as last seen
  unit          text not null,              -- the scorecard's, as agreed to by a person
  frequency     text not null,
  direction     text not null
);
create index sources_connection on sources (connection_id, reference);

create table readings (
  key_result_id bigint not null references key_results on delete cascade,
  day           date not null,              -- the as-of day of the score
  workspace_id  text not null,
  value         numeric not null check (value not in ('NaN', 'Infinity', '-Infinity')),
  previous      numeric,                    -- before the last restatement
  restated_at   timestamptz,
  origin        text not null check (origin in ('score', 'check_in')),
  recorded_at   timestamptz not null,
  primary key (key_result_id, day)
);

create table check_ins (
  id            bigint generated always as identity primary key,
  workspace_id  text not null,
  key_result_id bigint not null references key_results on delete cascade,
  person_id     text not null,
  day           date not null,
  value         numeric check (value not in ('NaN', 'Infinity', '-Infinity')),
  confidence    text not null,
  note          text not null,
  created_at    timestamptz not null,
  draft_id      uuid unique
);
create index check_ins_key_result on check_ins (key_result_id, id);

-- What a person asked for, so that they get the outcome.
create table sync_requests (
  id              bigint generated always as identity primary key,
  workspace_id    text not null references workspaces on delete cascade,
  person_id       text not null,
  every           boolean not null,         -- sync all
  channel_id      text not null,            -- where they asked; empty on the Home tab
  sealed_response bytea,                    -- Slack's response_url, a secret
  responses       integer not null default 0,   -- uses of it: Slack allows 5 in 30 minutes
  total           integer not null,
  reported        integer not null default 0,   -- runs done at the last report
  message_channel text not null default '', -- of the direct message that counts up
  message_ts      text not null default '',
  touched         boolean not null default false, -- there is something new to report
  hold            bigint not null default 0,  -- of the job that reports
  held_until      timestamptz,              -- its lease, or the wait that Slack asked for
  failures        smallint not null default 0, -- reports in a row that did not arrive
  finished_at     timestamptz,              -- the outcome was told
  created_at      timestamptz not null
);
create index sync_requests_open on sync_requests (id) where finished_at is null;
create index sync_requests_person on sync_requests (workspace_id, person_id, created_at);

-- Fetches in the order of their beginning.
create sequence sync_epochs;

-- One row for each due slot and each forced fetch of a key result.
create table sync_runs (
  id            bigint generated always as identity primary key,
  workspace_id  text not null,
  key_result_id bigint not null references key_results on delete cascade,
  connection_id bigint not null references connections,
  trigger_key   text not null,              -- "slot:2026-11-30T08:00:00Z", "force:<request id>"
  forced        boolean not null,
  state         text not null check (state in ('queued', 'running', 'done')),
  outcome       text not null default '',   -- changed, unchanged, restated, failed, superseded
  epoch         bigint not null default 0,
  old_value     numeric,
  new_value     numeric,
  as_of         date,
  failure_class text not null default '',
  failure_cause text not null default '',
  failure_says  text not null default '',
  due_at        timestamptz not null,       -- queued: when it may be taken; running: when it counts as lost
  tries         smallint not null default 0,    -- fetches that failed and deserved another
  crashes       smallint not null default 0,    -- fetches whose process or job died under them
  queued_at     timestamptz not null,
  started_at    timestamptz,
  finished_at   timestamptz,
  unique (key_result_id, trigger_key)
);
create unique index sync_runs_waiting on sync_runs (key_result_id) where forced and state = 'queued';
create index sync_runs_open on sync_runs (connection_id, due_at) where state <> 'done';
create index sync_runs_finished on sync_runs (finished_at) where state = 'done';

create table sync_request_runs (
  request_id bigint not null references sync_requests on delete cascade,
  run_id     bigint not null references sync_runs on delete cascade,
  primary key (request_id, run_id)
);
create index sync_request_runs_run on sync_request_runs (run_id);

-- The outbox. A channel's pending rows leave in one message. A direct message's channel is the
-- person's user id.
create table announcements (
  id            bigint generated always as identity primary key,
  workspace_id  text not null,
  channel_id    text not null,
  key_result_id bigint not null references key_results on delete cascade,
  kind          text not null check (kind in ('changed', 'restated', 'failed', 'recovered', 'parked')),
  old_value     numeric,
  new_value     numeric,
  old_day       date,
  new_day       date,
  old_status    text not null default '',
  new_status    text not null default '',
  note          text not null default '',   -- failed: what happened and what to do
  state         text not null check (state in ('pending', 'sending', 'sent', 'parked')),
  repeated      boolean not null default false, -- sent again after an answer that was lost
  error         text not null default '',   -- Slack's error code that parked it
  created_at    timestamptz not null,
  sent_at       timestamptz,
  message_ts    text not null default ''
);
create index announcements_waiting on announcements (workspace_id, channel_id, id) where state in ('pending', 'sending');
create index announcements_key_result on announcements (key_result_id);

-- Whose turn it is to speak in a channel: one job at a time, and none while Slack asked us to wait.
create table places (
  workspace_id text not null,
  channel_id   text not null,
  hold         bigint not null,
  held_until   timestamptz,
  failures     smallint not null default 0,   -- tries in a row that did not arrive
  primary key (workspace_id, channel_id)
);

-- The living card of a key result in a channel, kept current by chat.update.
create table cards (
  key_result_id bigint not null references key_results on delete cascade,
  channel_id    text not null,
  workspace_id  text not null,
  message_ts    text not null default '',   -- empty: not posted yet
  dirty_at      timestamptz,                -- null: the card shows the present
  sending_at    timestamptz,                -- the first post is under way
  parked        text not null default '',   -- Slack's error code that stopped it
  primary key (key_result_id, channel_id)
);
create index cards_dirty on cards (workspace_id, channel_id) where dirty_at is not null and parked = '';

-- A wizard's state. Slack holds the id alone.
create table drafts (
  id           uuid primary key,
  workspace_id text not null references workspaces on delete cascade,
  person_id    text not null,
  kind         text not null,
  step         text not null,
  version      integer not null default 1,
  state        jsonb not null,              -- never a secret
  expires_at   timestamptz not null,
  created_at   timestamptz not null
);
create index drafts_expiry on drafts (expires_at);

-- Deliveries from Slack that have had their effect.
create table deliveries (
  key        bytea primary key,
  expires_at timestamptz not null
);
create index deliveries_expiry on deliveries (expires_at);

create table audit_events (
  id            bigint generated always as identity primary key,
  workspace_id  text not null,
  actor_id      text not null,              -- a person, or "okrbot"
  action        text not null,
  object        text not null,              -- "key_result", "objective", "connection"
  object_id     bigint not null,
  changes       jsonb not null,             -- field -> [before, after]; never a secret
  created_at    timestamptz not null
);
create index audit_events_object on audit_events (workspace_id, object, object_id, id);

-- +goose Down
drop table audit_events, deliveries, drafts, cards, places, announcements, sync_request_runs, sync_runs,
  sync_requests, check_ins, readings, sources, key_results, scorecards, connection_slots,
  connections, objectives, people, canary, workspaces;
drop sequence sync_epochs;
