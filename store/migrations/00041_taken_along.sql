-- +goose Up
-- Whoever moves to another connection took the scores along that were known there, wherever the reference was
-- the same: also those of another document, or of another instance. And lost them where the other connection
-- had read the scorecard already.

-- +goose StatementBegin
create function take_along(was bigint, feed bigint) returns bigint language plpgsql as $$
-- Has a feed know what another one knows of the same scorecard of the same system, read through another
-- connection, and says up to which epoch its scores are known to whoever comes over: -1 where it is another
-- scorecard. It takes what the feed does not hold itself: of before the first day that it was read from, and of
-- after its newest score. That is news to those who follow it already.
declare
  o     feeds;
  d     feeds;
  known bigint;
begin
  if not exists (
    select from feeds a
    join connections ac on ac.id = a.connection_id
    join feeds b on b.id = take_along.feed and b.reference = a.reference
    join connections bc on bc.id = b.connection_id
    where a.id = take_along.was and ac.kind = bc.kind and ac.origin = bc.origin and ac.origin <> ''
  ) then
    return -1;
  end if;
  select f.* into o from feeds f where f.id = take_along.was;
  select f.* into d from feeds f where f.id = take_along.feed;
  if o.since is null then -- nothing is known
    return case when d.since is null then -1 else d.epoch end;
  end if;
  known := d.epoch;
  if d.since is null then
    update feeds f
    set since = o.since, newest = greatest(f.newest, o.newest)
    where f.id = d.id and f.since is null;
  elsif o.newest > coalesce(d.newest, '-infinity') then
    known := nextval('sync_epochs'); -- as if it were read now
    update feeds f
    set epoch = known, changed_epoch = known, newest = greatest(f.newest, o.newest)
    where f.id = d.id;
  end if;
  insert into scores (feed_id, day, value, as_read, previous, counts_from, restated_at, born, epoch, recorded_at)
  select d.id, s.day, s.value, s.as_read, s.previous, s.counts_from, s.restated_at, n.born, n.born, s.recorded_at
  from scores s
  cross join lateral (select case when d.since is null or s.day < d.since then 0 else known end as born) n
  where s.feed_id = o.id and (d.since is null or s.day < d.since or s.day > coalesce(d.newest, '-infinity'))
  on conflict do nothing;
  return known;
end $$;

create or replace function follow(id bigint, scheduled boolean) returns void language plpgsql as $$
-- Brings over what a key result follows, and when, from sources and key_results: whoever writes
-- there, this version, the one before it, or an import, has said all that is needed. Scheduled says
-- that key_results.next_sync_at was just written; else it may be of long ago.
declare
  k       record;
  was     follows;
  feed    bigint;
  rhythm  bigint;
  known   bigint;
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
    known := take_along(was.feed_id, feed);
    update follows f
    set feed_id = feed, rhythm_id = rhythm, epoch = known, look = true, joined_at = now(), synced_at = null
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
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function follow(id bigint, scheduled boolean) returns void language plpgsql as $$
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
-- +goose StatementEnd
drop function take_along;
