-- +goose Up
-- Values in the words of their moment: a method or a unit that is edited makes the same number
-- another thing. Empty: from before, and written as the key result is by now.
alter table announcements
  add column old_words text not null default '',
  add column new_words text not null default '';
alter table digest_items
  add column words text not null default '';

-- +goose Down
alter table digest_items drop column words;
alter table announcements
  drop column old_words,
  drop column new_words;
