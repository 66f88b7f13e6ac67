-- +goose Up
-- What somebody asked for: empty is every format.
alter table exports add column formats text[] not null default '{}';

-- +goose Down
alter table exports drop column formats;
