-- +goose Up
-- How often Slack told by itself that somebody changed: what it answered before the last time is not kept.
alter table people
  add column changes bigint not null default 0;

-- +goose Down
alter table people
  drop column changes;
