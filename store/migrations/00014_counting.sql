-- +goose Up
-- A score of the future counts from a day of its own: the running week's since it began, a planned one
-- when its day comes.
alter table readings add column counts_from date;           -- null: a day before its own
alter table key_results add column ahead_on date;           -- on which a score begins to count that does not yet
create index key_results_ahead on key_results (ahead_on) where ahead_on is not null;

-- What was read of periods that still run goes on counting.
update readings r
set counts_from = r.day - case s.frequency when 'weekly' then 6 when 'monthly' then 30 when 'quarterly' then 91 else 365 end
from sources s
where s.key_result_id = r.key_result_id
  and s.frequency in ('weekly', 'monthly', 'quarterly', 'yearly')
  and r.origin = 'score'
  and r.day > current_date;

-- What took its day for today's is computed again at once.
update key_results k
set ahead_on = current_date
where k.result_day > current_date;

-- What a sync has to say beside its outcome: which days were restated, what came without a date.
alter table sync_runs add column note text not null default '';

-- +goose Down
alter table sync_runs drop column note;
alter table key_results drop column ahead_on;
alter table readings drop column counts_from;
