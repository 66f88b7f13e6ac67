-- +goose Up
-- A score that changes more than once between two reads of one who follows it: what they know it as
-- is among its earlier values, the newest first, each with the epoch of the fetch that brought it.
alter table scores
  add earlier_values numeric[] not null default '{}',
  add earlier_epochs bigint[] not null default '{}';

update scores
set earlier_values = array[previous],
    earlier_epochs = array[born]
where previous is not null;

-- +goose StatementBegin
-- score_as_of is what somebody knows a score as who has taken over what came up to an epoch, and the
-- oldest that is kept for who knows an older one.
create function score_as_of(value numeric, epoch bigint, earlier_values numeric[], earlier_epochs bigint[], known bigint) returns numeric
  language sql immutable parallel safe
  as $$
    select case
      when epoch <= known then value
      else coalesce((select e.value from unnest(earlier_values, earlier_epochs) e (value, epoch) where e.epoch <= known order by e.epoch desc limit 1), earlier_values[cardinality(earlier_values)], value)
    end
  $$;
-- +goose StatementEnd

-- +goose Down
drop function score_as_of;
alter table scores
  drop earlier_values,
  drop earlier_epochs;
