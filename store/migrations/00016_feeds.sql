-- +goose Up
-- A feed is what is read: one scorecard through one connection, with its scores, once, however many
-- key results follow it. A rhythm is when: all that reads through one connection at one cadence
-- falls due together. What a sync finds unchanged costs one row for each feed and nothing for each
-- key result.
--
-- This is the expanding half. The version before this one goes on to work on this schema: what it
-- writes into sources and key_results, the triggers below bring over. A later migration drops the
-- readings of scores, key_results.applied_epoch and .scores_digest, the index on next_sync_at, and
-- what is left of sources becomes follows.

create table feeds (
  id            bigint generated always as identity primary key,
  workspace_id  text not null,
  connection_id bigint not null references connections on delete cascade,
  reference     text not null,
  wanted_from   date not null,              -- the first day that a follower counts
  since         date,                       -- scores are complete from here on; null: never read
  newest        date,                       -- day of the newest score
  epoch         bigint not null default 0,  -- of the fetch last applied; an older one is refused
  changed_epoch bigint not null default 0,  -- of the fetch that last brought something new
  digest        bytea,                      -- of what the next fetch reads again
  tried_at      timestamptz,                -- when the fetch for the last slot began
  read_at       timestamptz,                -- when the last fetch began that brought an answer
  crashes       smallint not null default 0, -- fetches whose process died under them
  unique (connection_id, reference)
) with (fillfactor = 70); -- room for what each sync writes, beside the row

create table scores (
  feed_id     bigint not null references feeds on delete cascade,
  day         date not null,                -- the as-of day
  value       numeric not null check (value not in ('NaN', 'Infinity', '-Infinity')),
  as_read     text not null default '',     -- what the system wrote, where the value was rounded
  previous    numeric,                      -- before the last restatement
  counts_from date,                         -- the first day on which it counts; null: a day before its own
  restated_at timestamptz,
  born        bigint not null,              -- epoch of the fetch that brought it
  epoch       bigint not null,              -- of the one that last changed it
  recorded_at timestamptz not null,
  primary key (feed_id, day)
);

create table rhythms (
  id            bigint generated always as identity primary key,
  workspace_id  text not null,
  connection_id bigint not null references connections on delete cascade,
  cadence       text not null,
  weekday       smallint not null,
  hour          smallint not null,
  minute        smallint not null,
  offset_days   smallint not null,
  zone          text not null,
  slot_at       timestamptz not null,       -- the next slot of the cadence, before jitter
  next_sync_at  timestamptz not null,       -- slot plus the connection's jitter
  done_at       timestamptz,                -- when the last slot was read through
  unique (connection_id, cadence, weekday, hour, minute, offset_days, zone)
) with (fillfactor = 70);
create index rhythms_due on rhythms (next_sync_at);

create table follows (
  key_result_id bigint primary key references key_results on delete cascade,
  feed_id       bigint not null references feeds,
  rhythm_id     bigint references rhythms,  -- null: paused, closed, or never due
  epoch         bigint not null default -1, -- up to which the feed's scores are taken over
  look          boolean not null default true, -- the next sync looks at it even where nothing is new
  joined_at     timestamptz not null,       -- when it joined the rhythm: what fell due before is not its own
  synced_at     timestamptz                 -- by an earlier rhythm
) with (fillfactor = 80);
create index follows_rhythm on follows (rhythm_id, feed_id);
create index follows_feed on follows (feed_id);

-- One row for each portion that was applied: which key results it was about and what became of each.
create table sync_batches (
  id            bigint generated always as identity primary key,
  workspace_id  text not null,
  connection_id bigint not null,
  epoch         bigint not null,
  forced        boolean not null,           -- asked for, or tried again; else of a slot
  slots         timestamptz[] not null,     -- that fell due, before jitter
  began_at      timestamptz not null,       -- the fetch
  applied_at    timestamptz not null,
  feeds         integer not null,           -- that were asked for
  unchanged     bigint[] not null,
  changed       bigint[] not null,
  restated      bigint[] not null,
  again         bigint[] not null,          -- tried again within the slot; a row of sync_runs says how it went on
  superseded    bigint[] not null,
  failed        bigint[] not null,
  failures      text[] not null,            -- the class of each
  causes        text[] not null
);
create index sync_batches_age on sync_batches using brin (applied_at);

-- What became of each key result, a row each: every due one was read or visibly failed.
create view sync_outcomes as
select b.id as batch_id, b.workspace_id, b.connection_id, b.epoch, b.forced, b.slots, b.began_at, b.applied_at, o.key_result_id, o.outcome, o.class, o.cause
from sync_batches b
cross join lateral (
  select unnest(b.unchanged) as key_result_id, 'unchanged' as outcome, '' as class, '' as cause
  union all select unnest(b.changed), 'changed', '', ''
  union all select unnest(b.restated), 'restated', '', ''
  union all select unnest(b.again), 'again', '', ''
  union all select unnest(b.superseded), 'superseded', '', ''
  union all select unnest(b.failed), 'failed', unnest(b.failures), unnest(b.causes)
) o;

-- What a connection's taker reads now: it is found there when the taker died.
alter table connection_slots
  add column reading bigint[] not null default '{}';

-- A place is found by when something is to be said there.
alter table places
  add column ready_at timestamptz;
alter table places
  alter column hold set default 0;
create index places_ready on places (ready_at) where ready_at is not null;
insert into places (workspace_id, channel_id, hold, ready_at)
select workspace_id, channel_id, 0, min(since)
from (
  select workspace_id, channel_id, created_at as since from announcements where state in ('pending', 'sending')
  union all
  select workspace_id, channel_id, dirty_at from cards where dirty_at is not null and parked = ''
  union all
  select workspace_id, channel_id, removed_at from farewells
) w
group by workspace_id, channel_id
on conflict (workspace_id, channel_id) do update
set ready_at = excluded.ready_at;

-- Scores that came with an import of a key result's history are its own.
alter table readings
  drop constraint readings_origin_check,
  add constraint readings_origin_check check (origin in ('score', 'check_in', 'imported'));

-- What there is already.
insert into feeds (workspace_id, connection_id, reference, wanted_from, since, read_at)
select min(s.workspace_id), s.connection_id, s.reference,
  -- of those that have a result nothing from before their period is wanted
  min(o.first_day - case when k.result_value is not null then 0 when s.frequency = 'yearly' then 732 when s.frequency = 'quarterly' then 184 else 92 end),
  min(o.first_day) filter (where k.synced_at is not null and k.result_value is not null), max(k.synced_at)
from sources s
join key_results k on k.id = s.key_result_id
join objectives o on o.id = k.objective_id
group by s.connection_id, s.reference;

insert into scores (feed_id, day, value, as_read, previous, counts_from, restated_at, born, epoch, recorded_at)
select distinct on (f.id, r.day) f.id, r.day, r.value, r.as_read, r.previous, r.counts_from, r.restated_at, 0, 0, r.recorded_at
from readings r
join sources s on s.key_result_id = r.key_result_id
join feeds f on f.connection_id = s.connection_id and f.reference = s.reference
join key_results k on k.id = r.key_result_id
where r.origin = 'score'
order by f.id, r.day, k.synced_at desc nulls last, r.key_result_id;

update feeds f
set newest = n.newest
from (select feed_id, max(day) as newest from scores group by feed_id) n
where n.feed_id = f.id;

insert into rhythms (workspace_id, connection_id, cadence, weekday, hour, minute, offset_days, zone, slot_at, next_sync_at)
select min(k.workspace_id), s.connection_id, k.cadence, k.weekday, k.hour, k.minute, k.offset_days, k.zone, min(coalesce(k.slot_at, k.next_sync_at)), min(k.next_sync_at)
from key_results k
join sources s on s.key_result_id = k.id
where k.integrated
  and not k.paused
  and k.cadence <> ''
  and k.next_sync_at is not null
group by s.connection_id, k.cadence, k.weekday, k.hour, k.minute, k.offset_days, k.zone;

-- Who stands where its feed does has taken its scores over; anybody else is looked at.
insert into follows (key_result_id, feed_id, rhythm_id, epoch, look, joined_at, synced_at)
select k.id, f.id, r.id, case when k.synced_at is null then -1 else 0 end,
  k.failure_class <> '' or k.result_value is null or k.synced_at is distinct from f.read_at, k.created_at, null
from key_results k
join sources s on s.key_result_id = k.id
join feeds f on f.connection_id = s.connection_id and f.reference = s.reference
left join rhythms r on r.connection_id = s.connection_id
  and r.cadence = k.cadence and r.weekday = k.weekday and r.hour = k.hour and r.minute = k.minute
  and r.offset_days = k.offset_days and r.zone = k.zone
  and k.integrated and not k.paused and k.next_sync_at is not null;

-- +goose StatementBegin
create function follow(id bigint, scheduled boolean) returns void language plpgsql as $$
-- Brings over what a key result follows, and when, from sources and key_results: whoever writes
-- there, this version, the one before it, or an import, has said all that is needed. Scheduled says
-- that key_results.next_sync_at was just written; else it may be of long ago.
declare
  k       record;
  was     follows;
  feed    bigint;
  rhythm  bigint;
begin
  select s.workspace_id, s.connection_id, s.reference, r.cadence, r.weekday, r.hour, r.minute, r.offset_days, r.zone,
    coalesce(r.slot_at, r.next_sync_at) as slot_at, r.next_sync_at, least(now(), r.next_sync_at) as joined_at,
    -- and some time before the period, for the latest score of before: okr.Lookback
    least(o.first_day, now()::date) - case s.frequency when 'yearly' then 732 when 'quarterly' then 184 else 92 end as first_day,
    r.integrated and not r.paused and r.cadence <> '' and r.next_sync_at is not null as due
  into k
  from sources s
  join key_results r on r.id = s.key_result_id
  join objectives o on o.id = r.objective_id
  where s.key_result_id = follow.id;
  if not found then
    delete from follows f where f.key_result_id = follow.id;
    return;
  end if;

  select f.id into feed from feeds f
  where f.connection_id = k.connection_id and f.reference = k.reference and f.wanted_from <= k.first_day
  for key share;
  if not found then
    insert into feeds (workspace_id, connection_id, reference, wanted_from)
    values (k.workspace_id, k.connection_id, k.reference, k.first_day)
    on conflict (connection_id, reference) do update
    set wanted_from = least(feeds.wanted_from, excluded.wanted_from)
    returning feeds.id into feed;
  end if;

  if k.due then
    select r.id into rhythm from rhythms r
    where r.connection_id = k.connection_id and r.cadence = k.cadence and r.weekday = k.weekday and r.hour = k.hour
      and r.minute = k.minute and r.offset_days = k.offset_days and r.zone = k.zone and (not scheduled or r.next_sync_at <= k.next_sync_at)
    for key share;
    if not found then
      insert into rhythms (workspace_id, connection_id, cadence, weekday, hour, minute, offset_days, zone, slot_at, next_sync_at)
      values (k.workspace_id, k.connection_id, k.cadence, k.weekday, k.hour, k.minute, k.offset_days, k.zone, k.slot_at, k.next_sync_at)
      on conflict (connection_id, cadence, weekday, hour, minute, offset_days, zone) do update
      set slot_at = least(rhythms.slot_at, excluded.slot_at),
          next_sync_at = least(rhythms.next_sync_at, excluded.next_sync_at)
      returning rhythms.id into rhythm;
    end if;
  end if;

  select f.* into was from follows f where f.key_result_id = follow.id;
  if not found then
    insert into follows (key_result_id, feed_id, rhythm_id, joined_at)
    values (follow.id, feed, rhythm, k.joined_at)
    on conflict (key_result_id) do nothing;
    return;
  end if;
  if was.feed_id <> feed then
    -- Read through another connection, it is the same scorecard: what is known of it goes along.
    update feeds d
    set since = o.since, newest = o.newest
    from feeds o
    where o.id = was.feed_id and o.reference = d.reference and d.id = feed and d.since is null;
    if found then
      insert into scores (feed_id, day, value, as_read, previous, counts_from, restated_at, born, epoch, recorded_at)
      select feed, o.day, o.value, o.as_read, o.previous, o.counts_from, o.restated_at, 0, 0, o.recorded_at from scores o where o.feed_id = was.feed_id
      on conflict do nothing;
    end if;
    update follows f
    set feed_id = feed, rhythm_id = rhythm, epoch = case when found then 0 else -1 end, look = true, joined_at = now(), synced_at = null
    where f.key_result_id = follow.id;
  elsif was.rhythm_id is distinct from rhythm then
    update follows f
    set rhythm_id = rhythm, look = true, joined_at = now(),
        synced_at = greatest(f.synced_at, (
          select least(d.read_at, r.done_at)
          from rhythms r, feeds d
          where r.id = was.rhythm_id and d.id = was.feed_id and r.done_at > was.joined_at
        ))
    where f.key_result_id = follow.id;
  else
    update follows f set look = true where f.key_result_id = follow.id and not f.look;
  end if;
end $$;

create function follow_row() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'sources' then
    perform follow(coalesce(new.key_result_id, old.key_result_id), tg_op = 'INSERT');
  else
    perform follow(new.id, new.next_sync_at is distinct from old.next_sync_at);
  end if;
  return null;
end $$;

create function follow_objective() returns trigger language plpgsql as $$
begin
  perform follow(k.id, false) from key_results k where k.objective_id = new.id;
  return null;
end $$;

create function look_again() returns trigger language plpgsql as $$
begin
  update follows f set look = true where f.key_result_id = new.id and not f.look;
  return null;
end $$;
-- +goose StatementEnd

create trigger follow after insert or delete or update of connection_id, reference on sources
  for each row execute function follow_row();
create trigger follow after update of objective_id, cadence, weekday, hour, minute, offset_days, zone, paused, integrated, next_sync_at on key_results
  for each row
  when (
    (old.objective_id, old.cadence, old.weekday, old.hour, old.minute, old.offset_days, old.zone, old.paused, old.integrated, old.next_sync_at)
    is distinct from
    (new.objective_id, new.cadence, new.weekday, new.hour, new.minute, new.offset_days, new.zone, new.paused, new.integrated, new.next_sync_at)
  )
  execute function follow_row();
create trigger follow after update of first_day on objectives
  for each row when (new.first_day < old.first_day) execute function follow_objective();
-- What fails, what has no result yet, and what people edited is looked at by the next sync.
create trigger look_again after update of failure_class, version, result_value on key_results
  for each row
  when (new.version <> old.version or new.failure_class <> '' and old.failure_class = '' or new.result_value is null and old.result_value is not null)
  execute function look_again();

-- +goose Down
drop trigger look_again on key_results;
drop trigger follow on objectives;
drop trigger follow on key_results;
drop trigger follow on sources;
drop function look_again, follow_objective, follow_row, follow(bigint, boolean);
drop index places_ready;
alter table places drop column ready_at, alter column hold drop default;
alter table connection_slots drop column reading;
update readings set origin = 'score' where origin = 'imported';
alter table readings
  drop constraint readings_origin_check,
  add constraint readings_origin_check check (origin in ('score', 'check_in'));
drop view sync_outcomes;
drop table sync_batches, follows, rhythms, scores, feeds;
