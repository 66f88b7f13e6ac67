-- +goose Up
-- Hosts that a workspace is to leave alone for a while: it may have no connection to them yet that could say so.
create table host_waits (
  workspace_id text not null references workspaces on delete cascade,
  host         text not null,               -- of an origin, with its port where it names one
  until        timestamptz not null,
  primary key (workspace_id, host)
);

-- +goose Down
drop table host_waits;
