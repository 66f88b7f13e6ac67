-- +goose Up
-- When each refresh token was first given: its life counts from there, and a later consent, a renewal or another
-- connection of the same account may bring the same one again. A digest knows it again and opens nothing.
create table refresh_tokens (
  client_id bigint not null references oauth_clients (id) on delete cascade,
  digest    bytea not null,
  given_at  timestamptz not null,
  primary key (client_id, digest)
);

-- +goose Down
drop table refresh_tokens;
