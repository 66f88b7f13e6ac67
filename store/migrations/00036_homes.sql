-- +goose Up
-- What each person chose to see on their Home tab, and whether it is to be shown again.
create table homes (
  workspace_id text        not null references workspaces on delete cascade,
  person_id    text        not null,
  opened_at    timestamptz not null,            -- by them, the last time
  whose        text        not null default '', -- empty: theirs; everybody; else a channel's id
  period       text        not null default '', -- empty: any
  status       text        not null default '', -- empty: any
  objectives   integer     not null default 0,  -- place of the first objective that is shown
  unfolded     bigint      not null default 0,  -- the objective that is open; 0: none was opened, -1: it was folded
  key_results  integer     not null default 0,  -- place of the first of its key results that is shown
  needs        integer     not null default -1, -- place of the first that needs them; -1: the worst few
  primary key (workspace_id, person_id)
);
create index objectives_open on objectives (workspace_id, last_day) where closed_at is null;
create index objectives_channel on objectives (workspace_id, channel_id) where channel_id <> '';

-- +goose Down
drop index objectives_channel;
drop index objectives_open;
drop table homes;
