-- +goose Up
-- A value by hand gives way to a newer score. One that was there when the value was entered is none, also
-- where it is dated after the value's day.
alter table key_results
  add column override_seen date; -- the score that was there, where it is of a later day than the value; else null

-- +goose Down
alter table key_results
  drop column override_seen;
