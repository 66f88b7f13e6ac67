-- +goose Up
-- Which job has a connection's notice, and which notice: who comes late has another number.
alter table connections
  add column notice_hold bigint not null default 0;

-- +goose Down
alter table connections
  drop column notice_hold;
