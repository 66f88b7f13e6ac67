-- +goose Up
-- The window in which a sync was asked for: it shows the new value when there is one.
alter table sync_requests add column view_id text not null default '';

-- +goose Down
alter table sync_requests drop column view_id;
