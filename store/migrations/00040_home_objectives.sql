-- +goose Up
-- A Home tab shows objectives with all of their key results, also where its reader has but one of them: a
-- change of one concerns all who have one under the same objective. Who they are, the sweep finds out.
alter table home_changes add column objective_id bigint;

-- +goose StatementBegin
create function home_concerns(workspace text, people text[], objectives bigint[]) returns void language sql as $$
  select home_concerns(workspace, people);
  insert into home_changes (workspace_id, person_id, objective_id)
  select workspace, '', o.id
  from unnest(objectives) o (id)
  where o.id is not null;
$$;

create or replace function home_key_results() returns trigger language plpgsql as $$
begin
  if not exists (select from homes h where h.opened_at > now() - interval '30 days') then
    return null;
  end if;
  perform home_concerns(c.workspace_id, array_agg(distinct p.id), array_agg(distinct c.objective_id) || array_agg(distinct c.was_objective_id))
  from (
    select n.workspace_id, n.objective_id, nullif(was.objective_id, n.objective_id) as was_objective_id,
      array[n.owner_id, was.owner_id, o.owner_id, oo.owner_id] || n.co_owner_ids || was.co_owner_ids || o.co_owner_ids || oo.co_owner_ids as people
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

create or replace function home_key_results_moved() returns trigger language plpgsql as $$
begin
  if not exists (select from homes h where h.opened_at > now() - interval '30 days') then
    return null;
  end if;
  perform home_concerns(c.workspace_id, array_agg(distinct p.id), array_agg(distinct c.objective_id))
  from (
    select k.workspace_id, k.objective_id, array[k.owner_id, o.owner_id] || k.co_owner_ids || o.co_owner_ids as people
    from moved k
    left join objectives o on o.id = k.objective_id
  ) c
  cross join lateral unnest(c.people) p (id)
  group by c.workspace_id;
  return null;
end $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function home_key_results() returns trigger language plpgsql as $$
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

create or replace function home_key_results_moved() returns trigger language plpgsql as $$
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

drop function home_concerns(text, text[], bigint[]);
-- +goose StatementEnd
alter table home_changes drop column objective_id;
