-- +goose Up
-- Scores of earlier days were read and not kept, and of feeds it was said that they were complete from there
-- on. They are read again where somebody counts them.
update feeds f
set since = n.first
from (select feed_id, min(day) as first from scores group by feed_id) n
where n.feed_id = f.id
  and n.first > f.since;

-- +goose Down
select 1;
