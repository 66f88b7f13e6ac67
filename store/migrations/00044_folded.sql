-- +goose Up
-- Names and titles as okr.Fold and okr.SortKey make them, by which they are searched and put in order: what
-- case is, Postgres knows of some letters in some locales. Where there is none yet, of an earlier version or
-- since the version before changed a name, a sweep fills it; until then letters of either case are one where
-- Postgres knows it.

-- In the order in which the application takes them, before anything holds one of them: replicas of the version
-- before work on.
lock table objectives, key_results, people, scorecards in access exclusive mode;

alter table objectives add column folded text; -- null: to be filled
alter table key_results
  add column folded text,
  add column sorted text; -- null: as folded
alter table people add column sorted text;
alter table scorecards
  add column folded       text, -- the name
  add column folded_about text, -- and what else it is found by
  add column sorted       text;

-- The version before goes on by key_results_title while it runs beside this one: a later version drops it.
create index key_results_sorted on key_results (workspace_id, (coalesce(sorted, folded, lower(title)) collate "C"), number);
create index key_results_unfolded on key_results (id) where folded is null;
create index objectives_unfolded on objectives (id) where folded is null;
create index people_unfolded on people (workspace_id, id) where sorted is null;
create index scorecards_unfolded on scorecards (connection_id, reference) where folded is null;

-- +goose StatementBegin
create function unfold() returns trigger language plpgsql as $$
begin
  new.folded := null;
  new.sorted := null;
  return new;
end $$;

create function unfold_objective() returns trigger language plpgsql as $$
begin
  new.folded := null;
  return new;
end $$;

create function unfold_person() returns trigger language plpgsql as $$
begin
  new.sorted := null;
  return new;
end $$;
-- +goose StatementEnd
create trigger unfold before update on key_results
  for each row when (new.title <> old.title and new.folded is not distinct from old.folded)
  execute function unfold();
create trigger unfold before update on objectives
  for each row when (new.title <> old.title and new.folded is not distinct from old.folded)
  execute function unfold_objective();
create trigger unfold before update on people
  for each row when (new.name <> old.name and new.sorted is not distinct from old.sorted)
  execute function unfold_person();
create trigger unfold before update on scorecards
  for each row
  when (
    (new.name, new.description) is distinct from (old.name, old.description)
    and (new.folded, new.folded_about) is not distinct from (old.folded, old.folded_about)
  )
  execute function unfold();

-- +goose Down
drop trigger unfold on scorecards;
drop trigger unfold on people;
drop trigger unfold on objectives;
drop trigger unfold on key_results;
drop function unfold_person, unfold_objective, unfold;
drop index scorecards_unfolded;
drop index people_unfolded;
drop index objectives_unfolded;
drop index key_results_unfolded;
drop index key_results_sorted;
alter table scorecards
  drop column sorted,
  drop column folded_about,
  drop column folded;
alter table people drop column sorted;
alter table objectives drop column folded;
alter table key_results
  drop column sorted,
  drop column folded;
