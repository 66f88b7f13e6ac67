-- +goose Up
-- A workspace's bounds between the statuses, in points behind the pace.
alter table workspaces
  add column on_track_points   smallint not null default 10,
  add column behind_points     smallint not null default 25,
  add column hysteresis_points smallint not null default 2,  -- beyond a bound before a change is announced
  add check (0 <= on_track_points and on_track_points < behind_points and behind_points <= 100),
  add check (hysteresis_points between 0 and 10);

alter table key_results
  add column phase_days   date[] not null default '{}',      -- targets within the period, by day
  add column phase_values numeric[] not null default '{}',   -- one for each day
  add check (cardinality(phase_days) = cardinality(phase_values)),

  -- What a person put in the place of the scores; without a value there is nothing.
  add column override_value  numeric check (override_value not in ('NaN', 'Infinity', '-Infinity')),
  add column override_day    date,
  add column override_until  date,                           -- null: until there is a newer score
  add column override_reason text not null default '',
  add column override_by     text not null default '',
  add column overridden_at   timestamptz,

  -- What was last said of reaching the target.
  add column confidence     text not null default '',        -- okr.Level; empty: nothing
  add column confidence_by  text not null default '',
  add column confidence_day date;
create index key_results_override on key_results (id) where override_until is not null;

update key_results k
set confidence = c.confidence,
    confidence_by = c.person_id,
    confidence_day = c.day
from (
  select distinct on (key_result_id) key_result_id, confidence, person_id, day
  from check_ins
  where confidence <> ''
  order by key_result_id, id desc
) c
where c.key_result_id = k.id;

-- A check-in that stands in for scores says why.
alter table check_ins
  add column reason text not null default '';

-- A person posts a key result in its channel.
alter table announcements drop constraint announcements_kind_check;
alter table announcements add constraint announcements_kind_check
  check (kind in ('changed', 'restated', 'failed', 'recovered', 'parked', 'shared'));

-- +goose Down
delete from announcements where kind = 'shared';
alter table announcements drop constraint announcements_kind_check;
alter table announcements add constraint announcements_kind_check
  check (kind in ('changed', 'restated', 'failed', 'recovered', 'parked'));
alter table check_ins drop column reason;
drop index key_results_override;
alter table key_results
  drop column phase_days, drop column phase_values,
  drop column override_value, drop column override_day, drop column override_until,
  drop column override_reason, drop column override_by, drop column overridden_at,
  drop column confidence, drop column confidence_by, drop column confidence_day;
alter table workspaces
  drop column on_track_points, drop column behind_points, drop column hysteresis_points;
