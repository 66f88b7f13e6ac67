-- +goose Up
-- That a person wants all of theirs read, as it was noted before they were answered: one row, however
-- many those are. A job finds them and makes a request of it.
create table sync_asks (
  id              bigint generated always as identity primary key,
  workspace_id    text not null references workspaces on delete cascade,
  person_id       text not null,
  person_kind     text not null,            -- okr.ActorKind when they asked
  channel_id      text not null,            -- where
  sealed_response bytea,                    -- Slack's response_url, a secret
  ready_at        timestamptz not null,     -- when a job is left for it: soon, when a hold ends, after a wait
  hold            bigint not null default 0, -- of the job that is at it
  failures        smallint not null default 0, -- answers in a row that did not arrive
  created_at      timestamptz not null
);
create index sync_asks_ready on sync_asks (ready_at);
create index sync_asks_person on sync_asks (workspace_id, person_id);

-- +goose Down
drop table sync_asks;
