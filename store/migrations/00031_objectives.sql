-- +goose Up
-- Objectives have a number, O-n, co-owners, and perhaps a parent. Those that are there are numbered by
-- age.
alter table workspaces
  add column next_objective integer not null default 1; -- number of the next objective

alter table objectives
  add column number       integer,
  add column co_owner_ids text[]  not null default '{}',
  add column parent_id    bigint  references objectives on delete set null check (parent_id <> id),
  add column version      integer not null default 1; -- raised by every edit

update objectives o
set number = n.number
from (
  select id, row_number() over (partition by workspace_id order by created_at, id) as number
  from objectives
) n
where n.id = o.id;

update workspaces w
set next_objective = n.highest + 1
from (
  select workspace_id, max(number) as highest
  from objectives
  group by workspace_id
) n
where n.workspace_id = w.id;

alter table objectives alter column number set not null;
create unique index objectives_number on objectives (workspace_id, number);
create index objectives_parent on objectives (parent_id) where parent_id is not null;
create index objectives_co_owners on objectives using gin (co_owner_ids) where co_owner_ids <> '{}';

-- Whoever adds an objective need not know of numbers: this version, the one before it, or an import.
-- The workspace's row stays locked until the end, so numbers have no gaps; a form that was submitted
-- before takes none.
-- +goose StatementBegin
create function number_objective() returns trigger language plpgsql as $$
begin
  perform from workspaces w where w.id = new.workspace_id for no key update;
  if new.draft_id is not null and exists (select from objectives o where o.draft_id = new.draft_id) then
    new.number := 0; -- it is not kept
    return new;
  end if;
  update workspaces w
  set next_objective = w.next_objective + 1
  where w.id = new.workspace_id
  returning w.next_objective - 1 into new.number;
  return new;
end $$;
-- +goose StatementEnd
create trigger number_objective before insert on objectives
  for each row when (new.number is null)
  execute function number_objective();

-- +goose Down
drop trigger number_objective on objectives;
drop function number_objective;
drop index objectives_co_owners;
drop index objectives_parent;
drop index objectives_number;
alter table objectives
  drop column version,
  drop column parent_id,
  drop column co_owner_ids,
  drop column number;
alter table workspaces drop column next_objective;
