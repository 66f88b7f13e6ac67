-- +goose Up
-- A digest is on record as being sent before it is, as posts and cards are: where nobody knows whether it
-- arrived, it is looked for before it is sent again.
alter table subscriptions
  add column sending_at timestamptz,                     -- when the first post went out whose answer is not known
  add column repeated   boolean not null default false;  -- it went out for the second time

-- +goose Down
alter table subscriptions
  drop column sending_at,
  drop column repeated;
