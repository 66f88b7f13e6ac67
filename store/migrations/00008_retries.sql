-- +goose Up
-- What failed is tried again before its next slot, slower and slower.
alter table key_results
  add column tries    int not null default 0, -- that failed since the slot
  add column retry_at timestamptz;            -- when it is tried again, before the next slot; null: not
create index key_results_retry on key_results (retry_at) where retry_at is not null and not paused;

-- +goose Down
drop index key_results_retry;
alter table key_results
  drop column tries,
  drop column retry_at;
