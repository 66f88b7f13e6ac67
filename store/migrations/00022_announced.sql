-- +goose Up
-- Each thing that is said was checked against its key result as it was put down: half of what it took.
-- Whoever puts it down holds the key result's row. What goes with a key result is removed with it.
-- +goose StatementBegin
create function unsay() returns trigger language plpgsql as $$
begin
  delete from announcements a using gone g where a.key_result_id = g.id;
  return null;
end $$;
-- +goose StatementEnd
create trigger unsay after delete on key_results
  referencing old table as gone
  for each statement execute function unsay();
alter table announcements drop constraint announcements_key_result_id_fkey;

-- +goose Down
delete from announcements a where not exists (select from key_results k where k.id = a.key_result_id);
alter table announcements
  add constraint announcements_key_result_id_fkey foreign key (key_result_id) references key_results (id) on delete cascade;
drop trigger unsay on key_results;
drop function unsay;
