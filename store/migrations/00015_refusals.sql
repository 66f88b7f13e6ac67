-- +goose Up
-- What a system refused a sign-in with, in our words, for all who are told of it.
alter table connections add column refusal text not null default '';

-- +goose Down
alter table connections drop column refusal;
