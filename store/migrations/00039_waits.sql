-- +goose Up
-- Where Slack asks to wait, all who post there wait, whichever of them it asked.
alter table places add column waits_until timestamptz;

-- +goose Down
alter table places drop column waits_until;
