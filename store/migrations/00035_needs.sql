-- +goose Up
-- What each key result needs of people, so that lists begin with what is most pressing and need not look
-- at all of them. What the calendar decides is judged with the status; the rest follows from the row.
alter table key_results
  add column silent boolean not null default false, -- nobody has checked in for two cadences
  add column closed boolean not null default false; -- its objective is closed out
alter table key_results
  add column need smallint not null generated always as ( -- okr.Need
    case
      when closed then 15
      when failure_class = 'unauthorized' then 1
      when failure_class <> '' then 2
      when silent and not integrated then 4
      else case status
        when 'stale' then 3
        when 'at_risk' then 5
        when 'missed' then 6
        when 'behind' then 7
        when 'measuring' then 9
        when 'too_early' then 10
        when 'not_started' then 11
        when 'committed_met' then 12
        when 'on_track' then 13
        when 'achieved' then 14
        else 8
      end
    end
  ) stored;
create index key_results_need on key_results (workspace_id, need, objective_id, number);
create index key_results_title on key_results (workspace_id, lower(title), number);

-- Whoever says something of a key result is heard, with a value or without one.
create trigger judge_said before update on key_results
  for each row
  when (new.judged = old.judged and old.confidence_day is distinct from new.confidence_day)
  execute function judge_again();
create trigger judge_check_in after insert on check_ins
  for each row execute function judge_source();

update workspaces
set judge_after = 0,
    judge_round = judge_round + 1;

-- +goose Down
drop trigger judge_check_in on check_ins;
drop trigger judge_said on key_results;
drop index key_results_title;
drop index key_results_need;
alter table key_results drop column need;
alter table key_results
  drop column silent,
  drop column closed;
