-- name: DueRhythms :many
-- What of a connection has fallen due.
select *
from rhythms
where connection_id = @connection_id
  and next_sync_at <= now()
order by id;

-- name: DueFeeds :many
-- The next feeds of a connection that fell due and were not asked for since, with who follows them and
-- is due. Where a feed brings nothing new, only those are looked at who have not taken over what it
-- brought earlier, who fail, or whose day has come.
select sqlc.embed(d), f.due::bigint[] as due, coalesce(f.look, '{}')::bigint[] as look
from feeds d
cross join lateral (
  select array_agg(f.key_result_id order by f.key_result_id) as due,
    array_agg(f.key_result_id order by f.key_result_id) filter (where f.look or f.epoch < d.changed_epoch) as look
  from rhythms r
  join follows f on f.rhythm_id = r.id
  where r.connection_id = @connection_id
    and r.next_sync_at <= now()
    and f.feed_id = d.id
    and f.joined_at <= r.next_sync_at
    and (d.tried_at is null or d.tried_at < r.next_sync_at)
) f
where d.connection_id = @connection_id
  and d.id > @after
  and f.due is not null
order by d.id
limit @most;

-- name: FeedsOf :many
select *
from feeds
where id = any (@ids::bigint[])
order by id;

-- name: FeedsFollowed :many
-- The feeds of key results.
select f.key_result_id, f.feed_id
from follows f
join feeds d on d.id = f.feed_id
where f.key_result_id = any (@key_result_ids::bigint[])
  and d.connection_id = @connection_id
order by f.key_result_id;

-- name: LockFeeds :many
-- In the order of ids, so that two portions cannot wait for each other.
select id, epoch, changed_epoch
from feeds
where id = any (@ids::bigint[])
order by id
for no key update;

-- name: ApplyScores :many
-- New days are added. A day whose score changed keeps the old value beside the new one; a score that
-- was recorded while its period still ran, or before its day, moves on and is not restated. The same
-- score again changes nothing.
insert into scores (feed_id, day, value, as_read, previous, counts_from, restated_at, born, epoch, recorded_at)
select r.feed_id, r.day, r.value, r.as_read, k.value, r.counts_from,
  case when (k.recorded_at at time zone 'UTC')::date > k.day - case when k.counts_from < k.day - 1 then 0 else 2 end then now() end,
  @epoch, @epoch, now()
from (
  select
    unnest(@feed_ids::bigint[]) as feed_id,
    unnest(@days::date[]) as day,
    unnest(@counts_from::date[]) as counts_from,
    unnest(@scores::numeric[]) as value,
    unnest(@as_reads::text[]) as as_read
) r
left join scores k on k.feed_id = r.feed_id and k.day = r.day
where k.day is null
   or k.value <> r.value
order by r.feed_id, r.day
on conflict (feed_id, day) do update
set previous = excluded.previous,
    value = excluded.value,
    as_read = excluded.as_read,
    counts_from = excluded.counts_from,
    restated_at = excluded.restated_at,
    earlier_values = (scores.value || scores.earlier_values)[1:32],
    earlier_epochs = (scores.epoch || scores.earlier_epochs)[1:32],
    epoch = excluded.epoch,
    recorded_at = case when excluded.restated_at is null then excluded.recorded_at else scores.recorded_at end
where scores.value <> excluded.value
returning feed_id, day, counts_from, value, as_read, earlier_values, earlier_epochs, born, epoch, (restated_at is not null)::boolean as restated;

-- name: ForgetAhead :exec
-- Scores of days to come that their feeds do not hold any more: they were taken back.
delete from scores s
using (select unnest(@feed_ids::bigint[]) as feed_id) f
where s.feed_id = f.feed_id
  and coalesce(s.counts_from, s.day - 1) > @today::date
  and not exists (
    select from (
      select
        unnest(@held_by::bigint[]) as feed_id,
        unnest(@held_days::date[]) as day
    ) h
    where h.feed_id = s.feed_id
      and h.day = s.day
  );

-- name: NewsOf :many
-- What came after an epoch.
select feed_id, day, counts_from, value, as_read, earlier_values, earlier_epochs, born, epoch, (restated_at is not null)::boolean as restated
from scores
where feed_id = any (@feed_ids::bigint[])
  and epoch > @epoch
order by feed_id, day;

-- name: ApplyFeeds :exec
-- How far feeds are read now. A fetch for a slot counts as its slot's once all who are due were told.
update feeds d
set epoch = v.epoch,
    changed_epoch = case when v.changed then v.epoch else d.changed_epoch end,
    digest = v.digest,
    since = least(d.since, v.since),
    newest = nullif(v.newest, '')::date,
    read_at = @began,
    tried_at = case when v.tried then @began else d.tried_at end,
    crashes = 0
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@changes::boolean[]) as changed,
    unnest(@tried::boolean[]) as tried,
    unnest(@digests::bytea[]) as digest,
    unnest(@sinces::date[]) as since,
    unnest(@newests::text[]) as newest
) v
where d.id = v.id;

-- name: TriedFeeds :exec
-- Asked for in vain, or answered by a newer fetch meanwhile.
update feeds
set tried_at = @began,
    crashes = 0
where id = any (@ids::bigint[]);

-- name: CrashedFeeds :exec
-- A process died while it read them.
update feeds
set crashes = crashes + 1
where id = any (@ids::bigint[]);

-- name: ApplyFollows :exec
-- How far key results have taken over what their feeds brought.
update follows f
set epoch = v.epoch,
    look = v.look
from (
  select
    unnest(@key_result_ids::bigint[]) as id,
    unnest(@epochs::bigint[]) as epoch,
    unnest(@looks::boolean[]) as look
) v
where f.key_result_id = v.id;

-- name: MoveRhythms :exec
-- To the next slot, once all that fell due was asked for.
update rhythms r
set slot_at = v.slot_at,
    next_sync_at = v.next_sync_at,
    done_at = now()
from (
  select
    unnest(@ids::bigint[]) as id,
    unnest(@was::timestamptz[]) as was,
    unnest(@slots::timestamptz[]) as slot_at,
    unnest(@dues::timestamptz[]) as next_sync_at
) v
where r.id = v.id
  and r.next_sync_at = v.was
  and not exists (
    select from feeds d
    where d.connection_id = r.connection_id
      and (d.tried_at is null or d.tried_at < r.next_sync_at)
      and exists (
        select from follows f
        where f.rhythm_id = r.id
          and f.feed_id = d.id
          and f.joined_at <= r.next_sync_at
      )
  );

-- name: BatchRecorded :one
-- Whether what became of a key result by a fetch is on record.
select exists (
  select from sync_batches
  where connection_id = @connection_id
    and epoch = @epoch
    and applied_at >= @began_at
    and @key_result_id::bigint = any (unchanged || changed || restated || again || superseded || failed)
)::boolean;

-- name: RecordBatch :exec
insert into sync_batches (workspace_id, connection_id, epoch, forced, slots, began_at, applied_at, feeds, unchanged, changed, restated, again, superseded, failed, failures, causes)
values (@workspace_id, @connection_id, @epoch, @forced, @slots, @began_at, now(), @feeds, @unchanged, @changed, @restated, @again, @superseded, @failed, @failures, @causes);
