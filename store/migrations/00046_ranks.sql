-- +goose Up
-- Where a key result comes among those that need the same: by status, then by progress. Lists walk the index
-- a need at a time. The version before, which takes them by objective, sorts those of a need itself.

alter table key_results add column rank integer not null default 0; -- okr.Rank
drop index key_results_need;
create index key_results_need on key_results (workspace_id, need, rank, number);

update workspaces
set judge_after = 0,
    judge_round = judge_round + 1;

-- +goose Down
drop index key_results_need;
create index key_results_need on key_results (workspace_id, need, objective_id, number);
alter table key_results drop column rank;
