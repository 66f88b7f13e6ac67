-- +goose Up
-- A Home tab is shown again after each change that concerns its reader, as long as they opened it within
-- 30 days.
alter table homes
  add column version    bigint      not null default 0,     -- raised by whatever may make it another one
  add column wide       boolean     not null default false, -- it shows what is not its reader's too
  add column shown_at   timestamptz,                        -- when Slack last took it
  add column shows      bytea,                              -- a digest of what it shows; null: not known
  add column dirty_at   timestamptz,                        -- when it is to be shown again; null: it shows the present
  add column hold       bigint      not null default 0,     -- of the job that shows it
  add column held_until timestamptz,
  add column failures   integer     not null default 0,     -- in a row
  add column ready_at   timestamptz generated always as (case when dirty_at is not null then greatest(dirty_at, held_until) end) stored;
create index homes_ready on homes (ready_at) where ready_at is not null;
create index homes_opened on homes (opened_at);
create index homes_wide on homes (workspace_id) where wide;

-- Whose Home a change concerns. Rows are added alone, so that no sync waits for another one's; a sweep
-- takes them.
create table home_changes (
  id           bigint generated always as identity primary key,
  workspace_id text not null,
  person_id    text not null -- empty: of all whose Home shows what is not theirs too
);

-- +goose StatementBegin
create function home_concerns(workspace text, people text[]) returns void language sql as $$
  insert into home_changes (workspace_id, person_id)
  select h.workspace_id, h.person_id
  from homes h
  where h.workspace_id = workspace
    and h.person_id = any (people)
    and h.opened_at > now() - interval '30 days'
  union
  select workspace, ''
  where exists (select from homes h where h.workspace_id = workspace and h.wide and h.opened_at > now() - interval '30 days')
$$;

-- Of a statement that changes many key results each person is noted once.
create function home_key_results() returns trigger language plpgsql as $$
begin
  if not exists (select from homes h where h.opened_at > now() - interval '30 days') then
    return null;
  end if;
  perform home_concerns(c.workspace_id, array_agg(distinct p.id))
  from (
    select n.workspace_id, array[n.owner_id, was.owner_id, o.owner_id, oo.owner_id] || n.co_owner_ids || was.co_owner_ids || o.co_owner_ids || oo.co_owner_ids as people
    from new_rows n
    join old_rows was on was.id = n.id
    left join objectives o on o.id = n.objective_id
    left join objectives oo on oo.id = was.objective_id
    where (
      n.version, n.objective_id, n.status, n.need, n.result_value, n.result_day, n.override_value, n.override_until, n.confidence, n.confidence_day,
      n.failure_class, n.failure_says, n.paused, n.integrated
    ) is distinct from (
      was.version, was.objective_id, was.status, was.need, was.result_value, was.result_day, was.override_value, was.override_until, was.confidence, was.confidence_day,
      was.failure_class, was.failure_says, was.paused, was.integrated
    )
  ) c
  cross join lateral unnest(c.people) p (id)
  group by c.workspace_id;
  return null;
end $$;

-- The same of key results that were added or removed.
create function home_key_results_moved() returns trigger language plpgsql as $$
begin
  if not exists (select from homes h where h.opened_at > now() - interval '30 days') then
    return null;
  end if;
  perform home_concerns(c.workspace_id, array_agg(distinct p.id))
  from (
    select k.workspace_id, array[k.owner_id, o.owner_id] || k.co_owner_ids || o.co_owner_ids as people
    from moved k
    left join objectives o on o.id = k.objective_id
  ) c
  cross join lateral unnest(c.people) p (id)
  group by c.workspace_id;
  return null;
end $$;

create function home_objective() returns trigger language plpgsql as $$
declare
  o objectives := coalesce(new, old);
  was objectives := coalesce(old, new);
begin
  if not exists (select from homes h where h.opened_at > now() - interval '30 days') then
    return null;
  end if;
  perform home_concerns(o.workspace_id, array[o.owner_id, was.owner_id] || o.co_owner_ids || was.co_owner_ids || array(
    select distinct p.id
    from key_results k
    cross join lateral unnest(array[k.owner_id] || k.co_owner_ids) p (id)
    where k.objective_id = o.id
  ));
  return null;
end $$;

create function home_connection() returns trigger language plpgsql as $$
begin
  perform home_concerns(new.workspace_id, array[new.owner_id]);
  return null;
end $$;

create function home_subscription() returns trigger language plpgsql as $$
declare
  s subscriptions := coalesce(new, old);
begin
  perform home_concerns(s.workspace_id, array[s.created_by]);
  return null;
end $$;
-- +goose StatementEnd

create trigger home_key_results after update on key_results
  referencing old table as old_rows new table as new_rows
  for each statement execute function home_key_results();
create trigger home_key_results_added after insert on key_results
  referencing new table as moved
  for each statement execute function home_key_results_moved();
create trigger home_key_results_removed after delete on key_results
  referencing old table as moved
  for each statement execute function home_key_results_moved();
create trigger home_objective after insert or delete or update of title, owner_id, co_owner_ids, first_day, last_day, zone, channel_id, closed_at on objectives
  for each row execute function home_objective();
create trigger home_connection after update of state, ends_at, name on connections
  for each row when ((old.state, old.ends_at, old.name) is distinct from (new.state, new.ends_at, new.name))
  execute function home_connection();
create trigger home_subscription after insert or delete on subscriptions
  for each row execute function home_subscription();

-- +goose Down
drop trigger home_subscription on subscriptions;
drop trigger home_connection on connections;
drop trigger home_objective on objectives;
drop trigger home_key_results_removed on key_results;
drop trigger home_key_results_added on key_results;
drop trigger home_key_results on key_results;
drop function home_subscription, home_connection, home_objective, home_key_results_moved, home_key_results, home_concerns;
drop table home_changes;
drop index homes_wide;
drop index homes_opened;
alter table homes
  drop column ready_at,
  drop column failures,
  drop column held_until,
  drop column hold,
  drop column dirty_at,
  drop column shows,
  drop column shown_at,
  drop column wide,
  drop column version;
