-- +goose Up
-- What each sync writes beside the row, without its indexes (HOT).

-- That a card is to be drawn again was the predicate of an index, so that each mark wrote into four
-- indexes. A place that is ready says where to look, and a channel has few cards.
create index cards_place on cards (workspace_id, channel_id);
drop index cards_dirty;
alter table cards set (fillfactor = 70);
-- Room for a second version of each row of a page: all of them can change in one sync.
alter table follows set (fillfactor = 50);
alter table key_results set (fillfactor = 50);

-- What is due of a connection is read portion by portion.
create index feeds_connection on feeds (connection_id, id);

-- +goose Down
drop index feeds_connection;
alter table key_results set (fillfactor = 60);
alter table follows set (fillfactor = 80);
alter table cards reset (fillfactor);
create index cards_dirty on cards (workspace_id, channel_id) where dirty_at is not null and parked = '';
drop index cards_place;
