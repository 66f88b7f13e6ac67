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

-- +goose Down
drop table exports;
