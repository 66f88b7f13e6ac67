-- +goose Up
-- A sign-in on a page counts before the system is asked: of many sent at once no more reach it than
-- may be refused.
alter table visits add asked smallint not null default 0; -- sign-ins that went to the system and were not given back

-- +goose Down
alter table visits drop asked;
