-- +goose Up
-- When there is something to do about a request, an export, the summary of a close-out: now, when a
-- hold or a wait ends, or never. Sweeps find it by that, and look at nothing that is only open. The
-- database works it out, so that the version before this one, which does not know of it, need not.
alter table sync_requests
  add column ready_at timestamptz generated always as (
    case
      when finished_at is not null then null
      when held_until is not null then held_until
      when touched then timestamptz 'epoch'
    end
  ) stored;
create index sync_requests_ready on sync_requests (ready_at) where ready_at is not null;
drop index sync_requests_open;

alter table exports
  add column ready_at timestamptz generated always as (
    case when finished_at is null then coalesce(held_until, timestamptz 'epoch') end
  ) stored;
create index exports_ready on exports (ready_at) where ready_at is not null;

alter table close_out_posts
  add column ready_at timestamptz generated always as (
    case when finished_at is null then coalesce(held_until, timestamptz 'epoch') end
  ) stored;
create index close_out_posts_ready on close_out_posts (ready_at) where ready_at is not null;
drop index close_out_posts_open;

-- +goose Down
create index close_out_posts_open on close_out_posts (objective_id) where finished_at is null;
drop index close_out_posts_ready;
alter table close_out_posts drop column ready_at;
drop index exports_ready;
alter table exports drop column ready_at;
create index sync_requests_open on sync_requests (id) where finished_at is null;
drop index sync_requests_ready;
alter table sync_requests drop column ready_at;
