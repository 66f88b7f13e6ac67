-- +goose Up
-- Slack's id of the Enterprise Grid that a workspace is of, by which its people are told from those
-- of other Grids; empty: of none, or not asked yet.
alter table workspaces
  add enterprise_id text not null default '';

-- +goose Down
alter table workspaces
  drop enterprise_id;
