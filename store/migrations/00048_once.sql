-- +goose Up
-- What was entered once stands beside the score of a period that still runs, until the calendar makes that score
-- the newer one. Few do so at a time.
create index key_results_once on key_results (id)
  where override_value is not null and override_until is null and result_day > override_day;

-- +goose Down
drop index key_results_once;
