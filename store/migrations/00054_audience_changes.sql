-- +goose Up
-- How often Slack told that who sees a channel changed: what it answered before the last time is not kept.
alter table audiences
  add column changes bigint not null default 0;

-- +goose Down
alter table audiences
  drop column changes;
