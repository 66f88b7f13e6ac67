-- +goose Up
-- What one person is to hear once, by direct message: a job's arguments hold its id alone.
create table tellings (
  id           bigint generated always as identity primary key,
  workspace_id text not null references workspaces on delete cascade,
  person_id    text not null,
  says         text not null, -- mrkdwn
  created_at   timestamptz not null default now()
);
create index tellings_created_at on tellings (created_at);

-- +goose Down
drop table tellings;
