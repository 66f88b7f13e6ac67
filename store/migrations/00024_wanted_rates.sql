-- +goose Up
-- The hit rate that is wanted, in percent; null: 100. A status hangs on it as on every other value.
alter table key_results
  add column wanted_rate numeric check (wanted_rate > 0 and wanted_rate <= 100);
create trigger judge_wanted before update on key_results
  for each row
  when (new.judged = old.judged and old.wanted_rate is distinct from new.wanted_rate)
  execute function judge_again();

-- +goose Down
drop trigger judge_wanted on key_results;
alter table key_results drop column wanted_rate;
