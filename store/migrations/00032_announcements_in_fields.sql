-- +goose Up
-- What an announcement is about, each in a field of its own. Versions before this one read and write
-- the note for all of it, so that it is written too as long as they may run beside us.
alter table announcements
  add column refused_channel text not null default '', -- parked: the channel that takes no posts
  add column refused_code    text not null default '', -- parked: Slack's word for why
  add column posted_by       text not null default ''; -- shared: who posted it

-- +goose Down
alter table announcements
  drop column refused_channel,
  drop column refused_code,
  drop column posted_by;
