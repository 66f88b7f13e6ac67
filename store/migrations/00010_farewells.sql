-- +goose Up
-- Messages that were the cards of removed key results, until they say so.
create table farewells (
  workspace_id text not null references workspaces on delete cascade,
  channel_id   text not null,
  message_ts   text not null,
  number       int  not null,               -- KR-n
  title        text not null,
  removed_by   text not null,
  removed_at   timestamptz not null,
  primary key (workspace_id, channel_id, message_ts)
);

-- +goose Down
drop table farewells;
