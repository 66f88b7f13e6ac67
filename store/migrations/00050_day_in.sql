-- +goose Up
-- The day in a time zone at a moment; UTC's where this Postgres does not know the zone, as one whose list is older
-- than okrbot's, or that came after a restore: one such row would fail a whole question.
-- +goose StatementBegin
create function day_in(zone text, at timestamptz) returns date language plpgsql stable as $$
begin
  return (at at time zone zone)::date;
exception when invalid_parameter_value then
  return (at at time zone 'UTC')::date;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function day_in(text, timestamptz);
