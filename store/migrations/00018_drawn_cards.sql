-- +goose Up
-- What a card shows, so that it is drawn again when that is another thing. Its two times of the
-- clock (when it was read, when it is read next) are no part of it: for them alone it is drawn once
-- a day at most, from refresh_at on.
alter table cards
  add column shows      bytea,        -- a digest; null: not known
  add column refresh_at timestamptz;  -- null: nothing on it moves with the clock
create index cards_refresh on cards (workspace_id, channel_id, refresh_at) where refresh_at is not null and parked = '';
create index cards_refresh_due on cards (refresh_at) where refresh_at is not null and parked = '';
-- Cards of before are drawn within the next day, not all at once.
update cards
set refresh_at = now() + random() * interval '1 day'
where message_ts <> '';

-- +goose Down
drop index cards_refresh_due;
drop index cards_refresh;
alter table cards
  drop column refresh_at,
  drop column shows;
