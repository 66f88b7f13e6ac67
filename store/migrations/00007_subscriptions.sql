-- +goose Up
-- Who gets the weekly digest: a channel, or a person by direct message under their user id.
create table subscriptions (
  workspace_id text not null references workspaces on delete cascade,
  channel_id   text not null,
  zone         text not null,               -- IANA; of who subscribed
  next_at      timestamptz not null,        -- when the next digest is due
  hold         bigint not null default 0,   -- of the job that posts it
  held_until   timestamptz,
  created_by   text not null,
  created_at   timestamptz not null,
  primary key (workspace_id, channel_id)
);
create index subscriptions_due on subscriptions (next_at);

-- +goose Down
drop table subscriptions;
