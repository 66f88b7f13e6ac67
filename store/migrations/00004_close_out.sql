-- +goose Up
-- What a person asked to have as files. The job that makes them carries the hold.
create table exports (
  id           bigint generated always as identity primary key,
  workspace_id text not null references workspaces on delete cascade,
  person_id    text not null,
  person_kind  text not null,               -- okr.ActorKind when they asked: it decides what they get
  hold         bigint not null default 0,
  held_until   timestamptz,
  failures     smallint not null default 0, -- tries in a row that came to nothing
  error        text not null default '',    -- Slack's error code that ended it
  finished_at  timestamptz,
  created_at   timestamptz not null
);
create unique index exports_open on exports (workspace_id, person_id) where finished_at is null; -- one at a time

-- Closed out: its key results are neither read nor changed any more.
alter table objectives add column closed_at timestamptz;

-- How an objective ended. These rows and those of its key results are written once.
create table close_outs (
  objective_id      bigint primary key references objectives on delete cascade,
  workspace_id      text not null references workspaces on delete cascade,
  person_id         text not null,
  note              text not null,
  progress          numeric,                 -- 0…1; null: none reported
  reporting         integer not null,
  total             integer not null,
  worst             text not null,           -- okr.Status of its key results; empty: it had none
  next_objective_id bigint references objectives on delete set null, -- that goes on with some of them
  created_at        timestamptz not null
);

-- Copies: a key result that is removed later stays in its objective's record.
create table close_out_results (
  objective_id  bigint not null references close_outs on delete cascade,
  key_result_id bigint not null,
  workspace_id  text not null,
  number        integer not null,
  title         text not null,
  result        text not null,               -- as people read it: "39 Hours"; empty: there was none
  value         numeric,
  as_of         date,                        -- of the newest reading counted
  score         numeric,                     -- raw progress to two decimals, rounded down
  status        text not null,
  committed     text not null check (committed in ('', 'met', 'missed')), -- empty: nothing was promised
  carried_to    integer,                     -- the number of the key result that goes on with it
  primary key (objective_id, key_result_id)
);

-- The summary on its way to the objective's channel.
create table close_out_posts (
  objective_id bigint primary key references close_outs on delete cascade,
  workspace_id text not null,
  channel_id   text not null,
  hold         bigint not null default 0,
  held_until   timestamptz,
  sending      boolean not null default false, -- a post is or was under way: nobody knows whether it arrived
  failures     smallint not null default 0,
  error        text not null default '',     -- Slack's error code that stopped it
  finished_at  timestamptz
);
create index close_out_posts_open on close_out_posts (objective_id) where finished_at is null;

-- +goose Down
drop table close_out_posts, close_out_results, close_outs, exports;
alter table objectives drop column closed_at;
