-- +goose Up
-- A card's row is twice as long once it was posted, so that its page had no room left for marks.
alter table cards set (fillfactor = 30);

-- +goose Down
alter table cards set (fillfactor = 70);
