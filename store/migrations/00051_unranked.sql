-- +goose Up
-- What a replica of a version before ranks has judged, or added, while both work has no rank yet: it is found by
-- this, and judged again.
create index key_results_unranked on key_results (id) where rank = 0;

-- +goose Down
drop index key_results_unranked;
