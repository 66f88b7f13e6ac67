-- +goose Up
-- The scorecard's decimals, as agreed to by a person beside its unit; null: learned at the next read.
alter table sources
  add column precision smallint;

-- +goose Down
alter table sources
  drop column precision;
