-- +goose Up
-- What was left out of a sync of several: the outcome takes the place of the message that said so first.
alter table sync_requests
  add column asked_lately integer not null default 0,  -- key results that somebody had read a moment before
  add column paused_out   integer not null default 0,  -- the number of a paused one; 0: there is none
  add column left_out     text not null default '';    -- why others are, in words

-- +goose Down
alter table sync_requests
  drop column asked_lately,
  drop column paused_out,
  drop column left_out;
