-- +goose Up
-- A post whose answer was lost is sent once more at most, where the app may not look whether it stands.
alter table cards add column repeated boolean not null default false;
alter table close_out_posts add column repeated boolean not null default false;

-- +goose Down
alter table close_out_posts drop column repeated;
alter table cards drop column repeated;
