-- +goose Up
-- What a digest told last, so that the next one can say what changed since.
alter table subscriptions
  add column posted_at     timestamptz,  -- null: none was posted yet
  add column waiting_since timestamptz;  -- for syncs that are due before it; null: it does not wait

create table digest_items (
  workspace_id  text not null,
  channel_id    text not null,
  key_result_id bigint not null,           -- stays when the key result is removed: the next digest counts it
  value         numeric,                   -- the one that counted; null: none
  status        text not null,             -- okr.Status
  primary key (workspace_id, channel_id, key_result_id),
  foreign key (workspace_id, channel_id) references subscriptions on delete cascade
);

-- +goose Down
drop table digest_items;
alter table subscriptions
  drop column posted_at,
  drop column waiting_since;
