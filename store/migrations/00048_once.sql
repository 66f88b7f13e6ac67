-- +goose Up
-- What was entered once stands beside the score of a period that still runs, until the calendar makes that score
-- the newer one. Few are there at a time. The score's day is no part of the index: each sync that brings another
-- one would write to it.
create index key_results_once on key_results (id)
  where override_value is not null and override_until is null;

-- +goose Down
drop index key_results_once;
