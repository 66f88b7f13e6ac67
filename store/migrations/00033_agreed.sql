-- +goose Up
-- Whoever signed in by browser says there that it may be read for whoever asked in Slack.
alter table connections add agreed boolean not null default true; -- false: pending, and the browser's person has not said so
alter table visits
  add pending_id bigint references connections on delete cascade, -- the sign-in that the page asks about
  add stages     jsonb;                                           -- of its check, to be shown in Slack

-- +goose Down
alter table visits drop pending_id, drop stages;
delete from connections where not agreed;
alter table connections drop agreed;
