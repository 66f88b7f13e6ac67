-- +goose Up
-- A scorecard that its system finds and does not list, such as one off ServiceNow's Analytics Hub.
alter table scorecards add column hidden boolean not null default false;

-- +goose Down
alter table scorecards drop column hidden;
