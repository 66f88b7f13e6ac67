-- +goose Up
-- What the system wrote for a score whose value was rounded to nine decimals; empty where it is exact.
alter table readings
  add column as_read text not null default '';

-- +goose Down
alter table readings
  drop column as_read;
