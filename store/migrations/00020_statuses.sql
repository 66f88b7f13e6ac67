-- +goose Up
-- How each key result stands, so that lists and counts of a status need not look at all of them. What
-- is stored is true until its moment; what was not judged yet, or of which anything changed since, has
-- a moment that is over. A sweep judges those, and lists judge them themselves.
alter table key_results
  add column status       text        not null default '',          -- okr.Status
  add column status_until timestamptz not null default '-infinity', -- when the calendar may make it another one; infinity: never
  add column judged       integer     not null default 0;           -- raised by who writes a result and its status together
create index key_results_status on key_results (workspace_id, status);
create index key_results_judge on key_results (status_until) where status_until < 'infinity';
create index key_results_failing on key_results (workspace_id) where failure_class <> '';
create index key_results_paused on key_results (workspace_id) where paused;

-- Where a workspace's thresholds changed, what is behind this key result is to be judged by the new ones.
alter table workspaces
  add column judge_after bigint,                     -- null: nothing
  add column judge_round integer not null default 0; -- raised by each change
create index workspaces_judge on workspaces (id) where judge_after is not null;

-- Whoever changes what a status hangs on need not know: this version, the one before it, or an import.
-- +goose StatementBegin
create function judge_again() returns trigger language plpgsql as $$
begin
  new.status_until := '-infinity';
  return new;
end $$;

create function judge_source() returns trigger language plpgsql as $$
begin
  update key_results k
  set status_until = '-infinity'
  where k.id = coalesce(new.key_result_id, old.key_result_id)
    and k.status_until > '-infinity';
  return null;
end $$;

create function judge_objective() returns trigger language plpgsql as $$
begin
  perform k.id from key_results k where k.objective_id = new.id order by k.id for no key update; -- as whoever applies a fetch does
  update key_results k
  set status_until = '-infinity'
  where k.objective_id = new.id
    and k.status_until > '-infinity';
  return null;
end $$;

create function judge_workspace() returns trigger language plpgsql as $$
begin
  new.judge_after := 0;
  new.judge_round := old.judge_round + 1;
  return new;
end $$;
-- +goose StatementEnd

create trigger judge_again before update on key_results
  for each row
  when (
    new.judged = old.judged and (
      old.objective_id, old.kind, old.start_value, old.target_value, old.committed_value, old.upper_value, old.risk_value,
      old.phase_days, old.phase_values, old.method, old.integrated, old.cadence, old.offset_days, old.synced_at is null,
      old.result_value, old.result_day, old.override_value, old.override_day, old.override_until
    ) is distinct from (
      new.objective_id, new.kind, new.start_value, new.target_value, new.committed_value, new.upper_value, new.risk_value,
      new.phase_days, new.phase_values, new.method, new.integrated, new.cadence, new.offset_days, new.synced_at is null,
      new.result_value, new.result_day, new.override_value, new.override_day, new.override_until
    )
  )
  execute function judge_again();
create trigger judge_source after insert or delete on sources
  for each row execute function judge_source();
create trigger judge_source_anew after update on sources
  for each row when (new.frequency <> old.frequency) execute function judge_source();
create trigger judge_objective after update on objectives
  for each row
  when (
    (old.first_day, old.last_day, old.zone, old.closed_at is null)
    is distinct from
    (new.first_day, new.last_day, new.zone, new.closed_at is null)
  )
  execute function judge_objective();
create trigger judge_workspace before update on workspaces
  for each row
  when ((old.on_track_points, old.behind_points) is distinct from (new.on_track_points, new.behind_points))
  execute function judge_workspace();

-- +goose Down
drop trigger judge_workspace on workspaces;
drop trigger judge_objective on objectives;
drop trigger judge_source_anew on sources;
drop trigger judge_source on sources;
drop trigger judge_again on key_results;
drop function judge_workspace, judge_objective, judge_source, judge_again;
drop index key_results_paused;
drop index key_results_failing;
drop index key_results_judge;
drop index key_results_status;
alter table workspaces
  drop column judge_after,
  drop column judge_round;
alter table key_results
  drop column status,
  drop column status_until,
  drop column judged;
