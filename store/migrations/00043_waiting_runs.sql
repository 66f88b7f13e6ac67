-- +goose Up
-- One that is tried again may wait beside one that was asked for while it was read. Whoever asks for another
-- holds the key result, and joins what waits.
drop index sync_runs_waiting;
create index sync_runs_waiting on sync_runs (key_result_id) where forced and state = 'queued';

-- +goose Down
drop index sync_runs_waiting;
create unique index sync_runs_waiting on sync_runs (key_result_id) where forced and state = 'queued';
